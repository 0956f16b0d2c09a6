/* effective_rank.c - the exponential of the entropy of the covariance spectrum.
 *
 * Roy & Vetterli take the entropy of singular values; here it is that of the eigenvalues of the
 * covariance (variances), as for the participation ratio, so that the two can be compared. */
#include <math.h>
#include <stdio.h>

#include "geometry/matrix.h"
#include "geometry/metric_list.h"
#include "geometry/spectrum.h"

static mc_status run(const mc_cloud *cloud, const mc_metric_options *options, mc_arena *scratch,
                     mc_estimate *out, mc_error *err)
{
    const bool  interval = options->resamples > 0;
    mc_spectrum spectrum;
    double     *influence;

    snprintf(out->note, sizeof out->note,
             "exp(entropy of l / sum l); interval from the infinitesimal jackknife");
    MC_TRY(mc_take_doubles(scratch, cloud->rows, &influence, err));
    MC_TRY(mc_spectrum_make(cloud, interval, scratch, &spectrum, err));
    if (spectrum.count == 0) {
        mc_estimate_undefined(out, "the probes do not vary");
        return MC_OK;
    }
    out->value = exp(mc_spectrum_entropy(&spectrum, cloud, interval ? influence : NULL));
    if (interval) mc_log_interval(out->value, influence, cloud->rows, &out->low, &out->high);
    return MC_OK;
}

static const mc_shape shape = {
    .needs = MC_NEEDS_SPECTRUM, .is_dimension = true, .is_slow = true, .run = run
};

const mc_metric mc_metric_effective_rank = {
    .name    = "effective-rank",
    .summary = "exponential of the entropy of the covariance spectrum",
    .convention =
        "exp(-sum s ln s), s = l / sum l, l: covariance spectrum of the centred probes",
    .citation   = "Roy & Vetterli 2007, EUSIPCO (there of singular values)",
    .operands   = 1,
    .range      = { 1.0, INFINITY },
    .rows_least = 3,
    .shape      = &shape,
};
