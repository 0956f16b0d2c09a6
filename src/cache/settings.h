/* settings.h - how long activations are kept, and how much of them.
 *
 *     MC_CACHE_TTL    a number and s, m, h or d ("12h"); "never"; "0" keeps and uses none
 *     MC_CACHE_SIZE   a size ("4GiB", "500M"); "0": no bound */
#ifndef MC_CACHE_SETTINGS_H
#define MC_CACHE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

typedef struct mc_cache_settings {
    bool     off;
    int64_t  age;  /* seconds after writing; 0: for ever. 7 days unless said otherwise */
    uint64_t size; /* bytes of all activations; 0: no bound. 20 GiB unless said otherwise */
} mc_cache_settings;

/* MC_ERR_USAGE: a variable that is not understood. */
mc_status mc_cache_settings_read(mc_cache_settings *settings, mc_error *err);

#endif
