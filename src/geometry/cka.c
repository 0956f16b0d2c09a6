/* cka.c - debiased linear CKA: the inner product of U-centred Gram matrices of unit norm.
 *
 * Never clamped: for unrelated data the value spreads around 0, below it as well as above. */
#include <math.h>
#include <stdio.h>

#include "geometry/matrix.h"
#include "geometry/metric_list.h"
#include "geometry/similarity.h"

static mc_status prepare(const mc_view *view, const mc_metric_options *options, mc_arena *keep,
                         mc_prepared *out, mc_error *err)
{
    double *sums;

    (void)options;
    MC_TRY(mc_take_doubles(keep, mc_pair_count(MC_PAIRS_UPPER, view->n), &out->vector, err));
    MC_TRY(mc_take_doubles(keep, view->n, &sums, err));
    out->kernel = (double *)view->gram;
    if (!(mc_u_centre(view->gram, view->n, out->vector, sums) > MC_NOTHING_LEFT))
        mc_prepared_undefined(out, "nothing is left of the Gram matrix after centring");
    return MC_OK;
}

static void note(const mc_prepared *a, const mc_prepared *b, const mc_metric_options *options,
                 char text[MC_REASON_SIZE])
{
    (void)a, (void)b, (void)options;
    snprintf(text, MC_REASON_SIZE, "linear kernel, unbiased HSIC, not clamped");
}

static const mc_similarity similarity = {
    .pairs = MC_PAIRS_UPPER, .hsic = MC_HSIC_UNBIASED, .prepare = prepare, .note = note
};

const mc_metric mc_metric_cka = {
    .name       = "cka",
    .summary    = "debiased linear CKA: 1 is equal up to rotation and scale, 0 is unrelated",
    .convention = "HSIC_1 in numerator and denominator; centred; negative values are kept",
    .citation = "Song et al. 2012, JMLR 13:1393 (eq. 5); Nguyen et al. 2021, arXiv:2010.15327",
    .operands = 2,
    .range    = { -1.0, 1.0 },
    .rows_least = 4,
    .similarity = &similarity,
};
