/* selftest.c - known answers: what every metric must say about data whose answer is known
 * without it.
 *
 * Most data are columns of a Hadamard matrix, h_k(i) = (-1)^popcount(i & k): centred, mutually
 * orthogonal and made of +1 and -1, so that inputs are exact in float32 and the expected values
 * are closed forms. Random data come from a fixed seed, with bounds from sampling theory. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "geometry/matrix.h"
#include "geometry/metric_list.h"
#include "geometry/random.h"
#include "geometry/statistics.h"

#define ROWS_MOST 80
#define N 32 /* of the Hadamard matrix */

typedef struct examiner {
    mc_selftest *test;
    mc_arena    *scratch;
    mc_error    *err;
    mc_status    status;
} examiner;

static void add(examiner *e, const mc_metric *metric, const char *name, double expected,
                double measured, double bound, const char *source)
{
    mc_selftest_row *row = &e->test->rows[e->test->count];

    if (e->test->count == ROWS_MOST) return;
    *row = (mc_selftest_row){ .metric   = metric ? metric->name : "statistics",
                              .expected = expected,
                              .measured = measured,
                              .bound    = bound,
                              .source   = source };
    snprintf(row->name, sizeof row->name, "%s", name);
    row->passed = fabs(measured - expected) <= bound;
    e->test->count++;
    e->test->failed += !row->passed;
}

/* A rows x cols matrix of zeros that lives until the end of the test. */
static float *zeros(examiner *e, size_t rows, size_t cols)
{
    float *data = NULL;

    if (e->status == MC_OK) e->status = mc_take_floats(e->scratch, rows * cols, &data, e->err);
    if (data) memset(data, 0, rows * cols * sizeof *data);
    return data;
}

static float hadamard(size_t i, size_t k)
{
    size_t bits = i & k, odd = 0;

    for (; bits; bits >>= 1)
        odd ^= bits & 1;
    return odd ? -1.0F : 1.0F;
}

/* Column j of out is a_j h_(2j+1) + b_j h_(2j+2). */
static mc_matrix mix(examiner *e, size_t cols, const float *a, const float *b)
{
    float *data = zeros(e, N, cols);

    for (size_t i = 0; data && i < N; i++)
        for (size_t j = 0; j < cols; j++)
            data[i * cols + j] = a[j] * hadamard(i, 2 * j + 1) + b[j] * hadamard(i, 2 * j + 2);
    return (mc_matrix){ data, N, cols, cols };
}

static mc_matrix normal(examiner *e, size_t rows, size_t cols, uint64_t stream)
{
    mc_random random = mc_random_init(7, MC_STREAM_DATA, stream);
    float    *data   = zeros(e, rows, cols);

    for (size_t k = 0; data && k < rows * cols; k++)
        data[k] = (float)mc_random_normal(&random);
    return (mc_matrix){ data, rows, cols, cols };
}

static double run(examiner *e, const mc_metric *metric, mc_matrix x, const mc_matrix *y,
                  const mc_metric_options *options)
{
    mc_estimate estimate = { .value = NAN };

    if (e->status == MC_OK) e->status = mc_metric_run(metric, x, y, options, &estimate, e->err);
    return estimate.value;
}

/* x turned in the plane of columns 0 and 1 by the 3-4-5 triangle, times 2: exact. */
static mc_matrix turned(examiner *e, mc_matrix x)
{
    float *data = zeros(e, x.rows, x.cols);

    for (size_t i = 0; data && i < x.rows; i++) {
        const float *from = x.data + i * x.stride;
        float       *to   = data + i * x.cols;
        for (size_t j = 0; j < x.cols; j++)
            to[j] = 10 * from[j];
        to[0] = 6 * from[0] - 8 * from[1];
        to[1] = 8 * from[0] + 6 * from[1];
    }
    return (mc_matrix){ data, x.rows, x.cols, x.cols };
}

/* ---- Similarities ------------------------------------------------------------------------ */

/* HSIC_1 (times n (n - 3)) of x x^T and y y^T for centred vectors. */
static double hsic_of_lines(double n, double xy, double xx, double yy, double xxyy)
{
    return xy * xy - xxyy + xx * yy / ((n - 1) * (n - 2)) - 2 * xxyy / (n - 2);
}

static void test_cka(examiner *e)
{
    const double    n  = N;
    const mc_matrix x  = mix(e, 1, (float[]){ 1 }, (float[]){ 0 });
    const mc_matrix y  = mix(e, 1, (float[]){ 3 }, (float[]){ 4 });
    const double    xy = hsic_of_lines(n, 3 * n, n, 25 * n, 25 * n);
    const double    xx = hsic_of_lines(n, n, n, n, n);
    const double    yy = hsic_of_lines(n, 25 * n, 25 * n, 25 * n, 1201 * n);

    add(e, &mc_metric_cka, "correlated lines, r = 3/5", xy / sqrt(xx * yy),
        run(e, &mc_metric_cka, x, &y, NULL), 1e-12, "closed form of Song et al. 2012, eq. 5");
    add(e, &mc_metric_cka_biased, "correlated lines, r = 3/5: r^2", 0.36,
        run(e, &mc_metric_cka_biased, x, &y, NULL), 1e-12, "Kornblith et al. 2019, sec. 3");
}

static void test_unbiased(examiner *e)
{
    double biased = 0, debiased = 0;

    for (uint64_t draw = 0; draw < 4; draw++) {
        const mc_matrix x = normal(e, 343, 896, 10 + 2 * draw);
        const mc_matrix y = normal(e, 343, 896, 11 + 2 * draw);
        biased += run(e, &mc_metric_cka_biased, x, &y, NULL) / 4;
        debiased += run(e, &mc_metric_cka, x, &y, NULL) / 4;
    }
    add(e, &mc_metric_cka, "independent data, 343 x 896: 0", 0, debiased, 0.01,
        "unbiasedness: Song et al. 2012, theorem 5");
    add(e, &mc_metric_cka_biased, "independent data, 343 x 896: the floor", 896.0 / (896 + 342),
        biased, 0.01, "sqrt(p q / ((p + n - 1) (q + n - 1)))");
}

/* Davari et al.: move a share rho of the probes far away. The biased CKA with the original
 * tends to rho (1 - rho) |m_S - m_rest|^2 / E|x|^2 sqrt(participation ratio). Here S is where
 * h_1 = 1, so m_S - m_rest = 2 a_1 in the first column. */
static void test_translation(examiner *e)
{
    const mc_matrix x     = mix(e, 3, (float[]){ 3, 2, 1 }, (float[]){ 0, 0, 0 });
    float          *moved = zeros(e, N, 4);
    const double    ratio = (9.0 + 4 + 1) * (9 + 4 + 1) / (81 + 16 + 1);

    if (!moved || !x.data) return;
    for (size_t i = 0; i < N; i++) {
        memcpy(moved + 4 * i, x.data + 3 * i, 3 * sizeof *moved);
        moved[4 * i + 3] = hadamard(i, 1) > 0 ? 1e6F : 0.0F;
    }
    const mc_matrix y = { moved, N, 4, 4 };
    add(e, &mc_metric_cka_biased, "half of the probes moved far away",
        0.25 * 36 / 14 * sqrt(ratio), run(e, &mc_metric_cka_biased, x, &y, NULL), 1e-9,
        "Davari et al. 2023, arXiv:2210.16156, theorem 1");
}

/* Every similarity of a layer with itself, turned and scaled. */
static void test_invariance(examiner *e)
{
    const mc_matrix x = normal(e, 64, 12, 1), y = turned(e, x);

    if (!y.data) return;
    for (size_t m = 0; m < mc_metric_count(); m++) {
        const mc_metric *metric = mc_metric_get(m);
        char             name[96];
        if (metric->operands != 2) continue;
        snprintf(name, sizeof name, "itself, rotated and scaled: %d",
                 metric->is_distance ? 0 : 1);
        /* pwcca weighs coordinates, and a square root near zero halves the digits. */
        add(e, metric, name, metric->is_distance ? 0 : 1, run(e, metric, x, &y, NULL),
            metric->is_distance ? 1e-6 : 1e-9, "invariance to rotation and isotropic scaling");
    }
}

/* A circle against the same circle walked in steps of 7: neighbours at +-1, +-2 against +-3,
 * +-6 of 20 have nothing in common; against itself everything. */
static void test_neighbours(examiner *e)
{
    const mc_metric_options options = { .neighbours = 4, .folds = 5 };
    float                  *one = zeros(e, 20, 2), *seven = zeros(e, 20, 2);

    if (!one || !seven) return;
    for (size_t i = 0; i < 20; i++) {
        const double turn = 6.283185307179586 / 20;
        one[2 * i]        = (float)cos(turn * (double)i);
        one[2 * i + 1]    = (float)sin(turn * (double)i);
        seven[2 * i]      = (float)cos(turn * (double)(7 * i));
        seven[2 * i + 1]  = (float)sin(turn * (double)(7 * i));
    }
    const mc_matrix x = { one, 20, 2, 2 }, y = { seven, 20, 2, 2 };
    add(e, &mc_metric_mutual_knn, "circle walked in steps of 7: no common neighbour", 0,
        run(e, &mc_metric_mutual_knn, x, &y, &options), 0, "arithmetic modulo 20");
    add(e, &mc_metric_cknna, "circle walked in steps of 7: no common neighbour", 0,
        run(e, &mc_metric_cknna, x, &y, &options), 0, "arithmetic modulo 20");
}

/* Four points on a cross and the same four in another order: the condensed distances are
 * 1 2 1 1 2 1 and 2 1 1 1 1 2, whose average ranks correlate by -6 / 12. */
static void test_rsa(examiner *e)
{
    static const float a[] = { 1, 0, 0, 1, -1, 0, 0, -1 }, b[] = { 1, 1, -1, -1, -1, 1, 1, -1 };
    const mc_matrix    x = { a, 4, 2, 2 }, y = { b, 4, 2, 2 };

    add(e, &mc_metric_rsa, "four points in another order, ties: -1/2", -0.5,
        run(e, &mc_metric_rsa, x, &y, NULL), 1e-12,
        "Spearman 1904 with average ranks, by hand");
}

static void test_procrustes(examiner *e)
{
    const mc_matrix x      = mix(e, 2, (float[]){ 3, 4 }, (float[]){ 0, 0 });
    const mc_matrix y      = mix(e, 2, (float[]){ 5, 12 }, (float[]){ 0, 0 });
    const mc_matrix z      = mix(e, 3, (float[]){ 1, 1, 1 }, (float[]){ 1, 0, 2 });
    const double    xy     = run(e, &mc_metric_procrustes, x, &y, NULL);
    const double    xz     = run(e, &mc_metric_procrustes, x, &z, NULL);
    const double    yz     = run(e, &mc_metric_procrustes, y, &z, NULL);
    const double    excess = xz - (xy + yz);

    add(e, &mc_metric_procrustes, "same axes, other lengths", sqrt(2 - 2 * (15.0 + 48) / 65),
        xy, 1e-9, "sqrt(2 - 2 sum a_i b_i), von Neumann 1937");
    add(e, &mc_metric_procrustes, "triangle inequality: excess over it", 0,
        excess > 0 ? excess : 0, 1e-12, "a metric: Williams et al. 2021, theorem 1");
}

/* Planted canonical correlations 3/5, 5/13, 8/17 from Pythagorean triples. */
static void test_canonical(examiner *e)
{
    const mc_matrix x     = mix(e, 3, (float[]){ 4, 2, 1 }, (float[]){ 0, 0, 0 });
    const mc_matrix y     = mix(e, 3, (float[]){ 3, 5, 8 }, (float[]){ 4, 12, 15 });
    const double    r[3]  = { 3.0 / 5, 5.0 / 13, 8.0 / 17 };
    const double    plain = (r[0] + r[1] + r[2]) / 3;

    add(e, &mc_metric_cca, "planted 3/5, 5/13, 8/17: their mean", plain,
        run(e, &mc_metric_cca, x, &y, NULL), 1e-9, "Hotelling 1936");
    add(e, &mc_metric_svcca, "planted 3/5, 5/13, 8/17: their mean", plain,
        run(e, &mc_metric_svcca, x, &y, NULL), 1e-9, "Raghu et al. 2017; all within 99 %");
    add(e, &mc_metric_pwcca, "planted, weights 4 : 2 : 1", (4 * r[0] + 2 * r[1] + r[2]) / 7,
        run(e, &mc_metric_pwcca, x, &y, NULL), 1e-9, "Morcos et al. 2018, eq. 4");
}

static void test_held_out(examiner *e)
{
    const mc_matrix x = normal(e, 200, 300, 30), y = normal(e, 200, 300, 31);

    add(e, &mc_metric_cca, "independent, more directions than probes: held-out 0", 0,
        run(e, &mc_metric_cca, x, &y, NULL), 0.06, "in-sample it would be 1 by construction");
}

/* ---- Shapes ------------------------------------------------------------------------------ */

/* Points 1, 2, 4, 8, ...: the nearest three neighbours of 2^i are 2^(i-1) / 1, 1.5, 1.75 away
 * from i = 3 on; before that they are counted by hand. */
static void test_doubling(examiner *e)
{
    const size_t            n           = 20;
    const mc_metric_options options     = { .mle_neighbours = 3, .gride_scale = 1 };
    const double            early[3][3] = { { 1, 3, 7 }, { 1, 2, 6 }, { 2, 3, 4 } };
    const double            sum         = log(3) + log(2) + 18 * log(1.5);
    double                  terms       = 17 * (log(1.75) + log(1.75 / 1.5)) / 2;
    float                  *data        = zeros(e, n, 1);

    if (!data) return;
    for (size_t i = 0; i < n; i++)
        data[i] = (float)((size_t)1 << i);
    for (size_t i = 0; i < 3; i++)
        terms += (log(early[i][2] / early[i][0]) + log(early[i][2] / early[i][1])) / 2;
    const mc_matrix x = { data, n, 1, 1 };
    add(e, &mc_metric_twonn_mle, "points 1, 2, 4, 8, ...", 19 / sum,
        run(e, &mc_metric_twonn_mle, x, NULL, NULL), 1e-9, "(N - 1) / sum ln mu by hand");
    add(e, &mc_metric_gride, "points 1, 2, 4, 8, ... at n1 = 1", 20 / sum,
        run(e, &mc_metric_gride, x, NULL, &options), 1e-9, "N / sum ln mu: Denti et al. 2022");
    add(e, &mc_metric_mle, "points 1, 2, 4, 8, ... with k = 3", 20 / terms,
        run(e, &mc_metric_mle, x, NULL, &options), 1e-9,
        "Levina & Bickel 2004, eq. 9, by hand");
}

/* Uniform on a flat square torus in R^4: dimension 2, no boundary, so no bias from it. The
 * standard error of all estimators is about d / sqrt(N); the bound is three of them. */
static void test_torus(examiner *e)
{
    const size_t           n         = 1000;
    mc_random              random    = mc_random_init(7, MC_STREAM_DATA, 40);
    float                 *data      = zeros(e, n, 4);
    const mc_metric *const metrics[] = { &mc_metric_twonn, &mc_metric_twonn_mle, &mc_metric_mle,
                                         &mc_metric_gride };

    if (!data) return;
    for (size_t i = 0; i < 2 * n; i++) {
        const double angle = 6.283185307179586 * mc_random_uniform(&random);
        data[2 * i]        = (float)cos(angle);
        data[2 * i + 1]    = (float)sin(angle);
    }
    const mc_matrix x = { data, n, 4, 4 };
    for (size_t m = 0; m < 4; m++)
        add(e, metrics[m], "uniform on a flat torus, 1,000 points: 2", 2,
            run(e, metrics[m], x, NULL, NULL), 3 * 2 / sqrt(1000),
            "dimension of the manifold, sampling error d / sqrt(N)");
}

static void test_spectrum(examiner *e)
{
    const mc_matrix x = mix(e, 3, (float[]){ 2, 1, 1 }, (float[]){ 0, 0, 0 });
    const mc_matrix y = mix(e, 8, (float[]){ 1, 1, 1, 1, 1, 1, 1, 1 }, (float[8]){ 0 });
    const double    h = 4.0 / 6 * log(6.0 / 4) + 2.0 / 6 * log(6);

    add(e, &mc_metric_participation_ratio, "variances 4 : 1 : 1", 2,
        run(e, &mc_metric_participation_ratio, x, NULL, NULL), 1e-12, "(4+1+1)^2 / (16+1+1)");
    add(e, &mc_metric_participation_ratio, "eight equal variances", 8,
        run(e, &mc_metric_participation_ratio, y, NULL, NULL), 1e-12, "definition");
    add(e, &mc_metric_effective_rank, "variances 4 : 1 : 1", exp(h),
        run(e, &mc_metric_effective_rank, x, NULL, NULL), 1e-9, "exp of the entropy");
    add(e, &mc_metric_effective_rank, "eight equal variances", 8,
        run(e, &mc_metric_effective_rank, y, NULL, NULL), 1e-9, "definition");
    add(e, &mc_metric_stable_rank, "variances 4 : 1 : 1", 1.5,
        run(e, &mc_metric_stable_rank, x, NULL, NULL), 1e-12, "(4+1+1) / 4");
}

static void test_anisotropy(examiner *e)
{
    float *same = zeros(e, 8, 3), *axes = zeros(e, 8, 8);

    if (!same || !axes) return;
    for (size_t i = 0; i < 8; i++) {
        same[3 * i]     = (float)(i + 1);
        same[3 * i + 1] = (float)(2 * (i + 1));
        axes[8 * i + i] = (float)(i + 1);
    }
    const mc_matrix x = { same, 8, 3, 3 }, y = { axes, 8, 8, 8 };
    add(e, &mc_metric_anisotropy, "all states along one direction: 1", 1,
        run(e, &mc_metric_anisotropy, x, NULL, NULL), 1e-12, "definition");
    add(e, &mc_metric_anisotropy, "mutually orthogonal states: 0", 0,
        run(e, &mc_metric_anisotropy, y, NULL, NULL), 1e-12, "definition");
}

/* ---- Statistics -------------------------------------------------------------------------- */

/* Three probes with one huge coordinate in otherwise independent data: cka of 1, the warning,
 * and nothing once they are left out. */
static void test_outliers(examiner *e)
{
    mc_matrix          x = normal(e, 100, 20, 50), y = normal(e, 100, 20, 51);
    mc_compare_options options = MC_COMPARE_OPTIONS_DEFAULT;
    const mc_stack     a = { .layers = &x, .count = 1 }, b = { .layers = &y, .count = 1 };
    mc_comparison     *comparison = NULL;

    if (!x.data || !y.data) return;
    for (size_t i = 0; i < 3; i++)
        ((float *)x.data)[i * 20] = ((float *)y.data)[i * 20] = 1e4F;
    options.permutations = 200;
    options.half_samples = 0;
    options.threads      = 1;
    if (e->status == MC_OK) e->status = mc_compare(&a, &b, &options, &comparison, e->err);
    if (e->status != MC_OK) return;
    const mc_pair *pair = &comparison->metrics[0].pairs[0];
    add(e, &mc_metric_cka, "three huge probes in independent data: 1", 1, pair->value, 1e-4,
        "why leverage is reported");
    add(e, NULL, "... probes flagged for leverage: 3", 3, (double)comparison->flagged_count, 0,
        "share of ||K||_F^2");
    add(e, &mc_metric_cka, "... and the value without them: 0", 0, pair->without.value, 0.06,
        "independence; 4 standard errors");
    mc_comparison_free(comparison);
}

/* The mean of biased CKA over permutations has a closed form. */
static void test_null(examiner *e)
{
    static const mc_metric *const metrics[] = { &mc_metric_cka_biased };
    const mc_matrix               x = normal(e, 60, 30, 60), y = normal(e, 60, 30, 61);
    mc_compare_options            options = MC_COMPARE_OPTIONS_DEFAULT;
    const mc_stack a = { .layers = &x, .count = 1 }, b = { .layers = &y, .count = 1 };
    mc_comparison *comparison = NULL;

    if (!x.data || !y.data) return;
    options.metrics      = metrics;
    options.metric_count = 1;
    options.half_samples = 0;
    options.threads      = 1;
    if (e->status == MC_OK) e->status = mc_compare(&a, &b, &options, &comparison, e->err);
    if (e->status != MC_OK) return;
    const mc_pair *pair = &comparison->metrics[0].pairs[0];
    add(e, &mc_metric_cka_biased, "mean over 1,000 permutations", pair->floor, pair->null_mean,
        4 * pair->null_sd / sqrt(1000), "tr(K) tr(L) / ((n - 1) |K| |L|)");
    mc_comparison_free(comparison);
}

/* A stack against itself with two layers dropped: the alignment finds which. */
static void test_alignment(examiner *e)
{
    static const size_t kept[] = { 0, 1, 3, 4, 6, 7 };
    mc_matrix           a[8], b[6];
    mc_compare_options  options = MC_COMPARE_OPTIONS_DEFAULT;
    const mc_stack      all = { .layers = a, .count = 8 }, some = { .layers = b, .count = 6 };
    mc_comparison      *comparison = NULL;
    size_t              right      = 0;

    for (size_t l = 0; l < 8; l++) {
        const mc_matrix step   = normal(e, 40, 10, 70 + l);
        float          *sum    = zeros(e, 40, 10);
        const float    *before = l ? a[l - 1].data : step.data;
        for (size_t k = 0; sum && step.data && before && k < 400; k++)
            sum[k] = step.data[k] + (l ? 2 * before[k] : 0);
        a[l] = (mc_matrix){ sum, 40, 10, 10 };
    }
    for (size_t l = 0; l < 6; l++)
        b[l] = a[kept[l]];
    options.permutations = options.half_samples = 0;
    options.threads                             = 1;
    if (e->status == MC_OK) e->status = mc_compare(&all, &some, &options, &comparison, e->err);
    if (e->status != MC_OK) return;
    for (size_t k = 0; k < comparison->monotone.count; k++)
        right += comparison->monotone.link[k][0] == kept[comparison->monotone.link[k][1]];
    add(e, NULL, "layers 2 and 5 of 8 dropped: links found, of 6", 6, (double)right, 0,
        "monotone alignment by dynamic programming");
    mc_comparison_free(comparison);
}

static void test_distributions(examiner *e)
{
    add(e, NULL, "chi-square, 10 degrees of freedom, 0.975", 20.483177350807388,
        mc_chi_square_quantile(0.975, 10), 1e-9, "Abramowitz & Stegun, table 26.8");
    add(e, NULL, "chi-square, 686 degrees of freedom, 0.025", 615.3143857173836,
        mc_chi_square_quantile(0.025, 686), 1e-6, "scipy.stats.chi2.ppf");
}

mc_status mc_geometry_selftest(mc_selftest **selftest, mc_error *err)
{
    static void (*const tests[])(examiner *) = {
        test_cka,       test_unbiased,      test_translation, test_invariance, test_neighbours,
        test_rsa,       test_procrustes,    test_canonical,   test_held_out,   test_doubling,
        test_torus,     test_spectrum,      test_anisotropy,  test_outliers,   test_null,
        test_alignment, test_distributions,
    };
    examiner e = { .err = err };
    void    *rows;

    e.test = mc_calloc(1, sizeof *e.test);
    if (!e.test) return mc_fail_memory(err, sizeof *e.test);
    e.status = mc_arena_create(&e.test->storage, err);
    if (e.status == MC_OK) e.status = mc_arena_create(&e.scratch, err);
    if (e.status == MC_OK)
        e.status =
            mc_arena_array(e.test->storage, ROWS_MOST, sizeof(mc_selftest_row), &rows, err);
    if (e.status == MC_OK) e.test->rows = rows;
    for (size_t t = 0; e.status == MC_OK && t < sizeof tests / sizeof *tests; t++)
        tests[t](&e);
    mc_arena_free(e.scratch);
    if (e.status == MC_OK)
        *selftest = e.test;
    else
        mc_selftest_free(e.test);
    return e.status;
}

void mc_selftest_free(mc_selftest *selftest)
{
    if (!selftest) return;
    mc_arena_free(selftest->storage);
    mc_free(selftest);
}
