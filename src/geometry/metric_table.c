/* metric_table.c - every metric, one line each; and running one. */
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "base/nearest.h"
#include "geometry/matrix.h"
#include "geometry/metric_list.h"
#include "geometry/shape.h"
#include "geometry/similarity.h"
#include "linalg/linalg.h"

// clang-format off
static const mc_metric *const metric_table[] = {
    &mc_metric_cka,
    &mc_metric_cka_biased,
    &mc_metric_cka_rbf,
    &mc_metric_mutual_knn,
    &mc_metric_cknna,
    &mc_metric_rsa,
    &mc_metric_procrustes,
    &mc_metric_cca,
    &mc_metric_svcca,
    &mc_metric_pwcca,
    &mc_metric_twonn,
    &mc_metric_twonn_mle,
    &mc_metric_mle,
    &mc_metric_gride,
    &mc_metric_participation_ratio,
    &mc_metric_effective_rank,
    &mc_metric_stable_rank,
    &mc_metric_anisotropy,
};
// clang-format on

size_t mc_metric_count(void)
{
    return MC_ARRAY_LEN(metric_table);
}

const mc_metric *mc_metric_get(size_t index)
{
    return index < MC_ARRAY_LEN(metric_table) ? metric_table[index] : NULL;
}

const char *mc_geometry_arithmetic(void)
{
    return mc_linalg_name();
}

const mc_metric *mc_metric_find(const char *name)
{
    for (size_t i = 0; i < MC_ARRAY_LEN(metric_table); i++)
        if (strcmp(metric_table[i]->name, name) == 0) return metric_table[i];
    return NULL;
}

const mc_metric *mc_metric_nearest(const char *name)
{
    mc_nearest nearest = { .typed = name };

    for (size_t i = 0; i < MC_ARRAY_LEN(metric_table); i++)
        mc_nearest_offer(&nearest, metric_table[i]->name);
    return nearest.best ? mc_metric_find(nearest.best) : NULL;
}

static mc_status check_operand(const mc_metric *metric, mc_matrix x, mc_error *err)
{
    size_t row, col;

    MC_TRY(mc_matrix_check(x, err));
    if (x.rows < metric->rows_least)
        return mc_fail(err, MC_ERR_ARGUMENT, "use more probes",
                       "%zu rows, %s needs at least %zu", x.rows, metric->name,
                       metric->rows_least);
    if (!mc_matrix_is_finite(x, &row, &col))
        return mc_fail(
            err, MC_ERR_ARGUMENT, "leave this row out, or find out where it comes from",
            "row %zu, column %zu is %g", row, col, (double)x.data[row * x.stride + col]);
    return MC_OK;
}

/* One matrix, prepared; a constant one has no Gram matrix to speak of. */
static mc_status prepare_operand(const mc_metric *metric, const mc_matrix *x,
                                 const mc_metric_options *options, mc_arena *scratch,
                                 mc_prepared *out, mc_error *err)
{
    double *gram;
    mc_view view = { .n = x->rows, .x = x };

    *out = (mc_prepared){ .n = x->rows };
    if (mc_matrix_is_constant(*x)) {
        mc_prepared_undefined(out, "all %zu rows are equal", x->rows);
        return MC_OK;
    }
    MC_TRY(mc_take_doubles(scratch, x->rows * x->rows, &gram, err));
    MC_TRY(mc_matrix_gram(*x, gram, scratch, err));
    view.gram = gram;
    return mc_similarity_prepare(metric, &view, options, scratch, out, err);
}

static mc_status run_two(const mc_metric *metric, mc_matrix x, mc_matrix y,
                         const mc_metric_options *options, mc_arena *scratch,
                         mc_estimate *estimate, mc_error *err)
{
    mc_prepared a, b;

    MC_TRY(check_operand(metric, y, err));
    if (x.rows != y.rows)
        return mc_fail(err, MC_ERR_ARGUMENT, "both need the same probes in the same order",
                       "one matrix has %zu rows and the other %zu", x.rows, y.rows);
    MC_TRY(prepare_operand(metric, &x, options, scratch, &a, err));
    MC_TRY(prepare_operand(metric, &y, options, scratch, &b, err));
    if (a.reason[0] || b.reason[0]) {
        memcpy(estimate->reason, a.reason[0] ? a.reason : b.reason, sizeof estimate->reason);
        return MC_OK;
    }
    metric->similarity->note(&a, &b, options, estimate->note);
    return mc_similarity_value(metric, &a, &b, NULL, options, scratch, &estimate->value, err);
}

static mc_status run_one(const mc_metric *metric, mc_matrix x, const mc_metric_options *options,
                         mc_arena *scratch, mc_estimate *estimate, mc_error *err)
{
    mc_cloud cloud;

    if (mc_matrix_is_constant(x)) {
        mc_estimate_undefined(estimate, "all %zu rows are equal", x.rows);
        estimate->duplicates = x.rows - 1;
        return MC_OK;
    }
    MC_TRY(mc_cloud_make(&x, scratch, &cloud, err));
    return mc_shape_run(metric, &cloud, options, scratch, estimate, err);
}

mc_status mc_metric_run(const mc_metric *metric, mc_matrix x, const mc_matrix *y,
                        const mc_metric_options *options, mc_estimate *out, mc_error *err)
{
    static const mc_metric_options standard = MC_METRIC_OPTIONS_DEFAULT;
    mc_estimate estimate = { .value = NAN, .low = NAN, .high = NAN, .n = x.rows };
    mc_arena   *scratch;
    mc_status   status;

    if (!options) options = &standard;
    MC_TRY(check_operand(metric, x, err));
    if (metric->operands == 2 && !y)
        return mc_fail(err, MC_ERR_ARGUMENT, "pass a second matrix", "%s compares two matrices",
                       metric->name);
    MC_TRY(mc_arena_create(&scratch, err));
    if (metric->operands == 2)
        status = run_two(metric, x, *y, options, scratch, &estimate, err);
    else
        status = run_one(metric, x, options, scratch, &estimate, err);
    mc_arena_free(scratch);
    if (status == MC_OK) *out = estimate;
    return status;
}
