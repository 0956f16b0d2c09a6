/* variant.h - a copy of a model's folder with one rule changed, for knock-out tests. */
#ifndef MC_TEST_VARIANT_H
#define MC_TEST_VARIANT_H

#include "base/json.h"
#include "support/scratch.h"

/* Copies the folder's weights, configuration and tokenizer to a new one under /tmp and
 * applies `edit`: {"config": merge patch (RFC 7396) of config.json, "zero" or "one": [patterns
 * of tensor names whose values are set]}.
 * The new folder is a scratch folder. */
void mc_test_make_variant(const char *folder, mc_json_value edit, char out[MC_TEST_SCRATCH]);

#endif
