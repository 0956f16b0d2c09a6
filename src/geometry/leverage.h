/* leverage.h - does one probe, or one unit, make the number by itself?
 *
 * Three probes with one huge coordinate make biased and debiased CKA of independent data 1.000
 * and no permutation of the probes shows it: the share of ||K||_F^2 does. */
#ifndef MC_GEOMETRY_LEVERAGE_H
#define MC_GEOMETRY_LEVERAGE_H

#include <modelcypher/geometry.h>

#include "base/arena.h"

/* Probes whose share exceeds `bound`. With them out the shares of the others grow, so the
 * search is repeated on what is left (a huge probe hides a large one), up to a quarter of the
 * probes. probes, shares: room for n; a share is that of the round in which it was found. */
mc_status mc_leverage_flag(const double *gram, size_t n, double bound, mc_arena *scratch,
                           size_t *probes, double *shares, size_t *count, mc_error *err);

/* The probe with the largest share. */
void mc_leverage_largest(const double *gram, size_t n, size_t *probe, double *share);

/* Units whose own rank-one Gram matrix has a share of ||K||_F^2 above `bound`, largest first.
 * As for probes the search is repeated on what is left, up to this many. */
#define MC_DIMENSIONS_MOST 8
typedef struct mc_dimension_flags {
    size_t largest; /* flagged or not, ... */
    double share;   /* ... and its share */
    size_t count;
    size_t units[MC_DIMENSIONS_MOST];
    double shares[MC_DIMENSIONS_MOST];
} mc_dimension_flags;

/* bound 0: no flags. */
mc_status mc_dimension_flag(mc_matrix x, const double *gram, double bound, mc_arena *scratch,
                            mc_dimension_flags *flags, mc_error *err);

#endif
