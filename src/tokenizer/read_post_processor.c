/* read_post_processor.c - tokenizer.json's "post_processor": one row a type.
 *
 * Of a single text it comes to ids before and ids after. Offsets, which ByteLevel trims, are
 * nothing we keep. */
#include <string.h>

#include "tokenizer/read_json.h"

static mc_status read_nothing(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    (void)value;
    (void)tokenizer;
    (void)err;
    return MC_OK;
}

/* Two processors that add tokens would make pairs out of what is one text. */
static mc_status require_first(const mc_tokenizer *tokenizer, mc_error *err)
{
    if (!tokenizer->before.count && !tokenizer->after.count) return MC_OK;
    return mc_fail(err, MC_ERR_TOKENIZER, "this tokenizer cannot be used",
                   "two post-processors add tokens, which is not supported");
}

static mc_status add_id(mc_json_value value, mc_id_list *list, const char *what, mc_error *err)
{
    uint64_t id;

    if (!mc_json_uint64(value, &id) || id >= MC_TOKEN_ID_LIMIT)
        return mc_fail(err, MC_ERR_TOKENIZER, "the file is damaged",
                       "the post-processor's '%.64s' has no usable id", what);
    return mc_id_list_add(list, (int32_t)id, err);
}

/* ["<s>", 0] */
static mc_status read_named_id(mc_json_value object, const char *key, mc_id_list *list,
                               mc_error *err)
{
    mc_json_iter pair = mc_json_iterate(mc_json_get(object, key));

    if (!mc_json_next(&pair) || !mc_json_next(&pair)) pair.value = (mc_json_value){ 0 };
    return add_id(pair.value, list, key, err);
}

/* BertProcessing and RobertaProcessing differ in offsets and pairs only. */
static mc_status read_frame(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    MC_TRY(require_first(tokenizer, err));
    MC_TRY(read_named_id(value, "cls", &tokenizer->before, err));
    return read_named_id(value, "sep", &tokenizer->after, err);
}

static mc_status add_special(mc_json_value piece, mc_json_value tokens, mc_id_list *list,
                             mc_error *err)
{
    const char  *name;
    size_t       size;
    mc_json_iter ids;

    MC_TRY(mc_require_string(piece, "id", &name, &size, err));
    ids = mc_json_iterate(mc_json_get(mc_json_get(tokens, name), "ids"));
    if (strlen(name) != size || mc_json_type_of(ids.container) != MC_JSON_ARRAY)
        return mc_fail(err, MC_ERR_TOKENIZER, "the file is damaged",
                       "the template's token '%.64s' has no ids", name);
    while (mc_json_next(&ids))
        MC_TRY(add_id(ids.value, list, name, err));
    return MC_OK;
}

static mc_status read_template(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    mc_json_value tokens = mc_json_get(value, "special_tokens");
    mc_json_iter  pieces = mc_json_iterate(mc_json_get(value, "single"));
    mc_id_list   *list   = &tokenizer->before;
    int           texts  = 0;

    MC_TRY(require_first(tokenizer, err));
    if (mc_json_type_of(pieces.container) != MC_JSON_ARRAY)
        return mc_fail(err, MC_ERR_TOKENIZER, "the file is damaged",
                       "the template for a single text is no list");
    while (mc_json_next(&pieces)) {
        mc_json_value special = mc_json_get(pieces.value, "SpecialToken");
        const char   *which   = "";

        if (!mc_json_is_absent(special)) {
            MC_TRY(add_special(special, tokens, list, err));
            continue;
        }
        (void)mc_json_string(mc_json_get(mc_json_get(pieces.value, "Sequence"), "id"), &which,
                             NULL);
        if (strcmp(which, "A") != 0)
            return mc_fail(err, MC_ERR_TOKENIZER, "this tokenizer cannot be used",
                           "the template for a single text has a part that is not supported");
        texts++;
        list = &tokenizer->after;
    }
    if (texts != 1)
        return mc_fail(err, MC_ERR_TOKENIZER, "this tokenizer cannot be used",
                       "the template for a single text has it %d times", texts);
    return MC_OK;
}

mc_status mc_read_post_processor(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    static const mc_part_row rows[] = {
        { "TemplateProcessing", read_template },
        { "ByteLevel", read_nothing },
        { "BertProcessing", read_frame },
        { "RobertaProcessing", read_frame },
        { NULL, NULL },
    };

    return mc_read_parts(value, rows, "post-processor", "processors", tokenizer, err);
}
