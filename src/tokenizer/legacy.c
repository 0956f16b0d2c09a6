/* legacy.c - what the readers of older folders have in common: the class, added tokens, BOS and
 * EOS. */
#include "tokenizer/legacy.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/nearest.h"
#include "tokenizer/read_json.h"

enum { NAME_SIZE = 64 };

static bool has_name(const char *names, const char *name)
{
    size_t size = strlen(name);

    if (size == 0) return false;
    for (const char *at = names; (at = strstr(at, name)); at += size)
        if ((at == names || at[-1] == ' ') && (at[size] == ' ' || !at[size])) return true;
    return false;
}

mc_status mc_legacy_find_class(const mc_legacy_files *files, mc_legacy_form form,
                               const mc_legacy_class **row, mc_error *err)
{
    const char *name = NULL;

    if (!mc_json_string(mc_json_get(files->tokenizer_config, "tokenizer_class"), &name, NULL))
        mc_json_string(mc_json_get(files->config, "model_type"), &name, NULL);
    if (!name)
        return mc_fail(err, MC_ERR_TOKENIZER,
                       "put the model's tokenizer.json beside its weights",
                       "neither tokenizer_config.json (tokenizer_class) nor config.json "
                       "(model_type) tells how these tokens are used");
    for (*row = mc_legacy_table; (*row)->names; (*row)++)
        if ((*row)->form == form && has_name((*row)->names, name)) return MC_OK;
    return mc_fail(err, MC_ERR_TOKENIZER, "put the model's tokenizer.json beside its weights",
                   "tokenizer '%.64s' is not known without a tokenizer.json", name);
}

/* ---- added tokens ---- */

static bool text_of(mc_json_value value, const char **text, size_t *size)
{
    if (mc_json_type_of(value) == MC_JSON_OBJECT) value = mc_json_get(value, "content");
    return mc_json_string(value, text, size) && *size;
}

static mc_status add_token(mc_json_value value, bool special, mc_tokenizer *tokenizer,
                           mc_error *err)
{
    mc_added_token token = { .special = special };
    const char    *text;
    size_t         size;

    if (!text_of(value, &text, &size)) return MC_OK;
    if (mc_vocab_find(&tokenizer->added.vocab, text, size) >= 0) return MC_OK;
    MC_TRY(mc_field_bool(value, "single_word", &token.single_word, err));
    MC_TRY(mc_field_bool(value, "lstrip", &token.lstrip, err));
    MC_TRY(mc_field_bool(value, "rstrip", &token.rstrip, err));
    token.normalized = !special;
    MC_TRY(mc_field_bool(value, "normalized", &token.normalized, err));
    MC_TRY(mc_field_bool(value, "special", &token.special, err));
    return mc_tokenizer_add_token(tokenizer, text, size, token, err);
}

/* A token under the id that a file names for it: the files agree, or one of them is broken. */
static mc_status check_id(const mc_tokenizer *tokenizer, mc_json_value value, int64_t id,
                          mc_error *err)
{
    const char *text;
    size_t      size;

    if (!text_of(value, &text, &size)) return MC_OK;
    if (mc_tokenizer_find(tokenizer, text, size) == id) return MC_OK;
    return mc_fail(err, MC_ERR_TOKENIZER, "the tokenizer's files do not belong together",
                   "added token '%.64s' is said to have id %lld, but would get %d", text,
                   (long long)id, (int)mc_tokenizer_find(tokenizer, text, size));
}

typedef struct numbered_token {
    int64_t       id;
    mc_json_value value;
    const char   *text; /* of added_tokens.json, where the value is the id */
    size_t        size;
} numbered_token;

static int compare_numbered(const void *left, const void *right)
{
    const numbered_token *a = left, *b = right;

    return (a->id > b->id) - (a->id < b->id);
}

static mc_status collect(mc_json_value object, bool id_is_key, numbered_token **tokens,
                         size_t *count, mc_error *err)
{
    mc_json_iter iter = mc_json_iterate(object);

    *count  = 0;
    *tokens = mc_alloc_array(mc_json_count(object) + 1, sizeof **tokens);
    if (!*tokens) return mc_fail_memory(err, sizeof **tokens);
    while (iter.is_object && mc_json_next(&iter)) {
        numbered_token token = { -1, iter.value, iter.key, iter.key_size };

        if (id_is_key)
            token.id = strtoll(iter.key, NULL, 10);
        else if (!mc_json_int64(iter.value, &token.id))
            continue;
        (*tokens)[(*count)++] = token;
    }
    if (*count) qsort(*tokens, *count, sizeof **tokens, compare_numbered);
    return MC_OK;
}

/* {"50256": {"content": ..., "lstrip": ..., ...}, ...} */
static mc_status add_decoder(mc_json_value object, mc_tokenizer *tokenizer, mc_error *err)
{
    numbered_token *tokens;
    size_t          count;
    mc_status       status;

    MC_TRY(collect(object, true, &tokens, &count, err));
    status = MC_OK;
    for (size_t i = 0; status == MC_OK && i < count; i++) {
        status = add_token(tokens[i].value, false, tokenizer, err);
        if (status == MC_OK) status = check_id(tokenizer, tokens[i].value, tokens[i].id, err);
    }
    mc_free(tokens);
    return status;
}

/* {"<token>": id, ...} */
static mc_status add_listed(mc_json_value object, mc_tokenizer *tokenizer, mc_error *err)
{
    mc_added_token  token = { .normalized = true };
    numbered_token *tokens;
    size_t          count;
    mc_status       status = collect(object, false, &tokens, &count, err);

    if (status != MC_OK) return status;
    for (size_t i = 0; status == MC_OK && i < count; i++) {
        if (!tokens[i].size ||
            mc_vocab_find(&tokenizer->added.vocab, tokens[i].text, tokens[i].size) >= 0)
            continue;
        status = mc_tokenizer_add_token(tokenizer, tokens[i].text, tokens[i].size, token, err);
        if (status == MC_OK &&
            mc_tokenizer_find(tokenizer, tokens[i].text, tokens[i].size) != tokens[i].id)
            status =
                mc_fail(err, MC_ERR_TOKENIZER, "the tokenizer's files do not belong together",
                        "added token '%.64s' does not follow the vocabulary with its id "
                        "%lld",
                        tokens[i].text, (long long)tokens[i].id);
    }
    mc_free(tokens);
    return status;
}

static mc_json_value special_value(const mc_legacy_files *files, const char *key)
{
    mc_json_value value = mc_json_get(files->tokenizer_config, key);

    return mc_json_is_absent(value) ? mc_json_get(files->special_tokens, key) : value;
}

/* A special token that the class has even if no file names it. */
static mc_status add_default(const char *text, mc_tokenizer *tokenizer, mc_error *err)
{
    mc_added_token token = { .special = true };

    if (!text || mc_vocab_find(&tokenizer->vocab, text, strlen(text)) < 0 ||
        mc_vocab_find(&tokenizer->added.vocab, text, strlen(text)) >= 0)
        return MC_OK;
    return mc_tokenizer_add_token(tokenizer, text, strlen(text), token, err);
}

mc_status mc_legacy_add_tokens(const mc_legacy_files *files, const mc_legacy_class *row,
                               mc_tokenizer *tokenizer, mc_error *err)
{
    static const char *const keys[] = { "bos_token", "eos_token", "unk_token", "sep_token",
                                        "pad_token", "cls_token", "mask_token" };
    const struct {
        const char *key, *text;
    } defaults[] = { { "bos_token", row->bos },
                     { "eos_token", row->eos },
                     { "unk_token", row->unknown },
                     { "pad_token", row->pad },
                     { "mask_token", row->mask } };
    mc_json_iter more;

    MC_TRY(add_decoder(mc_json_get(files->tokenizer_config, "added_tokens_decoder"), tokenizer,
                       err));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        mc_json_value value = special_value(files, keys[i]);
        const char   *text;
        size_t        size;

        if (text_of(value, &text, &size) && mc_tokenizer_find(tokenizer, text, size) >= 0)
            MC_TRY(add_token(value, true, tokenizer, err));
    }
    for (size_t i = 0; i < MC_ARRAY_LEN(defaults); i++)
        if (mc_json_is_absent(special_value(files, defaults[i].key)))
            MC_TRY(add_default(defaults[i].text, tokenizer, err));
    MC_TRY(add_listed(files->added_tokens, tokenizer, err));
    more = mc_json_iterate(special_value(files, "additional_special_tokens"));
    while (mc_json_next(&more)) {
        const char *text;
        size_t      size;

        if (!text_of(more.value, &text, &size)) continue;
        if (mc_tokenizer_find(tokenizer, text, size) < 0)
            return mc_fail(err, MC_ERR_TOKENIZER,
                           "put the model's tokenizer.json beside its weights",
                           "no file says which id the special token '%.64s' has", text);
        MC_TRY(add_token(more.value, true, tokenizer, err));
    }
    return MC_OK;
}

/* ---- the frame ---- */

int32_t mc_legacy_special(const mc_legacy_files *files, const mc_tokenizer *tokenizer,
                          const char *key, const char *fallback)
{
    const char *text;
    size_t      size;

    if (text_of(special_value(files, key), &text, &size))
        return mc_tokenizer_find(tokenizer, text, size);
    return fallback ? mc_tokenizer_find(tokenizer, fallback, strlen(fallback)) : -1;
}

static mc_status add_one(mc_id_list *list, int32_t id, const char *name, mc_error *err)
{
    if (id >= 0) return mc_id_list_add(list, id, err);
    return mc_fail(err, MC_ERR_TOKENIZER, "the tokenizer's files are incomplete",
                   "%s is to be added to every text, but no file names it", name);
}

/* Classes that always frame a text do so with [CLS] and [SEP], which Roberta's family names
 * like BOS and EOS. */
mc_status mc_legacy_add_frame(const mc_legacy_files *files, const mc_legacy_class *row,
                              mc_tokenizer *tokenizer, mc_error *err)
{
    mc_tokenizer_info *info  = &tokenizer->info;
    bool               fixed = row->add_bos && row->add_eos;
    bool               bos = row->add_bos, eos = row->add_eos;

    info->bos =
        mc_legacy_special(files, tokenizer, fixed ? "cls_token" : "bos_token", row->bos);
    info->eos =
        mc_legacy_special(files, tokenizer, fixed ? "sep_token" : "eos_token", row->eos);
    if (!fixed) {
        MC_TRY(mc_field_bool(files->tokenizer_config, "add_bos_token", &bos, err));
        MC_TRY(mc_field_bool(files->tokenizer_config, "add_eos_token", &eos, err));
    }
    if (bos) MC_TRY(add_one(&tokenizer->before, info->bos, "BOS", err));
    if (eos) MC_TRY(add_one(&tokenizer->after, info->eos, "EOS", err));
    return MC_OK;
}
