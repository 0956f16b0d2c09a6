/* matrix.c - from the caller's floats to a centred Gram matrix in double. */
#include "geometry/matrix.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "linalg/linalg.h"

mc_status mc_matrix_check(mc_matrix x, mc_error *err)
{
    if (x.data && x.cols > 0 && x.rows > 0 && x.stride >= x.cols) return MC_OK;
    return mc_fail(err, MC_ERR_ARGUMENT, "pass rows of probes, stride >= cols",
                   "a matrix of %zu rows, %zu columns and stride %zu has no values", x.rows,
                   x.cols, x.stride);
}

bool mc_matrix_is_finite(mc_matrix x, size_t *row, size_t *col)
{
    for (size_t i = 0; i < x.rows; i++) {
        const float *line = x.data + i * x.stride;
        float        zero = 0.0F;

        /* x * 0 is 0 for every finite x and NaN for the others: one pass without branches. */
        for (size_t j = 0; j < x.cols; j++)
            zero += line[j] * 0.0F;
        if (zero == 0.0F) continue;
        for (*col = 0; isfinite(line[*col]);)
            ++*col;
        *row = i;
        return false;
    }
    return true;
}

bool mc_matrix_is_constant(mc_matrix x)
{
    for (size_t i = 1; i < x.rows; i++)
        if (memcmp(x.data, x.data + i * x.stride, x.cols * sizeof(float)) != 0) return false;
    return true;
}

void mc_matrix_centre(mc_matrix x, const size_t *rows, size_t n, double *out, double *mean)
{
    memset(mean, 0, x.cols * sizeof *mean);
    for (size_t i = 0; i < n; i++) {
        const float *line = x.data + (rows ? rows[i] : i) * x.stride;
        for (size_t j = 0; j < x.cols; j++)
            mean[j] += line[j];
    }
    for (size_t j = 0; j < x.cols; j++)
        mean[j] /= (double)n;
    for (size_t i = 0; i < n; i++) {
        const float *line = x.data + (rows ? rows[i] : i) * x.stride;
        for (size_t j = 0; j < x.cols; j++)
            out[i * x.cols + j] = line[j] - mean[j];
    }
}

mc_status mc_matrix_gram(mc_matrix x, double *gram, mc_arena *scratch, mc_error *err)
{
    mc_arena_mark mark = mc_arena_save(scratch);
    double       *centred, *mean;
    mc_status     status = mc_take_doubles(scratch, x.rows * x.cols, &centred, err);

    if (status == MC_OK) status = mc_take_doubles(scratch, x.cols, &mean, err);
    if (status == MC_OK) {
        mc_matrix_centre(x, NULL, x.rows, centred, mean);
        mc_gram(gram, centred, x.rows, x.cols);
    }
    mc_arena_reset(scratch, mark);
    return status;
}

/* all - (m_i + m_j) is the same number for (i, j) and (j, i): the result stays symmetric. */
void mc_gram_centre(double *gram, size_t n, double *mean)
{
    double all = 0;

    for (size_t i = 0; i < n; i++)
        mean[i] = mc_sum(gram + i * n, n) / (double)n;
    all = mc_sum(mean, n) / (double)n;
    for (size_t i = 0; i < n; i++) {
        double *row = gram + i * n;
        for (size_t j = 0; j < n; j++)
            row[j] += all - (mean[i] + mean[j]);
    }
}

void mc_gram_subset(const double *gram, size_t n, const size_t *rows, size_t m, double *out,
                    double *mean)
{
    for (size_t i = 0; i < m; i++) {
        const double *row = gram + rows[i] * n;
        for (size_t j = 0; j < m; j++)
            out[i * m + j] = row[rows[j]];
    }
    mc_gram_centre(out, m, mean);
}

mc_status mc_rows_in_order(const double *a, size_t cols, size_t n, const size_t *order,
                           mc_arena *scratch, const double **out, mc_error *err)
{
    double *copy;

    *out = a;
    if (!order) return MC_OK;
    MC_TRY(mc_take_doubles(scratch, n * cols, &copy, err));
    for (size_t i = 0; i < n; i++)
        memcpy(copy + i * cols, a + order[i] * cols, cols * sizeof *copy);
    *out = copy;
    return MC_OK;
}

void mc_arena_reserve(mc_arena *arena, size_t bytes)
{
    void         *block = mc_arena_take(arena, bytes, 1);
    mc_arena_mark mark  = mc_arena_save(arena);
    const size_t  round = (bytes + MC_CACHE_LINE - 1) / MC_CACHE_LINE * MC_CACHE_LINE;

    if (!block) return;
    mark.used -= round ? round : MC_CACHE_LINE;
    mc_arena_reset(arena, mark);
}

mc_status mc_take_doubles(mc_arena *arena, size_t count, double **out, mc_error *err)
{
    void *block;

    MC_TRY(mc_arena_array(arena, count, sizeof **out, &block, err));
    *out = block;
    return MC_OK;
}

mc_status mc_take_floats(mc_arena *arena, size_t count, float **out, mc_error *err)
{
    void *block;

    MC_TRY(mc_arena_array(arena, count, sizeof **out, &block, err));
    *out = block;
    return MC_OK;
}

mc_status mc_take_sizes(mc_arena *arena, size_t count, size_t **out, mc_error *err)
{
    void *block;

    MC_TRY(mc_arena_array(arena, count, sizeof **out, &block, err));
    *out = block;
    return MC_OK;
}
