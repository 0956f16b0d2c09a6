/* canonical.c - canonical correlations, in-sample where that means something, else held-out.
 *
 * With kx + ky > n - 1 directions some correlations are 1 whatever the data. Then, and only
 * then, the correlations are held-out: in each fold both sides are reduced to principal
 * components of the training rows (at most a quarter of them), canonical directions are found
 * there, and the correlation is taken on the rows left out. Row i is in fold i modulo `folds`.
 *
 * Everything comes from the Gram matrix: with G = U diag(l) U^T the columns of U are the
 * whitened principal components, and new rows are whitened by K U / l. */
#include "geometry/canonical.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "geometry/matrix.h"
#include "geometry/metric_list.h"
#include "linalg/linalg.h"

struct mc_fold {
    size_t  train_count, test_count, rank;
    double *train;   /* train_count x rank, orthonormal columns */
    double *test;    /* test_count x rank, whitened with the training rows' spectrum */
    double *weights; /* rank x cols (pwcca), or NULL */
};

/* Components a side that a fold may use, as a share of its training rows. */
#define FOLD_SHARE 4

/* The least number of leading directions that hold this share of the variance. */
static size_t directions(const double *spectrum, size_t rank, double share)
{
    double total = mc_sum(spectrum, rank), sum = 0;

    if (share >= 1) return rank;
    for (size_t k = 0; k < rank; k++) {
        sum += spectrum[k];
        if (sum >= share * total) return k + 1;
    }
    return rank;
}

/* Keep the first `rank` columns of an n x old matrix, in place. */
static void drop_columns(double *a, size_t n, size_t old, size_t rank)
{
    for (size_t i = 0; i < n && rank < old; i++)
        memmove(a + i * rank, a + i * old, rank * sizeof *a);
}

/* factor^T X, X centred over the rows (pwcca's inner products). */
static mc_status project(const double *factor, size_t rank, const mc_matrix *x,
                         const size_t *rows, size_t n, mc_arena *keep, double **weights,
                         mc_error *err)
{
    mc_arena_mark mark;
    double       *centred, *mean;

    MC_TRY(mc_take_doubles(keep, rank * x->cols, weights, err));
    mark = mc_arena_save(keep);
    MC_TRY(mc_take_doubles(keep, n * x->cols, &centred, err));
    MC_TRY(mc_take_doubles(keep, x->cols, &mean, err));
    mc_matrix_centre(*x, rows, n, centred, mean);
    mc_gemm_tn(*weights, factor, centred, rank, x->cols, n);
    mc_arena_reset(keep, mark);
    return MC_OK;
}

/* K (test x train) of the Gram matrix, centred with the training rows' means. */
static void cross_kernel(const double *gram, size_t n, const size_t *train, size_t trains,
                         const size_t *test, size_t tests, double *kernel, double *means)
{
    double all = 0;

    for (size_t j = 0; j < trains; j++) {
        means[j] = 0;
        for (size_t i = 0; i < trains; i++)
            means[j] += gram[train[j] * n + train[i]];
        means[j] /= (double)trains;
        all += means[j] / (double)trains;
    }
    for (size_t t = 0; t < tests; t++) {
        double own = 0;
        for (size_t j = 0; j < trains; j++)
            own += kernel[t * trains + j] = gram[test[t] * n + train[j]];
        own /= (double)trains;
        for (size_t j = 0; j < trains; j++)
            kernel[t * trains + j] += all - own - means[j];
    }
}

/* Scratch of one fold; indices point into the view's rows. */
typedef struct fold_rows {
    size_t *train, *test, *train_of_x;
    size_t  trains, tests;
} fold_rows;

static mc_status split_rows(const mc_view *view, size_t fold, size_t folds, mc_arena *scratch,
                            fold_rows *rows, mc_error *err)
{
    rows->trains = rows->tests = 0;
    MC_TRY(mc_take_sizes(scratch, view->n, &rows->train, err));
    MC_TRY(mc_take_sizes(scratch, view->n, &rows->test, err));
    MC_TRY(mc_take_sizes(scratch, view->n, &rows->train_of_x, err));
    for (size_t i = 0; i < view->n; i++) {
        if (i % folds == fold) {
            rows->test[rows->tests++] = i;
            continue;
        }
        rows->train_of_x[rows->trains] = view->rows ? view->rows[i] : i;
        rows->train[rows->trains++]    = i;
    }
    return MC_OK;
}

/* Fill one fold; `kept` directions at most. */
static mc_status make_fold(const mc_cca_rule *rule, const mc_view *view, const fold_rows *rows,
                           mc_arena *keep, mc_fold *fold, mc_error *err)
{
    mc_prepared   axes = { .n = rows->trains };
    mc_view       part = { .n = rows->trains };
    double       *gram, *kernel, *means;
    size_t        most = (rows->trains - 1) / FOLD_SHARE, rank;
    mc_arena_mark mark;

    *fold = (mc_fold){ .train_count = rows->trains, .test_count = rows->tests };
    MC_TRY(mc_take_doubles(keep, rows->tests * most, &fold->test, err));
    MC_TRY(mc_take_doubles(keep, rows->trains * most, &fold->train, err));
    if (rule->projection)
        MC_TRY(mc_take_doubles(keep, most * view->x->cols, &fold->weights, err));
    mark = mc_arena_save(keep);
    MC_TRY(mc_take_doubles(keep, rows->trains * rows->trains, &gram, err));
    MC_TRY(mc_take_doubles(keep, rows->tests * rows->trains, &kernel, err));
    MC_TRY(mc_take_doubles(keep, rows->trains, &means, err));
    mc_gram_subset(view->gram, view->n, rows->train, rows->trains, gram, means);
    part.gram = gram;
    MC_TRY(mc_principal_axes(&part, keep, &axes, err));
    rank = directions(axes.spectrum, axes.rank, rule->variance);
    rank = rank < most ? rank : most;
    drop_columns(axes.factor, rows->trains, axes.rank, rank);
    fold->rank = rank;
    memcpy(fold->train, axes.factor, rows->trains * rank * sizeof(double));
    cross_kernel(view->gram, view->n, rows->train, rows->trains, rows->test, rows->tests,
                 kernel, means);
    mc_gemm_nn(fold->test, kernel, fold->train, rows->tests, rank, rows->trains);
    for (size_t t = 0; t < rows->tests * rank; t++)
        fold->test[t] /= axes.spectrum[t % rank];
    if (rule->projection) {
        double *weights;
        MC_TRY(project(fold->train, rank, view->x, rows->train_of_x, rows->trains, keep,
                       &weights, err));
        memcpy(fold->weights, weights, rank * view->x->cols * sizeof(double));
    }
    mc_arena_reset(keep, mark);
    return MC_OK;
}

static mc_status make_folds(const mc_cca_rule *rule, const mc_view *view, size_t folds,
                            mc_arena *keep, mc_prepared *out, mc_error *err)
{
    void *block;

    MC_TRY(mc_arena_array(keep, folds, sizeof *out->folds, &block, err));
    out->folds      = block;
    out->fold_count = folds;
    for (size_t f = 0; f < folds; f++) {
        fold_rows rows;
        MC_TRY(split_rows(view, f, folds, keep, &rows, err));
        MC_TRY(make_fold(rule, view, &rows, keep, &out->folds[f], err));
        if (out->folds[f].rank == 0)
            mc_prepared_undefined(out, "%zu training rows of a fold are too few or all equal",
                                  rows.trains);
    }
    return MC_OK;
}

mc_status mc_cca_prepare(const mc_cca_rule *rule, const mc_view *view,
                         const mc_metric_options *options, mc_arena *keep, mc_prepared *out,
                         mc_error *err)
{
    size_t kept;

    if (options->folds < 2 || view->n < 4 * options->folds) {
        mc_prepared_undefined(out, "%zu probes are too few for %zu folds", view->n,
                              options->folds);
        return MC_OK;
    }
    MC_TRY(mc_principal_axes(view, keep, out, err));
    if (out->reason[0]) return MC_OK;
    kept = directions(out->spectrum, out->rank, rule->variance);
    drop_columns(out->factor, view->n, out->rank, kept);
    out->rank = kept;
    if (rule->projection) {
        MC_TRY(
            project(out->factor, kept, view->x, view->rows, view->n, keep, &out->weights, err));
        out->cols = view->x->cols;
    }
    return view->brief ? MC_OK : make_folds(rule, view, options->folds, keep, out, err);
}

/* sum_j |<h_i, x_j>| for the canonical variates h_i of one side: directions (c x rank), weights
 * (rank x cols). */
static mc_status variate_weights(const double *canonical, size_t count, size_t rank,
                                 const double *weights, size_t cols, mc_arena *scratch,
                                 double *out, mc_error *err)
{
    mc_arena_mark mark = mc_arena_save(scratch);
    double       *inner;

    MC_TRY(mc_take_doubles(scratch, count * cols, &inner, err));
    mc_gemm_nn(inner, canonical, weights, count, cols, rank);
    for (size_t i = 0; i < count; i++) {
        out[i] = 0;
        for (size_t j = 0; j < cols; j++)
            out[i] += fabs(inner[i * cols + j]);
    }
    mc_arena_reset(scratch, mark);
    return MC_OK;
}

/* Canonical directions of two orthonormal bases with the same rows. */
typedef struct canonical {
    size_t  count;
    double *correlation; /* count, largest first */
    double *left;        /* count x a_rank: directions of a, one a row */
    double *right;       /* count x b_rank */
    double *weight;      /* count, of the average */
} canonical;

static mc_status correlate(const double *a, size_t a_rank, const double *b, size_t b_rank,
                           size_t n, mc_arena *scratch, canonical *out, mc_error *err)
{
    double *product, *u;

    out->count = a_rank < b_rank ? a_rank : b_rank;
    MC_TRY(mc_take_doubles(scratch, a_rank * b_rank, &product, err));
    MC_TRY(mc_take_doubles(scratch, a_rank * out->count, &u, err));
    MC_TRY(mc_take_doubles(scratch, a_rank * out->count, &out->left, err));
    MC_TRY(mc_take_doubles(scratch, out->count * b_rank, &out->right, err));
    MC_TRY(mc_take_doubles(scratch, out->count, &out->correlation, err));
    MC_TRY(mc_take_doubles(scratch, out->count, &out->weight, err));
    mc_gemm_tn(product, a, b, a_rank, b_rank, n);
    MC_TRY(mc_svd(product, a_rank, b_rank, out->correlation, u, out->right, scratch, err));
    mc_transpose(out->left, u, a_rank, out->count);
    return MC_OK;
}

/* Weights of the average: equal (weights NULL), or Morcos et al.'s on the side with fewer
 * directions. */
static mc_status weigh(const canonical *c, size_t a_rank, const double *a_weights,
                       size_t a_cols, size_t b_rank, const double *b_weights, size_t b_cols,
                       mc_arena *scratch, mc_error *err)
{
    for (size_t i = 0; i < c->count; i++)
        c->weight[i] = 1;
    if (!a_weights) return MC_OK;
    if (a_rank <= b_rank)
        return variate_weights(c->left, c->count, a_rank, a_weights, a_cols, scratch, c->weight,
                               err);
    return variate_weights(c->right, c->count, b_rank, b_weights, b_cols, scratch, c->weight,
                           err);
}

static double weighted_mean(const canonical *c)
{
    double total = 0, weights = 0;

    for (size_t i = 0; i < c->count; i++) {
        total += c->weight[i] * c->correlation[i];
        weights += c->weight[i];
    }
    return total / weights;
}

static mc_status in_sample(const mc_prepared *a, const mc_prepared *b, const size_t *order,
                           mc_arena *scratch, double *value, mc_error *err)
{
    const double *rows = b->factor;
    canonical     c;

    MC_TRY(mc_rows_in_order(b->factor, b->rank, a->n, order, scratch, &rows, err));
    MC_TRY(correlate(a->factor, a->rank, rows, b->rank, a->n, scratch, &c, err));
    MC_TRY(weigh(&c, a->rank, a->weights, a->cols, b->rank, b->weights, b->cols, scratch, err));
    for (size_t i = 0; i < c.count; i++)
        if (c.correlation[i] > 1) c.correlation[i] = 1; /* orthonormal up to rounding */
    *value = weighted_mean(&c);
    return MC_OK;
}

/* Pearson's correlation of row i of x and of y, both (count x n). */
static double row_correlation(const double *x, const double *y, size_t n)
{
    const double mean_x = mc_sum(x, n) / (double)n, mean_y = mc_sum(y, n) / (double)n;
    double       xx = 0, yy = 0, xy = 0;

    for (size_t i = 0; i < n; i++) {
        xx += (x[i] - mean_x) * (x[i] - mean_x);
        yy += (y[i] - mean_y) * (y[i] - mean_y);
        xy += (x[i] - mean_x) * (y[i] - mean_y);
    }
    return xy / sqrt(xx * yy);
}

/* order within a fold: rows i = fold + folds * t are the test rows, in this order, and the
 * others the training rows. `order` keeps folds, so each part maps to itself. */
static void fold_order(const size_t *order, size_t n, size_t fold, size_t folds, size_t *train,
                       size_t *test)
{
    size_t trains = 0, tests = 0;

    for (size_t i = 0; i < n; i++) {
        const size_t from = order ? order[i] : i;
        if (i % folds == fold)
            test[tests++] = from / folds;
        else
            train[trains++] = from - (from + folds - 1 - fold) / folds;
    }
}

static mc_status fold_value(const mc_prepared *a, const mc_prepared *b, size_t f,
                            const size_t *order, mc_arena *scratch, double *value,
                            mc_error *err)
{
    const mc_fold *x = &a->folds[f], *y = &b->folds[f];
    const double  *train, *test;
    size_t        *train_order, *test_order;
    double        *left, *right;
    canonical      c;

    MC_TRY(mc_take_sizes(scratch, a->n, &train_order, err));
    MC_TRY(mc_take_sizes(scratch, a->n, &test_order, err));
    fold_order(order, a->n, f, a->fold_count, train_order, test_order);
    MC_TRY(
        mc_rows_in_order(y->train, y->rank, y->train_count, train_order, scratch, &train, err));
    MC_TRY(mc_rows_in_order(y->test, y->rank, y->test_count, test_order, scratch, &test, err));
    MC_TRY(correlate(x->train, x->rank, train, y->rank, x->train_count, scratch, &c, err));
    MC_TRY(weigh(&c, x->rank, x->weights, a->cols, y->rank, y->weights, b->cols, scratch, err));
    MC_TRY(mc_take_doubles(scratch, c.count * x->test_count, &left, err));
    MC_TRY(mc_take_doubles(scratch, c.count * x->test_count, &right, err));
    mc_gemm_nt(left, c.left, x->test, c.count, x->test_count, x->rank);
    mc_gemm_nt(right, c.right, test, c.count, x->test_count, y->rank);
    for (size_t i = 0; i < c.count; i++)
        c.correlation[i] =
            row_correlation(left + i * x->test_count, right + i * x->test_count, x->test_count);
    *value = weighted_mean(&c);
    return MC_OK;
}

static bool is_held_out(const mc_prepared *a, const mc_prepared *b)
{
    return a->rank + b->rank > a->n - 1;
}

mc_status mc_cca_value(const mc_prepared *a, const mc_prepared *b, const size_t *order,
                       const mc_metric_options *options, mc_arena *scratch, double *value,
                       mc_error *err)
{
    mc_arena_mark mark  = mc_arena_save(scratch);
    double        total = 0;

    (void)options;
    if (!is_held_out(a, b)) {
        MC_TRY(in_sample(a, b, order, scratch, value, err));
        mc_arena_reset(scratch, mark);
        return MC_OK;
    }
    *value = NAN;
    if (a->fold_count == 0 || b->fold_count == 0) return MC_OK;
    for (size_t f = 0; f < a->fold_count; f++) {
        double own;
        MC_TRY(fold_value(a, b, f, order, scratch, &own, err));
        total += own;
        mc_arena_reset(scratch, mark);
    }
    *value = total / (double)a->fold_count;
    return MC_OK;
}

void mc_cca_note(const mc_prepared *a, const mc_prepared *b, const mc_metric_options *options,
                 char text[MC_REASON_SIZE])
{
    (void)options;
    if (!is_held_out(a, b))
        snprintf(text, MC_REASON_SIZE,
                 "in-sample: %zu and %zu directions of %zu degrees of freedom", a->rank,
                 b->rank, a->n - 1);
    else if (a->fold_count && b->fold_count)
        snprintf(text, MC_REASON_SIZE,
                 "held-out, %zu folds, %zu and %zu components: %zu + %zu directions exceed the "
                 "%zu degrees of freedom",
                 a->fold_count, a->folds[0].rank, b->folds[0].rank, a->rank, b->rank, a->n - 1);
    else
        snprintf(text, MC_REASON_SIZE, "held-out correlations are not made for resamples");
}
