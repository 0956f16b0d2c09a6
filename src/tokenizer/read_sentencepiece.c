/* read_sentencepiece.c - tokenizer.model: SentencePiece's protocol buffer.
 *
 *     1 piece, repeated   { 1 text, 2 score (float), 3 type }
 *     2 trainer           { 3 kind (1 unigram, 2 bpe), 35 byte_fallback, 40 unk_id }
 *     3 normalizer        { 2 precompiled map, 3 add_dummy_prefix, 4 remove_extra_whitespaces }
 *
 * Of the wire format: a varint of field << 3 | type, then a varint (0), 8 bytes (1), a varint
 * size and as many bytes (2), or 4 bytes (5). Fields that are not named here are passed over.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/span.h"
#include "tokenizer/legacy.h"
#include "tokenizer/read_json.h"
#include "tokenizer/utf8.h"

#define SPACE_MARK "\xe2\x96\x81"

typedef struct field {
    uint32_t number;
    uint64_t value; /* of a varint, or the bits of 4 or 8 bytes */
    mc_span  bytes;
} field;

typedef struct piece {
    mc_span text;
    float   score;
    int     type;
} piece;

typedef struct sentencepiece {
    piece  *pieces;
    size_t  count, capacity;
    int     kind;
    bool    byte_fallback, dummy_prefix, remove_extra_spaces;
    int64_t unknown;
    mc_span map;
} sentencepiece;

enum { KIND_UNIGRAM = 1, KIND_BPE = 2 };

static mc_status read_varint(mc_reader *reader, uint64_t *value, mc_error *err)
{
    uint8_t byte;

    *value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        MC_TRY(mc_read_u8(reader, &byte, err));
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return MC_OK;
    }
    return mc_fail(err, MC_ERR_CORRUPT, "the file is damaged; fetch it again",
                   "a number at offset %zu does not end", reader->offset);
}

static mc_status read_field(mc_reader *reader, field *out, mc_error *err)
{
    uint64_t tag, size;
    uint32_t bits;

    MC_TRY(read_varint(reader, &tag, err));
    *out = (field){ .number = (uint32_t)(tag >> 3) };
    switch (tag & 7) {
    case 0: return read_varint(reader, &out->value, err);
    case 1: return mc_read_u64(reader, &out->value, err);
    case 2:
        MC_TRY(read_varint(reader, &size, err));
        return mc_read_span(reader, size, &out->bytes, err);
    case 5:
        MC_TRY(mc_read_u32(reader, &bits, err));
        out->value = bits;
        return MC_OK;
    default:
        return mc_fail(err, MC_ERR_CORRUPT, "is this really a SentencePiece model?",
                       "a field of unknown kind at offset %zu", reader->offset);
    }
}

static mc_status read_piece(mc_span bytes, sentencepiece *model, mc_error *err)
{
    mc_reader reader = { .bytes = bytes };
    piece     found  = { .type = MC_TOKEN_NORMAL };
    field     at;

    while (mc_reader_left(&reader)) {
        uint32_t bits;

        MC_TRY(read_field(&reader, &at, err));
        if (at.number == 1) found.text = at.bytes;
        if (at.number == 3) found.type = (int)(at.value & 0xff);
        if (at.number != 2) continue;
        bits = (uint32_t)at.value;
        memcpy(&found.score, &bits, sizeof bits);
    }
    if (model->count >= MC_TOKEN_ID_LIMIT)
        return mc_fail(err, MC_ERR_TOKENIZER, "the file is damaged", "more than %d tokens",
                       MC_TOKEN_ID_LIMIT);
    MC_TRY(mc_grow((void **)&model->pieces, &model->capacity, model->count,
                   sizeof *model->pieces, err));
    model->pieces[model->count++] = found;
    return MC_OK;
}

static mc_status read_trainer(mc_span bytes, sentencepiece *model, mc_error *err)
{
    mc_reader reader = { .bytes = bytes };
    field     at;

    while (mc_reader_left(&reader)) {
        MC_TRY(read_field(&reader, &at, err));
        if (at.number == 3) model->kind = (int)(at.value & 0xff);
        if (at.number == 35) model->byte_fallback = at.value != 0;
        if (at.number == 40) model->unknown = (int64_t)at.value;
        if (at.number == 24 && at.value)
            return mc_fail(err, MC_ERR_TOKENIZER,
                           "put the model's tokenizer.json beside its weights",
                           "treat_whitespace_as_suffix is not supported");
    }
    return MC_OK;
}

static mc_status read_spec(mc_span bytes, sentencepiece *model, mc_error *err)
{
    mc_reader reader = { .bytes = bytes };
    field     at;

    while (mc_reader_left(&reader)) {
        MC_TRY(read_field(&reader, &at, err));
        if (at.number == 2) model->map = at.bytes;
        if (at.number == 3) model->dummy_prefix = at.value != 0;
        if (at.number == 4) model->remove_extra_spaces = at.value != 0;
    }
    return MC_OK;
}

static mc_status read_model(mc_span bytes, sentencepiece *model, mc_error *err)
{
    mc_reader reader = { .bytes = bytes };
    field     at;

    while (mc_reader_left(&reader)) {
        MC_TRY(read_field(&reader, &at, err));
        if (at.number == 1) MC_TRY(read_piece(at.bytes, model, err));
        if (at.number == 2) MC_TRY(read_trainer(at.bytes, model, err));
        if (at.number == 3) MC_TRY(read_spec(at.bytes, model, err));
    }
    if (!model->count)
        return mc_fail(err, MC_ERR_TOKENIZER, "is this really a SentencePiece model?",
                       "the file has no pieces");
    if (model->kind == KIND_UNIGRAM || model->kind == KIND_BPE) return MC_OK;
    return mc_fail(err, MC_ERR_TOKENIZER, "known: unigram (1), BPE (2)",
                   "a SentencePiece model of kind %d is not supported", model->kind);
}

static mc_status add_pieces(const sentencepiece *model, mc_tokenizer *tokenizer, mc_error *err)
{
    MC_TRY(mc_vocab_expect(&tokenizer->vocab, model->count, 0, err));
    for (size_t id = 0; id < model->count; id++) {
        const char *text = (const char *)model->pieces[id].text.data;
        size_t      size = model->pieces[id].text.size;

        if (!size || mc_utf8_check(text, size) != size ||
            mc_vocab_find(&tokenizer->vocab, text, size) >= 0)
            return mc_fail(err, MC_ERR_TOKENIZER, "the file is damaged; fetch it again",
                           "piece %zu is empty, not UTF-8 or there twice", id);
        MC_TRY(mc_vocab_add(&tokenizer->vocab, text, size, (int64_t)id, err));
    }
    return MC_OK;
}

static mc_status add_found_pieces(const sentencepiece *model, mc_tokenizer *tokenizer,
                                  mc_error *err)
{
    for (size_t id = 0; id < model->count; id++) {
        const piece   *at    = &model->pieces[id];
        mc_added_token token = { .special = at->type != MC_TOKEN_USER_DEFINED };

        if (at->type == MC_TOKEN_CONTROL || at->type == MC_TOKEN_USER_DEFINED ||
            at->type == MC_TOKEN_UNKNOWN)
            MC_TRY(mc_tokenizer_add_token(tokenizer, (const char *)at->text.data, at->text.size,
                                          token, err));
    }
    return MC_OK;
}

/* ---- the two kinds ---- */

/* Spaces of the Llama family: marked everywhere, and one before the text unless the class has
 * none. `legacy: false` puts it before the first piece only. */
static mc_status add_bpe_spaces(const mc_legacy_files *files, const mc_legacy_class *row,
                                const sentencepiece *model, mc_tokenizer *tokenizer,
                                mc_error *err)
{
    bool legacy = true, prefix = model->dummy_prefix && !row->no_prefix;

    MC_TRY(mc_field_bool(files->tokenizer_config, "legacy", &legacy, err));
    MC_TRY(mc_field_bool(files->tokenizer_config, "add_prefix_space", &prefix, err));
    tokenizer->style = MC_STYLE_METASPACE;
    if (!legacy)
        return mc_stages_add_metaspace(&tokenizer->pre_tokenizers, SPACE_MARK, 3,
                                       prefix ? MC_FRONT_AT_ORIGIN : -1, false, err);
    if (prefix)
        MC_TRY(
            mc_stages_add_front(&tokenizer->normalizers, SPACE_MARK, 3, MC_FRONT_ALWAYS, err));
    return mc_stages_add_replace(&tokenizer->normalizers, " ", 1, SPACE_MARK, 3, err);
}

static mc_status build_bpe(const sentencepiece *model, mc_tokenizer *tokenizer, mc_error *err)
{
    float    *scores = mc_alloc_array(model->count, sizeof *scores);
    mc_bpe   *bpe;
    mc_status status;

    if (!scores) return mc_fail_memory(err, model->count * sizeof *scores);
    for (size_t id = 0; id < model->count; id++)
        scores[id] = model->pieces[id].score;
    status = mc_bpe_create(&bpe, err);
    if (status == MC_OK) {
        tokenizer->kind  = &mc_model_bpe;
        tokenizer->model = bpe;
        status = mc_bpe_add_scored_merges(bpe, &tokenizer->vocab, scores, model->count, err);
    }
    mc_free(scores);
    if (status != MC_OK) return status;
    bpe->byte_fallback = model->byte_fallback;
    bpe->fuse_unknown  = true;
    bpe->unknown.id    = (int32_t)model->unknown;
    mc_bpe_finish(bpe, &tokenizer->vocab);
    return MC_OK;
}

static mc_status build_unigram(const sentencepiece *model, mc_tokenizer *tokenizer,
                               mc_error *err)
{
    mc_unigram *unigram;

    MC_TRY(mc_unigram_create(model->count, &unigram, err));
    tokenizer->kind  = &mc_model_unigram;
    tokenizer->model = unigram;
    for (size_t id = 0; id < model->count; id++)
        unigram->scores[id] = (double)model->pieces[id].score;
    unigram->byte_fallback  = model->byte_fallback;
    unigram->unknown.wanted = true;
    unigram->unknown.id     = (int32_t)model->unknown;
    MC_TRY(mc_tokenizer_add_charsmap(tokenizer, (const char *)model->map.data, model->map.size,
                                     err));
    MC_TRY(mc_tokenizer_add_sentencepiece(tokenizer, model->dummy_prefix,
                                          model->remove_extra_spaces, err));
    return mc_unigram_finish(unigram, &tokenizer->vocab, err);
}

static mc_status build(const mc_legacy_files *files, const sentencepiece *model,
                       mc_tokenizer *tokenizer, mc_error *err)
{
    const mc_legacy_class *row;

    MC_TRY(mc_legacy_find_class(files, MC_LEGACY_SENTENCEPIECE, &row, err));
    if (model->unknown < 0 || (uint64_t)model->unknown >= model->count)
        return mc_fail(err, MC_ERR_TOKENIZER, "the file is damaged; fetch it again",
                       "the unknown token's id is %lld", (long long)model->unknown);
    MC_TRY(add_pieces(model, tokenizer, err));
    if (model->kind == KIND_UNIGRAM) {
        MC_TRY(build_unigram(model, tokenizer, err));
    } else {
        MC_TRY(build_bpe(model, tokenizer, err));
        MC_TRY(add_bpe_spaces(files, row, model, tokenizer, err));
    }
    MC_TRY(add_found_pieces(model, tokenizer, err));
    MC_TRY(mc_legacy_add_tokens(files, row, tokenizer, err));
    MC_TRY(mc_legacy_add_frame(files, row, tokenizer, err));
    tokenizer->info.source = "tokenizer.model";
    return mc_tokenizer_finish(tokenizer, "the tokenizer's class and tokenizer_config.json",
                               err);
}

/* Another format goes by the same file name: lines of base64, a space and a number. */
static bool is_tiktoken(const char *bytes, size_t size)
{
    size_t at = 0;

    while (at < size && at < 200 && bytes[at] > ' ' && bytes[at] < 0x7f)
        at++;
    return at && at + 1 < size && bytes[at] == ' ' && bytes[at + 1] == '0';
}

mc_status mc_read_sentencepiece_tokenizer(const mc_legacy_files *files, const char *bytes,
                                          size_t size, mc_tokenizer *tokenizer, mc_error *err)
{
    sentencepiece model = { .kind                = KIND_UNIGRAM,
                            .dummy_prefix        = true,
                            .remove_extra_spaces = true };
    mc_status     status;

    if (is_tiktoken(bytes, size))
        return mc_fail(err, MC_ERR_TOKENIZER,
                       "put the model's tokenizer.json beside its weights",
                       "it is a tiktoken vocabulary, which is not supported");
    status = read_model((mc_span){ (const uint8_t *)bytes, size }, &model, err);

    if (status == MC_OK) status = build(files, &model, tokenizer, err);
    mc_free(model.pieces);
    return status;
}
