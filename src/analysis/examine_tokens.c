/* examine_tokens.c - the tokenizer, tried on the probes' texts and on its own special tokens.
 */
#include <stdio.h>
#include <string.h>

#include "analysis/examine.h"
#include "base/alloc.h"
#include "base/buffer.h"

/* "<|im_start|>": what no text would hold by accident, whatever the file says of the token. */
static bool looks_special(const char *spelling, size_t size)
{
    return size > 4 && memcmp(spelling, "<|", 2) == 0 &&
           memcmp(spelling + size - 2, "|>", 2) == 0;
}

static mc_status look_at_special(const mc_tokenizer *tokenizer, int32_t id,
                                 mc_token_facts *facts, mc_error *err)
{
    const mc_tokenizer_info *info = mc_tokenizer_get_info(tokenizer);
    const char              *spelling;
    size_t                   size = 0, count = 0;
    int32_t                 *ids = NULL;
    bool                     whole;

    if (!mc_tokenizer_spelling(tokenizer, id, &spelling, &size) || size == 0) return MC_OK;
    if (!mc_tokenizer_is_special(tokenizer, id) && id != info->bos && id != info->eos &&
        !looks_special(spelling, size))
        return MC_OK;
    MC_TRY(mc_tokenizer_encode(tokenizer, spelling, size, false, &ids, &count, err));
    whole = count == 1 && ids[0] == id;
    mc_tokenizer_free_ids(ids);
    facts->specials++;
    if (!whole && facts->split++ == 0)
        snprintf(facts->split_name, sizeof facts->split_name, "%.*s", (int)size, spelling);
    return MC_OK;
}

/* The bytes that the tokens stand for. */
static void spell(const mc_tokenizer *tokenizer, const int32_t *ids, size_t count,
                  mc_buffer *out)
{
    for (size_t i = 0; i < count; i++) {
        size_t size = mc_tokenizer_piece(tokenizer, ids[i], NULL, 0);
        char  *at   = mc_buffer_reserve(out, size);
        if (!at) return;
        mc_tokenizer_piece(tokenizer, ids[i], at, size);
        out->size += size;
    }
}

/* Many tokenizers put one blank in front of a text. */
static bool same_text(const mc_buffer *got, const mc_probe_text *text)
{
    size_t skip = got->size == text->size + 1 && got->data[0] == ' ';

    return got->size == text->size + skip &&
           memcmp(got->data + skip, text->bytes, text->size) == 0;
}

static mc_status look_at_text(const mc_tokenizer *tokenizer, const mc_probe_text *text,
                              mc_token_facts *facts, mc_error *err)
{
    const int32_t bos   = mc_tokenizer_get_info(tokenizer)->bos;
    mc_buffer     got   = { 0 };
    int32_t      *ids   = NULL;
    size_t        count = 0, begins = 0;
    mc_status     status;

    MC_TRY(mc_tokenizer_encode(tokenizer, text->bytes, text->size, true, &ids, &count, err));
    while (bos >= 0 && begins < count && ids[begins] == bos)
        begins++;
    if (begins > facts->bos_most) facts->bos_most = begins;
    mc_tokenizer_free_ids(ids);
    MC_TRY(mc_tokenizer_encode(tokenizer, text->bytes, text->size, false, &ids, &count, err));
    spell(tokenizer, ids, count, &got);
    mc_tokenizer_free_ids(ids);
    status = mc_buffer_status(&got, err);
    if (status == MC_OK && (got.size == 0 || !same_text(&got, text)) && facts->changed++ == 0)
        facts->changed_text = facts->texts;
    facts->texts++;
    mc_buffer_clear(&got);
    return status;
}

mc_status mc_token_facts_gather(const mc_tokenizer *tokenizer, const mc_atlas *atlas,
                                size_t texts_per_probe, mc_token_facts *facts, mc_error *err)
{
    mc_token_facts result = { .vocabulary = mc_tokenizer_get_info(tokenizer)->vocabulary };

    for (size_t id = 0; id < result.vocabulary && id <= INT32_MAX; id++)
        MC_TRY(look_at_special(tokenizer, (int32_t)id, &result, err));
    for (size_t i = 0; i < mc_atlas_count(atlas); i++) {
        const mc_probe *probe = mc_atlas_probe(atlas, i);
        for (size_t t = 0; t < probe->text_count && t < texts_per_probe; t++)
            MC_TRY(look_at_text(tokenizer, &probe->texts[t], &result, err));
    }
    *facts = result;
    return MC_OK;
}
