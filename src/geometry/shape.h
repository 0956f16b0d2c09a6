/* shape.h - what the one-operand metrics share: a cloud of points, and its subsets.
 *
 * Estimators from neighbours see the distinct points only: a zero distance has no logarithm,
 * so exact duplicates are counted, reported and taken once. Estimators from the spectrum see
 * all rows. */
#ifndef MC_GEOMETRY_SHAPE_H
#define MC_GEOMETRY_SHAPE_H

#include <modelcypher/geometry.h>

#include "base/arena.h"

typedef struct mc_cloud {
    const mc_matrix *x;    /* NULL in a subset */
    size_t           rows; /* all of them */
    const double    *gram; /* rows x rows, centred */
    size_t           n;    /* distinct rows */
    const double *squares; /* n x n squared Euclidean distances; none is 0 off the diagonal */
} mc_cloud;

/* What a metric looks at, and so which subsets make its curve. */
typedef enum mc_shape_needs {
    MC_NEEDS_NEIGHBOURS,
    MC_NEEDS_SPECTRUM,
    MC_NEEDS_ROWS
} mc_shape_needs;

typedef struct mc_shape mc_shape;
struct mc_shape {
    mc_shape_needs needs;
    bool           is_dimension; /* belongs to the panel of dimension estimators */
    bool           is_slow;      /* a decomposition each: fewer subsamples */
    /* Fill value, low, high, note (or reason); n and duplicates are set already. */
    mc_status (*run)(const mc_cloud *cloud, const mc_metric_options *options, mc_arena *scratch,
                     mc_estimate *out, mc_error *err);
};

mc_status mc_cloud_make(const mc_matrix *x, mc_arena *keep, mc_cloud *cloud, mc_error *err);
/* A random subset of about rows / divisor rows (for neighbours: of the distinct ones). */
mc_status mc_cloud_subset(const mc_cloud *whole, mc_shape_needs needs, size_t divisor,
                          uint64_t seed, uint64_t draw, mc_arena *keep, mc_cloud *cloud,
                          mc_error *err);

/* distances[i * k + j]: to the (j + 1)-th neighbour of point i, j < k < n. */
mc_status mc_cloud_neighbours(const mc_cloud *cloud, size_t k, mc_arena *keep,
                              double **distances, mc_error *err);
/* ln(r2 / r1) of every point, ascending. */
mc_status mc_cloud_log_ratios(const mc_cloud *cloud, mc_arena *keep, double **log_mu,
                              mc_error *err);

/* Run one metric: n, duplicates and rows_least are seen to here. */
mc_status mc_shape_run(const mc_metric *metric, const mc_cloud *cloud,
                       const mc_metric_options *options, mc_arena *scratch, mc_estimate *out,
                       mc_error *err);

/* Low and high of the middle 95 % of bootstrap values, which are sorted. */
void mc_estimate_percentiles(double *values, size_t count, mc_estimate *out);
/* An undefined metric: printf into out->reason. */
void mc_estimate_undefined(mc_estimate *out, const char *format, ...) MC_PRINTF(2, 3);

/* GRIDE at n1 = 1, 2, 4, ... while n2 = 2 n1 stays within half of the points, `most` at most.
 */
mc_status mc_gride_scales(const mc_cloud *cloud, size_t most, mc_arena *scratch,
                          mc_scale_point *points, size_t *count, mc_error *err);

#endif
