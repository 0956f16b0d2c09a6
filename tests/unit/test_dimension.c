/* test_dimension.c - estimators against scikit-dimension, DADApy and numpy
 * (tests/oracle/metric_dimension.py), the bias that the literature reports, and duplicates. */
#include <stdlib.h>

#include <modelcypher/geometry.h>

#include "base/checked.h"
#include "geometry/random.h"
#include "geometry/shape.h"
#include "support/check.h"
#include "support/golden_matrix.h"

static mc_estimate estimate_of(const char *row, const char *name, mc_matrix x,
                               const mc_metric_options *options)
{
    mc_estimate estimate;
    mc_error    err = { 0 };

    CHECK_OK(row, mc_metric_run(mc_metric_find(name), x, NULL, options, &estimate, &err));
    return estimate;
}

static const struct {
    const char       *golden, *metric;
    mc_metric_options options;
} variants[] = {
    { "twonn", "twonn", MC_METRIC_OPTIONS_DEFAULT },
    { "twonn (i-1)/N", "twonn", { .twonn_discard = 0.1, .twonn_cdf = MC_CDF_BEFORE_OVER_N } },
    { "twonn i/(N+1)", "twonn", { .twonn_discard = 0.1, .twonn_cdf = MC_CDF_I_OVER_N_PLUS_1 } },
    { "twonn-mle", "twonn-mle", MC_METRIC_OPTIONS_DEFAULT },
    { "mle", "mle", { .mle_neighbours = 10 } },
    { "mle unbiased", "mle", { .mle_neighbours = 10, .mle_unbiased = true } },
    { "participation-ratio", "participation-ratio", MC_METRIC_OPTIONS_DEFAULT },
    { "effective-rank", "effective-rank", MC_METRIC_OPTIONS_DEFAULT },
    { "stable-rank", "stable-rank", MC_METRIC_OPTIONS_DEFAULT },
    { "anisotropy", "anisotropy", { 0 } },
};

static void check_gride(const char *name, mc_matrix x, mc_json_value golden)
{
    const mc_metric     *metric  = mc_metric_find("gride");
    mc_dimension_options options = MC_DIMENSION_OPTIONS_DEFAULT;
    mc_dimension        *dimension;
    mc_error             err = { 0 };
    size_t               at  = 0;

    options.estimators      = &metric;
    options.estimator_count = 1;
    CHECK_OK(name, mc_dimension_compute(&x, 1, NULL, &options, &dimension, &err));
    const mc_dimension_estimate *got = &dimension->layers[0].estimates[0];
    for (mc_json_iter it = mc_json_iterate(golden); mc_json_next(&it); at++) {
        double       want[3] = { 0 };
        mc_json_iter part    = mc_json_iterate(it.value);
        for (size_t k = 0; k < 3 && mc_json_next(&part); k++)
            CHECK(name, mc_json_double(part.value, &want[k]));
        CHECK(name, at < got->scale_count);
        const mc_scale_point *point = &got->scales[at];
        CHECK(name, (double)point->n1 == want[0] && point->n2 == 2 * point->n1);
        CHECK_NEAR(name, point->value, want[1], 1e-7 * want[1]);
        CHECK_NEAR(name, (point->high - point->low) / (2 * 1.959963984540054), want[2],
                   1e-6 * want[2]);
        if (point->n1 == 2) CHECK_NEAR(name, got->estimate.value, want[1], 1e-7 * want[1]);
    }
    CHECK(name, at >= 4);
    mc_dimension_free(dimension);
}

static void estimates_equal_the_reference(void **state)
{
    mc_json     *json  = mc_test_golden("dimension.json");
    mc_json_iter cases = mc_json_iterate(mc_json_get(mc_json_root(json), "cases"));
    size_t       count = 0;

    (void)state;
    for (; mc_json_next(&cases); count++) {
        const mc_matrix     x      = mc_test_matrix(mc_json_get(cases.value, "x"));
        const mc_json_value values = mc_json_get(cases.value, "values");
        const char         *name;
        size_t              size;
        CHECK("name", mc_json_string(mc_json_get(cases.value, "name"), &name, &size));
        for (size_t v = 0; v < MC_ARRAY_LEN(variants); v++) {
            char         row[128];
            const double want = mc_test_number(values, variants[v].golden);
            snprintf(row, sizeof row, "%s: %s", name, variants[v].golden);
            const mc_estimate got =
                estimate_of(row, variants[v].metric, x, &variants[v].options);
            CHECK_NEAR(row, got.value, want, 1e-7 * fmax(fabs(want), 0.01));
            CHECK(row, got.n == x.rows && got.duplicates == 0);
            if (variants[v].options.resamples > 0)
                CHECK(row, got.low < got.value && got.value < got.high);
        }
        const mc_estimate mle = estimate_of(name, "twonn-mle", x, NULL);
        CHECK_NEAR(name, mle.low, mc_test_number(values, "twonn-mle low"), 1e-6 * mle.low);
        CHECK_NEAR(name, mle.high, mc_test_number(values, "twonn-mle high"), 1e-6 * mle.high);
        check_gride(name, x, mc_json_get(values, "gride"));
        free((void *)x.data);
    }
    mc_json_free(json);
    CHECK("golden", count == 7);
}

/* ---- Bias at known dimensions ------------------------------------------------------------ */

/* n points of a standard normal in R^d. */
static mc_matrix normal(uint64_t stream, size_t n, size_t d)
{
    mc_random random = mc_random_init(3, MC_STREAM_DATA, stream);
    float    *data   = malloc(n * d * sizeof *data);

    for (size_t k = 0; k < n * d; k++)
        data[k] = (float)mc_random_normal(&random);
    return (mc_matrix){ data, n, d, d };
}

/* Uniform on the unit sphere in R^cols, or in the ball. */
static mc_matrix round_shape(uint64_t stream, size_t n, size_t cols, bool is_ball)
{
    mc_random       random = mc_random_init(4, MC_STREAM_DATA, stream);
    const mc_matrix x      = normal(stream, n, cols);

    for (size_t i = 0; i < n; i++) {
        float *row  = (float *)x.data + i * cols;
        double norm = 0;
        for (size_t j = 0; j < cols; j++)
            norm += (double)row[j] * row[j];
        const double radius = is_ball ? pow(mc_random_uniform(&random), 1 / (double)cols) : 1;
        for (size_t j = 0; j < cols; j++)
            row[j] = (float)(row[j] * radius / sqrt(norm));
    }
    return x;
}

static mc_matrix ball(uint64_t stream, size_t n, size_t d)
{
    return round_shape(stream, n, d, true);
}

static mc_matrix sphere(uint64_t stream, size_t n, size_t d)
{
    return round_shape(stream, n, d + 1, false);
}

static mc_matrix roll(uint64_t stream, size_t n, size_t d)
{
    mc_random random = mc_random_init(5, MC_STREAM_DATA, stream);
    float    *data   = malloc(n * 3 * sizeof *data);

    (void)d;
    for (size_t i = 0; i < n; i++) {
        const double t  = 4.71238898038469 * (1 + 2 * mc_random_uniform(&random));
        data[3 * i]     = (float)(t * cos(t));
        data[3 * i + 1] = (float)(21 * mc_random_uniform(&random));
        data[3 * i + 2] = (float)(t * sin(t));
    }
    return (mc_matrix){ data, n, 3, 3 };
}

static const struct {
    const char *name;
    mc_matrix (*make)(uint64_t stream, size_t n, size_t d);
} shapes[] = { { "ball", ball }, { "normal", normal }, { "sphere", sphere }, { "roll", roll } };

static const char *const with_bias[] = { "twonn", "twonn-mle", "mle", "gride" };
#define SAMPLES 20

/* The mean of SAMPLES of ours against the mean of theirs: within four standard errors. */
static void check_bias(const char *shape, size_t d, size_t points, mc_json_value theirs)
{
    double got[4] = { 0 };

    for (uint64_t s = 0; s < SAMPLES; s++)
        for (size_t i = 0; i < MC_ARRAY_LEN(shapes); i++) {
            if (strcmp(shapes[i].name, shape) != 0) continue;
            const mc_matrix x = shapes[i].make(d * 1000 + s, points, d);
            for (size_t e = 0; e < 4; e++)
                got[e] += estimate_of(shape, with_bias[e], x, NULL).value / SAMPLES;
            free((void *)x.data);
        }
    for (size_t e = 0; e < 4; e++) {
        double       want[2] = { 0 };
        mc_json_iter part    = mc_json_iterate(mc_json_get(theirs, with_bias[e]));
        char         row[64];
        for (size_t k = 0; k < 2 && mc_json_next(&part); k++)
            CHECK(shape, mc_json_double(part.value, &want[k]));
        snprintf(row, sizeof row, "%s of dimension %zu: %s", shape, d, with_bias[e]);
        CHECK_NEAR(row, got[e], want[0], 4 * want[1] * sqrt(1.0 / SAMPLES + 1.0 / 200));
    }
}

/* As scikit-dimension's TwoNN and MLE and DADApy's likelihoods on shapes of known dimension
 * (tests/oracle/metric_bias.py): the bias that Facco et al. 2017 (fig. 2), Levina & Bickel 2004
 * (sec. 4) and Denti et al. 2022 (sec. 3) report. At 20 it is a quarter to a third, which is
 * why there is a curve. */
static void bias_is_that_of_the_reference(void **state)
{
    mc_json      *json = mc_test_golden("bias.json");
    mc_json_value root = mc_json_root(json);
    const size_t  n    = (size_t)mc_test_number(root, "points");
    size_t        rows = 0;

    (void)state;
    for (mc_json_iter it = mc_json_iterate(mc_json_get(root, "shapes")); mc_json_next(&it);) {
        const size_t d = (size_t)mc_test_number(it.value, "dimension");
        const char  *text;
        size_t       size;
        char         shape[16];
        CHECK("shape", mc_json_string(mc_json_get(it.value, "shape"), &text, &size));
        snprintf(shape, sizeof shape, "%.*s", (int)size, text);
        check_bias(shape, d, n, mc_json_get(it.value, "estimates"));
        rows++;
    }
    CHECK("shapes", rows == 9);
    mc_json_free(json);
}

/* The chi-square interval of twonn-mle covers a dimension of 2 (95 % of 20, less chance), and
 * never one of 20. */
static void intervals_cover_what_they_should(void **state)
{
    size_t covered[2] = { 0 };

    (void)state;
    for (uint64_t s = 0; s < 20; s++)
        for (size_t k = 0; k < 2; k++) {
            const size_t      d   = k ? 20 : 2;
            const mc_matrix   x   = ball(d * 100 + s, 343, d);
            const mc_estimate got = estimate_of("ball", "twonn-mle", x, NULL);
            covered[k] += got.low <= (double)d && (double)d <= got.high;
            free((void *)x.data);
        }
    CHECK("dimension 2", covered[0] >= 16);
    CHECK("dimension 20", covered[1] == 0);
}

/* A true dimension above what the probes can show makes the curve fall with fewer probes. */
static void the_curve_falls_where_probes_are_too_few(void **state)
{
    const mc_metric     *metric  = mc_metric_find("mle");
    mc_dimension_options options = MC_DIMENSION_OPTIONS_DEFAULT;
    const mc_matrix      x       = ball(7, 344, 20);
    mc_dimension        *dimension;
    mc_error             err = { 0 };

    (void)state;
    options.estimators      = &metric;
    options.estimator_count = 1;
    CHECK_OK("curve", mc_dimension_compute(&x, 1, NULL, &options, &dimension, &err));
    const mc_dimension_estimate *got = &dimension->layers[0].estimates[0];
    CHECK("sizes", got->curve_count == 3 && got->curve[0].n == 344 && got->curve[1].n == 172 &&
                       got->curve[2].n == 86);
    CHECK("falls",
          got->curve[0].mean > got->curve[1].mean && got->curve[1].mean > got->curve[2].mean);
    CHECK("spread", got->curve[1].sd > 0 && isnan(got->curve[0].sd));
    mc_dimension_free(dimension);
    free((void *)x.data);
}

/* Duplicates are counted and taken once: the estimate is that of the distinct points. */
static void duplicates_are_taken_once(void **state)
{
    const mc_matrix x     = ball(1, 60, 3);
    float          *twice = malloc(70 * 3 * sizeof *twice);

    (void)state;
    memcpy(twice, x.data, 60 * 3 * sizeof *twice);
    memcpy(twice + 60 * 3, x.data, 10 * 3 * sizeof *twice);
    const mc_matrix y = { twice, 70, 3, 3 };
    for (size_t m = 0; m < mc_metric_count(); m++) {
        const mc_metric *metric = mc_metric_get(m);
        if (metric->operands != 1) continue;
        const mc_estimate one = estimate_of(metric->name, metric->name, x, NULL);
        const mc_estimate two = estimate_of(metric->name, metric->name, y, NULL);
        CHECK(metric->name, one.duplicates == 0 && two.duplicates == 10);
        if (two.n == 70) continue; /* spectral: all rows count */
        CHECK(metric->name, two.n == 60);
        CHECK_NEAR(metric->name, two.value, one.value, 1e-9);
    }
    free(twice);
    free((void *)x.data);
}

static const char *const probe_names[] = { "p0", "p1", "p2", "p3", "p4",  "p5",
                                           "p6", "p7", "p8", "p9", "p10", "p11" };

static void one_layer_undefined(void **state)
{
    float         bad[12 * 2] = { 0 }, same[12 * 2], few[12 * 2];
    mc_matrix     x           = ball(2, 12, 2);
    mc_dimension *dimension;
    mc_error      err = { 0 };

    (void)state;
    bad[2 * 4 + 1] = NAN;
    for (size_t i = 0; i < 24; i++) {
        same[i] = 5;
        few[i]  = i < 18 ? 1 : (float)i;
    }
    const mc_matrix layers[] = { x, { bad, 12, 2, 2 }, { same, 12, 2, 2 }, { few, 12, 2, 2 } };
    CHECK_OK("layers", mc_dimension_compute(layers, 4, probe_names, NULL, &dimension, &err));
    CHECK("good", dimension->layers[0].reason == NULL);
    CHECK("good", dimension->layers[0].estimates[0].estimate.value > 0);
    CHECK("nan", strstr(dimension->layers[1].reason, "'p4', unit 1 is") != NULL);
    CHECK("constant", strstr(dimension->layers[2].reason, "same state") != NULL);
    CHECK("duplicates",
          dimension->layers[3].reason == NULL && dimension->layers[3].distinct == 4);
    for (size_t e = 0; e < dimension->estimator_count; e++) {
        const mc_estimate *got = &dimension->layers[3].estimates[e].estimate;
        CHECK(dimension->layers[3].estimates[e].metric->name,
              isnan(got->value) == !!got->reason[0]);
    }
    CHECK("few",
          strstr(dimension->layers[3].estimates[0].estimate.reason, "4 distinct") != NULL);
    mc_dimension_free(dimension);
    free((void *)x.data);
}

/* A metric that is no estimator of dimension is refused. */
static void other_metrics_are_refused(void **state)
{
    const mc_matrix      x       = ball(1, 40, 3);
    mc_dimension_options options = MC_DIMENSION_OPTIONS_DEFAULT;
    mc_dimension        *got     = NULL;

    (void)state;
    for (size_t m = 0; m < mc_metric_count(); m++) {
        const mc_metric *metric    = mc_metric_get(m);
        mc_error         err       = { 0 };
        const bool       estimates = metric->operands == 1 && metric->shape->is_dimension;
        options.estimators         = &metric;
        options.estimator_count    = 1;
        const mc_status status     = mc_dimension_compute(&x, 1, NULL, &options, &got, &err);
        CHECK(metric->name, status == (estimates ? MC_OK : MC_ERR_ARGUMENT));
        if (estimates)
            mc_dimension_free(got);
        else
            CHECK(metric->name, strstr(err.reason, "does not estimate a dimension") != NULL);
    }
    free((void *)x.data);
}

static void same_for_any_threads(void **state)
{
    mc_matrix            layers[5];
    mc_dimension        *one, *three;
    mc_dimension_options options = MC_DIMENSION_OPTIONS_DEFAULT;
    mc_error             err     = { 0 };

    (void)state;
    for (size_t l = 0; l < 5; l++)
        layers[l] = ball(20 + l, 60, 3 + l);
    options.threads = 1;
    CHECK_OK("1", mc_dimension_compute(layers, 5, NULL, &options, &one, &err));
    options.threads = 3;
    CHECK_OK("3", mc_dimension_compute(layers, 5, NULL, &options, &three, &err));
    for (size_t l = 0; l < 5; l++)
        for (size_t e = 0; e < one->estimator_count; e++) {
            const mc_dimension_estimate *a = &one->layers[l].estimates[e];
            const mc_dimension_estimate *b = &three->layers[l].estimates[e];
            CHECK(a->metric->name, a->estimate.value == b->estimate.value &&
                                       a->curve[1].mean == b->curve[1].mean);
            CHECK(a->metric->name, memcmp(&a->estimate.low, &b->estimate.low, 16) == 0);
        }
    mc_dimension_free(one);
    mc_dimension_free(three);
    for (size_t l = 0; l < 5; l++)
        free((void *)layers[l].data);
}

static void profiles_find_the_massive_unit(void **state)
{
    mc_matrix        layers[2] = { ball(50, 80, 6), { (const float[12]){ 0 }, 4, 3, 3 } };
    mc_layer_profile got[2];
    mc_error         err    = { 0 };
    float           *spiked = malloc(80 * 6 * sizeof *spiked);
    double           share  = 0;

    (void)state;
    memcpy(spiked, layers[0].data, 80 * 6 * sizeof *spiked);
    spiked[17 * 6 + 4] = 5000;
    layers[0].data     = (free((void *)layers[0].data), spiked);
    CHECK_OK("profiles", mc_layer_profiles(layers, 2, NULL, 1, got, &err));
    CHECK("constant", strstr(got[1].reason, "same state") != NULL);
    CHECK("massive", got[0].massive_count == 1 && got[0].units[0].unit == 4 &&
                         got[0].units[0].largest_probe == 17 && got[0].units[0].is_massive);
    CHECK("least typical", got[0].least_typical[0].probe == 17);
    CHECK_NEAR("least typical", got[0].least_typical[0].distance, sqrt(79), 1e-3);
    CHECK("most typical", got[0].most_typical[0].distance <= got[0].most_typical[1].distance);
    for (size_t k = 0; k < got[0].spectrum_count; k++)
        share += got[0].spectrum[k];
    CHECK_NEAR("spectrum", share, 1, 1e-12);
    CHECK_NEAR("norms", got[0].norm_most, 5000, 1e-3);
    CHECK("directions", got[0].directions_half == 1 && got[0].directions_99 == 1);
    CHECK_NEAR("centred", got[0].anisotropy_centred, 0, 1);
    free(spiked);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(estimates_equal_the_reference),
        cmocka_unit_test(bias_is_that_of_the_reference),
        cmocka_unit_test(intervals_cover_what_they_should),
        cmocka_unit_test(the_curve_falls_where_probes_are_too_few),
        cmocka_unit_test(duplicates_are_taken_once),
        cmocka_unit_test(one_layer_undefined),
        cmocka_unit_test(other_metrics_are_refused),
        cmocka_unit_test(same_for_any_threads),
        cmocka_unit_test(profiles_find_the_massive_unit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
