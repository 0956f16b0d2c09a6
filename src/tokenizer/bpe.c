/* bpe.c - Sennrich, Haddow and Birch 2016, "Neural Machine Translation of Rare Words with
 * Subword Units", arXiv:1508.07909, with a queue of pairs, so that a piece of n characters
 * takes O(n log n) however long it is. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "tokenizer/models.h"
#include "tokenizer/utf8.h"

/* A token of the piece so far, in a doubly linked list; -1 ends it. */
typedef struct symbol {
    int32_t id; /* -1: joined to the one before */
    int32_t before, next;
} symbol;

/* A pair that may be joined. */
typedef struct candidate {
    uint32_t rank;
    int32_t  at; /* the left symbol */
    int32_t  id; /* what they become */
} candidate;

typedef struct word {
    symbol    *symbols;
    size_t     count;
    candidate *queue; /* a binary heap, the least rank on top, then the leftmost */
    size_t     queued;
} word;

mc_status mc_unknown_id(mc_unknown unknown, int32_t *id, mc_error *err)
{
    if (unknown.id < 0 && unknown.wanted)
        return mc_fail(err, MC_ERR_TOKENIZER, "the tokenizer file is incomplete",
                       "the text needs the unknown token, which the vocabulary does not have");
    *id = unknown.id;
    return MC_OK;
}

void mc_byte_tokens(const mc_vocab *vocab, int32_t ids[256])
{
    for (int byte = 0; byte < 256; byte++) {
        char name[8];

        snprintf(name, sizeof name, "<0x%02X>", (unsigned)byte);
        ids[byte] = mc_vocab_find(vocab, name, 6);
    }
}

mc_status mc_bpe_create(mc_bpe **bpe, mc_error *err)
{
    mc_bpe *made = mc_calloc(1, sizeof *made);

    if (!made) return mc_fail_memory(err, sizeof *made);
    made->unknown.id = -1;
    *bpe             = made;
    return MC_OK;
}

static void free_bpe(void *model)
{
    mc_bpe *bpe = model;

    if (!bpe) return;
    mc_pair_map_clear(&bpe->merges);
    mc_free(bpe->prefix);
    mc_free(bpe->suffix);
    mc_free(bpe);
}

static mc_status fail_merge(const char *text, size_t size, const char *what, mc_error *err)
{
    return mc_fail(err, MC_ERR_TOKENIZER, "the file is damaged; fetch it again",
                   "a merge %s '%.*s', which is not in the vocabulary", what,
                   (int)(size < 64 ? size : 64), text);
}

static mc_status fail_found(const mc_merge_batch *batch, const int32_t *ids, size_t at,
                            mc_error *err)
{
    static const char *const what[] = { "has the token", "has the token", "makes the token" };

    for (size_t i = at; i < at + 3; i++)
        if (ids[i] < 0) return fail_merge(batch->texts[i], batch->sizes[i], what[i - at], err);
    return MC_OK;
}

mc_status mc_merge_batch_finish(mc_merge_batch *batch, mc_error *err)
{
    uint32_t first = batch->rank - (uint32_t)batch->count;
    int32_t  ids[MC_FIND_MANY];

    mc_vocab_find_many(batch->vocab, batch->texts, batch->sizes, 3 * batch->count, ids);
    for (size_t i = 0; i < batch->count; i++) {
        const int32_t *id = &ids[3 * i];

        MC_TRY(fail_found(batch, ids, 3 * i, err));
        __builtin_prefetch(
            &batch->bpe->merges
                 .pairs[mc_pair_slot(&batch->bpe->merges, (uint32_t)id[0], (uint32_t)id[1])]);
    }
    for (size_t i = 0; i < batch->count; i++) {
        const int32_t *id = &ids[3 * i];

        MC_TRY(mc_pair_map_add(
            &batch->bpe->merges,
            (mc_pair){ (uint32_t)id[0], (uint32_t)id[1], first + (uint32_t)i, (uint32_t)id[2] },
            err));
    }
    batch->count = 0;
    return MC_OK;
}

/* One whose union has no room in the batch. */
static mc_status add_long_merge(mc_merge_batch *batch, const char *left, size_t left_size,
                                const char *right, size_t right_size, mc_error *err)
{
    char     *joined = mc_alloc(left_size + right_size);
    size_t    at     = 3 * batch->count;
    mc_status status;

    if (!joined) return mc_fail_memory(err, left_size + right_size);
    memcpy(joined, left, left_size);
    memcpy(joined + left_size, right, right_size);
    batch->texts[at + 2] = joined;
    batch->sizes[at + 2] = left_size + right_size;
    batch->count++;
    status = mc_merge_batch_finish(batch, err);
    mc_free(joined);
    return status;
}

mc_status mc_merge_batch_add(mc_merge_batch *batch, const char *left, size_t left_size,
                             const char *right, size_t right_size, mc_error *err)
{
    size_t skipped = batch->bpe->prefix ? strlen(batch->bpe->prefix) : 0;
    size_t at      = 3 * batch->count;

    if (skipped > right_size) return fail_merge(right, right_size, "does not continue", err);
    MC_TRY(mc_pair_map_expect(&batch->bpe->merges, batch->count + 1, err));
    batch->rank++;
    batch->texts[at]     = left;
    batch->sizes[at]     = left_size;
    batch->texts[at + 1] = right;
    batch->sizes[at + 1] = right_size;
    right += skipped;
    right_size -= skipped;
    if (left_size + right_size > MC_MERGE_JOINED)
        return add_long_merge(batch, left, left_size, right, right_size, err);
    memcpy(batch->joined[batch->count], left, left_size);
    memcpy(batch->joined[batch->count] + left_size, right, right_size);
    batch->texts[at + 2] = batch->joined[batch->count];
    batch->sizes[at + 2] = left_size + right_size;
    return ++batch->count == MC_MERGE_BATCH ? mc_merge_batch_finish(batch, err) : MC_OK;
}

void mc_bpe_finish(mc_bpe *bpe, const mc_vocab *vocab)
{
    mc_byte_tokens(vocab, bpe->bytes);
    for (uint32_t code = 0; code < MC_BPE_DIRECT; code++) {
        char   bytes[4];
        size_t size = mc_utf8_put(code, bytes);

        bpe->direct[code] = mc_vocab_find(vocab, bytes, size);
    }
    if (bpe->prefix && !*bpe->prefix) {
        mc_free(bpe->prefix);
        bpe->prefix = NULL;
    }
    if (bpe->suffix && !*bpe->suffix) {
        mc_free(bpe->suffix);
        bpe->suffix = NULL;
    }
}

/* ---- the queue ---- */

static bool comes_before(candidate a, candidate b)
{
    return a.rank != b.rank ? a.rank < b.rank : a.at < b.at;
}

static void push(word *w, candidate item)
{
    size_t at = w->queued++;

    while (at && comes_before(item, w->queue[(at - 1) / 2])) {
        w->queue[at] = w->queue[(at - 1) / 2];
        at           = (at - 1) / 2;
    }
    w->queue[at] = item;
}

static candidate pop(word *w)
{
    candidate top = w->queue[0], last = w->queue[--w->queued];
    size_t    at = 0, child;

    while ((child = 2 * at + 1) < w->queued) {
        if (child + 1 < w->queued && comes_before(w->queue[child + 1], w->queue[child]))
            child++;
        if (!comes_before(w->queue[child], last)) break;
        w->queue[at] = w->queue[child];
        at           = child;
    }
    w->queue[at] = last;
    return top;
}

static void offer(word *w, const mc_pair_map *merges, int32_t left, int32_t right)
{
    const mc_pair *pair;

    if (left < 0 || right < 0) return;
    pair =
        mc_pair_map_find(merges, (uint32_t)w->symbols[left].id, (uint32_t)w->symbols[right].id);
    if (pair) push(w, (candidate){ pair->first, left, (int32_t)pair->second - 1 });
}

static void join(word *w, const mc_pair_map *merges, candidate top)
{
    symbol *left  = &w->symbols[top.at];
    int32_t right = left->next;

    left->id   = top.id;
    left->next = w->symbols[right].next;
    if (left->next >= 0) w->symbols[left->next].before = top.at;
    w->symbols[right].id = -1;
    offer(w, merges, left->before, top.at);
    offer(w, merges, top.at, left->next);
}

/* An entry may be out of date; it still counts if its pair makes the same token today. */
static void join_all(word *w, const mc_pair_map *merges)
{
    for (size_t i = 1; i < w->count; i++)
        offer(w, merges, (int32_t)i - 1, (int32_t)i);
    while (w->queued) {
        candidate      top  = pop(w);
        const symbol  *left = &w->symbols[top.at];
        const mc_pair *pair;

        if (left->id < 0 || left->next < 0) continue;
        pair =
            mc_pair_map_find(merges, (uint32_t)left->id, (uint32_t)w->symbols[left->next].id);
        if (pair && (int32_t)pair->second - 1 == top.id) join(w, merges, top);
    }
}

/* ---- characters to symbols ---- */

static void add_symbol(word *w, int32_t id)
{
    int32_t at = (int32_t)w->count;

    if (at) w->symbols[at - 1].next = at;
    w->symbols[at] = (symbol){ id, at - 1, -1 };
    w->count++;
}

/* Byte tokens for all of it, or nothing. */
static bool add_bytes(const mc_bpe *bpe, word *w, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bpe->bytes[(unsigned char)text[i]] < 0) return false;
    for (size_t i = 0; i < size; i++)
        add_symbol(w, bpe->bytes[(unsigned char)text[i]]);
    return true;
}

/* The character as the vocabulary spells it, in `buffer` when it has a prefix or suffix. */
static const char *spell(const mc_bpe *bpe, const char *text, size_t *size, bool first,
                         bool last, mc_buffer *buffer)
{
    const char *prefix = first ? NULL : bpe->prefix;
    const char *suffix = last ? bpe->suffix : NULL;

    if (!prefix && !suffix) return text;
    buffer->size = 0;
    if (prefix) mc_buffer_add_text(buffer, prefix);
    mc_buffer_add(buffer, text, *size);
    if (suffix) mc_buffer_add_text(buffer, suffix);
    *size = buffer->size;
    return buffer->data;
}

static int32_t find_character(const mc_bpe *bpe, const mc_vocab *vocab, const char *text,
                              size_t size)
{
    size_t   length;
    uint32_t code = mc_utf8_get(text, &length);

    if (code < MC_BPE_DIRECT && length == size) return bpe->direct[code];
    return mc_vocab_find(vocab, text, size);
}

/* `pending`: an unknown token that has not been written yet, so that it can be fused. It stays
 * pending over byte tokens and comes after them, as in Hugging Face's tokenizers. */
static mc_status read_symbols(const mc_bpe *bpe, const mc_vocab *vocab, mc_work *work, word *w,
                              const char *text, size_t size, mc_buffer *buffer)
{
    int32_t pending = -1;

    for (size_t at = 0, length; at < size; at += length) {
        const char *spelled;
        size_t      spelled_size = length = mc_utf8_length(text[at]);
        int32_t     id;

        spelled = spell(bpe, text + at, &spelled_size, at == 0, at + length == size, buffer);
        if (!spelled) return mc_fail_memory(work->err, spelled_size);
        id = find_character(bpe, vocab, spelled, spelled_size);
        if (id < 0 && bpe->byte_fallback && add_bytes(bpe, w, spelled, spelled_size)) continue;
        if (pending >= 0 && (id >= 0 || !bpe->fuse_unknown)) {
            add_symbol(w, pending);
            pending = -1;
        }
        if (id >= 0)
            add_symbol(w, id);
        else if (pending < 0)
            MC_TRY(mc_unknown_id(bpe->unknown, &pending, work->err));
    }
    if (pending >= 0) add_symbol(w, pending);
    return MC_OK;
}

/* Symbols: at most one a byte of what is spelled. Queue: a pair each, and two for each join. */
static mc_status prepare(const mc_bpe *bpe, mc_work *work, size_t size, word *w)
{
    size_t affixes =
        (bpe->prefix ? strlen(bpe->prefix) : 0) + (bpe->suffix ? strlen(bpe->suffix) : 0);
    size_t symbols, bytes;

    if (size >= INT32_MAX / 8 / (affixes + 1))
        return mc_fail(work->err, MC_ERR_TOKENIZER, "cut the text into shorter lines",
                       "a piece of %zu bytes is too long for one word", size);
    symbols    = size * (affixes + 1);
    bytes      = symbols * (sizeof(symbol) + 3 * sizeof(candidate));
    w->symbols = mc_work_scratch(work, bytes);
    if (!w->symbols) return mc_fail_memory(work->err, bytes);
    w->queue  = (candidate *)(w->symbols + symbols);
    w->count  = 0;
    w->queued = 0;
    return MC_OK;
}

static mc_status encode_bpe(const void *model, const mc_vocab *vocab, mc_work *work,
                            const char *text, size_t size)
{
    const mc_bpe *bpe    = model;
    mc_buffer     buffer = { 0 };
    word          w;
    mc_status     status;

    if (bpe->ignore_merges) {
        int32_t id = mc_vocab_find(vocab, text, size);
        if (id >= 0) return mc_work_add_id(work, id);
    }
    MC_TRY(prepare(bpe, work, size, &w));
    status = read_symbols(bpe, vocab, work, &w, text, size, &buffer);
    mc_buffer_clear(&buffer);
    if (status != MC_OK) return status;
    join_all(&w, &bpe->merges);
    for (size_t i = 0; i < w.count; i++)
        if (w.symbols[i].id >= 0) MC_TRY(mc_work_add_id(work, w.symbols[i].id));
    return MC_OK;
}

const mc_model_kind mc_model_bpe = { "bpe", encode_bpe, free_bpe };
