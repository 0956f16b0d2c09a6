/* procrustes.c - how far apart two layers are after the best rotation.
 *
 * With both centred and of unit Frobenius norm the squared distance is 2 - 2 |X^T Y|_*. The
 * nuclear norm does not change when X is replaced by its principal scores U sqrt(l), which are
 * n x (n - 1) at most: zero-padding the narrower layer needs no padding. */
#include <math.h>
#include <stdio.h>

#include "geometry/matrix.h"
#include "geometry/metric_list.h"
#include "geometry/similarity.h"
#include "linalg/linalg.h"

static mc_status prepare(const mc_view *view, const mc_metric_options *options, mc_arena *keep,
                         mc_prepared *out, mc_error *err)
{
    double total = 0;

    (void)options;
    MC_TRY(mc_principal_axes(view, keep, out, err));
    for (size_t j = 0; j < out->rank; j++)
        total += out->spectrum[j];
    for (size_t i = 0; i < view->n; i++)
        for (size_t j = 0; j < out->rank; j++)
            out->factor[i * out->rank + j] *= sqrt(out->spectrum[j] / total);
    return MC_OK;
}

/* |X - Y Q|_F, Q the best rotation of the narrower Y: in 2 - 2 |X^T Y|_* the digits of a small
 * distance are lost. */
static mc_status residual(const double *x, size_t x_rank, const double *y, size_t y_rank,
                          size_t n, mc_arena *scratch, double *value, mc_error *err)
{
    double *product, *singular, *u, *vt, *moved, total = 0;

    MC_TRY(mc_take_doubles(scratch, x_rank * y_rank, &product, err));
    MC_TRY(mc_take_doubles(scratch, y_rank, &singular, err));
    MC_TRY(mc_take_doubles(scratch, x_rank * y_rank, &u, err));
    MC_TRY(mc_take_doubles(scratch, y_rank * y_rank, &vt, err));
    MC_TRY(mc_take_doubles(scratch, n * x_rank, &moved, err));
    mc_gemm_tn(product, x, y, x_rank, y_rank, n);
    MC_TRY(mc_svd(product, x_rank, y_rank, singular, u, vt, scratch, err));
    mc_gemm_nn(product, u, vt, x_rank, y_rank, y_rank);
    mc_gemm_nt(moved, y, product, n, x_rank, y_rank);
    for (size_t k = 0; k < n * x_rank; k++)
        total += (x[k] - moved[k]) * (x[k] - moved[k]);
    *value = sqrt(total);
    return MC_OK;
}

static mc_status value_of(const mc_prepared *a, const mc_prepared *b, const size_t *order,
                          const mc_metric_options *options, mc_arena *scratch, double *value,
                          mc_error *err)
{
    mc_arena_mark mark  = mc_arena_save(scratch);
    const size_t  least = a->rank < b->rank ? a->rank : b->rank;
    const double *y     = b->factor;
    double       *product, *singular, nuclear;

    (void)options;
    MC_TRY(mc_take_doubles(scratch, a->rank * b->rank, &product, err));
    MC_TRY(mc_take_doubles(scratch, least, &singular, err));
    MC_TRY(mc_rows_in_order(b->factor, b->rank, a->n, order, scratch, &y, err));
    mc_gemm_tn(product, a->factor, y, a->rank, b->rank, a->n);
    MC_TRY(mc_svd(product, a->rank, b->rank, singular, NULL, NULL, scratch, err));
    nuclear = mc_sum(singular, least);
    *value  = sqrt(2 - 2 * fmin(nuclear, 1));
    if (nuclear > 1 - 1e-6 && a->rank >= b->rank)
        MC_TRY(residual(a->factor, a->rank, y, b->rank, a->n, scratch, value, err));
    else if (nuclear > 1 - 1e-6)
        MC_TRY(residual(y, b->rank, a->factor, a->rank, a->n, scratch, value, err));
    mc_arena_reset(scratch, mark);
    return MC_OK;
}

static void note(const mc_prepared *a, const mc_prepared *b, const mc_metric_options *options,
                 char text[MC_REASON_SIZE])
{
    (void)a, (void)b, (void)options;
    snprintf(text, MC_REASON_SIZE,
             "centred, unit Frobenius norm; sqrt(2 - 2 |X^T Y|_*); 0 is alike, sqrt 2 is not");
}

static const mc_similarity similarity = { .prepare = prepare, .value = value_of, .note = note };

const mc_metric mc_metric_procrustes = {
    .name       = "procrustes",
    .summary    = "orthogonal Procrustes distance: 0 is equal up to rotation and scale",
    .convention = "centred, Frobenius-normalised, the narrower zero-padded; a metric",
    .citation   = "Schonemann 1966, Psychometrika 31:1; Williams et al. 2021, arXiv:2110.14739",
    .operands   = 2,
    .range      = { 0.0, 1.4142135623730951 },
    .rows_least = 3,
    .is_distance = true,
    .is_costly   = true,
    .similarity  = &similarity,
};
