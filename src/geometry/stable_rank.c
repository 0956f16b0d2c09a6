/* stable_rank.c - total variance over the largest: sum l / l_1. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "geometry/matrix.h"
#include "geometry/metric_list.h"
#include "geometry/spectrum.h"
#include "linalg/linalg.h"

static mc_status run(const mc_cloud *cloud, const mc_metric_options *options, mc_arena *scratch,
                     mc_estimate *out, mc_error *err)
{
    const size_t n = cloud->rows;
    double      *copy, *axis, *influence, largest, total = 0;

    (void)options;
    snprintf(out->note, sizeof out->note,
             "sum l / l_1; interval from the infinitesimal jackknife");
    MC_TRY(mc_take_doubles(scratch, n * n, &copy, err));
    MC_TRY(mc_take_doubles(scratch, n, &axis, err));
    MC_TRY(mc_take_doubles(scratch, n, &influence, err));
    memcpy(copy, cloud->gram, n * n * sizeof *copy);
    MC_TRY(mc_eigen_largest(copy, n, &largest, axis, scratch, err));
    for (size_t i = 0; i < n; i++)
        total += cloud->gram[i * n + i];
    if (!(largest > 0)) {
        mc_estimate_undefined(out, "the probes do not vary");
        return MC_OK;
    }
    for (size_t i = 0; i < n; i++)
        influence[i] = (double)n * (cloud->gram[i * n + i] / total - axis[i] * axis[i]);
    out->value = total / largest;
    mc_log_interval(out->value, influence, n, &out->low, &out->high);
    return MC_OK;
}

static const mc_shape shape = {
    .needs = MC_NEEDS_SPECTRUM, .is_dimension = true, .is_slow = true, .run = run
};

const mc_metric mc_metric_stable_rank = {
    .name       = "stable-rank",
    .summary    = "total variance over the largest: sum l / l_1",
    .convention = "l: covariance spectrum of the centred probes",
    .citation   = "Rudelson & Vershynin 2007, J. ACM 54(4):21",
    .operands   = 1,
    .range      = { 1.0, INFINITY },
    .rows_least = 3,
    .shape      = &shape,
};
