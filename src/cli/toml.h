/* toml.h - reading TOML 1.0: every value of a document with its dotted key and its line.
 * toml.cc is the only user of toml++. */
#ifndef MC_CLI_TOML_H
#define MC_CLI_TOML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mc_toml_value {
    const char *key; /* "cache.ttl" */
    size_t      line;
    const char *text; /* as a user would type it ("true", "4", "7d"); NULL: a list or a date */
    bool        is_bool;
} mc_toml_value;

typedef mc_status mc_toml_visit(void *context, const mc_toml_value *value, mc_error *err);

/* Show each value to `visit`, in the order of the keys; a failure of it ends the reading.
 * MC_ERR_USAGE: not TOML; the reason begins with "<path>:<line>:<column>: ". */
mc_status mc_toml_read(const char *path, const char *text, size_t size, mc_toml_visit *visit,
                       void *context, mc_error *err);

#ifdef __cplusplus
}
#endif
#endif
