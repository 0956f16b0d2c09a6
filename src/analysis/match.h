/* match.h - the ids that two lists have in common. */
#ifndef MC_ANALYSIS_MATCH_H
#define MC_ANALYSIS_MATCH_H

#include <stddef.h>

#include "base/arena.h"

typedef struct mc_ids {
    const char *const *items; /* each once */
    size_t             count;
} mc_ids;

/* rows[0][k] and rows[1][k] are where the k-th common id stands in a and in b, in the order of
 * a; both are taken from the arena. */
mc_status mc_match_ids(mc_ids a, mc_ids b, mc_arena *arena, size_t *rows[2], size_t *count,
                       mc_error *err);

#endif
