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

/* The unit whose own rank-one Gram matrix has the largest share of ||K||_F^2, and that share.
 */
mc_status mc_dimension_largest(mc_matrix x, const double *gram, mc_arena *scratch,
                               size_t *dimension, double *share, mc_error *err);

#endif
