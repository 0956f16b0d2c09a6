/* test_similarity.c - the two-operand metrics against independent implementations
 * (tests/oracle/metric_similarity.py), their invariances, and what they refuse. */
#include <stdlib.h>

#include <modelcypher/geometry.h>

#include "base/checked.h"
#include "geometry/random.h"
#include "support/check.h"
#include "support/golden_matrix.h"

static double value_of(const char *row, const char *name, mc_matrix x, mc_matrix y)
{
    mc_estimate      estimate;
    mc_error         err    = { 0 };
    const mc_metric *metric = mc_metric_find(name);

    CHECK(name, metric != NULL);
    CHECK_OK(row, mc_metric_run(metric, x, &y, NULL, &estimate, &err));
    if (estimate.reason[0]) fail_msg("%s: %s: %s", row, name, estimate.reason);
    return estimate.value;
}

static void values_equal_the_reference(void **state)
{
    mc_json     *json  = mc_test_golden("similarity.json");
    mc_json_iter cases = mc_json_iterate(mc_json_get(mc_json_root(json), "cases"));
    size_t       count = 0;

    (void)state;
    while (mc_json_next(&cases)) {
        const mc_matrix x = mc_test_matrix(mc_json_get(cases.value, "x"));
        const mc_matrix y = mc_test_matrix(mc_json_get(cases.value, "y"));
        const char     *name;
        size_t          size;
        mc_json_iter    values = mc_json_iterate(mc_json_get(cases.value, "values"));
        CHECK("name", mc_json_string(mc_json_get(cases.value, "name"), &name, &size));
        for (; mc_json_next(&values); count++) {
            char   row[128];
            double want;
            CHECK(name, mc_json_double(values.value, &want));
            snprintf(row, sizeof row, "%s: %s", name, values.key);
            CHECK_NEAR(row, value_of(row, values.key, x, y), want, 1e-7 * (1 + fabs(want)));
        }
        free((void *)x.data);
        free((void *)y.data);
    }
    mc_json_free(json);
    CHECK("golden", count == 50); /* ten metrics, five pairs */
}

/* Columns with the given scale and offset; half of the columns of y are those of x. */
static mc_matrix sample(uint64_t stream, size_t rows, size_t cols, float scale, float offset)
{
    mc_random random = mc_random_init(11, MC_STREAM_DATA, stream);
    float    *data   = malloc(rows * cols * sizeof *data);

    for (size_t k = 0; k < rows * cols; k++)
        data[k] = (float)mc_random_normal(&random) * scale + offset;
    return (mc_matrix){ data, rows, cols, cols };
}

/* A similarity is symmetric, blind to offset and scale, and to a common order of the probes. */
static void side_offset_scale_and_order_do_not_matter(void **state)
{
    const mc_matrix x = sample(1, 50, 7, 1, 0), y = sample(2, 50, 11, 1, 0);
    float *moved = malloc(50 * 7 * sizeof *moved), *order = malloc(50 * 18 * sizeof *order);

    (void)state;
    for (size_t i = 0; i < 50; i++) {
        for (size_t j = 0; j < 7; j++)
            moved[i * 7 + j] = 4 * x.data[i * 7 + j] + 64;
        memcpy(order + i * 18, x.data + (i + 20) % 50 * 7, 7 * sizeof *order);
        memcpy(order + i * 18 + 7, y.data + (i + 20) % 50 * 11, 11 * sizeof *order);
    }
    const mc_matrix shifted = { moved, 50, 7, 7 };
    const mc_matrix left = { order, 50, 7, 18 }, right = { order + 7, 50, 11, 18 };
    for (size_t m = 0; m < mc_metric_count(); m++) {
        const mc_metric *metric = mc_metric_get(m);
        if (metric->operands != 2) continue;
        const double value = value_of(metric->name, metric->name, x, y);
        /* The masked kernels of cknna are not symmetric, and neither are its authors' sums. */
        CHECK_NEAR(metric->name, value_of("swapped", metric->name, y, x), value,
                   strcmp(metric->name, "cknna") == 0 ? 1e-3 : 1e-9);
        CHECK_NEAR(metric->name, value_of("moved", metric->name, shifted, y), value, 2e-5);
        CHECK(metric->name, value >= metric->range[0] && value <= metric->range[1]);
        /* Held-out folds depend on the order; these two are narrow, so nothing is held out. */
        CHECK_NEAR(metric->name, value_of("order", metric->name, left, right), value, 1e-9);
        CHECK_NEAR(metric->name, value_of("itself", metric->name, x, x),
                   metric->is_distance ? 0 : 1, 1e-12);
        CHECK_NEAR(metric->name, value_of("itself moved", metric->name, x, shifted),
                   metric->is_distance ? 0 : 1, 1e-5);
    }
    free(moved);
    free(order);
    free((void *)x.data);
    free((void *)y.data);
}

/* On a line all cosines are 1 or -1: both layers rank all pairs alike, whatever their values.
 */
static void ties_are_not_broken_by_rounding(void **state)
{
    static const char *const of_cosines[] = { "rsa", "mutual-knn", "cknna" };
    const mc_matrix          x = sample(3, 50, 1, 0.1F, 1), y = sample(4, 50, 1, 0.2F, 3);

    (void)state;
    for (size_t i = 0; i < 50; i += 2) {
        ((float *)x.data)[i] *= -1;
        ((float *)y.data)[i] *= -1;
    }
    for (size_t m = 0; m < MC_ARRAY_LEN(of_cosines); m++)
        CHECK_NEAR(of_cosines[m], value_of("a line", of_cosines[m], x, y), 1, 1e-12);
    free((void *)x.data);
    free((void *)y.data);
}

static const float axes[]    = { 1, 0, 0, 1, -1, 0, 0, -1 };
static const float flat[]    = { 3, 3, 3, 3, 3, 3, 3, 3 };
static const float broken[]  = { 1, 0, 0, 1, -1, NAN, 0, -1 };
static const float endless[] = { 1, 0, 0, INFINITY, -1, 0, 0, -1 };

static const struct {
    const char *name;
    mc_matrix   x, y;
    mc_status   status;
    const char *says; /* part of the error's or the estimate's reason */
} refusals[] = {
    { "constant", { axes, 4, 2, 2 }, { flat, 4, 2, 2 }, MC_OK, "all 4 rows are equal" },
    { "probe counts differ", { axes, 4, 2, 2 }, { axes, 2, 4, 4 }, MC_ERR_ARGUMENT, "2 rows" },
    { "not a number",
      { axes, 4, 2, 2 },
      { broken, 4, 2, 2 },
      MC_ERR_ARGUMENT,
      "row 2, column 1" },
    { "infinite", { endless, 4, 2, 2 }, { axes, 4, 2, 2 }, MC_ERR_ARGUMENT, "row 1, column 1" },
    { "no columns", { axes, 4, 0, 0 }, { axes, 4, 2, 2 }, MC_ERR_ARGUMENT, "0 columns" },
    { "stride too short", { axes, 4, 2, 1 }, { axes, 4, 2, 2 }, MC_ERR_ARGUMENT, "stride 1" },
};

static void matrices_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < MC_ARRAY_LEN(refusals); i++) {
        mc_estimate     estimate = { .value = 7 };
        mc_error        err      = { 0 };
        const mc_status status   = mc_metric_run(mc_metric_find("cka"), refusals[i].x,
                                                 &refusals[i].y, NULL, &estimate, &err);
        CHECK(refusals[i].name, status == refusals[i].status);
        const char *reason = status == MC_OK ? estimate.reason : err.reason;
        if (!strstr(reason, refusals[i].says))
            fail_msg("%s: says '%s', not '%s'", refusals[i].name, reason, refusals[i].says);
        CHECK(refusals[i].name, status == MC_OK ? isnan(estimate.value) : estimate.value == 7);
    }
}

/* ---- Layers that are none ---------------------------------------------------------------- */

typedef enum outcome {
    UNDEFINED, /* NaN and a reason */
    REFUSED,   /* an error that names the place */
    HONEST     /* a finite number, or NaN and a reason */
} outcome;

static void make_constant(float *row, size_t i)
{
    (void)i;
    row[0] = 3, row[1] = -2;
}

static void make_two_distinct(float *row, size_t i)
{
    if (i % 2) row[0] = 1, row[1] = 4;
    if (i % 2 == 0) row[0] = row[1] = -1;
}

static void make_one_apart(float *row, size_t i)
{
    row[0] = row[1] = i == 11 ? 5.0F : 1.0F;
}

/* Rows 15 to 29 repeat 0 to 14, whose values are in place. */
static void make_duplicates(float *row, size_t i)
{
    if (i >= 15) memcpy(row, row - 30, 2 * sizeof *row);
}

static void make_nan(float *row, size_t i)
{
    if (i == 7) row[1] = NAN;
}

static void make_infinite(float *row, size_t i)
{
    if (i == 7) row[1] = -INFINITY;
}

static void make_huge(float *row, size_t i)
{
    row[0] *= i == 7 ? 1e30F : 1e18F;
}

static void make_tiny(float *row, size_t i)
{
    (void)i;
    row[0] *= 1e-30F, row[1] *= 1e-30F;
}

static void leave_alone(float *row, size_t i)
{
    (void)row, (void)i;
}

static const struct {
    const char *name;
    size_t      rows;
    void (*make)(float *row, size_t i); /* from normal numbers */
    outcome     outcome;
    const char *says;
} layers[] = {
    { "constant", 30, make_constant, UNDEFINED, "equal" },
    { "two distinct states", 30, make_two_distinct, HONEST, "" },
    { "all but one equal", 30, make_one_apart, HONEST, "" },
    { "every state twice", 30, make_duplicates, HONEST, "" },
    { "not a number", 30, make_nan, REFUSED, "row 7, column 1" },
    { "infinite", 30, make_infinite, REFUSED, "row 7, column 1" },
    { "huge", 30, make_huge, HONEST, "" },
    { "tiny", 30, make_tiny, HONEST, "" },
    { "one probe", 1, leave_alone, REFUSED, "needs at least" },
    { "five probes", 5, leave_alone, HONEST, "" },
};

static void check_outcome(const char *row, size_t l, mc_status status, const mc_estimate *got,
                          const mc_error *err)
{
    if (layers[l].outcome == REFUSED || status != MC_OK) {
        CHECK(row, status == MC_ERR_ARGUMENT);
        CHECK(row, strstr(err->reason, layers[l].says) != NULL && err->reason[0]);
        CHECK(row, got->value == 7); /* left alone */
        return;
    }
    CHECK(row, isnan(got->value) == (got->reason[0] != '\0'));
    CHECK(row, isnan(got->value) || isfinite(got->value));
    CHECK(row, isnan(got->low) == isnan(got->high) && !isinf(got->low) && !isinf(got->high));
    CHECK(row, isnan(got->low) || !isnan(got->value));
    if (layers[l].outcome == UNDEFINED)
        CHECK(row, isnan(got->value) && strstr(got->reason, layers[l].says) != NULL);
}

/* Every metric on every kind of layer, as x and as y: null with its reason or a clear error,
 * never a NaN without a word, never a number from nothing. */
static void undefined_values_have_their_reason(void **state)
{
    (void)state;
    for (size_t l = 0; l < MC_ARRAY_LEN(layers); l++) {
        const mc_matrix odd  = sample(5, layers[l].rows, 2, 1, 0);
        const mc_matrix good = sample(6, layers[l].rows, 3, 1, 0);
        for (size_t i = 0; i < layers[l].rows; i++)
            layers[l].make((float *)odd.data + 2 * i, i);
        for (size_t m = 0; m < mc_metric_count(); m++)
            for (int turned = 0; turned < mc_metric_get(m)->operands; turned++) {
                const mc_matrix *x = turned ? &good : &odd, *y = turned ? &odd : &good;
                mc_estimate      got = { .value = 7 };
                mc_error         err = { 0 };
                char             row[96];
                snprintf(row, sizeof row, "%s: %s", mc_metric_get(m)->name, layers[l].name);
                const mc_status status =
                    mc_metric_run(mc_metric_get(m), *x, y, NULL, &got, &err);
                check_outcome(row, l, status, &got, &err);
            }
        free((void *)odd.data);
        free((void *)good.data);
    }
}

static void the_table_is_consistent(void **state)
{
    (void)state;
    for (size_t m = 0; m < mc_metric_count(); m++) {
        const mc_metric *metric = mc_metric_get(m);
        CHECK(metric->name, mc_metric_find(metric->name) == metric);
        CHECK(metric->name, metric->summary[0] && metric->convention[0] && metric->citation[0]);
        CHECK(metric->name, metric->operands == 1 ? metric->shape && !metric->similarity
                                                  : metric->similarity && !metric->shape);
        CHECK(metric->name, metric->range[0] < metric->range[1] && metric->rows_least >= 2);
    }
    CHECK("end", mc_metric_get(mc_metric_count()) == NULL);
    CHECK("unknown", mc_metric_find("cka-linear") == NULL);
    CHECK("nearest", mc_metric_nearest("ckka") == mc_metric_find("cka"));
}

static void known_answers_come_out(void **state)
{
    mc_selftest *test;
    mc_error     err = { 0 };

    (void)state;
    CHECK_OK("selftest", mc_geometry_selftest(&test, &err));
    for (size_t i = 0; i < test->count; i++)
        CHECK_NEAR(test->rows[i].name, test->rows[i].measured, test->rows[i].expected,
                   test->rows[i].bound);
    CHECK("failed", test->failed == 0);
    for (size_t m = 0; m < mc_metric_count(); m++) {
        bool covered = false;
        for (size_t i = 0; i < test->count; i++)
            covered = covered || strcmp(test->rows[i].metric, mc_metric_get(m)->name) == 0;
        CHECK(mc_metric_get(m)->name, covered);
    }
    mc_selftest_free(test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_equal_the_reference),
        cmocka_unit_test(side_offset_scale_and_order_do_not_matter),
        cmocka_unit_test(ties_are_not_broken_by_rounding),
        cmocka_unit_test(matrices_that_do_not_fit_are_refused),
        cmocka_unit_test(undefined_values_have_their_reason),
        cmocka_unit_test(the_table_is_consistent),
        cmocka_unit_test(known_answers_come_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
