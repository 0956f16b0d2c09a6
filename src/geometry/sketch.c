/* sketch.c - the geometry of a layer in a few kilobytes, and comparing what is kept.
 *
 * 128 probes are 8,128 pairs: 16 KiB a layer. Rounding to 16 bits moves debiased CKA by less
 * than 1e-4. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "geometry/compare.h"
#include "geometry/correspondence.h"
#include "geometry/matrix.h"
#include "geometry/metric_list.h"

size_t mc_sketch_size(size_t probes)
{
    return mc_pair_count(MC_PAIRS_UPPER, probes);
}

static mc_status make(mc_matrix x, const size_t *rows, size_t probes, mc_arena *scratch,
                      mc_sketch *sketch, mc_error *err)
{
    const size_t size = mc_sketch_size(probes);
    double      *vector, *sums, *gram, largest = 0;
    float       *copy;

    MC_TRY(mc_take_floats(scratch, probes * x.cols, &copy, err));
    MC_TRY(mc_take_doubles(scratch, probes * probes, &gram, err));
    MC_TRY(mc_take_doubles(scratch, size, &vector, err));
    MC_TRY(mc_take_doubles(scratch, probes, &sums, err));
    for (size_t i = 0; i < probes; i++)
        memcpy(copy + i * x.cols, x.data + rows[i] * x.stride, x.cols * sizeof *copy);
    const mc_matrix part = { copy, probes, x.cols, x.cols };
    MC_TRY(mc_matrix_gram(part, gram, scratch, err));
    if (mc_matrix_is_constant(part) ||
        !(mc_u_centre(gram, probes, vector, sums) > MC_NOTHING_LEFT))
        return mc_fail(err, MC_ERR_NUMERIC, "", "the %zu probes of the sketch do not vary",
                       probes);
    for (size_t k = 0; k < size; k++)
        if (fabs(vector[k]) > largest) largest = fabs(vector[k]);
    for (size_t k = 0; k < size; k++)
        sketch->entries[k] = (int16_t)lrint(vector[k] / largest * MC_SKETCH_UNIT);
    sketch->probes  = probes;
    sketch->largest = largest;
    return MC_OK;
}

mc_status mc_sketch_make(mc_matrix x, const size_t *rows, size_t probes, mc_sketch *sketch,
                         mc_error *err)
{
    mc_arena *scratch;
    mc_status status;
    size_t    row, col;

    MC_TRY(mc_matrix_check(x, err));
    if (probes < mc_metric_cka.rows_least)
        return mc_fail(err, MC_ERR_ARGUMENT, "", "a sketch of %zu probes says nothing", probes);
    if (!mc_matrix_is_finite(x, &row, &col))
        return mc_fail(err, MC_ERR_NUMERIC, "", "row %zu, column %zu is not finite", row, col);
    MC_TRY(mc_arena_create(&scratch, err));
    status = make(x, rows, probes, scratch, sketch, err);
    mc_arena_free(scratch);
    return status;
}

/* The prepared form of cka straight from the sketch, of unit norm again after the rounding. */
static mc_status restore(const mc_sketch *sketch, size_t probes, mc_arena *keep,
                         mc_prepared *out, mc_error *err)
{
    const size_t size = mc_sketch_size(probes);
    double       norm = 0;

    *out = (mc_prepared){ .n = probes, .scale = 1 };
    if (!sketch->entries) {
        mc_prepared_undefined(out, "there is no sketch of this layer");
        return MC_OK;
    }
    MC_TRY(mc_take_doubles(keep, size, &out->vector, err));
    for (size_t k = 0; k < size; k++)
        norm += (double)sketch->entries[k] * sketch->entries[k];
    if (!(norm > 0)) {
        mc_prepared_undefined(out, "the sketch is zero");
        return MC_OK;
    }
    for (size_t k = 0; k < size; k++)
        out->vector[k] = sketch->entries[k] / sqrt(norm);
    return MC_OK;
}

static mc_status restore_all(mc_arena *keep, const mc_sketch *const sides[2],
                             const size_t counts[2], mc_prepared_panel *p, mc_error *err)
{
    size_t probes = 0;

    for (size_t s = 0; s < 2; s++)
        for (size_t l = 0; l < counts[s]; l++)
            if (sides[s][l].entries && probes == 0) probes = sides[s][l].probes;
    if (probes < mc_metric_cka.rows_least)
        return mc_fail(err, MC_ERR_ARGUMENT, "", "neither model has a sketch of any layer");
    p->n = probes;
    for (size_t s = 0; s < 2; s++) {
        void *block;
        MC_TRY(mc_arena_array(keep, counts[s], sizeof(mc_prepared), &block, err));
        p->layer[s] = block;
        p->count[s] = counts[s];
        for (size_t l = 0; l < counts[s]; l++) {
            if (sides[s][l].entries && sides[s][l].probes != probes)
                return mc_fail(err, MC_ERR_ARGUMENT, "make both from the same probes",
                               "one sketch has %zu probes, another %zu", probes,
                               sides[s][l].probes);
            MC_TRY(restore(&sides[s][l], probes, keep, &p->layer[s][l], err));
        }
    }
    return MC_OK;
}

static double links_mean(const double *values, size_t cols, size_t (*link)[2], size_t count)
{
    double total = 0;

    for (size_t k = 0; k < count; k++)
        total += values[link[k][0] * cols + link[k][1]];
    return count ? total / (double)count : NAN;
}

static mc_status run(mc_team *team, const mc_prepared_panel *p, size_t permutations,
                     uint64_t seed, mc_sketch_comparison *out, mc_error *err)
{
    static const mc_metric_options options = MC_METRIC_OPTIONS_DEFAULT;
    const size_t                   rows = p->count[0], cols = p->count[1];
    mc_arena                      *keep = mc_team_keep(team);
    mc_null_summary                summary;
    double                        *null, *means;
    size_t(*link)[2], count;
    void *block;

    MC_TRY(mc_take_doubles(out->storage, rows * cols, &out->values, err));
    MC_TRY(mc_arena_array(out->storage, rows + cols, sizeof *out->link, &block, err));
    out->link = block;
    MC_TRY(mc_arena_array(keep, rows + cols, sizeof *link, &block, err));
    link = block;
    MC_TRY(mc_take_doubles(keep, permutations * rows * cols, &null, err));
    MC_TRY(mc_take_doubles(keep, permutations, &means, err));
    MC_TRY(mc_panel_values(team, &mc_metric_cka, p, &options, NULL, out->values, err));
    MC_TRY(mc_match_monotone(out->values, rows, cols, keep, out->link, &out->link_count, err));
    out->mean = links_mean(out->values, cols, out->link, out->link_count);
    if (permutations > 0)
        MC_TRY(mc_panel_permute(team, &mc_metric_cka, p, &options, NULL, seed, permutations,
                                NULL, null, err));
    for (size_t d = 0; d < permutations; d++) {
        MC_TRY(mc_match_monotone(null + d * rows * cols, rows, cols, keep, link, &count, err));
        means[d] = links_mean(null + d * rows * cols, cols, link, count);
    }
    MC_TRY(mc_summarise_null(means, permutations, &out->mean, 1, false, MC_PERMUTED_ERROR, keep,
                             &summary, err));
    out->null_mean = summary.mean[0];
    out->null_sd   = summary.sd[0];
    out->p         = summary.p[0];
    return MC_OK;
}

mc_status mc_sketch_compare(const mc_sketch *a, size_t a_count, const mc_sketch *b,
                            size_t b_count, size_t permutations, uint64_t seed, size_t threads,
                            mc_sketch_comparison **comparison, mc_error *err)
{
    const mc_sketch      *sides[2]  = { a, b };
    const size_t          counts[2] = { a_count, b_count };
    mc_sketch_comparison *result    = mc_calloc(1, sizeof *result);
    mc_prepared_panel     p         = { 0 };
    mc_team              *team      = NULL;
    mc_status             status;

    if (!result) return mc_fail_memory(err, sizeof *result);
    status = mc_arena_create(&result->storage, err);
    if (status == MC_OK) status = mc_team_create(threads, &team, err);
    if (status == MC_OK) status = restore_all(mc_team_keep(team), sides, counts, &p, err);
    if (status == MC_OK) status = run(team, &p, permutations, seed, result, err);
    mc_team_free(team);
    if (status == MC_OK)
        *comparison = result;
    else
        mc_sketch_comparison_free(result);
    return status;
}

void mc_sketch_comparison_free(mc_sketch_comparison *comparison)
{
    if (!comparison) return;
    mc_arena_free(comparison->storage);
    mc_free(comparison);
}
