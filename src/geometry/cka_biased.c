/* cka_biased.c - the CKA of Kornblith et al., which is large for unrelated data when probes are
 * few: only ever shown beside its floor.
 *
 * The floor is exact: over all permutations of the probes the mean of tr(K P L P^T) with
 * centred K and L is tr(K) tr(L) / (n - 1). For isotropic data it is about
 * sqrt(p q / ((p + n - 1) (q + n - 1))). */
#include <math.h>
#include <stdio.h>

#include "geometry/matrix.h"
#include "geometry/metric_list.h"
#include "geometry/similarity.h"

static mc_status prepare(const mc_view *view, const mc_metric_options *options, mc_arena *keep,
                         mc_prepared *out, mc_error *err)
{
    const size_t n     = view->n;
    double       trace = 0, norm = 0;
    size_t       at = 0;

    (void)options;
    MC_TRY(mc_take_doubles(keep, mc_pair_count(MC_PAIRS_UPPER_DIAGONAL, n), &out->vector, err));
    out->kernel = (double *)view->gram;
    for (size_t i = 0; i < n; i++) {
        trace += view->gram[i * n + i];
        for (size_t j = i; j < n; j++, at++) {
            double entry    = view->gram[i * n + j] * (i == j ? 1.0 : sqrt(2.0));
            out->vector[at] = entry;
            norm += entry * entry;
        }
    }
    if (!(norm > 0)) {
        mc_prepared_undefined(out, "the Gram matrix is zero");
        return MC_OK;
    }
    for (size_t k = 0; k < at; k++)
        out->vector[k] /= sqrt(norm);
    out->self = trace / sqrt(norm);
    return MC_OK;
}

static double permutation_mean(const mc_prepared *a, const mc_prepared *b,
                               const mc_metric_options *options)
{
    (void)options;
    return a->self * b->self / ((double)a->n - 1);
}

static void note(const mc_prepared *a, const mc_prepared *b, const mc_metric_options *options,
                 char text[MC_REASON_SIZE])
{
    (void)a, (void)b, (void)options;
    snprintf(text, MC_REASON_SIZE,
             "linear kernel, biased HSIC: read it against its floor, the mean over all "
             "permutations of the probes");
}

static const mc_similarity similarity = { .pairs   = MC_PAIRS_UPPER_DIAGONAL,
                                          .hsic    = MC_HSIC_BIASED,
                                          .prepare = prepare,
                                          .floor   = permutation_mean,
                                          .note    = note };

const mc_metric mc_metric_cka_biased = {
    .name       = "cka-biased",
    .summary    = "linear CKA as first published; large for unrelated data when probes are few",
    .convention = "biased HSIC, beside its floor tr(K) tr(L) / ((n - 1) |K| |L|)",
    .citation   = "Kornblith et al. 2019, arXiv:1905.00414 (sec. 3)",
    .operands   = 2,
    .range      = { 0.0, 1.0 },
    .rows_least = 3,
    .similarity = &similarity,
};
