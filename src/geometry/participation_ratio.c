/* participation_ratio.c - (sum l)^2 / sum l^2 of the covariance spectrum, which is
 * tr(G)^2 / ||G||_F^2: no eigenvalue is needed.
 *
 * The influence of probe i on its logarithm is 2 n (G_ii / tr G - sum_j G_ij^2 / ||G||_F^2). */
#include <math.h>
#include <stdio.h>

#include "geometry/matrix.h"
#include "geometry/metric_list.h"
#include "geometry/spectrum.h"
#include "linalg/linalg.h"

static mc_status run(const mc_cloud *cloud, const mc_metric_options *options, mc_arena *scratch,
                     mc_estimate *out, mc_error *err)
{
    const size_t n     = cloud->rows;
    double       trace = 0, norm = 0, *influence;

    (void)options;
    snprintf(out->note, sizeof out->note,
             "(sum l)^2 / sum l^2; interval from the infinitesimal jackknife");
    MC_TRY(mc_take_doubles(scratch, n, &influence, err));
    for (size_t i = 0; i < n; i++) {
        trace += cloud->gram[i * n + i];
        norm += influence[i] = mc_dot(cloud->gram + i * n, cloud->gram + i * n, n);
    }
    if (!(norm > 0)) {
        mc_estimate_undefined(out, "the probes do not vary");
        return MC_OK;
    }
    for (size_t i = 0; i < n; i++)
        influence[i] = 2 * (double)n * (cloud->gram[i * n + i] / trace - influence[i] / norm);
    out->value = trace * trace / norm;
    mc_log_interval(out->value, influence, n, &out->low, &out->high);
    return MC_OK;
}

static const mc_shape shape = { .needs = MC_NEEDS_SPECTRUM, .is_dimension = true, .run = run };

const mc_metric mc_metric_participation_ratio = {
    .name       = "participation-ratio",
    .summary    = "how many directions share the variance: (sum l)^2 / sum l^2",
    .convention = "l: covariance spectrum of the centred probes; at most n - 1",
    .citation   = "Gao et al. 2017, bioRxiv 214262; Recanatesi et al. 2022, Patterns 3:100555",
    .operands   = 1,
    .range      = { 1.0, INFINITY },
    .rows_least = 3,
    .shape      = &shape,
};
