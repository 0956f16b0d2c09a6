/* leverage.c - shares of the squared Frobenius norm of a centred Gram matrix. */
#include "geometry/leverage.h"

#include <string.h>

#include "geometry/matrix.h"
#include "linalg/linalg.h"

/* shares[i] = sum_j K_ij^2 / ||K||_F^2. */
static void probe_shares(const double *gram, size_t n, double *shares)
{
    double total = 0;

    for (size_t i = 0; i < n; i++)
        total += shares[i] = mc_dot(gram + i * n, gram + i * n, n);
    for (size_t i = 0; total > 0 && i < n; i++)
        shares[i] /= total;
}

void mc_leverage_largest(const double *gram, size_t n, size_t *probe, double *share)
{
    double total = 0, largest = -1;

    for (size_t i = 0; i < n; i++) {
        const double own = mc_dot(gram + i * n, gram + i * n, n);
        total += own;
        if (!(own > largest)) continue;
        largest = own;
        *probe  = i;
    }
    *share = total > 0 ? largest / total : 0;
}

/* Move the rows above the bound from `left` to `probes`, largest share first. */
static size_t take_flagged(const double *own, double bound, size_t *left, size_t *m,
                           size_t *probes, double *shares, size_t count, size_t most)
{
    size_t kept = 0, first = count;

    for (size_t i = 0; i < *m; i++) {
        size_t at = count;
        if (!(own[i] > bound) || count == most) {
            left[kept++] = left[i];
            continue;
        }
        for (count++; at > first && own[i] > shares[at - 1]; at--) {
            shares[at] = shares[at - 1];
            probes[at] = probes[at - 1];
        }
        shares[at] = own[i];
        probes[at] = left[i];
    }
    *m = kept;
    return count;
}

mc_status mc_leverage_flag(const double *gram, size_t n, double bound, mc_arena *scratch,
                           size_t *probes, double *shares, size_t *count, mc_error *err)
{
    mc_arena_mark mark = mc_arena_save(scratch);
    size_t       *left, m = n, found = 0, before;
    double       *part, *own;

    MC_TRY(mc_take_sizes(scratch, n, &left, err));
    MC_TRY(mc_take_doubles(scratch, n, &own, err));
    MC_TRY(mc_take_doubles(scratch, n * n, &part, err));
    for (size_t i = 0; i < n; i++)
        left[i] = i;
    probe_shares(gram, n, own);
    do {
        before = found;
        found  = take_flagged(own, bound, left, &m, probes, shares, found, n / 4);
        if (found == before || found == n / 4) break;
        mc_gram_subset(gram, n, left, m, part, own);
        probe_shares(part, m, own);
    } while (found > before);
    *count = found;
    mc_arena_reset(scratch, mark);
    return MC_OK;
}

/* squares[j]: the squared norm of column j, centred; mean: its mean. */
static void column_squares(mc_matrix x, double *mean, double *squares)
{
    for (size_t j = 0; j < x.cols; j++)
        mean[j] = squares[j] = 0;
    for (size_t i = 0; i < x.rows; i++)
        for (size_t j = 0; j < x.cols; j++)
            mean[j] += x.data[i * x.stride + j];
    for (size_t j = 0; j < x.cols; j++)
        mean[j] /= (double)x.rows;
    for (size_t i = 0; i < x.rows; i++)
        for (size_t j = 0; j < x.cols; j++) {
            const double d = x.data[i * x.stride + j] - mean[j];
            squares[j] += d * d;
        }
}

static size_t index_of_largest(const double *values, size_t n)
{
    size_t at = 0;

    for (size_t j = 1; j < n; j++)
        if (values[j] > values[at]) at = j;
    return at;
}

/* Take column j's own Gram matrix off. */
static void take_off(mc_matrix x, size_t j, double mean, double *gram)
{
    for (size_t i = 0; i < x.rows; i++) {
        const double own = x.data[i * x.stride + j] - mean;
        for (size_t k = 0; k < x.rows; k++)
            gram[i * x.rows + k] -= own * (x.data[k * x.stride + j] - mean);
    }
}

mc_status mc_dimension_flag(mc_matrix x, const double *gram, double bound, mc_arena *scratch,
                            mc_dimension_flags *flags, mc_error *err)
{
    const size_t size = x.rows * x.rows;
    double       norm = mc_dot(gram, gram, size), *mean, *squares, *rest = NULL;

    *flags = (mc_dimension_flags){ 0 };
    MC_TRY(mc_take_doubles(scratch, x.cols, &mean, err));
    MC_TRY(mc_take_doubles(scratch, x.cols, &squares, err));
    column_squares(x, mean, squares);
    flags->largest = index_of_largest(squares, x.cols);
    flags->share   = norm > 0 ? squares[flags->largest] * squares[flags->largest] / norm : 0;
    for (double share = flags->share; bound > 0 && share > bound;) {
        const size_t unit = index_of_largest(squares, x.cols);
        if (flags->count == MC_DIMENSIONS_MOST) break;
        if (!rest) {
            MC_TRY(mc_take_doubles(scratch, size, &rest, err));
            memcpy(rest, gram, size * sizeof *gram);
        }
        flags->units[flags->count]    = unit;
        flags->shares[flags->count++] = share;
        take_off(x, unit, mean[unit], rest);
        squares[unit]      = 0;
        norm               = mc_dot(rest, rest, size);
        const double found = squares[index_of_largest(squares, x.cols)];
        share              = norm > 0 ? found * found / norm : 0;
    }
    return MC_OK;
}
