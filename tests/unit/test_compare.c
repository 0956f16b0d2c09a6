/* test_compare.c - comparing stacks of layers: against numpy and scipy
 * (tests/oracle/metric_compare.py), the fast null against the slow one, planted structure at
 * the power that theory gives, and layers that cannot be compared. */
#include <stdlib.h>

#include <modelcypher/geometry.h>

#include "base/checked.h"
#include "base/interrupt.h"
#include "geometry/correspondence.h"
#include "geometry/panel.h"
#include "geometry/random.h"
#include "support/check.h"
#include "support/golden_matrix.h"

#define LAYERS_MOST 8

/* ---- Against the oracle ------------------------------------------------------------------ */

static size_t read_stack(mc_json_value list, mc_matrix *layers)
{
    size_t count = 0;

    for (mc_json_iter it = mc_json_iterate(list); mc_json_next(&it);)
        layers[count++] = mc_test_matrix(it.value);
    return count;
}

static void free_layers(mc_matrix *layers, size_t count)
{
    for (size_t l = 0; l < count; l++)
        free((void *)layers[l].data);
}

static void check_links(const char *name, const mc_correspondence *got, mc_json_value want)
{
    size_t at = 0;

    for (mc_json_iter it = mc_json_iterate(want); mc_json_next(&it); at++) {
        mc_json_iter part = mc_json_iterate(it.value);
        for (size_t k = 0; k < 2 && mc_json_next(&part); k++) {
            int64_t layer = -1;
            CHECK(name, mc_json_int64(part.value, &layer) && at < got->count);
            CHECK(name, got->link[at][k] == (size_t)layer);
        }
    }
    CHECK(name, at == got->count && at > 0);
}

static void values_and_nulls_equal_the_reference(void **state)
{
    mc_json            *json = mc_test_golden("compare.json");
    const mc_json_value root = mc_json_root(json);
    mc_matrix           a[LAYERS_MOST], b[LAYERS_MOST];
    const mc_stack      one = { .layers = a, .count = read_stack(mc_json_get(root, "a"), a) };
    const mc_stack      two = { .layers = b, .count = read_stack(mc_json_get(root, "b"), b) };
    const mc_matrix     values = mc_test_matrix(mc_json_get(root, "values"));
    const mc_matrix     mean   = mc_test_matrix(mc_json_get(root, "nullMean"));
    const mc_matrix     sd     = mc_test_matrix(mc_json_get(root, "nullSd"));
    const mc_matrix     half   = mc_test_matrix(mc_json_get(root, "halfSd"));
    mc_comparison      *got;
    mc_error            err = { 0 };

    (void)state;
    CHECK_OK("golden", mc_compare(&one, &two, NULL, &got, &err));
    for (size_t k = 0; k < one.count * two.count; k++) {
        const mc_pair *pair = &got->metrics[0].pairs[k];
        char           row[32];
        snprintf(row, sizeof row, "pair %zu, %zu", pair->a, pair->b);
        CHECK_NEAR(row, pair->value, values.data[k], 1e-7); /* read back as float */
        CHECK_NEAR(row, pair->null_mean, mean.data[k], 5 * sd.data[k] / sqrt(1000));
        CHECK_NEAR(row, pair->null_sd, sd.data[k], 0.15 * sd.data[k]);
        if (isnan(pair->low)) continue;
        CHECK_NEAR(row, (pair->high - pair->low) / (2 * 1.96), half.data[k],
                   0.15 * half.data[k]);
    }
    check_links("monotone", &got->monotone, mc_json_get(root, "monotone"));
    check_links("assignment", &got->assignment, mc_json_get(root, "assignment"));
    CHECK("leverage",
          (double)got->a_layers[0].largest_probe == mc_test_number(root, "largestProbe"));
    CHECK_NEAR("leverage", got->a_layers[0].leverage, mc_test_number(root, "leverage"), 1e-12);
    mc_comparison_free(got);
    free_layers(a, one.count);
    free_layers(b, two.count);
    free((void *)values.data);
    free((void *)mean.data);
    free((void *)sd.data);
    free((void *)half.data);
    mc_json_free(json);
}

/* ---- Made data --------------------------------------------------------------------------- */

/* rows x cols normal numbers, `shared` of which are added from `from` when it is given. */
static mc_matrix sample(uint64_t stream, size_t rows, size_t cols, const mc_matrix *from,
                        float shared)
{
    mc_random random = mc_random_init(5, MC_STREAM_DATA, stream);
    float    *data   = malloc(rows * cols * sizeof *data);

    for (size_t k = 0; k < rows * cols; k++) {
        data[k] = (float)mc_random_normal(&random);
        if (from) data[k] += shared * from->data[k];
    }
    return (mc_matrix){ data, rows, cols, cols };
}

static mc_compare_options quick(void)
{
    mc_compare_options options = MC_COMPARE_OPTIONS_DEFAULT;

    options.permutations = options.half_samples = 200;
    options.permutations_costly = options.half_samples_costly = 40;
    options.threads                                           = 2;
    return options;
}

/* All similarities at once. */
static size_t all_similarities(const mc_metric **metrics)
{
    size_t count = 0;

    for (size_t m = 0; m < mc_metric_count(); m++)
        if (mc_metric_get(m)->operands == 2) metrics[count++] = mc_metric_get(m);
    return count;
}

/* The permuted values are those of the metric run on permuted rows. */
static void null_is_the_metric_permuted(void **state)
{
    mc_matrix         a[3], b[2];
    const mc_metric  *metrics[16];
    const size_t      count   = all_similarities(metrics);
    mc_metric_options options = MC_METRIC_OPTIONS_DEFAULT;
    mc_error          err     = { 0 };
    mc_team          *team;
    mc_arena         *storage;
    mc_panel          panel;
    size_t            order[41];

    (void)state;
    for (size_t l = 0; l < 3; l++)
        a[l] = sample(l, 41, 6, NULL, 0);
    for (size_t l = 0; l < 2; l++)
        b[l] = sample(10 + l, 41, 6, &a[l], 1);
    CHECK_OK("team", mc_team_create(2, &team, &err));
    CHECK_OK("storage", mc_arena_create(&storage, &err));
    CHECK_OK("panel", mc_panel_make(team, storage, (const mc_matrix *const[2]){ a, b },
                                    (const size_t[2]){ 3, 2 }, NULL, &panel, &err));
    for (size_t m = 0; m < count; m++) {
        const size_t      folds = metrics[m]->similarity->by_fold ? options.folds : 0;
        mc_prepared_panel p;
        double            values[5 * 6];
        CHECK_OK("prepare", mc_panel_prepare(team, metrics[m], &panel, &options, &p, &err));
        CHECK_OK("permute", mc_panel_permute(team, metrics[m], &p, &options, NULL, 99, 5, NULL,
                                             values, &err));
        for (size_t d = 0; d < 5; d++) {
            float           rows[41 * 6];
            const mc_matrix moved = { rows, 41, 6, 6 };
            mc_draw_order(99, d, 41, folds, order);
            for (size_t i = 0; i < 41; i++)
                memcpy(rows + 6 * i, b[1].data + 6 * order[i], 6 * sizeof *rows);
            mc_estimate want;
            CHECK_OK("run", mc_metric_run(metrics[m], a[2], &moved, &options, &want, &err));
            CHECK_NEAR(metrics[m]->name, values[d * 6 + 2 * 2 + 1], want.value,
                       MC_PERMUTED_ERROR);
        }
    }
    mc_arena_free(storage);
    mc_team_free(team);
    free_layers(a, 3);
    free_layers(b, 2);
}

/* Half-samples by products of matrices are the metric on those rows. */
static void halves_are_the_metric_on_half(void **state)
{
    static const char *const names[]    = { "cka", "cka-biased" };
    static const size_t      link[1][2] = { { 0, 0 } };
    mc_metric_options        options    = MC_METRIC_OPTIONS_DEFAULT;
    mc_matrix                a = sample(1, 41, 6, NULL, 0), b = sample(2, 41, 6, &a, 1);
    mc_error                 err = { 0 };
    mc_team                 *team;
    mc_arena                *storage;
    mc_panel                 panel;

    (void)state;
    CHECK_OK("team", mc_team_create(2, &team, &err));
    CHECK_OK("storage", mc_arena_create(&storage, &err));
    CHECK_OK("panel", mc_panel_make(team, storage, (const mc_matrix *const[2]){ &a, &b },
                                    (const size_t[2]){ 1, 1 }, NULL, &panel, &err));
    for (size_t m = 0; m < 2; m++) {
        const mc_metric  *metric = mc_metric_find(names[m]);
        mc_prepared_panel p;
        double            values[130];
        CHECK_OK("prepare", mc_panel_prepare(team, metric, &panel, &options, &p, &err));
        CHECK_OK("halves", mc_panel_halves(team, metric, &panel, &p, &options, link, 1, 3, 130,
                                           NULL, values, &err));
        for (uint64_t s = 0; s < 130; s += 43) {
            float     x[20 * 6], y[20 * 6];
            size_t    rows[20];
            mc_random random = mc_random_init(3, MC_STREAM_HALF_SAMPLE, s);
            mc_random_subset(&random, 41, 20, rows);
            for (size_t i = 0; i < 20; i++) {
                memcpy(x + 6 * i, a.data + 6 * rows[i], 6 * sizeof *x);
                memcpy(y + 6 * i, b.data + 6 * rows[i], 6 * sizeof *y);
            }
            const mc_matrix left = { x, 20, 6, 6 }, right = { y, 20, 6, 6 };
            mc_estimate     want;
            CHECK_OK("run", mc_metric_run(metric, left, &right, &options, &want, &err));
            CHECK_NEAR(metric->name, values[s], want.value, 1e-10);
        }
    }
    mc_arena_free(storage);
    mc_team_free(team);
    free((void *)a.data);
    free((void *)b.data);
}

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* Every number has the same bits for one, two and three threads. */
static void same_for_any_threads(void **state)
{
    mc_matrix          a[4], b[3];
    const mc_metric   *metrics[16];
    mc_compare_options options = quick();
    const mc_stack     one = { .layers = a, .count = 4 }, two = { .layers = b, .count = 3 };
    mc_comparison     *first = NULL, *other;
    mc_error           err   = { 0 };

    (void)state;
    for (size_t l = 0; l < 4; l++)
        a[l] = sample(l, 44, 6, NULL, 0);
    for (size_t l = 0; l < 3; l++)
        b[l] = sample(10 + l, 44, 6, &a[l], 1);
    options.metrics      = metrics;
    options.metric_count = all_similarities(metrics);
    for (options.threads = 1; options.threads <= 3; options.threads++) {
        CHECK_OK("compare", mc_compare(&one, &two, &options, &other, &err));
        for (size_t m = 0; first && m < options.metric_count; m++)
            for (size_t k = 0; k < 12; k++) {
                const mc_pair *x = &first->metrics[m].pairs[k],
                              *y = &other->metrics[m].pairs[k];
                CHECK(metrics[m]->name, same(x->value, y->value) && same(x->p, y->p) &&
                                            same(x->null_sd, y->null_sd) &&
                                            same(x->p_corrected, y->p_corrected) &&
                                            same(x->low, y->low) && same(x->high, y->high));
            }
        if (first)
            mc_comparison_free(other);
        else
            first = other;
    }
    mc_comparison_free(first);
    free_layers(a, 4);
    free_layers(b, 3);
}

/* (bench/null.py compares the power at more strengths with that of a non-central chi-square.)
 * Planted structure: y = x c + noise. In p dimensions with p << n the linear CKA of the two is
 * about c^2 / (1 + c^2), and its null sd about sqrt(2) / (n p) * p = sqrt(2) / n; so c^2 = 0.02
 * at n = 100 is one and a half sd, found now and then, and c^2 = 0.2 is some twelve: always. */
static void planted_structure_is_found(void **state)
{
    static const struct {
        float  c;
        double low, high; /* share of 40 data sets with p < .05 */
    } cases[]                  = { { 0, 0, 0.15 }, { 0.45F, 1, 1 } };
    mc_compare_options options = quick();
    mc_error           err     = { 0 };

    (void)state;
    options.half_samples = 0;
    for (size_t i = 0; i < MC_ARRAY_LEN(cases); i++) {
        double found = 0;
        for (uint64_t s = 0; s < 40; s++) {
            const mc_matrix x = sample(200 + 2 * s, 100, 5, NULL, 0);
            const mc_matrix y = sample(201 + 2 * s, 100, 5, &x, cases[i].c);
            const mc_stack  a = { .layers = &x, .count = 1 }, b = { .layers = &y, .count = 1 };
            mc_comparison  *got;
            CHECK_OK("power", mc_compare(&a, &b, &options, &got, &err));
            found += got->metrics[0].pairs[0].p < 0.05;
            CHECK("one pair",
                  got->metrics[0].pairs[0].p == got->metrics[0].pairs[0].p_corrected);
            mc_comparison_free(got);
            free((void *)x.data);
            free((void *)y.data);
        }
        if (!(found / 40 >= cases[i].low && found / 40 <= cases[i].high))
            fail_msg("c = %g: found in %g of 40", (double)cases[i].c, found);
    }
}

/* Three probes with one huge coordinate: CKA near 1 and p at its least, whatever the rest. The
 * warning names them, and without them the value is null. */
static void outliers_are_flagged_and_left_out(void **state)
{
    mc_matrix           x = sample(1, 120, 15, NULL, 0), y = sample(2, 120, 15, NULL, 0);
    const mc_metric    *metrics[] = { mc_metric_find("cka"), mc_metric_find("cka-biased"),
                                      mc_metric_find("mutual-knn") };
    static const size_t planted[] = { 7, 50, 111 };
    mc_compare_options  options   = quick();
    const mc_stack      a = { .layers = &x, .count = 1 }, b = { .layers = &y, .count = 1 };
    mc_comparison      *got;
    mc_error            err   = { 0 };
    size_t              found = 0;

    (void)state;
    for (size_t i = 0; i < 3; i++)
        ((float *)x.data)[planted[i] * 15 + 2] = ((float *)y.data)[planted[i] * 15 + 9] = 3000;
    options.metrics      = metrics;
    options.metric_count = 3;
    CHECK_OK("outliers", mc_compare(&a, &b, &options, &got, &err));
    const mc_pair *cka = got->metrics[0].pairs, *biased = got->metrics[1].pairs;
    const mc_pair *knn = got->metrics[2].pairs;
    CHECK("fooled", cka->value > 0.999 && biased->value > 0.999 && cka->p_corrected < 0.05);
    CHECK("not fooled", knn->value < 2 * knn->floor);
    CHECK("flagged", got->flagged_count == 3);
    for (size_t i = 0; i < 3; i++)
        CHECK("flagged", got->flagged[i] == planted[i]);
    CHECK_NEAR("without", cka->without.value, 0, 5 * sqrt(2) / 117);
    CHECK("without", cka->without.p > 0.01 && biased->without.value < 0.3);
    for (size_t w = 0; w < got->warning_count; w++) {
        if (got->warnings[w].kind != MC_WARNING_LEVERAGE) continue;
        found++;
        CHECK("warning", got->warnings[w].probe_count == 3);
        CHECK_NEAR("warning", got->warnings[w].shares[0], 1.0 / 3, 0.02);
        CHECK("warning", strstr(got->warnings[w].text, "of the squared Gram matrix") != NULL);
    }
    CHECK("one warning a layer", found == 2);
    mc_comparison_free(got);
    free((void *)x.data);
    free((void *)y.data);
}

/* x without the columns one and two (two SIZE_MAX: one alone). */
static mc_matrix without_columns(mc_matrix x, size_t one, size_t two)
{
    const size_t cols = x.cols - (two == SIZE_MAX ? 1 : 2);
    float       *data = malloc(x.rows * cols * sizeof *data), *to = data;

    for (size_t k = 0; k < x.rows * x.cols; k++)
        if (k % x.cols != one && k % x.cols != two) *to++ = x.data[k];
    return (mc_matrix){ data, x.rows, cols, cols };
}

/* A unit with most of a layer's variance hides what the others share: the warning names it (and
 * what it hid), and the value without it is that of the matrix without its column. */
static void massive_units_are_flagged_and_left_out(void **state)
{
    mc_matrix          x = sample(1, 90, 12, NULL, 0), y = sample(2, 90, 12, &x, 2);
    const mc_metric   *metrics[16];
    mc_compare_options options = quick();
    const mc_stack     a = { .layers = &x, .count = 1 }, b = { .layers = &y, .count = 1 };
    mc_comparison     *got;
    mc_error           err = { 0 };

    (void)state;
    options.metrics      = metrics;
    options.metric_count = all_similarities(metrics);
    for (size_t i = 0; i < 90; i++) {
        ((float *)x.data)[i * 12 + 3] *= 1000;
        ((float *)x.data)[i * 12 + 7] *= 30;
    }
    const mc_matrix rest = without_columns(x, 3, 7);
    CHECK_OK("massive", mc_compare(&a, &b, &options, &got, &err));
    CHECK("layers", got->flagged_dimensions == 1 && got->a_layers[0].largest_dimension == 3);
    for (size_t w = 0; w < got->warning_count; w++) {
        const mc_warning *own = &got->warnings[w];
        if (own->kind != MC_WARNING_MASSIVE_DIMENSION) continue;
        CHECK("units", own->side == 0 && own->dimension_count == 2);
        CHECK("units", own->dimensions[0] == 3 && own->dimensions[1] == 7);
        CHECK("shares", own->dimension_shares[0] > 0.99 && own->dimension_shares[1] > 0.9);
        CHECK("text", strstr(own->text, "unit 3 alone makes 100 %") != NULL);
    }
    for (size_t m = 0; m < options.metric_count; m++) {
        const mc_left_out *own = &got->metrics[m].pairs[0].without_dimensions;
        mc_estimate        want;
        CHECK_OK("rest", mc_metric_run(metrics[m], rest, &y, &options.metric, &want, &err));
        CHECK_NEAR(metrics[m]->name, own->value, want.value, 1e-9);
        CHECK(metrics[m]->name,
              own->p <= 1.0 / 11 + 1e-12 && own->p == own->p_corrected); /* 10 draws, costly */
    }
    CHECK("hidden", got->metrics[0].pairs[0].value < 0.35);
    CHECK("shown", got->metrics[0].pairs[0].without_dimensions.value > 0.5);
    mc_comparison_free(got);
    free_layers((mc_matrix[]){ x, y, rest }, 3);
}

/* A layer that is constant, and one that is not finite: null with the reason, the rest is as if
 * they were not there. */
static void undefined_layers_have_their_reason(void **state)
{
    static const char *const names[30] = { [17] = "moral:fairness" };
    static float             flat[30 * 4];
    mc_matrix                a[3], b[2];
    const mc_metric         *metrics[16];
    mc_compare_options       options = quick();
    const mc_stack one = { .layers = a, .count = 3 }, two = { .layers = b, .count = 2 };
    mc_comparison *got;
    mc_error       err = { 0 };

    (void)state;
    a[0]                             = (mc_matrix){ flat, 30, 4, 4 };
    a[1]                             = sample(1, 30, 4, NULL, 0);
    a[2]                             = sample(2, 30, 4, NULL, 0);
    b[0]                             = sample(3, 30, 4, &a[1], 2);
    b[1]                             = sample(4, 30, 4, &a[2], 2);
    ((float *)a[2].data)[17 * 4 + 3] = INFINITY;
    options.metrics                  = metrics;
    options.metric_count             = all_similarities(metrics);
    options.probe_names              = names;
    CHECK_OK("undefined", mc_compare(&one, &two, &options, &got, &err));
    CHECK("reason", strstr(got->a_layers[0].reason, "same state") != NULL);
    CHECK("reason", strstr(got->a_layers[2].reason, "'moral:fairness', unit 3 is inf") != NULL);
    CHECK("one link", got->monotone.count == 1 && got->monotone.link[0][0] == 1 &&
                          got->monotone.link[0][1] == 0);
    for (size_t m = 0; m < options.metric_count; m++)
        for (size_t k = 0; k < 6; k++) {
            const mc_pair *pair = &got->metrics[m].pairs[k];
            CHECK(metrics[m]->name, isnan(pair->value) == (pair->reason != NULL));
            CHECK(metrics[m]->name, pair->a == 1 || (isnan(pair->value) && isnan(pair->p)));
            CHECK(metrics[m]->name, pair->a != 1 || pair->b != 0 || pair->p > 0);
        }
    mc_comparison_free(got);
    free_layers(a + 1, 2);
    free_layers(b, 2);
}

/* Split halves, control and groups. */
static void halves_control_and_groups_are_used(void **state)
{
    mc_matrix          a = sample(1, 40, 5, NULL, 0), b = sample(2, 40, 5, &a, 2);
    mc_matrix          sa[2] = { sample(3, 40, 5, &a, 3), sample(4, 40, 5, &a, 3) };
    mc_matrix          sb[2] = { sample(5, 40, 5, &b, 3), sample(6, 40, 5, &b, 3) };
    mc_matrix          ca = sample(7, 33, 5, NULL, 0), cb = sample(8, 33, 5, NULL, 0);
    size_t             group_of[40];
    const char *const  labels[] = { "even", "odd", "few" };
    const mc_grouping  grouping = { "parity", labels, 3, group_of };
    mc_compare_options options  = quick();
    const mc_stack     one      = { .layers = &a, .count = 1, .split = sa, .control = &ca };
    const mc_stack     two      = { .layers = &b, .count = 1, .split = sb, .control = &cb };
    mc_comparison     *got;
    mc_error           err = { 0 };
    mc_estimate        s1, s2, control;

    (void)state;
    for (size_t i = 0; i < 40; i++)
        group_of[i] = i < 4 ? 2 : i % 2;
    options.groupings      = &grouping;
    options.grouping_count = 1;
    CHECK_OK("extras", mc_compare(&one, &two, &options, &got, &err));
    const mc_metric *cka  = mc_metric_find("cka");
    const mc_pair   *pair = got->metrics[0].pairs;
    CHECK_OK("split", mc_metric_run(cka, sa[0], &sa[1], NULL, &s1, &err));
    CHECK_OK("split", mc_metric_run(cka, sb[0], &sb[1], NULL, &s2, &err));
    CHECK_OK("control", mc_metric_run(cka, ca, &cb, NULL, &control, &err));
    CHECK_NEAR("ceiling", pair->ceiling, sqrt(s1.value * s2.value), 1e-12);
    CHECK_NEAR("control", pair->control, control.value, 1e-12);
    CHECK("groups", got->metrics[0].group_count == 3);
    const mc_group_result *groups = got->metrics[0].groups;
    CHECK("even", groups[0].probes == 18 && groups[0].value > 0.3 && groups[0].p < 0.05);
    CHECK("odd", groups[1].probes == 18 && strcmp(groups[1].label, "odd") == 0);
    CHECK("few", groups[2].probes == 4 && isnan(groups[2].value) && groups[2].reason);
    for (size_t w = 0; w < got->warning_count; w++)
        CHECK("no warning of absence", got->warnings[w].kind != MC_WARNING_NO_SPLIT &&
                                           got->warnings[w].kind != MC_WARNING_NO_CONTROL);
    mc_comparison_free(got);
    free_layers((mc_matrix[]){ a, b, sa[0], sa[1], sb[0], sb[1], ca, cb }, 8);
}

/* ---- Correspondence ---------------------------------------------------------------------- */

/* The best of all increasing, or of all, assignments of few rows, by trying them. */
static double best_of_all(const double *score, size_t rows, size_t cols, size_t row,
                          size_t first, unsigned taken, bool monotone)
{
    double best = -INFINITY;

    if (row == rows) return 0;
    for (size_t j = monotone ? first : 0; j < cols; j++) {
        if (taken >> j & 1) continue;
        const double rest =
            best_of_all(score, rows, cols, row + 1, j + 1, taken | 1U << j, monotone);
        if (score[row * cols + j] + rest > best) best = score[row * cols + j] + rest;
    }
    return best;
}

static void correspondences_are_the_best_there_are(void **state)
{
    mc_random random = mc_random_init(1, MC_STREAM_DATA, 0);
    mc_arena *scratch;
    mc_error  err = { 0 };

    (void)state;
    CHECK_OK("scratch", mc_arena_create(&scratch, &err));
    for (size_t round = 0; round < 200; round++) {
        const size_t rows = 1 + round % 5, cols = rows + round % 3;
        double       score[5 * 7], turned[7 * 5], total[3] = { 0 };
        size_t       link[16][2], count;
        for (size_t k = 0; k < rows * cols; k++) {
            score[k]                           = mc_random_uniform(&random) * 2 - 1;
            turned[k % cols * rows + k / cols] = score[k];
        }
        CHECK_OK("m", mc_match_monotone(score, rows, cols, scratch, link, &count, &err));
        for (size_t k = 0; k < count; k++) {
            total[0] += score[link[k][0] * cols + link[k][1]];
            CHECK("increasing",
                  k == 0 || (link[k][0] > link[k - 1][0] && link[k][1] > link[k - 1][1]));
        }
        CHECK("all rows", count == rows);
        CHECK_OK("a", mc_match_assignment(score, rows, cols, scratch, link, &count, &err));
        for (size_t k = 0; k < count; k++)
            total[1] += score[link[k][0] * cols + link[k][1]];
        CHECK_OK("t", mc_match_assignment(turned, cols, rows, scratch, link, &count, &err));
        for (size_t k = 0; k < count; k++)
            total[2] += turned[link[k][0] * rows + link[k][1]];
        CHECK_NEAR("monotone", total[0], best_of_all(score, rows, cols, 0, 0, 0, true), 1e-12);
        CHECK_NEAR("assignment", total[1], best_of_all(score, rows, cols, 0, 0, 0, false),
                   1e-12);
        CHECK_NEAR("turned", total[2], total[1], 1e-12);
    }
    mc_arena_free(scratch);
}

/* Layers dropped, or doubled: the alignment recovers which. */
static const struct {
    const char *name;
    size_t      from[10], count; /* the layers of a that make b */
} maps[] = {
    { "dropped 2 and 5", { 0, 1, 3, 4, 6, 7 }, 6 },
    { "dropped the first and the last", { 1, 2, 3, 4, 5, 6 }, 6 },
    { "doubled 1 and 5", { 0, 1, 1, 2, 3, 4, 5, 5, 6, 7 }, 10 },
    { "doubled 3 twice", { 0, 1, 2, 3, 3, 3, 4, 5, 6, 7 }, 10 },
};

static void dropped_and_doubled_layers_are_found(void **state)
{
    mc_matrix          a[8], b[10];
    mc_compare_options options = quick();
    mc_error           err     = { 0 };

    (void)state;
    a[0] = sample(0, 50, 10, NULL, 0);
    for (size_t l = 1; l < 8; l++)
        a[l] = sample(l, 50, 10, &a[l - 1], 2);
    options.permutations = options.half_samples = 0;
    for (size_t m = 0; m < MC_ARRAY_LEN(maps); m++) {
        const mc_stack one = { .layers = a, .count = 8 };
        const mc_stack two = { .layers = b, .count = maps[m].count };
        mc_comparison *got;
        for (size_t l = 0; l < maps[m].count; l++)
            b[l] = a[maps[m].from[l]];
        CHECK_OK(maps[m].name, mc_compare(&one, &two, &options, &got, &err));
        CHECK(maps[m].name, got->monotone.count == (maps[m].count < 8 ? maps[m].count : 8));
        for (size_t k = 0; k < got->monotone.count; k++) {
            CHECK(maps[m].name,
                  maps[m].from[got->monotone.link[k][1]] == got->monotone.link[k][0]);
            CHECK(maps[m].name,
                  maps[m].from[got->assignment.link[k][1]] == got->assignment.link[k][0]);
        }
        CHECK("no null", isnan(got->metrics[0].pairs[0].p) &&
                             isnan(got->metrics[0].pairs[0].low) &&
                             isnan(got->metrics[0].significant_monotone));
        mc_comparison_free(got);
    }
    free_layers(a, 8);
}

/* With n probes a half has n / 2: a metric that needs more has no interval, not a narrow one.
 */
static void halves_that_are_too_few_give_no_interval(void **state)
{
    const mc_metric   *metrics[16];
    mc_compare_options options = quick();
    mc_error           err     = { 0 };

    (void)state;
    options.metrics      = metrics;
    options.metric_count = all_similarities(metrics);
    for (size_t n = 4; n <= 12; n++) {
        mc_matrix      x = sample(31, n, 3, NULL, 0), y = sample(32, n, 3, NULL, 0);
        const mc_stack a = { .layers = &x, .count = 1 }, b = { .layers = &y, .count = 1 };
        mc_comparison *got;
        CHECK_OK("compare", mc_compare(&a, &b, &options, &got, &err));
        for (size_t m = 0; m < got->metric_count; m++) {
            const mc_pair *pair = &got->metrics[m].pairs[0];
            const bool     few  = n / 2 < metrics[m]->rows_least;
            CHECK(metrics[m]->name, few ? isnan(pair->low) && isnan(pair->high)
                                        : isnan(pair->low) || pair->high - pair->low > 0.01);
        }
        mc_comparison_free(got);
        free_layers((mc_matrix[]){ x, y }, 2);
    }
}

/* ---- Refusals and sketches --------------------------------------------------------------- */

static void stacks_that_do_not_fit_are_refused(void **state)
{
    mc_matrix          x = sample(1, 20, 3, NULL, 0), y = sample(2, 19, 3, NULL, 0);
    mc_matrix          z     = sample(3, 3, 3, NULL, 0);
    const mc_metric   *shape = mc_metric_find("twonn");
    mc_compare_options odd   = quick();
    const mc_stack     a = { .layers = &x, .count = 1 }, b = { .layers = &y, .count = 1 };
    const mc_stack     c = { .layers = &z, .count = 1 }, none = { 0 };
    mc_comparison     *got = NULL;
    mc_error           err = { 0 };

    (void)state;
    odd.metrics      = &shape;
    odd.metric_count = 1;
    CHECK("rows", mc_compare(&a, &b, NULL, &got, &err) == MC_ERR_ARGUMENT);
    CHECK("rows", strstr(err.reason, "layer 0 of model B has 19 probes, not 20") != NULL);
    CHECK("few", mc_compare(&c, &c, NULL, &got, &err) == MC_ERR_ARGUMENT);
    CHECK("few", strstr(err.reason, "at least 4") != NULL);
    CHECK("none", mc_compare(&none, &a, NULL, &got, &err) == MC_ERR_ARGUMENT);
    CHECK("shape", mc_compare(&a, &a, &odd, &got, &err) == MC_ERR_ARGUMENT);
    mc_interrupt_request();
    CHECK("interrupted", mc_compare(&a, &a, NULL, &got, &err) == MC_ERR_INTERRUPTED);
    mc_interrupt_clear();
    CHECK("untouched", got == NULL);
    free_layers((mc_matrix[]){ x, y, z }, 3);
}

static mc_matrix taken(const mc_matrix *x, const size_t *rows, size_t n)
{
    float *copy = malloc(n * x->cols * sizeof *copy);

    for (size_t i = 0; i < n; i++)
        memcpy(copy + i * x->cols, x->data + rows[i] * x->stride, x->cols * sizeof *copy);
    return (mc_matrix){ copy, n, x->cols, x->cols };
}

static void sketches_compare_as_their_layers(void **state)
{
    mc_matrix             a[3], b[2];
    mc_sketch             sa[3], sb[2];
    int16_t              *entries[5];
    size_t                rows[60];
    mc_sketches           side_a = { sa, 3, NULL }, side_b = { sb, 2, NULL };
    mc_compare_options    options = { .permutations = 300, .half_samples = 300, .seed = 1 };
    mc_sketch_comparison *got;
    mc_error              err = { 0 };

    (void)state;
    for (size_t i = 0; i < 60; i++)
        rows[i] = i;
    for (size_t l = 0; l < 5; l++) {
        mc_matrix *x = l < 3 ? &a[l] : &b[l - 3];
        mc_sketch *s = l < 3 ? &sa[l] : &sb[l - 3];
        *x           = sample(l, 60, 8, l < 3 ? NULL : &a[l - 3], 1);
        entries[l]   = malloc(mc_sketch_size(60) * sizeof *entries[l]);
        s->entries   = entries[l];
        CHECK_OK("make", mc_sketch_make(*x, rows, 60, s, &err));
    }
    sa[2].entries = NULL; /* a layer that was undefined */
    CHECK_OK("compare", mc_sketch_compare(&side_a, &side_b, 60, &options, &got, &err));
    for (size_t k = 0; k < 6; k++) {
        mc_estimate want;
        if (k / 2 == 2) {
            CHECK("undefined", isnan(got->values[k]));
            continue;
        }
        CHECK_OK("cka",
                 mc_metric_run(mc_metric_find("cka"), a[k / 2], &b[k % 2], NULL, &want, &err));
        CHECK_NEAR("rounded", got->values[k], want.value, 1e-4);
    }
    CHECK("linked", got->link_count == 2 && got->mean > 0.2 && got->p < 0.05);
    CHECK("null", fabs(got->null_mean) < 0.05);
    CHECK("interval", got->low < got->mean && got->mean < got->high && got->low > 0);
    mc_sketch_comparison_free(got);
    for (size_t i = 0; i < 20; i++)
        rows[i] = 59 - 2 * i;
    side_a.rows = side_b.rows = rows;
    CHECK_OK("part", mc_sketch_compare(&side_a, &side_b, 20, &options, &got, &err));
    for (size_t k = 0; k < 4; k++) {
        const mc_matrix part[2] = { taken(&a[k / 2], rows, 20), taken(&b[k % 2], rows, 20) };
        mc_estimate     want;
        CHECK_OK("cka",
                 mc_metric_run(mc_metric_find("cka"), part[0], &part[1], NULL, &want, &err));
        CHECK_NEAR("of a part", got->values[k], want.value, 2e-4);
        free_layers((mc_matrix *)part, 2);
    }
    mc_sketch_comparison_free(got);
    got = NULL;
    CHECK("few",
          mc_sketch_compare(&side_a, &side_b, 3, &options, &got, &err) == MC_ERR_ARGUMENT &&
              !got);
    for (size_t l = 0; l < 5; l++)
        free(entries[l]);
    free_layers(a, 3);
    free_layers(b, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_and_nulls_equal_the_reference),
        cmocka_unit_test(null_is_the_metric_permuted),
        cmocka_unit_test(halves_are_the_metric_on_half),
        cmocka_unit_test(same_for_any_threads),
        cmocka_unit_test(planted_structure_is_found),
        cmocka_unit_test(outliers_are_flagged_and_left_out),
        cmocka_unit_test(massive_units_are_flagged_and_left_out),
        cmocka_unit_test(undefined_layers_have_their_reason),
        cmocka_unit_test(halves_control_and_groups_are_used),
        cmocka_unit_test(correspondences_are_the_best_there_are),
        cmocka_unit_test(dropped_and_doubled_layers_are_found),
        cmocka_unit_test(halves_that_are_too_few_give_no_interval),
        cmocka_unit_test(stacks_that_do_not_fit_are_refused),
        cmocka_unit_test(sketches_compare_as_their_layers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
