/* read_gguf.c - the vocabulary in a GGUF file's metadata (tokenizer.ggml.*).
 *
 *     model       gpt2, llama, t5, bert, gemma4: one row of kinds[] each
 *     pre         gpt2: how text is cut, by name (gguf_pre.h)
 *     tokens, scores, token_type, merges
 *     add_bos_token, add_eos_token, bos_token_id, ..., add_space_prefix, ...
 *
 * A row comes to the parts that the tokenizer.json of the same model would give. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/nearest.h"
#include "tokenizer/gguf_pre.h"
#include "tokenizer/readers.h"
#include "tokenizer/utf8.h"

#define KEY(name) "tokenizer.ggml." name
#define SPACE_MARK "\xe2\x96\x81"

/* The arrays by token, checked to be of one length. */
typedef struct gguf_tokens {
    const mc_store *store;
    mc_gguf_value   texts;
    mc_gguf_value   types;  /* count 0: there are none */
    mc_gguf_value   scores; /* count 0: there are none */
    size_t          count;
} gguf_tokens;

typedef struct gguf_kind {
    const char *name;
    mc_status (*read)(const gguf_tokens *tokens, mc_tokenizer *tokenizer, mc_error *err);
    int32_t bos, eos; /* unless the file says otherwise; -1: none */
    bool    add_bos, add_eos;
} gguf_kind;

static mc_status fail_gguf(mc_error *err, const char *reason)
{
    return mc_fail(err, MC_ERR_TOKENIZER, "convert the model again with a current llama.cpp",
                   "%s", reason);
}

/* ---- the tokens ---- */

static bool find_array(const mc_store *store, const char *key, bool of_texts,
                       mc_gguf_value *array)
{
    return mc_store_gguf(store, key, array) && array->type == MC_GGUF_ARRAY &&
           (array->element == MC_GGUF_STRING) == of_texts && array->element != MC_GGUF_ARRAY;
}

static mc_status find_tokens(const mc_store *store, gguf_tokens *tokens, mc_error *err)
{
    mc_gguf_value *optional[] = { &tokens->types, &tokens->scores };
    const char    *keys[]     = { KEY("token_type"), KEY("scores") };

    tokens->store = store;
    if (!find_array(store, KEY("tokens"), true, &tokens->texts))
        return fail_gguf(err, "the file has no list of tokens (tokenizer.ggml.tokens)");
    if (tokens->texts.count >= MC_TOKEN_ID_LIMIT)
        return fail_gguf(err, "the file has more tokens than any vocabulary");
    tokens->count = (size_t)tokens->texts.count;
    for (int i = 0; i < 2; i++) {
        if (!mc_store_gguf(store, keys[i], optional[i])) continue;
        if (!find_array(store, keys[i], false, optional[i]) ||
            optional[i]->count < tokens->texts.count)
            return mc_fail(err, MC_ERR_TOKENIZER, "the file is damaged",
                           "'%s' is no list of %zu numbers", keys[i], tokens->count);
    }
    return MC_OK;
}

static int type_of(const gguf_tokens *tokens, size_t id)
{
    double type = MC_TOKEN_NORMAL;

    if (tokens->types.count) mc_gguf_number(&tokens->types, id, &type);
    return type >= 0 && type < 100 ? (int)type : MC_TOKEN_NORMAL;
}

/* A word of a BERT vocabulary, spelled as tokenizer.json spells it: GGUF marks the beginning of
 * words where BERT marks what continues one. */
static void unphantom(mc_buffer *out, mc_span text, int type)
{
    const char *bytes = (const char *)text.data;
    size_t      mark  = strlen(SPACE_MARK);

    out->size = 0;
    if (type == MC_TOKEN_CONTROL || type == MC_TOKEN_UNKNOWN) {
        mc_buffer_add(out, bytes, text.size);
    } else if (text.size > mark && memcmp(bytes, SPACE_MARK, mark) == 0) {
        mc_buffer_add(out, bytes + mark, text.size - mark);
    } else {
        mc_buffer_add_text(out, "##");
        mc_buffer_add(out, bytes, text.size);
    }
}

static mc_status add_text(const gguf_tokens *tokens, mc_tokenizer *tokenizer, mc_span text,
                          size_t id, bool phantom, mc_buffer *buffer, mc_error *err)
{
    mc_vocab   *vocab = &tokenizer->vocab;
    const char *bytes = (const char *)text.data;
    size_t      size = text.size, before = vocab->count;
    char        empty[32];

    if (phantom) {
        unphantom(buffer, text, type_of(tokens, id));
        MC_TRY(mc_buffer_status(buffer, err));
        bytes = buffer->data;
        size  = buffer->size;
    }
    if (!size) { /* llama.cpp's stand-in; an empty spelling could be found anywhere */
        size  = (size_t)snprintf(empty, sizeof empty, "[EMPTY_%zu]", id);
        bytes = empty;
    }
    MC_TRY(mc_utf8_require(bytes, size, NULL) == MC_OK
               ? mc_vocab_add(vocab, bytes, size, (int64_t)id, err)
               : mc_fail(err, MC_ERR_TOKENIZER, "the file is damaged", "token %zu is not UTF-8",
                         id));
    if (vocab->count > before) return MC_OK;
    return mc_fail(err, MC_ERR_TOKENIZER, "the file is damaged",
                   "token %zu is spelled '%.*s', as another one is", id,
                   (int)(size < 64 ? size : 64), bytes);
}

static mc_status read_texts(const gguf_tokens *tokens, mc_tokenizer *tokenizer, bool phantom,
                            mc_error *err)
{
    mc_reader texts  = { .bytes = tokens->texts.bytes };
    mc_buffer buffer = { 0 };
    mc_status status =
        mc_vocab_expect(&tokenizer->vocab, tokens->count, tokens->texts.bytes.size, err);
    mc_span text;

    for (size_t id = 0; status == MC_OK && id < tokens->count; id++)
        status = mc_gguf_next_string(&texts, &text)
                     ? add_text(tokens, tokenizer, text, id, phantom, &buffer, err)
                     : fail_gguf(err, "the list of tokens ends early");
    mc_buffer_clear(&buffer);
    return status;
}

/* Control, unknown and user-defined tokens are found in the text itself. */
static mc_status add_found_tokens(const gguf_tokens *tokens, mc_tokenizer *tokenizer,
                                  mc_error *err)
{
    for (size_t id = 0; id < tokens->count; id++) {
        int            type  = type_of(tokens, id);
        mc_added_token token = { .special = type != MC_TOKEN_USER_DEFINED };
        const char    *text  = "";
        size_t         size  = 0;

        if (type != MC_TOKEN_CONTROL && type != MC_TOKEN_USER_DEFINED &&
            type != MC_TOKEN_UNKNOWN)
            continue;
        (void)mc_vocab_get(&tokenizer->vocab, (int32_t)id, &text, &size);
        MC_TRY(mc_tokenizer_add_token(tokenizer, text, size, token, err));
    }
    return MC_OK;
}

/* The id that a key names; `fallback` without the key. */
static mc_status read_id(const gguf_tokens *tokens, const char *key, int32_t fallback,
                         int32_t *id, mc_error *err)
{
    uint64_t value;

    *id = fallback >= 0 && (size_t)fallback < tokens->count ? fallback : -1;
    if (!mc_store_gguf_uint(tokens->store, key, &value)) return MC_OK;
    if (value >= tokens->count)
        return mc_fail(err, MC_ERR_TOKENIZER, "the file is damaged",
                       "'%s' is %llu, but there are %zu tokens", key, (unsigned long long)value,
                       tokens->count);
    *id = (int32_t)value;
    return MC_OK;
}

static bool read_flag(const gguf_tokens *tokens, const char *key, bool fallback)
{
    bool value;

    return mc_store_gguf_bool(tokens->store, key, &value) ? value : fallback;
}

static mc_status read_scores(const gguf_tokens *tokens, float **scores, mc_error *err)
{
    *scores = mc_calloc(tokens->count ? tokens->count : 1, sizeof **scores);
    if (!*scores) return mc_fail_memory(err, tokens->count * sizeof **scores);
    for (size_t id = 0; tokens->scores.count && id < tokens->count; id++) {
        double score = 0;

        mc_gguf_number(&tokens->scores, id, &score);
        (*scores)[id] = (float)score;
    }
    return MC_OK;
}

/* ---- kind gpt2: byte pairs with a list of merges ---- */

static mc_status read_merge(mc_merge_batch *batch, mc_span text, mc_error *err)
{
    const char *bytes = (const char *)text.data;
    const char *space = text.size > 1 ? memchr(bytes + 1, ' ', text.size - 1) : NULL;
    size_t      left  = space ? (size_t)(space - bytes) : 0;

    if (!space) return fail_gguf(err, "a merge has no space between its two tokens");
    return mc_merge_batch_add(batch, bytes, left, space + 1, text.size - left - 1, err);
}

static mc_status read_merges(const gguf_tokens *tokens, mc_bpe *bpe, const mc_vocab *vocab,
                             mc_error *err)
{
    mc_merge_batch batch = { .bpe = bpe, .vocab = vocab };
    mc_gguf_value  array;
    mc_reader      merges;
    mc_span        text;

    if (!find_array(tokens->store, KEY("merges"), true, &array))
        return fail_gguf(err, "the file has no list of merges (tokenizer.ggml.merges)");
    merges = (mc_reader){ .bytes = array.bytes };
    MC_TRY(mc_pair_map_expect(&bpe->merges, (size_t)array.count, err));
    while (mc_gguf_next_string(&merges, &text))
        MC_TRY(read_merge(&batch, text, err));
    return mc_merge_batch_finish(&batch, err);
}

static mc_status read_pre(const gguf_tokens *tokens, mc_tokenizer *tokenizer,
                          const mc_gguf_pre **row, mc_error *err)
{
    mc_span name;

    if (!mc_store_gguf_string(tokens->store, KEY("pre"), &name))
        return fail_gguf(err, "the file does not name its pre-tokenizer (tokenizer.ggml.pre), "
                              "so how text is cut would be a guess");
    snprintf(tokenizer->pre, sizeof tokenizer->pre, "%.*s",
             (int)(name.size < sizeof tokenizer->pre ? name.size : sizeof tokenizer->pre - 1),
             (const char *)name.data);
    return mc_gguf_pre_find(tokenizer->pre, row, err);
}

static mc_status read_bpe(const gguf_tokens *tokens, const mc_gguf_pre *row,
                          mc_tokenizer *tokenizer, mc_error *err)
{
    mc_bpe *bpe;

    MC_TRY(mc_bpe_create(&bpe, err));
    tokenizer->kind  = &mc_model_bpe;
    tokenizer->model = bpe;
    MC_TRY(mc_gguf_pre_apply(row, tokenizer, err));
    bpe->ignore_merges       = row->ignore_merges;
    bpe->byte_fallback       = row->byte_fallback;
    tokenizer->info.adds_bos = row->add_bos;
    MC_TRY(read_texts(tokens, tokenizer, false, err));
    MC_TRY(read_merges(tokens, bpe, &tokenizer->vocab, err));
    if (bpe->byte_fallback)
        MC_TRY(read_id(tokens, KEY("unknown_token_id"), -1, &bpe->unknown.id, err));
    bpe->fuse_unknown = bpe->byte_fallback;
    mc_bpe_finish(bpe, &tokenizer->vocab);
    return MC_OK;
}

static mc_status read_gpt2(const gguf_tokens *tokens, mc_tokenizer *tokenizer, mc_error *err)
{
    const mc_gguf_pre *row = NULL;

    MC_TRY(read_pre(tokens, tokenizer, &row, err));
    return read_bpe(tokens, row, tokenizer, err);
}

/* Its own kind, whatever pre-tokenizer is named. */
static mc_status read_gemma4(const gguf_tokens *tokens, mc_tokenizer *tokenizer, mc_error *err)
{
    const mc_gguf_pre *row = NULL;

    MC_TRY(mc_gguf_pre_find("gemma4", &row, err));
    return read_bpe(tokens, row, tokenizer, err);
}

/* ---- kind llama: SentencePiece's byte pairs, merges by score ---- */

static mc_status read_llama(const gguf_tokens *tokens, mc_tokenizer *tokenizer, mc_error *err)
{
    mc_stages *normalizers = &tokenizer->normalizers;
    float     *scores;
    mc_bpe    *bpe;
    mc_status  status;

    if (!tokens->scores.count)
        return fail_gguf(err, "the file has no scores of tokens (tokenizer.ggml.scores)");
    if (read_flag(tokens, KEY("remove_extra_whitespaces"), false))
        return fail_gguf(err, "remove_extra_whitespaces is not supported for kind llama");
    MC_TRY(mc_bpe_create(&bpe, err));
    tokenizer->kind  = &mc_model_bpe;
    tokenizer->model = bpe;
    tokenizer->style = MC_STYLE_METASPACE;
    if (read_flag(tokens, KEY("add_space_prefix"), true))
        MC_TRY(mc_stages_add_front(normalizers, SPACE_MARK, 3, MC_FRONT_ALWAYS, err));
    MC_TRY(mc_stages_add_replace(normalizers, " ", 1, SPACE_MARK, 3, err));
    MC_TRY(read_texts(tokens, tokenizer, false, err));
    MC_TRY(read_scores(tokens, &scores, err));
    status = mc_bpe_add_scored_merges(bpe, &tokenizer->vocab, scores, tokens->count, err);
    mc_free(scores);
    if (status != MC_OK) return status;
    bpe->byte_fallback = bpe->fuse_unknown = true;
    MC_TRY(read_id(tokens, KEY("unknown_token_id"), 0, &bpe->unknown.id, err));
    mc_bpe_finish(bpe, &tokenizer->vocab);
    return MC_OK;
}

/* ---- kind t5: SentencePiece's unigram model ---- */

static mc_status read_charsmap(const gguf_tokens *tokens, mc_tokenizer *tokenizer,
                               mc_error *err)
{
    mc_gguf_value map;

    if (!mc_store_gguf(tokens->store, KEY("precompiled_charsmap"), &map)) return MC_OK;
    if (map.type != MC_GGUF_ARRAY || (map.element != MC_GGUF_U8 && map.element != MC_GGUF_I8))
        return fail_gguf(err, "the precompiled character map is no list of bytes");
    return mc_tokenizer_add_charsmap(tokenizer, (const char *)map.bytes.data, map.bytes.size,
                                     err);
}

static mc_status read_t5(const gguf_tokens *tokens, mc_tokenizer *tokenizer, mc_error *err)
{
    bool        prefix = read_flag(tokens, KEY("add_space_prefix"), true);
    mc_unigram *unigram;
    float      *scores;

    MC_TRY(mc_unigram_create(tokens->count, &unigram, err));
    tokenizer->kind  = &mc_model_unigram;
    tokenizer->model = unigram;
    tokenizer->style = MC_STYLE_METASPACE;
    MC_TRY(read_charsmap(tokens, tokenizer, err));
    MC_TRY(mc_tokenizer_add_sentencepiece(
        tokenizer, prefix, read_flag(tokens, KEY("remove_extra_whitespaces"), false), err));
    MC_TRY(read_texts(tokens, tokenizer, false, err));
    MC_TRY(read_scores(tokens, &scores, err));
    for (size_t id = 0; id < tokens->count; id++)
        unigram->scores[id] = (double)scores[id];
    mc_free(scores);
    unigram->unknown.wanted = true;
    MC_TRY(read_id(tokens, KEY("unknown_token_id"), 2, &unigram->unknown.id, err));
    return mc_unigram_finish(unigram, &tokenizer->vocab, err);
}

/* ---- kind bert: WordPiece ---- */

static mc_status read_bert(const gguf_tokens *tokens, mc_tokenizer *tokenizer, mc_error *err)
{
    bool          lowercase = read_flag(tokens, KEY("normalizer.lowercase"), true);
    bool          strip     = read_flag(tokens, KEY("normalizer.strip_accents"), lowercase);
    mc_wordpiece *wordpiece;

    MC_TRY(mc_tokenizer_add_bert(tokenizer, true, strip, lowercase, &wordpiece, err));
    MC_TRY(read_texts(tokens, tokenizer, true, err));
    MC_TRY(read_id(tokens, KEY("unknown_token_id"), 100, &wordpiece->unknown.id, err));
    mc_wordpiece_finish(wordpiece, &tokenizer->vocab);
    return MC_OK;
}

/* ---- all kinds ---- */

static const gguf_kind kinds[] = {
    { "gpt2", read_gpt2, -1, -1, false, false },    { "llama", read_llama, 1, 2, true, false },
    { "t5", read_t5, -1, 1, false, true },          { "bert", read_bert, 101, 102, true, true },
    { "gemma4", read_gemma4, -1, -1, true, false }, { NULL, NULL, 0, 0, false, false },
};

static mc_status find_kind(const mc_store *store, const gguf_kind **kind, mc_error *err)
{
    char       name[64] = "";
    mc_nearest nearest  = { .typed = name };
    mc_span    text;

    if (!mc_store_gguf_string(store, KEY("model"), &text))
        return mc_fail(err, MC_ERR_TOKENIZER, "take a file with a vocabulary, or the folder",
                       "the file has no tokenizer (tokenizer.ggml.model)");
    snprintf(name, sizeof name, "%.*s", (int)(text.size < 63 ? text.size : 63),
             (const char *)text.data);
    for (*kind = kinds; (*kind)->name; (*kind)++) {
        if (strcmp((*kind)->name, name) == 0) return MC_OK;
        mc_nearest_offer(&nearest, (*kind)->name);
    }
    return mc_fail(err, MC_ERR_TOKENIZER, "known: gpt2, llama, t5, bert, gemma4",
                   "vocabulary of kind '%s' (tokenizer.ggml.model) is not supported%s%s%s",
                   name, nearest.best ? " (nearest known: '" : "",
                   nearest.best ? nearest.best : "", nearest.best ? "')" : "");
}

/* BERT frames a text with [CLS] and [SEP], whatever add_bos_token says. */
static mc_status read_frame(const gguf_tokens *tokens, const gguf_kind *kind,
                            mc_tokenizer *tokenizer, mc_error *err)
{
    mc_tokenizer_info *info = &tokenizer->info;
    bool               bert = kind->read == read_bert;
    bool               bos = kind->add_bos || info->adds_bos, eos = kind->add_eos;

    if (!bert) bos = read_flag(tokens, KEY("add_bos_token"), bos);
    if (!bert) eos = read_flag(tokens, KEY("add_eos_token"), eos);
    MC_TRY(read_id(tokens, KEY("bos_token_id"), kind->bos, &info->bos, err));
    MC_TRY(read_id(tokens, KEY("eos_token_id"), kind->eos, &info->eos, err));
    if (bert) MC_TRY(read_id(tokens, KEY("cls_token_id"), info->bos, &info->bos, err));
    if (bert) MC_TRY(read_id(tokens, KEY("seperator_token_id"), kind->eos, &info->eos, err));
    if ((bos && info->bos < 0) || (eos && info->eos < 0))
        return mc_fail(err, MC_ERR_TOKENIZER, "the file is incomplete",
                       "%s is to be added to every text, but the file does not name it",
                       bos && info->bos < 0 ? "BOS" : "EOS");
    if (bos) MC_TRY(mc_id_list_add(&tokenizer->before, info->bos, err));
    if (eos) MC_TRY(mc_id_list_add(&tokenizer->after, info->eos, err));
    return MC_OK;
}

/* Of every value under tokenizer.ggml, keys included, in the order of the file. */
static mc_hash hash_metadata(const mc_store *store)
{
    static const char prefix[] = "tokenizer.ggml.";
    mc_hash           hash     = { 0, 0 };

    for (size_t i = 0; i < mc_store_gguf_count(store); i++) {
        mc_gguf_value value;
        mc_span       key;

        mc_store_gguf_pair(store, i, &key, &value);
        if (key.size < sizeof prefix || memcmp(key.data, prefix, sizeof prefix - 1) != 0)
            continue;
        hash = mc_hash_join(hash, mc_hash_bytes(key.data, key.size));
        hash = mc_hash_join(hash, mc_hash_bytes(value.bytes.data, value.bytes.size));
    }
    return hash;
}

mc_status mc_read_gguf_tokenizer(const mc_store *store, mc_tokenizer *tokenizer, mc_error *err)
{
    gguf_tokens      tokens = { 0 };
    const gguf_kind *kind   = NULL;
    bool             told;

    MC_TRY(find_kind(store, &kind, err));
    MC_TRY(find_tokens(store, &tokens, err));
    MC_TRY(kind->read(&tokens, tokenizer, err));
    MC_TRY(add_found_tokens(&tokens, tokenizer, err));
    MC_TRY(read_frame(&tokens, kind, tokenizer, err));
    mc_hash_print(hash_metadata(store), tokenizer->hash);
    tokenizer->info.source = "gguf";
    told                   = mc_store_gguf_bool(store, KEY("add_bos_token"), &told);
    return mc_tokenizer_finish(tokenizer,
                               told ? "add_bos_token and add_eos_token of the GGUF file"
                                    : "the default of this kind of GGUF vocabulary",
                               err);
}
