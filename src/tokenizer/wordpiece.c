/* wordpiece.c - the models without statistics: BERT's greedy longest match (Wu et al. 2016,
 * arXiv:1609.08144, section 4.1, as BERT applies it), and whole words. */
#include <string.h>

#include "base/alloc.h"
#include "tokenizer/models.h"
#include "tokenizer/utf8.h"

mc_status mc_wordpiece_create(mc_wordpiece **wordpiece, mc_error *err)
{
    mc_wordpiece *made = mc_calloc(1, sizeof *made);

    if (!made) return mc_fail_memory(err, sizeof *made);
    made->unknown.id = -1;
    *wordpiece       = made;
    return MC_OK;
}

static void free_wordpiece(void *model)
{
    mc_wordpiece *wordpiece = model;

    if (!wordpiece) return;
    mc_free(wordpiece->prefix);
    mc_free(wordpiece);
}

void mc_wordpiece_finish(mc_wordpiece *wordpiece, const mc_vocab *vocab)
{
    for (size_t i = 0; i < vocab->count; i++)
        if (vocab->entries[i].size > wordpiece->longest)
            wordpiece->longest = vocab->entries[i].size;
}

static mc_status write_unknown(mc_unknown unknown, mc_work *work)
{
    int32_t id;

    unknown.wanted = true;
    MC_TRY(mc_unknown_id(unknown, &id, work->err));
    return mc_work_add_id(work, id);
}

/* The longest token at `text`; its size (0: none) and id. `spelled` has room for it. */
static size_t find_longest(const mc_wordpiece *wordpiece, const mc_vocab *vocab,
                           const char *text, size_t size, bool first, char *spelled,
                           int32_t *id)
{
    size_t before = first ? 0 : wordpiece->prefix_size;

    if (before > wordpiece->longest) return 0;
    if (before) memcpy(spelled, wordpiece->prefix, before);
    if (size > wordpiece->longest - before) { /* back to the start of a character */
        size = wordpiece->longest - before;
        while (size && ((unsigned char)text[size] & 0xc0) == 0x80)
            size--;
    }
    memcpy(spelled + before, text, size);
    for (; size; size = mc_utf8_back(text, size)) {
        *id = mc_vocab_find(vocab, spelled, before + size);
        if (*id >= 0) return size;
    }
    return 0;
}

static mc_status encode_wordpiece(const void *model, const mc_vocab *vocab, mc_work *work,
                                  const char *text, size_t size)
{
    const mc_wordpiece *wordpiece  = model;
    size_t              characters = 0, before = work->id_count, step;
    char               *spelled = mc_work_scratch(work, wordpiece->longest + 1);

    if (!spelled) return mc_fail_memory(work->err, wordpiece->longest);
    for (size_t at = 0; at < size; at += mc_utf8_length(text[at]))
        characters++;
    if (characters > wordpiece->most_characters) return write_unknown(wordpiece->unknown, work);
    for (size_t at = 0; at < size; at += step) {
        int32_t id = -1;

        step = find_longest(wordpiece, vocab, text + at, size - at, at == 0, spelled, &id);
        if (!step) {
            work->id_count = before;
            return write_unknown(wordpiece->unknown, work);
        }
        MC_TRY(mc_work_add_id(work, id));
    }
    return MC_OK;
}

static mc_status encode_wordlevel(const void *model, const mc_vocab *vocab, mc_work *work,
                                  const char *text, size_t size)
{
    int32_t id = mc_vocab_find(vocab, text, size);

    if (id < 0) return write_unknown(*(const mc_unknown *)model, work);
    return mc_work_add_id(work, id);
}

const mc_model_kind mc_model_wordpiece = { "wordpiece", encode_wordpiece, free_wordpiece };
const mc_model_kind mc_model_wordlevel = { "wordlevel", encode_wordlevel, mc_free };
