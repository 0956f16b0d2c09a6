/* read_model.c - tokenizer.json's "model": one row a type. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json_write.h"
#include "base/nearest.h"
#include "tokenizer/read_json.h"

static mc_status fail_model(const char *what, mc_error *err)
{
    return mc_fail(err, MC_ERR_TOKENIZER, "the file is damaged or of an unknown version",
                   "the model %s", what);
}

/* {"token": id, ...} */
static mc_status read_vocab_object(mc_json_value value, mc_vocab *vocab, mc_error *err)
{
    mc_json_iter tokens = mc_json_iterate(value);

    if (mc_json_type_of(value) != MC_JSON_OBJECT)
        return fail_model("has no vocabulary of tokens and ids", err);
    MC_TRY(mc_vocab_expect(vocab, mc_json_count(value), 0, err));
    while (mc_json_next(&tokens)) {
        int64_t id;

        if (!mc_json_int64(tokens.value, &id)) return fail_model("has an id that is none", err);
        MC_TRY(mc_vocab_add(vocab, tokens.key, tokens.key_size, id, err));
    }
    return MC_OK;
}

static mc_status copy_field(mc_json_value value, const char *key, char **copy, mc_error *err)
{
    const char *text;
    size_t      size;

    MC_TRY(mc_field_string(value, key, &text, &size, err));
    if (!text) return MC_OK;
    if (strlen(text) != size) return fail_model("has a NUL character in an affix", err);
    *copy = mc_strndup(text, size);
    return *copy ? MC_OK : mc_fail_memory(err, size);
}

/* "a b" or ["a", "b"] */
static mc_status read_merge(mc_json_value value, const char *sides[2], size_t sizes[2],
                            mc_error *err)
{
    mc_json_iter pair = mc_json_iterate(value);
    const char  *space;
    size_t       size;

    if (mc_json_string(value, &sides[0], &size)) {
        space = memchr(sides[0], ' ', size);
        if (!space) return fail_model("has a merge without a space", err);
        sizes[0] = (size_t)(space - sides[0]);
        sides[1] = space + 1;
        sizes[1] = size - sizes[0] - 1;
        if (memchr(sides[1], ' ', sizes[1]))
            return fail_model("has a merge of more than two parts", err);
        return MC_OK;
    }
    for (int i = 0; i < 2; i++)
        if (!mc_json_next(&pair) || !mc_json_string(pair.value, &sides[i], &sizes[i]))
            return fail_model("has a merge that is no pair", err);
    return mc_json_next(&pair) ? fail_model("has a merge of more than two parts", err) : MC_OK;
}

static mc_status read_merges(mc_json_value value, mc_bpe *bpe, const mc_vocab *vocab,
                             mc_error *err)
{
    mc_json_iter   merges = mc_json_iterate(value);
    mc_merge_batch batch  = { .bpe = bpe, .vocab = vocab };

    if (mc_json_type_of(value) != MC_JSON_ARRAY) return fail_model("has no merges", err);
    MC_TRY(mc_pair_map_expect(&bpe->merges, mc_json_count(value), err));
    while (mc_json_next(&merges)) {
        const char *sides[2];
        size_t      sizes[2];

        MC_TRY(read_merge(merges.value, sides, sizes, err));
        if (sizes[0] >= 8 && memcmp(sides[0], "#version", 8) == 0 &&
            mc_json_type_of(merges.value) == MC_JSON_STRING)
            continue;
        MC_TRY(mc_merge_batch_add(&batch, sides[0], sizes[0], sides[1], sizes[1], err));
    }
    return mc_merge_batch_finish(&batch, err);
}

static mc_status read_unknown(mc_json_value value, const char *key, const mc_vocab *vocab,
                              mc_unknown *unknown, mc_error *err)
{
    const char *text;
    size_t      size;

    MC_TRY(mc_field_string(value, key, &text, &size, err));
    unknown->wanted = text != NULL;
    unknown->id     = text ? mc_vocab_find(vocab, text, size) : -1;
    return MC_OK;
}

static mc_status read_bpe(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    mc_vocab *vocab = &tokenizer->vocab;
    double    dropout;
    mc_bpe   *bpe;

    if (mc_json_double(mc_json_get(value, "dropout"), &dropout) && dropout != 0)
        return fail_model("drops merges at random (dropout): its ids would be different every "
                          "time",
                          err);
    MC_TRY(mc_bpe_create(&bpe, err));
    tokenizer->kind  = &mc_model_bpe;
    tokenizer->model = bpe;
    MC_TRY(mc_field_bool(value, "fuse_unk", &bpe->fuse_unknown, err));
    MC_TRY(mc_field_bool(value, "byte_fallback", &bpe->byte_fallback, err));
    MC_TRY(mc_field_bool(value, "ignore_merges", &bpe->ignore_merges, err));
    MC_TRY(copy_field(value, "continuing_subword_prefix", &bpe->prefix, err));
    MC_TRY(copy_field(value, "end_of_word_suffix", &bpe->suffix, err));
    MC_TRY(read_vocab_object(mc_json_get(value, "vocab"), vocab, err));
    MC_TRY(read_merges(mc_json_get(value, "merges"), bpe, vocab, err));
    MC_TRY(read_unknown(value, "unk_token", vocab, &bpe->unknown, err));
    mc_bpe_finish(bpe, vocab);
    if (bpe->byte_fallback && tokenizer->style == MC_STYLE_PLAIN)
        tokenizer->style = MC_STYLE_METASPACE;
    return MC_OK;
}

/* Hugging Face's parser takes all digits of a number as a whole one and then divides by a power
 * of ten, which rounds twice. Of two segmentations that are equally good the last bit decides:
 * so the same is done here, to the shortest digits of the number, as files have them. */
static double twice_rounded(double exact)
{
    char     text[40];
    size_t   size = mc_format_double(text, exact), at = 0;
    uint64_t digits   = 0;
    int      exponent = 0;
    bool     fraction = false;

    if (fabs(exact) >= 0x1p53) return exact;
    text[size] = '\0';
    for (; text[at] && text[at] != 'e'; at++) {
        if (text[at] == '.') fraction = true;
        if (text[at] < '0' || text[at] > '9') continue;
        digits = digits * 10 + (uint64_t)(text[at] - '0');
        exponent -= fraction;
    }
    if (text[at]) exponent += (int)strtol(text + at + 1, NULL, 10);
    return copysign(exponent < 0 ? (double)digits / pow(10, -exponent)
                                 : (double)digits * pow(10, exponent),
                    exact);
}

/* [["token", score], ...]; the index is the id. */
static mc_status read_scores(mc_json_value value, mc_vocab *vocab, double *scores,
                             mc_error *err)
{
    mc_json_iter tokens = mc_json_iterate(value);

    for (int64_t id = 0; mc_json_next(&tokens); id++) {
        mc_json_iter pair = mc_json_iterate(tokens.value);
        const char  *text;
        size_t       size;

        if (!mc_json_next(&pair) || !mc_json_string(pair.value, &text, &size) ||
            !mc_json_next(&pair) || !mc_json_double(pair.value, &scores[id]))
            return fail_model("has an entry that is no token and score", err);
        scores[id] = twice_rounded(scores[id]);
        MC_TRY(mc_vocab_add(vocab, text, size, id, err));
    }
    return MC_OK;
}

static mc_status read_unigram(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    mc_json_value list  = mc_json_get(value, "vocab");
    size_t        count = mc_json_count(list);
    mc_unigram   *unigram;
    uint64_t      unknown;

    if (mc_json_type_of(list) != MC_JSON_ARRAY || count >= MC_TOKEN_ID_LIMIT)
        return fail_model("has no vocabulary of tokens and scores", err);
    MC_TRY(mc_unigram_create(count, &unigram, err));
    tokenizer->kind  = &mc_model_unigram;
    tokenizer->model = unigram;
    MC_TRY(mc_vocab_expect(&tokenizer->vocab, count, 0, err));
    MC_TRY(read_scores(list, &tokenizer->vocab, unigram->scores, err));
    tokenizer->new_ids = count - tokenizer->vocab.count;
    MC_TRY(mc_field_bool(value, "byte_fallback", &unigram->byte_fallback, err));
    unigram->unknown.wanted = true;
    if (!mc_json_is_absent(mc_json_get(value, "unk_id"))) {
        if (!mc_json_uint64(mc_json_get(value, "unk_id"), &unknown) || unknown >= count)
            return fail_model("has an unk_id outside the vocabulary", err);
        unigram->unknown.id = (int32_t)unknown;
    }
    return mc_unigram_finish(unigram, &tokenizer->vocab, err);
}

static mc_status read_wordpiece(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    mc_wordpiece *wordpiece;
    uint64_t      most;

    if (!mc_json_uint64(mc_json_get(value, "max_input_chars_per_word"), &most))
        return fail_model("has no max_input_chars_per_word", err);
    MC_TRY(mc_wordpiece_create(&wordpiece, err));
    tokenizer->kind            = &mc_model_wordpiece;
    tokenizer->model           = wordpiece;
    tokenizer->style           = MC_STYLE_WORDPIECE;
    wordpiece->most_characters = (size_t)most;
    MC_TRY(copy_field(value, "continuing_subword_prefix", &wordpiece->prefix, err));
    if (!wordpiece->prefix) return fail_model("has no continuing_subword_prefix", err);
    wordpiece->prefix_size = strlen(wordpiece->prefix);
    MC_TRY(read_vocab_object(mc_json_get(value, "vocab"), &tokenizer->vocab, err));
    MC_TRY(read_unknown(value, "unk_token", &tokenizer->vocab, &wordpiece->unknown, err));
    mc_wordpiece_finish(wordpiece, &tokenizer->vocab);
    return MC_OK;
}

static mc_status read_wordlevel(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    mc_unknown *unknown = mc_calloc(1, sizeof *unknown);

    if (!unknown) return mc_fail_memory(err, sizeof *unknown);
    tokenizer->kind  = &mc_model_wordlevel;
    tokenizer->model = unknown;
    MC_TRY(read_vocab_object(mc_json_get(value, "vocab"), &tokenizer->vocab, err));
    return read_unknown(value, "unk_token", &tokenizer->vocab, unknown, err);
}

/* Early files name no type; their fields tell. */
static const char *guess_type(mc_json_value value)
{
    if (!mc_json_is_absent(mc_json_get(value, "merges"))) return "BPE";
    if (!mc_json_is_absent(mc_json_get(value, "max_input_chars_per_word"))) return "WordPiece";
    if (mc_json_type_of(mc_json_get(value, "vocab")) == MC_JSON_ARRAY) return "Unigram";
    return "WordLevel";
}

mc_status mc_read_model(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    static const mc_part_row rows[] = {
        { "BPE", read_bpe },
        { "Unigram", read_unigram },
        { "WordPiece", read_wordpiece },
        { "WordLevel", read_wordlevel },
        { NULL, NULL },
    };
    mc_nearest  nearest = { 0 };
    const char *type;
    size_t      size;

    if (mc_json_type_of(value) != MC_JSON_OBJECT) return fail_model("is missing", err);
    MC_TRY(mc_field_string(value, "type", &type, &size, err));
    if (!type) type = guess_type(value);
    nearest.typed = type;
    for (const mc_part_row *row = rows; row->name; row++) {
        if (strcmp(row->name, type) == 0) return row->read(value, tokenizer, err);
        mc_nearest_offer(&nearest, row->name);
    }
    return mc_fail(err, MC_ERR_TOKENIZER, "this tokenizer cannot be used",
                   "model '%.64s' is not supported%s%s%s", type,
                   nearest.best ? " (nearest known: '" : "", nearest.best ? nearest.best : "",
                   nearest.best ? "')" : "");
}
