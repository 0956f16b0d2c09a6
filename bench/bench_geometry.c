/* bench_geometry.c - seconds of each part of a comparison and of each estimator of dimension,
 * as JSON, on two stacks of layers from a file (bench/geometry.py writes it and runs the
 * peers).
 *
 *   bench_geometry FILE LAYERS PROBES UNITS [METRIC...]
 *
 * FILE: float32, A's layers, then B's. METRIC: the comparisons that are timed (all). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/cpu/peak.h"
#include "geometry/matrix.h"
#include "geometry/team.h"

typedef struct work {
    mc_matrix layers[2][64];
    size_t    count, rows, cols;
} work;

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int fail(const char *what, const mc_error *err)
{
    fprintf(stderr, "%s: %s\n", what, err ? err->reason : "failed");
    return 1;
}

static bool read_stacks(const char *path, work *w)
{
    const size_t size = w->rows * w->cols;
    float       *data = malloc(2 * w->count * size * sizeof *data);
    FILE        *file = fopen(path, "rb");
    const bool   read =
        file && data &&
        fread(data, sizeof *data, 2 * w->count * size, file) == 2 * w->count * size;

    if (file) fclose(file);
    for (size_t l = 0; read && l < 2 * w->count; l++)
        w->layers[l / w->count][l % w->count] =
            (mc_matrix){ data + l * size, w->rows, w->cols, w->cols };
    if (!read) free(data);
    return read;
}

/* ---- Gram matrices ----------------------------------------------------------------------- */

static mc_status make_gram(void *context, size_t job, mc_arena *keep, mc_arena *scratch,
                           mc_error *err)
{
    const work *w = context;
    double     *gram;

    (void)keep;
    MC_TRY(mc_take_doubles(scratch, w->rows * w->rows, &gram, err));
    return mc_matrix_gram(w->layers[job / w->count][job % w->count], gram, scratch, err);
}

/* Share of the double peak (half the float32 peak) that all Gram matrices reach, a symmetric
 * product counted as the half that must be computed. */
static mc_status bench_grams(work *w, mc_team *team, mc_pool *pool, mc_error *err)
{
    const mc_backend *backend = NULL;
    double            best = INFINITY, peak = 0;

    MC_TRY(mc_backend_find(NULL, &backend, err));
    mc_team_reserve(team, (w->rows * w->rows + (w->rows + 4) * w->cols) * sizeof(double));
    for (int round = 0; round < 7; round++) {
        const double reading = mc_cpu_fma_peak(backend, pool, 0.1), start = now();
        MC_TRY(mc_team_run(team, 2 * w->count, make_gram, w, err));
        const double seconds = now() - start;
        best                 = seconds < best ? seconds : best;
        peak                 = reading > peak ? reading : peak;
    }
    const double flop =
        (double)(2 * w->count) * (double)(w->rows * (w->rows + 1)) * (double)w->cols;
    printf("\"gramSeconds\": %.5f, \"gramFlopPerSecond\": %.0f, \"peakDouble\": %.0f, "
           "\"gramShare\": %.3f, ",
           best, flop / best, peak / 2, flop / best / (peak / 2));
    return MC_OK;
}

/* ---- Comparisons and dimensions ---------------------------------------------------------- */

static mc_status time_compare(const work *w, const mc_metric *metric, size_t draws,
                              size_t halves, double *seconds, mc_error *err)
{
    mc_compare_options options = MC_COMPARE_OPTIONS_DEFAULT;
    const mc_stack     a       = { .layers = w->layers[0], .count = w->count };
    const mc_stack     b       = { .layers = w->layers[1], .count = w->count };
    mc_comparison     *got;

    options.metrics      = &metric;
    options.metric_count = 1;
    options.permutations = draws;
    options.half_samples = halves;
    if (draws == 0) options.permutations_costly = 0;
    if (halves == 0) options.half_samples_costly = 0;
    *seconds = now();
    MC_TRY(mc_compare(&a, &b, &options, &got, err));
    *seconds = now() - *seconds;
    mc_comparison_free(got);
    return MC_OK;
}

static bool is_wanted(const char *name, char **names, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0) return true;
    return count == 0;
}

static mc_status bench_compare(const work *w, char **names, int name_count, mc_error *err)
{
    printf("\"compare\": {");
    for (size_t m = 0, shown = 0; m < mc_metric_count(); m++) {
        const mc_metric *metric = mc_metric_get(m);
        double           values, null, halves, all;
        if (metric->operands != 2 || !is_wanted(metric->name, names, name_count)) continue;
        MC_TRY(time_compare(w, metric, 0, 0, &values, err));
        MC_TRY(time_compare(w, metric, 1000, 0, &null, err));
        MC_TRY(time_compare(w, metric, 0, 1000, &halves, err));
        MC_TRY(time_compare(w, metric, 1000, 1000, &all, err));
        printf("%s\"%s\": {\"values\": %.4f, \"null\": %.4f, \"halves\": %.4f, \"all\": %.4f}",
               shown++ ? ", " : "", metric->name, values, null - values, halves - values, all);
        fflush(stdout);
    }
    printf("}, ");
    return MC_OK;
}

/* Best of five; INFINITY: the metric describes a layer, but not its dimension. */
static double time_dimension(const work *w, const mc_metric *metric, bool with_uncertainty)
{
    mc_dimension_options options = MC_DIMENSION_OPTIONS_DEFAULT;
    double               best    = INFINITY;

    options.estimators      = &metric;
    options.estimator_count = 1;
    if (!with_uncertainty) options.subsamples = options.metric.resamples = 0;
    for (int round = 0; round < 5; round++) {
        mc_dimension *got;
        const double  start = now();
        if (mc_dimension_compute(w->layers[0], w->count, NULL, &options, &got, NULL) != MC_OK)
            return INFINITY;
        const double seconds = now() - start;
        best                 = seconds < best ? seconds : best;
        mc_dimension_free(got);
    }
    return best;
}

static void bench_dimension(const work *w)
{
    printf("\"dimension\": {");
    for (size_t m = 0, shown = 0; m < mc_metric_count(); m++) {
        const mc_metric *metric = mc_metric_get(m);
        const double     values =
            metric->operands == 1 ? time_dimension(w, metric, false) : INFINITY;
        if (!isfinite(values)) continue;
        printf("%s\"%s\": {\"values\": %.4f, \"all\": %.4f}", shown++ ? ", " : "", metric->name,
               values, time_dimension(w, metric, true));
    }
    printf("}");
}

int main(int argc, char **argv)
{
    work      w    = { 0 };
    mc_error  err  = { 0 };
    mc_team  *team = NULL;
    mc_pool  *pool = NULL;
    mc_status status;

    if (argc < 5)
        return fail("usage: bench_geometry FILE LAYERS PROBES UNITS [METRIC...]", NULL);
    w.count = (size_t)strtoull(argv[2], NULL, 10);
    w.rows  = (size_t)strtoull(argv[3], NULL, 10);
    w.cols  = (size_t)strtoull(argv[4], NULL, 10);
    if (w.count > 64 || !read_stacks(argv[1], &w)) return fail(argv[1], NULL);
    status = mc_team_create(0, &team, &err);
    if (status == MC_OK) status = mc_pool_create(0, &pool, &err);
    printf("{\"threads\": %zu, \"arithmetic\": \"%s\", ", team ? mc_team_size(team) : 0,
           mc_geometry_arithmetic());
    if (status == MC_OK) status = bench_grams(&w, team, pool, &err);
    if (status == MC_OK) bench_dimension(&w);
    printf(", ");
    if (status == MC_OK) status = bench_compare(&w, argv + 5, argc - 5, &err);
    printf("\"rows\": %zu}\n", w.rows);
    mc_pool_free(pool);
    mc_team_free(team);
    free((void *)w.layers[0][0].data);
    return status == MC_OK ? 0 : fail("bench_geometry", &err);
}
