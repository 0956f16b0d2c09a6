/* cloud.c - distances that survive near-duplicates, and neighbours.
 *
 * Squared distances come from the centred Gram matrix in double, whose error is some 1e-14 of
 * the squared norms; a pair so close that this would show is computed again from the
 * differences of its floats, which are exact. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "geometry/matrix.h"
#include "geometry/random.h"
#include "geometry/shape.h"
#include "geometry/statistics.h"

/* Below this share of the squared norms a distance is computed from differences: the Gram
 * identity is then good to 1e-11 everywhere else. */
#define CLOSE 1e-3

void mc_estimate_percentiles(double *values, size_t count, mc_estimate *out)
{
    mc_sort(values, count);
    out->low  = mc_quantile(values, count, 0.025);
    out->high = mc_quantile(values, count, 0.975);
}

void mc_estimate_undefined(mc_estimate *out, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(out->reason, sizeof out->reason, format, args);
    va_end(args);
    out->value = out->low = out->high = NAN;
}

static double from_differences(const mc_matrix *x, size_t i, size_t j)
{
    const float *a = x->data + i * x->stride, *b = x->data + j * x->stride;
    double       total = 0;

    for (size_t k = 0; k < x->cols; k++) {
        const double d = (double)a[k] - (double)b[k];
        total += d * d;
    }
    return total;
}

static void fill_squares(const mc_matrix *x, const double *gram, double *squares)
{
    const size_t n = x->rows;

    for (size_t i = 0; i < n; i++) {
        squares[i * n + i] = 0;
        for (size_t j = 0; j < i; j++) {
            const double norms = gram[i * n + i] + gram[j * n + j];
            double       d     = norms - 2 * gram[i * n + j];
            if (!(d > CLOSE * norms)) d = from_differences(x, i, j);
            squares[i * n + j] = squares[j * n + i] = d;
        }
    }
}

/* Keep the first of each set of equal rows; squares shrinks in place. */
static size_t drop_duplicates(double *squares, size_t n, size_t *kept)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++) {
        bool fresh = true;
        for (size_t k = 0; fresh && k < count; k++)
            fresh = squares[i * n + kept[k]] > 0;
        if (fresh) kept[count++] = i;
    }
    for (size_t i = 0; i < count && count < n; i++)
        for (size_t j = 0; j < count; j++)
            squares[i * count + j] = squares[kept[i] * n + kept[j]];
    return count;
}

mc_status mc_cloud_make(const mc_matrix *x, mc_arena *keep, mc_cloud *cloud, mc_error *err)
{
    double *gram, *squares;
    size_t *kept;

    MC_TRY(mc_take_doubles(keep, x->rows * x->rows, &gram, err));
    MC_TRY(mc_take_doubles(keep, x->rows * x->rows, &squares, err));
    MC_TRY(mc_take_sizes(keep, x->rows, &kept, err));
    MC_TRY(mc_matrix_gram(*x, gram, keep, err));
    fill_squares(x, gram, squares);
    *cloud = (mc_cloud){ x, x->rows, gram, drop_duplicates(squares, x->rows, kept), squares };
    return MC_OK;
}

static mc_status subset_squares(const mc_cloud *whole, const size_t *rows, size_t m,
                                mc_arena *keep, mc_cloud *cloud, mc_error *err)
{
    double *squares;

    MC_TRY(mc_take_doubles(keep, m * m, &squares, err));
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < m; j++)
            squares[i * m + j] = whole->squares[rows[i] * whole->n + rows[j]];
    *cloud = (mc_cloud){ .rows = m, .n = m, .squares = squares };
    return MC_OK;
}

mc_status mc_cloud_subset(const mc_cloud *whole, mc_shape_needs needs, size_t divisor,
                          uint64_t seed, uint64_t draw, mc_arena *keep, mc_cloud *cloud,
                          mc_error *err)
{
    const size_t from   = needs == MC_NEEDS_NEIGHBOURS ? whole->n : whole->rows;
    const size_t m      = from / divisor;
    mc_random    random = mc_random_init(seed, MC_STREAM_SUBSAMPLE, draw * 64 + divisor);
    double      *gram, *mean;
    size_t      *rows;

    MC_TRY(mc_take_sizes(keep, m, &rows, err));
    mc_random_subset(&random, from, m, rows);
    if (needs == MC_NEEDS_NEIGHBOURS) return subset_squares(whole, rows, m, keep, cloud, err);
    MC_TRY(mc_take_doubles(keep, m * m, &gram, err));
    MC_TRY(mc_take_doubles(keep, m, &mean, err));
    mc_gram_subset(whole->gram, whole->rows, rows, m, gram, mean);
    *cloud = (mc_cloud){ .rows = m, .n = m, .gram = gram };
    return MC_OK;
}

/* The k least of a row, ascending, by insertion. */
static void least_of_row(const double *row, size_t n, size_t self, size_t k, double *list)
{
    double most  = INFINITY;
    size_t count = 0;

    for (size_t j = 0; j < n; j++) {
        const double own = row[j];
        size_t       at;
        if (!(own < most) || j == self) continue;
        at = count < k ? count++ : k - 1;
        for (; at > 0 && own < list[at - 1]; at--)
            list[at] = list[at - 1];
        list[at] = own;
        if (count == k) most = list[k - 1];
    }
}

/* Insertion is quadratic in k: past this, sort the row. */
#define INSERTION_MOST 32

mc_status mc_cloud_neighbours(const mc_cloud *cloud, size_t k, mc_arena *keep,
                              double **distances, mc_error *err)
{
    const size_t n = cloud->n;
    double      *row;

    MC_TRY(mc_take_doubles(keep, n * k, distances, err));
    MC_TRY(mc_take_doubles(keep, n, &row, err));
    for (size_t i = 0; i < n; i++) {
        double *list = *distances + i * k;
        if (k <= INSERTION_MOST) {
            least_of_row(cloud->squares + i * n, n, i, k, list);
        } else {
            memcpy(row, cloud->squares + i * n, n * sizeof *row);
            row[i] = row[n - 1];
            mc_sort(row, n - 1);
            memcpy(list, row, k * sizeof *row);
        }
        for (size_t j = 0; j < k; j++)
            list[j] = sqrt(list[j]);
    }
    return MC_OK;
}

mc_status mc_cloud_log_ratios(const mc_cloud *cloud, mc_arena *keep, double **log_mu,
                              mc_error *err)
{
    double *nearest;

    MC_TRY(mc_take_doubles(keep, cloud->n, log_mu, err));
    MC_TRY(mc_cloud_neighbours(cloud, 2, keep, &nearest, err));
    for (size_t i = 0; i < cloud->n; i++)
        (*log_mu)[i] = log(nearest[2 * i + 1] / nearest[2 * i]);
    mc_sort(*log_mu, cloud->n);
    return MC_OK;
}

mc_status mc_shape_run(const mc_metric *metric, const mc_cloud *cloud,
                       const mc_metric_options *options, mc_arena *scratch, mc_estimate *out,
                       mc_error *err)
{
    const bool    distinct = metric->shape->needs == MC_NEEDS_NEIGHBOURS;
    mc_arena_mark mark     = mc_arena_save(scratch);
    mc_estimate   result   = { .value = NAN, .low = NAN, .high = NAN };
    mc_status     status   = MC_OK;

    result.n          = distinct ? cloud->n : cloud->rows;
    result.duplicates = cloud->rows - cloud->n;
    if (result.n < metric->rows_least)
        mc_estimate_undefined(&result, "%zu %sprobes, %s needs at least %zu", result.n,
                              distinct && result.duplicates ? "distinct " : "", metric->name,
                              metric->rows_least);
    else
        status = metric->shape->run(cloud, options, scratch, &result, err);
    mc_arena_reset(scratch, mark);
    if (status == MC_OK) *out = result;
    return status;
}
