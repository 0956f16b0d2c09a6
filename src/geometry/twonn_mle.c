/* twonn_mle.c - the same ratios by maximum likelihood.
 *
 * ln mu is exponential with rate d, so 2 d sum ln mu is chi-square with 2 N degrees of freedom:
 * (N - 1) / sum is unbiased and the interval is exact for independent ratios. */
#include <math.h>
#include <stdio.h>

#include "geometry/metric_list.h"
#include "geometry/shape.h"
#include "geometry/statistics.h"
#include "linalg/linalg.h"

static mc_status run(const mc_cloud *cloud, const mc_metric_options *options, mc_arena *scratch,
                     mc_estimate *out, mc_error *err)
{
    const double n = (double)cloud->n;
    double      *log_mu, total;

    (void)options;
    snprintf(out->note, sizeof out->note, "(N - 1) / sum ln mu; interval from chi-square");
    MC_TRY(mc_cloud_log_ratios(cloud, scratch, &log_mu, err));
    total = mc_sum(log_mu, cloud->n);
    if (!(total > 0)) {
        mc_estimate_undefined(out, "every probe's two nearest neighbours are equally far");
        return MC_OK;
    }
    out->value = (n - 1) / total;
    out->low   = mc_chi_square_quantile(0.025, 2 * n) / (2 * total);
    out->high  = mc_chi_square_quantile(0.975, 2 * n) / (2 * total);
    return MC_OK;
}

static const mc_shape shape = { .needs        = MC_NEEDS_NEIGHBOURS,
                                .is_dimension = true,
                                .run          = run };

const mc_metric mc_metric_twonn_mle = {
    .name       = "twonn-mle",
    .summary    = "intrinsic dimension from the same ratios by maximum likelihood",
    .convention = "(N - 1) / sum ln mu, chi-square interval; duplicates taken once",
    .citation   = "Facco et al. 2017, Sci. Rep. 7:12140; Denti et al. 2022, Sci. Rep. 12:20005",
    .operands   = 1,
    .range      = { 0.0, INFINITY },
    .rows_least = 10,
    .shape      = &shape,
};
