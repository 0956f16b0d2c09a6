/* nearest.h - "did you mean": the known name that is closest to what was typed. */
#ifndef MC_BASE_NEAREST_H
#define MC_BASE_NEAREST_H

#include <stddef.h>

/* Optimal string alignment distance (Damerau 1964: insert, delete, replace, swap neighbours),
 * case folded for ASCII. Inputs longer than 128 bytes count only up to there. */
size_t mc_edit_distance(const char *a, const char *b);

/* Keeps the best so far; start from { .typed = text }. `best` stays NULL when nothing is close.
 */
typedef struct mc_nearest {
    const char *typed;
    const char *best;
    size_t      distance;
} mc_nearest;

/* Offer a known name. It must live as long as `nearest->best` is used. */
void mc_nearest_offer(mc_nearest *nearest, const char *name);

#endif
