/* variant.h - a copy of a model's folder with one rule changed, for knock-out tests. */
#ifndef MC_TEST_VARIANT_H
#define MC_TEST_VARIANT_H

#include <stddef.h>

#include "base/json.h"

/* Copies the folder's weights, configuration and tokenizer to a new one under /tmp and
 * applies `edit`: {"config": merge patch (RFC 7396) of config.json, "zero" or "one": [patterns
 * of tensor names whose values are set]}.
 * The new folder's path is written to `out`. */
void mc_test_make_variant(const char *folder, mc_json_value edit, char *out, size_t size);
void mc_test_remove_variant(const char *folder);

#endif
