/* anisotropy.h - the mean cosine of pairs of rows, for the metric and for profiles. */
#ifndef MC_GEOMETRY_ANISOTROPY_H
#define MC_GEOMETRY_ANISOTROPY_H

#include <modelcypher/geometry.h>

#include "base/arena.h"

/* Of the rows minus `centre` (cols values; NULL: as they are). NaN when fewer than two rows
 * have a direction. */
mc_status mc_mean_cosine(const mc_matrix *x, const double *centre, mc_arena *scratch,
                         double *mean, mc_error *err);

#endif
