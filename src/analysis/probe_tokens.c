/* probe_tokens.c - encoding an atlas. */
#include "analysis/probe_tokens.h"

#include <string.h>

#include "base/alloc.h"

static size_t texts_of(const mc_probe *probe, size_t texts_per_probe)
{
    if (texts_per_probe && texts_per_probe < probe->text_count) return texts_per_probe;
    return probe->text_count;
}

static const mc_probe *probe_of(const mc_atlas *atlas, size_t part, size_t index)
{
    return part ? mc_atlas_control(atlas, index) : mc_atlas_probe(atlas, index);
}

static mc_status append(mc_probe_tokens *out, const int32_t *ids, size_t count, mc_error *err)
{
    while (out->token_capacity - out->token_count < count) {
        void *grown = out->tokens;
        /* count == capacity makes mc_grow double it */
        MC_TRY(mc_grow(&grown, &out->token_capacity, out->token_capacity, sizeof *ids, err));
        out->tokens = grown;
    }
    if (count == 0) return MC_OK;
    memcpy(out->tokens + out->token_count, ids, count * sizeof *ids);
    out->token_count += count;
    return MC_OK;
}

static mc_status encode_text(const mc_probe_text *text, const mc_tokenizer *tokenizer,
                             mc_probe_tokens *out, mc_error *err)
{
    int32_t  *ids   = NULL;
    size_t    count = 0;
    mc_status status =
        mc_tokenizer_encode(tokenizer, text->bytes, text->size, true, &ids, &count, err);

    if (status != MC_OK) return status;
    if (count == 0)
        status = mc_fail(err, MC_ERR_ARGUMENT, "leave the text out, or give it a word",
                         "the tokenizer makes no tokens of it");
    if (status == MC_OK) status = append(out, ids, count, err);
    mc_tokenizer_free_ids(ids);
    return status;
}

static mc_status encode_part(const mc_atlas *atlas, const mc_tokenizer *tokenizer, size_t part,
                             size_t texts_per_probe, mc_probe_tokens *out, mc_error *err)
{
    int64_t *offsets = out->probe_offsets + part * (out->probe_count + 1);
    size_t   first   = out->text_count;

    for (size_t i = 0; i < out->probe_count; i++) {
        const mc_probe *probe = probe_of(atlas, part, i);
        offsets[i]            = (int64_t)(out->text_count - first);
        for (size_t t = 0; t < texts_of(probe, texts_per_probe); t++) {
            mc_status status = encode_text(&probe->texts[t], tokenizer, out, err);
            if (status != MC_OK)
                return mc_fail_about(err, status, "text %zu of probe '%s'", t + 1,
                                     probe->full_id);
            out->offsets[++out->text_count] = out->token_count;
        }
    }
    offsets[out->probe_count] = (int64_t)(out->text_count - first);
    out->part_texts[part]     = out->text_count - first;
    return MC_OK;
}

/* What the file wants: offsets of each part's own tokens, from 0. */
static void part_offsets(mc_probe_tokens *out)
{
    size_t text = 0, place = 0;

    for (size_t part = 0; part < out->part_count; part++) {
        size_t begin = out->offsets[text];
        for (size_t i = 0; i <= out->part_texts[part]; i++)
            out->text_offsets[place++] = (int64_t)(out->offsets[text + i] - begin);
        text += out->part_texts[part];
    }
}

static mc_status make_room(size_t texts, mc_probe_tokens *out, mc_error *err)
{
    out->offsets       = mc_calloc(texts + 1, sizeof *out->offsets);
    out->text_offsets  = mc_calloc(texts + 2, sizeof *out->text_offsets);
    out->probe_offsets = mc_calloc(2 * (out->probe_count + 1), sizeof *out->probe_offsets);
    if (out->offsets && out->text_offsets && out->probe_offsets) return MC_OK;
    return mc_fail_memory(err, texts * sizeof *out->offsets);
}

mc_status mc_probe_tokens_create(const mc_atlas *atlas, const mc_tokenizer *tokenizer,
                                 size_t texts_per_probe, bool control, mc_probe_tokens *out,
                                 mc_error *err)
{
    mc_probe_tokens result = { .probe_count = mc_atlas_count(atlas),
                               .part_count  = control ? 2 : 1 };
    size_t          texts  = 0;
    mc_status       status;

    for (size_t part = 0; part < result.part_count; part++)
        for (size_t i = 0; i < result.probe_count; i++)
            texts += texts_of(probe_of(atlas, part, i), texts_per_probe);
    status = make_room(texts, &result, err);
    for (size_t part = 0; part < result.part_count && status == MC_OK; part++)
        status = encode_part(atlas, tokenizer, part, texts_per_probe, &result, err);
    if (status != MC_OK) {
        mc_probe_tokens_clear(&result);
        return status;
    }
    part_offsets(&result);
    *out = result;
    return MC_OK;
}

/* Texts of a slice of a part: numbers from its first text on. */
static const int64_t *slice_texts(const mc_probe_tokens *tokens, size_t part, size_t first,
                                  size_t count, size_t *text, size_t *text_count)
{
    const int64_t *offsets = tokens->probe_offsets + part * (tokens->probe_count + 1) + first;

    *text       = (part ? tokens->part_texts[0] : 0) + (size_t)offsets[0];
    *text_count = (size_t)(offsets[count] - offsets[0]);
    return offsets;
}

static mc_status copy_part(const mc_probe_tokens *tokens, size_t part, size_t first,
                           mc_probe_tokens *out, mc_error *err)
{
    size_t         text, text_count;
    const int64_t *offsets =
        slice_texts(tokens, part, first, out->probe_count, &text, &text_count);
    const size_t *begin = tokens->offsets + text;

    for (size_t i = 0; i < text_count; i++)
        out->offsets[out->text_count + i + 1] =
            out->offsets[out->text_count] + begin[i + 1] - begin[0];
    for (size_t i = 0; i <= out->probe_count; i++)
        out->probe_offsets[part * (out->probe_count + 1) + i] = offsets[i] - offsets[0];
    out->text_count += text_count;
    out->part_texts[part] = text_count;
    return append(out, tokens->tokens + begin[0], begin[text_count] - begin[0], err);
}

mc_status mc_probe_tokens_slice(const mc_probe_tokens *tokens, size_t first, size_t count,
                                mc_probe_tokens *out, mc_error *err)
{
    mc_probe_tokens result = { .probe_count = count, .part_count = tokens->part_count };
    size_t          texts  = 0, text, text_count;
    mc_status       status;

    for (size_t part = 0; part < tokens->part_count; part++) {
        slice_texts(tokens, part, first, count, &text, &text_count);
        texts += text_count;
    }
    status = make_room(texts, &result, err);
    for (size_t part = 0; part < tokens->part_count && status == MC_OK; part++)
        status = copy_part(tokens, part, first, &result, err);
    if (status != MC_OK) {
        mc_probe_tokens_clear(&result);
        return status;
    }
    part_offsets(&result);
    *out = result;
    return MC_OK;
}

void mc_probe_tokens_clear(mc_probe_tokens *tokens)
{
    mc_free(tokens->tokens);
    mc_free(tokens->offsets);
    mc_free(tokens->text_offsets);
    mc_free(tokens->probe_offsets);
    *tokens = (mc_probe_tokens){ 0 };
}

mc_crm_texts mc_probe_tokens_part(const mc_probe_tokens *tokens, size_t part)
{
    size_t first = part ? tokens->part_texts[0] : 0;

    return (mc_crm_texts){
        .token_ids = tokens->tokens + tokens->offsets[first],
        .token_count =
            tokens->offsets[first + tokens->part_texts[part]] - tokens->offsets[first],
        .text_offsets  = tokens->text_offsets + (part ? tokens->part_texts[0] + 1 : 0),
        .text_count    = tokens->part_texts[part],
        .probe_offsets = tokens->probe_offsets + part * (tokens->probe_count + 1),
    };
}
