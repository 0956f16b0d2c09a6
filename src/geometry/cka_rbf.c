/* cka_rbf.c - debiased CKA with a Gaussian kernel.
 *
 * sigma is a fraction of the median off-diagonal distance of each layer, so the value does not
 * depend on the scale of either. */
#include <math.h>
#include <stdio.h>

#include "geometry/matrix.h"
#include "geometry/metric_list.h"
#include "geometry/similarity.h"
#include "geometry/statistics.h"

static double squared_distance(const double *gram, size_t n, size_t i, size_t j)
{
    double d = gram[i * n + i] + gram[j * n + j] - 2 * gram[i * n + j];

    return d > 0 ? d : 0;
}

static mc_status prepare(const mc_view *view, const mc_metric_options *options, mc_arena *keep,
                         mc_prepared *out, mc_error *err)
{
    const size_t n = view->n;
    double      *sums, median, sigma;
    size_t       at = 0;

    MC_TRY(mc_take_doubles(keep, mc_pair_count(MC_PAIRS_UPPER, n), &out->vector, err));
    MC_TRY(mc_take_doubles(keep, n * n, &out->kernel, err));
    MC_TRY(mc_take_doubles(keep, n, &sums, err));
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++)
            out->vector[at++] = sqrt(squared_distance(view->gram, n, i, j));
    median = mc_median(out->vector, at);
    sigma  = options->rbf_fraction * median;
    if (!(median > 0)) {
        mc_prepared_undefined(out, "more than half of the pairs of probes are equal");
        return MC_OK;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j < n; j++)
            out->kernel[i * n + j] = out->kernel[j * n + i] =
                exp(-squared_distance(view->gram, n, i, j) / (2 * sigma * sigma));
    if (!(mc_u_centre(out->kernel, n, out->vector, sums) > MC_NOTHING_LEFT))
        mc_prepared_undefined(out, "nothing is left of the kernel after centring");
    return MC_OK;
}

static void note(const mc_prepared *a, const mc_prepared *b, const mc_metric_options *options,
                 char text[MC_REASON_SIZE])
{
    (void)a, (void)b;
    snprintf(text, MC_REASON_SIZE,
             "exp(-d^2 / (2 sigma^2)), sigma = %g of the median distance, unbiased HSIC",
             options->rbf_fraction);
}

static const mc_similarity similarity = {
    .pairs = MC_PAIRS_UPPER, .hsic = MC_HSIC_UNBIASED, .prepare = prepare, .note = note
};

const mc_metric mc_metric_cka_rbf = {
    .name       = "cka-rbf",
    .summary    = "debiased CKA with a Gaussian kernel: weighs near probes more than far ones",
    .convention = "exp(-d^2 / (2 sigma^2)), sigma = 0.5 of the median off-diagonal distance",
    .citation   = "Kornblith et al. 2019, arXiv:1905.00414 (sec. 3); Song et al. 2012 (eq. 5)",
    .operands   = 2,
    .range      = { -1.0, 1.0 },
    .rows_least = 4,
    .similarity = &similarity,
};
