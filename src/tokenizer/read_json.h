/* read_json.h - the sections of a tokenizer.json, one file each. */
#ifndef MC_TOKENIZER_READ_JSON_H
#define MC_TOKENIZER_READ_JSON_H

#include "base/json.h"
#include "tokenizer/parts.h"

/* A section as null, one object, or a sequence of them, appended to the tokenizer's stages. */
mc_status mc_read_normalizer(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err);
mc_status mc_read_pre_tokenizer(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err);
mc_status mc_read_post_processor(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err);
mc_status mc_read_model(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err);

/* ---- fields ---- */

/* A field that may be missing or null keeps *out; one of the wrong type is an error. */
mc_status mc_field_bool(mc_json_value object, const char *key, bool *out, mc_error *err);
mc_status mc_field_string(mc_json_value object, const char *key, const char **text,
                          size_t *size, mc_error *err); /* *text NULL: missing or null */
/* ... and one that must be there. */
mc_status mc_require_bool(mc_json_value object, const char *key, bool *out, mc_error *err);
mc_status mc_require_string(mc_json_value object, const char *key, const char **text,
                            size_t *size, mc_error *err);
bool      mc_json_is_absent(mc_json_value value); /* missing or null */

/* A section's parts are rows {name, read}; a name that is in no row is refused with the
 * nearest. */
typedef struct mc_part_row {
    const char *name;
    mc_status (*read)(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err);
} mc_part_row;

/* Find the row of value.type and call it; "Sequence" walks value.<list>. */
mc_status mc_read_parts(mc_json_value value, const mc_part_row *rows, const char *section,
                        const char *list, mc_tokenizer *tokenizer, mc_error *err);

#endif
