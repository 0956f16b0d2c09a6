/* read_fields.c - typed fields and named parts of a tokenizer.json. */
#include <string.h>

#include "base/nearest.h"
#include "tokenizer/read_json.h"

enum { NESTING_MOST = 64 };

bool mc_json_is_absent(mc_json_value value)
{
    mc_json_type type = mc_json_type_of(value);

    return type == MC_JSON_NONE || type == MC_JSON_NULL;
}

static mc_status fail_field(const char *key, const char *wanted, mc_json_value value,
                            mc_error *err)
{
    return mc_fail(err, MC_ERR_TOKENIZER, "the file is damaged or of an unknown version",
                   "'%s' should be %s, but is %s", key, wanted,
                   mc_json_type_name(mc_json_type_of(value)));
}

mc_status mc_require_bool(mc_json_value object, const char *key, bool *out, mc_error *err)
{
    mc_json_value value = mc_json_get(object, key);

    return mc_json_bool(value, out) ? MC_OK : fail_field(key, "true or false", value, err);
}

mc_status mc_field_bool(mc_json_value object, const char *key, bool *out, mc_error *err)
{
    if (mc_json_is_absent(mc_json_get(object, key))) return MC_OK;
    return mc_require_bool(object, key, out, err);
}

mc_status mc_require_string(mc_json_value object, const char *key, const char **text,
                            size_t *size, mc_error *err)
{
    mc_json_value value = mc_json_get(object, key);

    return mc_json_string(value, text, size) ? MC_OK : fail_field(key, "a string", value, err);
}

mc_status mc_field_string(mc_json_value object, const char *key, const char **text,
                          size_t *size, mc_error *err)
{
    *text = NULL;
    *size = 0;
    if (mc_json_is_absent(mc_json_get(object, key))) return MC_OK;
    return mc_require_string(object, key, text, size, err);
}

static mc_status read_nested(mc_json_value value, const mc_part_row *rows, const char *section,
                             const char *list, int depth, mc_tokenizer *tokenizer,
                             mc_error *err)
{
    mc_nearest   nearest = { 0 };
    mc_json_iter parts;
    const char  *type;

    if (mc_json_is_absent(value)) return MC_OK;
    if (depth > NESTING_MOST)
        return mc_fail(err, MC_ERR_TOKENIZER, "this tokenizer cannot be used",
                       "the %s nests too deeply", section);
    MC_TRY(mc_require_string(value, "type", &type, NULL, err));
    nearest.typed = type;
    if (strcmp(type, "Sequence") == 0) {
        parts = mc_json_iterate(mc_json_get(value, list));
        if (mc_json_type_of(parts.container) != MC_JSON_ARRAY)
            return fail_field(list, "an array", parts.container, err);
        while (mc_json_next(&parts))
            MC_TRY(read_nested(parts.value, rows, section, list, depth + 1, tokenizer, err));
        return MC_OK;
    }
    for (; rows->name; rows++) {
        if (strcmp(rows->name, type) == 0) return rows->read(value, tokenizer, err);
        mc_nearest_offer(&nearest, rows->name);
    }
    return mc_fail(err, MC_ERR_TOKENIZER, "this tokenizer cannot be used",
                   "%s '%.64s' is not supported%s%s%s", section, type,
                   nearest.best ? " (nearest known: '" : "", nearest.best ? nearest.best : "",
                   nearest.best ? "')" : "");
}

mc_status mc_read_parts(mc_json_value value, const mc_part_row *rows, const char *section,
                        const char *list, mc_tokenizer *tokenizer, mc_error *err)
{
    return read_nested(value, rows, section, list, 0, tokenizer, err);
}
