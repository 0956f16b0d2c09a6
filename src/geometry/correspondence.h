/* correspondence.h - which layer of one model goes with which of the other. */
#ifndef MC_GEOMETRY_CORRESPONDENCE_H
#define MC_GEOMETRY_CORRESPONDENCE_H

#include <stddef.h>

#include "base/arena.h"

/* score (rows x cols), NaN where undefined. Both functions give every defined row (or column,
 * if they are fewer) exactly one partner, fill link[i] = {row, col} ascending in the row and
 * return their number. A row or column without any defined score has no partner. */

/* The increasing assignment with the largest sum (dynamic programming). */
mc_status mc_match_monotone(const double *score, size_t rows, size_t cols, mc_arena *scratch,
                            size_t (*link)[2], size_t *count, mc_error *err);
/* The one-to-one assignment with the largest sum (Hungarian method). */
mc_status mc_match_assignment(const double *score, size_t rows, size_t cols, mc_arena *scratch,
                              size_t (*link)[2], size_t *count, mc_error *err);

#endif
