/* mutual_knn.c - how many of a probe's k nearest neighbours both layers agree on. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "geometry/matrix.h"
#include "geometry/metric_list.h"
#include "geometry/similarity.h"

static mc_status prepare(const mc_view *view, const mc_metric_options *options, mc_arena *keep,
                         mc_prepared *out, mc_error *err)
{
    const size_t n = view->n, k = options->neighbours;
    size_t       bad;
    void        *list;

    if (k < 1 || k + 1 >= n) {
        mc_prepared_undefined(out, "%zu probes have no %zu neighbours to tell from the others",
                              n, k);
        return MC_OK;
    }
    MC_TRY(mc_take_doubles(keep, n * n, &out->vector, err));
    MC_TRY(mc_arena_array(keep, n * k, sizeof *out->neighbours, &list, err));
    out->neighbours = list;
    if (!mc_cosines(view->gram, n, out->vector, &bad)) {
        mc_prepared_undefined(out, "row %zu lies at the centre and has no direction", bad);
        return MC_OK;
    }
    mc_neighbours(out->vector, n, k, out->neighbours);
    memset(out->vector, 0, n * n * sizeof *out->vector);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < k; j++)
            out->vector[i * n + out->neighbours[i * k + j]] = 1.0;
    out->k     = k;
    out->scale = 1 / sqrt((double)(n * k));
    return MC_OK;
}

static double chance(const mc_prepared *a, const mc_prepared *b,
                     const mc_metric_options *options)
{
    (void)b;
    return (double)options->neighbours / ((double)a->n - 1);
}

static void note(const mc_prepared *a, const mc_prepared *b, const mc_metric_options *options,
                 char text[MC_REASON_SIZE])
{
    (void)b;
    snprintf(text, MC_REASON_SIZE, "k = %zu, cosine of centred rows; chance level %.4f",
             options->neighbours, chance(a, b, options));
}

static const mc_similarity similarity = {
    .pairs = MC_PAIRS_SQUARE, .prepare = prepare, .floor = chance, .note = note
};

const mc_metric mc_metric_mutual_knn = {
    .name       = "mutual-knn",
    .summary    = "mean overlap of the sets of nearest neighbours",
    .convention = "k = 10 by cosine of centred rows, self excluded, ties to the lower index; "
                  "chance k / (n - 1)",
    .citation   = "Huh et al. 2024, arXiv:2405.07987",
    .operands   = 2,
    .range      = { 0.0, 1.0 },
    .rows_least = 4,
    .similarity = &similarity,
};
