/* rsa.c - Spearman's rank correlation of two matrices of dissimilarities. */
#include <math.h>
#include <stdio.h>

#include "geometry/matrix.h"
#include "geometry/metric_list.h"
#include "geometry/similarity.h"
#include "geometry/statistics.h"

static mc_status prepare(const mc_view *view, const mc_metric_options *options, mc_arena *keep,
                         mc_prepared *out, mc_error *err)
{
    const size_t n = view->n, count = mc_pair_count(MC_PAIRS_UPPER, n);
    double      *cosines, mean = ((double)count + 1) / 2, norm = 0;
    size_t       bad, at = 0;

    (void)options;
    MC_TRY(mc_take_doubles(keep, count, &out->vector, err));
    mc_arena_mark mark = mc_arena_save(keep);
    MC_TRY(mc_take_doubles(keep, n * n, &cosines, err));
    if (!mc_cosines(view->gram, n, cosines, &bad)) {
        mc_prepared_undefined(out, "row %zu lies at the centre and has no direction", bad);
        return MC_OK;
    }
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++)
            out->vector[at++] = 1 - cosines[i * n + j];
    mc_arena_reset(keep, mark);
    MC_TRY(mc_ranks(out->vector, count, keep, err));
    for (size_t k = 0; k < count; k++) {
        out->vector[k] -= mean;
        norm += out->vector[k] * out->vector[k];
    }
    if (!(norm > 0)) mc_prepared_undefined(out, "all dissimilarities are equal");
    for (size_t k = 0; norm > 0 && k < count; k++)
        out->vector[k] /= sqrt(norm);
    return MC_OK;
}

static void note(const mc_prepared *a, const mc_prepared *b, const mc_metric_options *options,
                 char text[MC_REASON_SIZE])
{
    (void)a, (void)b, (void)options;
    snprintf(text, MC_REASON_SIZE, "Spearman over pairs, 1 - cosine of centred rows");
}

static const mc_similarity similarity = { .pairs   = MC_PAIRS_UPPER,
                                          .prepare = prepare,
                                          .note    = note };

const mc_metric mc_metric_rsa = {
    .name       = "rsa",
    .summary    = "rank correlation of the two matrices of dissimilarities",
    .convention = "Spearman of 1 - cosine of centred rows, average ranks for ties",
    .citation   = "Kriegeskorte et al. 2008, Front. Syst. Neurosci. 2:4",
    .operands   = 2,
    .range      = { -1.0, 1.0 },
    .rows_least = 4,
    .similarity = &similarity,
};
