/* mle.c - Levina and Bickel's estimator at every point, combined by the harmonic mean.
 *
 * The interval resamples the points' terms; neighbourhoods overlap, so it is somewhat narrow.
 */
#include <math.h>
#include <stdio.h>

#include "geometry/matrix.h"
#include "geometry/metric_list.h"
#include "geometry/random.h"
#include "geometry/shape.h"
#include "geometry/statistics.h"
#include "linalg/linalg.h"

static mc_status bootstrap(const double *inverse, size_t n, const mc_metric_options *options,
                           mc_arena *scratch, mc_estimate *out, mc_error *err)
{
    double *values;

    if (options->resamples < MC_RESAMPLES_LEAST) return MC_OK;
    MC_TRY(mc_take_doubles(scratch, options->resamples, &values, err));
    for (size_t b = 0; b < options->resamples; b++) {
        mc_random random = mc_random_init(options->seed, MC_STREAM_RESAMPLE, b);
        double    total  = 0;
        for (size_t i = 0; i < n; i++)
            total += inverse[mc_random_below(&random, n)];
        values[b] = (double)n / total;
    }
    mc_estimate_percentiles(values, options->resamples, out);
    return MC_OK;
}

static mc_status run(const mc_cloud *cloud, const mc_metric_options *options, mc_arena *scratch,
                     mc_estimate *out, mc_error *err)
{
    const size_t n = cloud->n, k = options->mle_neighbours;
    const double divisor = (double)k - (options->mle_unbiased ? 2 : 1);
    double      *distances, *inverse, total;

    snprintf(out->note, sizeof out->note, "k = %zu, divisor k - %d, harmonic mean over points",
             k, options->mle_unbiased ? 2 : 1);
    if (k < 3 || k >= n) {
        mc_estimate_undefined(out, "%zu distinct probes have no %zu neighbours", n, k);
        return MC_OK;
    }
    MC_TRY(mc_cloud_neighbours(cloud, k, scratch, &distances, err));
    MC_TRY(mc_take_doubles(scratch, n, &inverse, err));
    for (size_t i = 0; i < n; i++) {
        inverse[i] = 0;
        for (size_t j = 0; j + 1 < k; j++)
            inverse[i] += log(distances[i * k + k - 1] / distances[i * k + j]) / divisor;
    }
    total = mc_sum(inverse, n);
    if (!(total > 0)) {
        mc_estimate_undefined(out, "every probe's %zu nearest neighbours are equally far", k);
        return MC_OK;
    }
    out->value = (double)n / total;
    return bootstrap(inverse, n, options, scratch, out, err);
}

static const mc_shape shape = { .needs        = MC_NEEDS_NEIGHBOURS,
                                .is_dimension = true,
                                .run          = run };

const mc_metric mc_metric_mle = {
    .name       = "mle",
    .summary    = "intrinsic dimension by the likelihood of k nearest distances",
    .convention = "k = 10, 1 / (k - 1) sum ln(T_k / T_j) per point, harmonic mean over points; "
                  "duplicates taken once",
    .citation   = "Levina & Bickel 2004, NIPS 17; MacKay & Ghahramani 2005",
    .operands   = 1,
    .range      = { 0.0, INFINITY },
    .rows_least = 10,
    .shape      = &shape,
};
