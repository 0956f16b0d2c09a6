/* json.h - reading JSON: a C view of simdjson's document (json.cc is its only user).
 *
 * Strict RFC 8259, UTF-8 checked, nesting at most 1024. Values and strings borrow from the
 * document and die with it. Strings end in a NUL and
 * may contain others: then use the length. A missing key or a
 * wrong type is not an error here: the getters return false and leave *out alone, so that the
 * caller can say what it expected of which file. */
#ifndef MC_BASE_JSON_H
#define MC_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mc_json mc_json;

typedef struct mc_json_value {
    const void *document; /* NULL: no value */
    size_t      index;
} mc_json_value;

typedef enum mc_json_type {
    MC_JSON_NONE, /* the absent value */
    MC_JSON_NULL,
    MC_JSON_BOOL,
    MC_JSON_INTEGER, /* fits int64 or uint64 */
    MC_JSON_DOUBLE,
    MC_JSON_STRING,
    MC_JSON_ARRAY,
    MC_JSON_OBJECT
} mc_json_type;

/* Parse `size` bytes (copied). Whole numbers beyond 64 bits are doubles. MC_ERR_CORRUPT with
 * simdjson's reason. */
mc_status mc_json_parse(const char *text, size_t size, mc_json **json, mc_error *err);
/* Read and parse a file of at most `limit` bytes; errors are about `path`. */
mc_status     mc_json_load(const char *path, size_t limit, mc_json **json, mc_error *err);
void          mc_json_free(mc_json *json);
mc_json_value mc_json_root(const mc_json *json);

mc_json_type mc_json_type_of(mc_json_value value);
const char  *mc_json_type_name(mc_json_type type);
/* Object member by key (the first of that name), or the absent value; also for a non-object. */
mc_json_value mc_json_get(mc_json_value object, const char *key);
bool          mc_json_string(mc_json_value value, const char **text, size_t *size);
bool          mc_json_string_is(mc_json_value value, const char *wanted);
bool          mc_json_double(mc_json_value value, double *out); /* any number */
bool mc_json_int64(mc_json_value value, int64_t *out); /* an integer, or a double that is one */
bool mc_json_uint64(mc_json_value value, uint64_t *out);
bool mc_json_bool(mc_json_value value, bool *out);
size_t
mc_json_count(mc_json_value container); /* elements of an array, members of an object, else 0 */

/* Iterate: for (mc_json_iter it = mc_json_iterate(v); mc_json_next(&it);) use it.value (and
 * it.key, it.key_size in an object). A value that is no container has no elements. */
typedef struct mc_json_iter {
    mc_json_value container;
    size_t        position, end;
    bool          is_object;
    const char   *key;
    size_t        key_size;
    mc_json_value value;
} mc_json_iter;
mc_json_iter mc_json_iterate(mc_json_value container);
bool         mc_json_next(mc_json_iter *iter);

#ifdef __cplusplus
}
#endif
#endif
