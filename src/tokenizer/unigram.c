/* unigram.c - Kudo 2018, "Subword Regularization", arXiv:1804.10959, section 3.2: the best
 * segmentation under a unigram language model, by Viterbi over byte positions. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "tokenizer/models.h"
#include "tokenizer/utf8.h"

/* How much worse than the worst token an unknown character is (SentencePiece's constant). */
static const double unknown_penalty = 10.0;

/* The best way to have covered the text up to a position. */
typedef struct best_path {
    double   score;
    uint32_t start; /* of its last token; NONE: nothing ends here yet */
    int32_t  id;
} best_path;

enum { NONE = UINT32_MAX >> 1 };

mc_status mc_unigram_create(size_t count, mc_unigram **unigram, mc_error *err)
{
    mc_unigram *made = mc_calloc(1, sizeof *made);

    if (made) made->scores = mc_calloc(count ? count : 1, sizeof *made->scores);
    if (!made || !made->scores) {
        mc_free(made);
        return mc_fail_memory(err, count * sizeof *made->scores);
    }
    made->count      = count;
    made->unknown.id = -1;
    *unigram         = made;
    return MC_OK;
}

static void free_unigram(void *model)
{
    mc_unigram *unigram = model;

    if (!unigram) return;
    mc_trie_clear(&unigram->trie);
    mc_free(unigram->scores);
    mc_free(unigram);
}

mc_status mc_unigram_finish(mc_unigram *unigram, const mc_vocab *vocab, mc_error *err)
{
    unigram->least = INFINITY;
    for (size_t i = 0; i < unigram->count; i++)
        if (unigram->scores[i] < unigram->least) unigram->least = unigram->scores[i];
    MC_TRY(mc_trie_expect(&unigram->trie, vocab->text_size / 2, err));
    for (size_t i = 0; i < vocab->count; i++)
        MC_TRY(mc_trie_add(&unigram->trie, vocab->text + vocab->entries[i].start,
                           vocab->entries[i].size, vocab->entries[i].id, err));
    mc_byte_tokens(vocab, unigram->bytes);
    return MC_OK;
}

static bool improves(const best_path *at, double score)
{
    return at->start == NONE || score > at->score;
}

static void improve(best_path *at, double score, size_t start, int32_t id)
{
    if (improves(at, score)) *at = (best_path){ score, (uint32_t)start, id };
}

/* Every token that begins at `start`, and the unknown one if none covers just its character. */
static mc_status extend(const mc_unigram *unigram, mc_work *work, best_path *paths,
                        const char *text, size_t size, size_t start)
{
    size_t   length = mc_utf8_length(text[start]);
    double   before = paths[start].score;
    bool     single = false;
    uint32_t node   = 0;
    int32_t  unknown;

    for (size_t at = start; at < size; at++) {
        int32_t id;

        node = mc_trie_step(&unigram->trie, node, (unsigned char)text[at]);
        if (!node) break;
        id = unigram->trie.values[node];
        if (id < 0) continue;
        improve(&paths[at + 1], before + unigram->scores[id], start, id);
        if (at + 1 - start == length) single = true;
    }
    before += unigram->least - unknown_penalty;
    if (single || !improves(&paths[start + length], before)) return MC_OK;
    MC_TRY(mc_unknown_id(unigram->unknown, &unknown, work->err));
    improve(&paths[start + length], before, start, unknown);
    return MC_OK;
}

/* A run of text that is no token: bytes where all exist, otherwise the unknown token. */
static mc_status write_unknown(const mc_unigram *unigram, mc_work *work, const char *text,
                               size_t size)
{
    bool all = unigram->byte_fallback;

    for (size_t i = 0; all && i < size; i++)
        all = unigram->bytes[(unsigned char)text[i]] >= 0;
    if (!all) return mc_work_add_id(work, unigram->unknown.id);
    for (size_t i = 0; i < size; i++)
        MC_TRY(mc_work_add_id(work, unigram->bytes[(unsigned char)text[i]]));
    return MC_OK;
}

/* Turn the chain of starts around: paths[start].id becomes the token that begins there and
 * paths[start].start where it ends. */
static void reverse(best_path *paths, size_t size)
{
    best_path now = paths[size];

    for (size_t end = size; end > 0;) {
        size_t    start  = now.start;
        best_path before = paths[start];

        paths[start].id    = now.id;
        paths[start].start = (uint32_t)end;
        now                = before;
        end                = start;
    }
}

static mc_status write_path(const mc_unigram *unigram, const mc_vocab *vocab, mc_work *work,
                            best_path *paths, const char *text, size_t size)
{
    reverse(paths, size);
    for (size_t at = 0, end; at < size; at = end) {
        int32_t id = paths[at].id;

        end = paths[at].start;
        /* Unknown neighbours are one run. */
        while (id == unigram->unknown.id && end < size && paths[end].id == id)
            end = paths[end].start;
        if (id == unigram->unknown.id) {
            id = mc_vocab_find(vocab, text + at, end - at);
            if (id < 0) MC_TRY(write_unknown(unigram, work, text + at, end - at));
        }
        if (id >= 0) MC_TRY(mc_work_add_id(work, id));
    }
    return MC_OK;
}

static mc_status encode_unigram(const void *model, const mc_vocab *vocab, mc_work *work,
                                const char *text, size_t size)
{
    const mc_unigram *unigram = model;
    best_path        *paths;

    if (size >= NONE)
        return mc_fail(work->err, MC_ERR_TOKENIZER, "cut the text into shorter lines",
                       "a piece of %zu bytes is too long for one word", size);
    paths = mc_work_scratch(work, (size + 1) * sizeof *paths);
    if (!paths) return mc_fail_memory(work->err, (size + 1) * sizeof *paths);
    for (size_t i = 0; i <= size; i++)
        paths[i] = (best_path){ 0, NONE, -1 };
    for (size_t at = 0; at < size; at += mc_utf8_length(text[at]))
        MC_TRY(extend(unigram, work, paths, text, size, at));
    return write_path(unigram, vocab, work, paths, text, size);
}

const mc_model_kind mc_model_unigram = { "unigram", encode_unigram, free_unigram };
