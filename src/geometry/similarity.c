/* similarity.c - the building blocks, and running a two-operand metric once. */
#include "geometry/similarity.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "geometry/matrix.h"
#include "linalg/linalg.h"

void mc_prepared_undefined(mc_prepared *out, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(out->reason, sizeof out->reason, format, args);
    va_end(args);
}

size_t mc_pair_count(mc_pair_space space, size_t n)
{
    switch (space) {
    case MC_PAIRS_UPPER: return n * (n - 1) / 2;
    case MC_PAIRS_UPPER_DIAGONAL: return n * (n + 1) / 2;
    case MC_PAIRS_SQUARE: return n * n;
    case MC_PAIRS_NONE: break;
    }
    return 0;
}

size_t mc_pair_first(mc_pair_space space, size_t i)
{
    switch (space) {
    case MC_PAIRS_UPPER: return i + 1;
    case MC_PAIRS_UPPER_DIAGONAL: return i;
    case MC_PAIRS_SQUARE:
    case MC_PAIRS_NONE: break;
    }
    return 0;
}

/* Cosines that are equal differ by the rounding of a Gram matrix, some 1e-15: without this step
 * equal rows, or states on a line, would be told apart by it, in ranks and among neighbours. */
#define COSINE_STEP 0x1p-43

/* 1 / |row| waits on the diagonal until the end. */
bool mc_cosines(const double *gram, size_t n, double *cosines, size_t *bad)
{
    for (size_t i = 0; i < n; i++) {
        if (!(gram[i * n + i] > 0)) {
            *bad = i;
            return false;
        }
        cosines[i * n + i] = 1 / sqrt(gram[i * n + i]);
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            cosines[i * n + j] = cosines[j * n + i] =
                rint(gram[i * n + j] * (cosines[i * n + i] * cosines[j * n + j]) /
                     COSINE_STEP) *
                COSINE_STEP;
    for (size_t i = 0; i < n; i++)
        cosines[i * n + i] = 1;
    return true;
}

/* Insertion into a short sorted list: most of a row is turned away by one comparison. */
static void nearest_of_row(const double *s, size_t n, size_t self, size_t k, uint32_t *list)
{
    double least = -INFINITY; /* of a full list */
    size_t count = 0;

    for (size_t j = 0; j < n; j++) {
        const double own = s[j];
        size_t       at;
        if (!(own > least) || j == self) continue;
        at = count < k ? count++ : k - 1;
        for (; at > 0 && own > s[list[at - 1]]; at--)
            list[at] = list[at - 1];
        list[at] = (uint32_t)j;
        if (count == k) least = s[list[k - 1]];
    }
}

void mc_neighbours(const double *s, size_t n, size_t k, uint32_t *neighbours)
{
    for (size_t i = 0; i < n; i++)
        nearest_of_row(s + i * n, n, i, k, neighbours + i * k);
}

/* Off-diagonal row sums of a symmetric kernel. */
static double row_sums(const double *kernel, size_t n, double *sums)
{
    for (size_t i = 0; i < n; i++)
        sums[i] = mc_sum(kernel + i * n, n) - kernel[i * n + i];
    return mc_sum(sums, n);
}

double mc_u_centre(const double *kernel, size_t n, double *vector, double *sums)
{
    const double m = (double)n - 2, all = row_sums(kernel, n, sums) / (m * (m + 1));
    double       norm = 0, before = 0;
    size_t       at = 0;

    for (size_t i = 0; i < n; i++)
        sums[i] /= m;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++, at++) {
            vector[at] = kernel[i * n + j] + (all - (sums[i] + sums[j]));
            norm += vector[at] * vector[at];
            before += kernel[i * n + j] * kernel[i * n + j];
        }
    for (size_t k = 0; norm > 0 && k < at; k++)
        vector[k] /= sqrt(norm);
    return before > 0 ? sqrt(norm / before) : 0.0;
}

mc_status mc_similarity_prepare(const mc_metric *metric, const mc_view *view,
                                const mc_metric_options *options, mc_arena *keep,
                                mc_prepared *out, mc_error *err)
{
    *out = (mc_prepared){ .n = view->n, .scale = 1.0 };
    if (view->n < metric->rows_least) {
        mc_prepared_undefined(out, "%zu probes, %s needs at least %zu", view->n, metric->name,
                              metric->rows_least);
        return MC_OK;
    }
    return metric->similarity->prepare(view, options, keep, out, err);
}

/* The sum over the pairs of a[i, j] b[order i, order j], in the order of a. */
static double permuted_dot(mc_pair_space space, const mc_prepared *a, const mc_prepared *b,
                           const size_t *order)
{
    const size_t n     = a->n;
    const bool   whole = space == MC_PAIRS_SQUARE, diagonal = space == MC_PAIRS_UPPER_DIAGONAL;
    double       total = 0;
    size_t       at    = 0;

    for (size_t i = 0; i < n; i++) {
        double row = 0;
        for (size_t j = mc_pair_first(space, i); j < n; j++, at++) {
            size_t p = order[i], q = order[j], swap = p;
            if (!whole && p > q) p = q, q = swap;
            /* Rows before p hold p n - p (p - 1) / 2 entries with the diagonal, p less without.
             */
            size_t from = whole      ? p * n + q
                          : diagonal ? p * n - p * (p + 1) / 2 + q
                                     : p * n - (p + 1) * (p + 2) / 2 + q;
            row += a->vector[at] * b->vector[from];
        }
        total += row;
    }
    return total;
}

mc_status mc_similarity_value(const mc_metric *metric, const mc_prepared *a,
                              const mc_prepared *b, const size_t *order,
                              const mc_metric_options *options, mc_arena *scratch,
                              double *value, mc_error *err)
{
    const mc_similarity *similarity = metric->similarity;
    double               dot;

    if (a->reason[0] || b->reason[0]) {
        *value = NAN;
        return MC_OK;
    }
    if (similarity->pairs == MC_PAIRS_NONE)
        return similarity->value(a, b, order, options, scratch, value, err);
    if (order)
        dot = permuted_dot(similarity->pairs, a, b, order);
    else
        dot = mc_dot(a->vector, b->vector, mc_pair_count(similarity->pairs, a->n));
    *value = dot * (a->scale * b->scale);
    /* Unit vectors: what exceeds 1 is rounding. Nothing else is ever clamped. */
    if (fabs(*value) > 1 && fabs(*value) < 1 + 1e-12) *value = *value > 0 ? 1 : -1;
    return MC_OK;
}

/* sqrt(1e-12): directions a millionth as wide as the widest are beyond float32 input. */
#define RANK_TOLERANCE 1e-12

mc_status mc_principal_axes(const mc_view *view, mc_arena *keep, mc_prepared *out,
                            mc_error *err)
{
    const size_t  n = view->n;
    double       *copy, *rows;
    mc_arena_mark mark;

    MC_TRY(mc_take_doubles(keep, n, &out->spectrum, err));
    MC_TRY(mc_take_doubles(keep, n * n, &out->factor, err));
    mark = mc_arena_save(keep);
    MC_TRY(mc_take_doubles(keep, n * n, &copy, err));
    MC_TRY(mc_take_doubles(keep, n * n, &rows, err));
    memcpy(copy, view->gram, n * n * sizeof *copy);
    MC_TRY(mc_eigen(copy, n, out->spectrum, rows, keep, err));
    out->rank = 0;
    while (out->rank < n - 1 && out->spectrum[out->rank] > RANK_TOLERANCE * out->spectrum[0])
        out->rank++;
    mc_transpose(out->factor, rows, out->rank, n);
    mc_arena_reset(keep, mark);
    if (out->rank == 0) mc_prepared_undefined(out, "the Gram matrix is zero");
    return MC_OK;
}
