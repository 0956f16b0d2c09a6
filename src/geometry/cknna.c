/* cknna.c - CKA restricted to the neighbours that both layers share.
 *
 * As in the authors' code (variant "unbiased"): kernels are masked by the pairs (i, j) where j
 * is among the k nearest of i in both layers, and HSIC_1 is taken of the masked kernels, which
 * are not symmetric: its first term is sum K_ij L_ji. Left out is their 1e-6 in the
 * denominator, which makes the value depend on n. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "geometry/matrix.h"
#include "geometry/metric_list.h"
#include "geometry/similarity.h"

/* Is j among the neighbours of i? */
static bool is_neighbour(const mc_prepared *p, size_t i, size_t j)
{
    return p->mask[i * p->n + j] != 0;
}

/* HSIC_1 of the masked kernels times n (n - 3). Row i of b stands for row order[i]. */
static double masked_hsic(const mc_prepared *a, const mc_prepared *b, const size_t *order,
                          double *sums)
{
    const size_t n     = a->n;
    double      *a_col = sums, *b_row = sums + n;
    double       both = 0, a_all = 0, b_all = 0, cross = 0;

    memset(sums, 0, 2 * n * sizeof *sums);
    for (size_t i = 0; i < n; i++) {
        const size_t   p    = order ? order[i] : i;
        const uint8_t *mask = b->mask + p * n;
        for (size_t t = 0; t < a->k; t++) {
            const size_t j = a->neighbours[i * a->k + t], q = order ? order[j] : j;
            double       k, l;
            if (!mask[q]) continue;
            k = a->kernel[i * n + j];
            l = b->kernel[p * n + q];
            a_col[j] += k;
            b_row[i] += l;
            a_all += k;
            b_all += l;
            if (is_neighbour(a, j, i) && is_neighbour(b, q, p)) both += k * l;
        }
    }
    for (size_t i = 0; i < n; i++)
        cross += a_col[i] * b_row[i];
    return both + a_all * b_all / (((double)n - 1) * ((double)n - 2)) -
           2 * cross / ((double)n - 2);
}

static mc_status prepare(const mc_view *view, const mc_metric_options *options, mc_arena *keep,
                         mc_prepared *out, mc_error *err)
{
    const size_t n = view->n, k = options->neighbours;
    size_t       bad;
    double      *sums;
    void        *list;

    if (k < 2 || k + 1 >= n) {
        mc_prepared_undefined(out, "%zu probes have no %zu neighbours to tell from the others",
                              n, k);
        return MC_OK;
    }
    MC_TRY(mc_take_doubles(keep, n * n, &out->kernel, err));
    MC_TRY(mc_take_doubles(keep, 2 * n, &sums, err));
    MC_TRY(mc_arena_array(keep, n * k, sizeof *out->neighbours, &list, err));
    out->neighbours = list;
    MC_TRY(mc_arena_array(keep, n * n, sizeof *out->mask, &list, err));
    out->mask = list;
    out->k    = k;
    if (!mc_cosines(view->gram, n, out->kernel, &bad)) {
        mc_prepared_undefined(out, "row %zu lies at the centre and has no direction", bad);
        return MC_OK;
    }
    mc_neighbours(out->kernel, n, k, out->neighbours);
    memset(out->mask, 0, n * n);
    for (size_t i = 0; i < n; i++)
        for (size_t t = 0; t < k; t++)
            out->mask[i * n + out->neighbours[i * k + t]] = 1;
    out->self = masked_hsic(out, out, NULL, sums);
    if (!(out->self > 0))
        mc_prepared_undefined(out, "its own unbiased HSIC is not positive (%g)", out->self);
    return MC_OK;
}

static mc_status value_of(const mc_prepared *a, const mc_prepared *b, const size_t *order,
                          const mc_metric_options *options, mc_arena *scratch, double *value,
                          mc_error *err)
{
    mc_arena_mark mark = mc_arena_save(scratch);
    double       *sums;

    (void)options;
    MC_TRY(mc_take_doubles(scratch, 2 * a->n, &sums, err));
    *value = masked_hsic(a, b, order, sums) / sqrt(a->self * b->self);
    mc_arena_reset(scratch, mark);
    return MC_OK;
}

static void note(const mc_prepared *a, const mc_prepared *b, const mc_metric_options *options,
                 char text[MC_REASON_SIZE])
{
    (void)a, (void)b;
    snprintf(text, MC_REASON_SIZE,
             "k = %zu, cosine of centred rows, unbiased HSIC of the masked kernels",
             options->neighbours);
}

static const mc_similarity similarity = { .prepare = prepare, .value = value_of, .note = note };

const mc_metric mc_metric_cknna = {
    .name       = "cknna",
    .summary    = "CKA restricted to the nearest neighbours that both layers share",
    .convention = "k = 10, cosine of centred rows, unbiased HSIC as in the authors' code",
    .citation   = "Huh et al. 2024, arXiv:2405.07987 (appendix A)",
    .operands   = 2,
    .range      = { -INFINITY, INFINITY },
    .rows_least = 5,
    .similarity = &similarity,
};
