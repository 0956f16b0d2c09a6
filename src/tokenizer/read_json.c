/* read_json.c - a tokenizer.json as a whole, and what tokenizer_config.json adds to it: the
 * names of BOS and EOS. Truncation and padding are left out: they belong to a batch, not to a
 * text. */
#include <stdio.h>
#include <string.h>

#include "tokenizer/read_json.h"

static mc_status read_added_token(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    mc_added_token token = { 0 };
    const char    *text;
    size_t         size;

    MC_TRY(mc_require_string(value, "content", &text, &size, err));
    MC_TRY(mc_require_bool(value, "single_word", &token.single_word, err));
    MC_TRY(mc_require_bool(value, "lstrip", &token.lstrip, err));
    MC_TRY(mc_require_bool(value, "rstrip", &token.rstrip, err));
    MC_TRY(mc_require_bool(value, "normalized", &token.normalized, err));
    MC_TRY(mc_require_bool(value, "special", &token.special, err));
    if (!size) return MC_OK;
    return mc_tokenizer_add_token(tokenizer, text, size, token, err);
}

static mc_status read_added_tokens(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    mc_json_iter tokens = mc_json_iterate(value);

    while (mc_json_next(&tokens))
        MC_TRY(read_added_token(tokens.value, tokenizer, err));
    return MC_OK;
}

/* "<s>" or {"content": "<s>", ...} */
static int32_t named_id(const mc_tokenizer *tokenizer, mc_json_value config, const char *key)
{
    mc_json_value value = mc_json_get(config, key);
    const char   *text;
    size_t        size;

    if (mc_json_type_of(value) == MC_JSON_OBJECT) value = mc_json_get(value, "content");
    return mc_json_string(value, &text, &size) ? mc_tokenizer_find(tokenizer, text, size) : -1;
}

/* What the configuration says and the post-processor does not do is worth a word. */
static void compare_decision(const mc_tokenizer *tokenizer, mc_json_value config,
                             char *authority, size_t capacity)
{
    const mc_id_list *lists[] = { &tokenizer->before, &tokenizer->after };
    const char       *keys[]  = { "add_bos_token", "add_eos_token" };
    size_t            used    = strlen(authority);

    for (int i = 0; i < 2 && used < capacity; i++) {
        bool wanted;

        if (!mc_json_bool(mc_json_get(config, keys[i]), &wanted)) continue;
        if (wanted == (lists[i]->count > 0)) continue;
        used += (size_t)snprintf(authority + used, capacity - used,
                                 "; tokenizer_config.json says %s = %s, which is not followed",
                                 keys[i], wanted ? "true" : "false");
    }
}

static mc_status read_root(mc_json_value root, mc_json_value config, mc_tokenizer *tokenizer,
                           mc_error *err)
{
    char authority[256] = "the post-processor of tokenizer.json";

    if (mc_json_type_of(root) != MC_JSON_OBJECT)
        return mc_fail(err, MC_ERR_TOKENIZER, "fetch the file again",
                       "a tokenizer.json is one object");
    MC_TRY(mc_read_model(mc_json_get(root, "model"), tokenizer, err));
    MC_TRY(mc_read_normalizer(mc_json_get(root, "normalizer"), tokenizer, err));
    MC_TRY(mc_read_pre_tokenizer(mc_json_get(root, "pre_tokenizer"), tokenizer, err));
    MC_TRY(mc_read_post_processor(mc_json_get(root, "post_processor"), tokenizer, err));
    MC_TRY(read_added_tokens(mc_json_get(root, "added_tokens"), tokenizer, err));
    tokenizer->info.source = "tokenizer.json";
    tokenizer->info.bos    = named_id(tokenizer, config, "bos_token");
    tokenizer->info.eos    = named_id(tokenizer, config, "eos_token");
    compare_decision(tokenizer, config, authority, sizeof authority);
    return mc_tokenizer_finish(tokenizer, authority, err);
}

mc_status mc_tokenizer_open_json(const char *text, size_t size, const char *config,
                                 size_t config_size, mc_tokenizer **tokenizer, mc_error *err)
{
    mc_json      *json = NULL, *extra = NULL;
    mc_tokenizer *made   = mc_tokenizer_create(err);
    mc_status     status = made ? mc_json_parse(text, size, &json, err) : MC_ERR_MEMORY;

    if (status == MC_OK && config) status = mc_json_parse(config, config_size, &extra, err);
    if (status == MC_OK)
        status = read_root(mc_json_root(json),
                           extra ? mc_json_root(extra) : (mc_json_value){ 0 }, made, err);
    if (status == MC_OK) mc_hash_print(mc_hash_bytes(text, size), made->hash);
    mc_json_free(json);
    mc_json_free(extra);
    if (status == MC_OK)
        *tokenizer = made;
    else
        mc_tokenizer_close(made);
    return status;
}
