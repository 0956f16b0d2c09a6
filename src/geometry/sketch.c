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
#include "geometry/statistics.h"

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

/* The Gram matrix of the chosen probes as a sketch keeps it: off the diagonal, and up to terms
 * u_i + u_j and a factor, which U-centring and the norm take away again. */
static void restore_kernel(const mc_sketch *sketch, const size_t *rows, size_t n,
                           double *kernel)
{
    for (size_t i = 0; i < n; i++) {
        kernel[i * n + i] = 0;
        for (size_t j = 0; j < i; j++) {
            const size_t a = rows ? rows[i] : i, b = rows ? rows[j] : j;
            const size_t p = a < b ? a : b, q = a < b ? b : a;
            const size_t at   = p * sketch->probes - (p + 1) * (p + 2) / 2 + q;
            kernel[i * n + j] = kernel[j * n + i] = sketch->entries[at];
        }
    }
}

static mc_status restore(const mc_sketch *sketch, const size_t *rows, size_t probes,
                         mc_arena *keep, mc_prepared *out, mc_error *err)
{
    static const mc_metric_options options = MC_METRIC_OPTIONS_DEFAULT;
    double                        *kernel;

    *out = (mc_prepared){ .n = probes };
    if (!sketch->entries) {
        mc_prepared_undefined(out, "there is no sketch of this layer");
        return MC_OK;
    }
    MC_TRY(mc_take_doubles(keep, probes * probes, &kernel, err));
    restore_kernel(sketch, rows, probes, kernel);
    const mc_view view = { .gram = kernel, .n = probes };
    return mc_similarity_prepare(&mc_metric_cka, &view, &options, keep, out, err);
}

typedef struct sketch_job {
    const mc_sketches        *side[2];
    size_t                    probes;
    const mc_compare_options *options;
    mc_team                  *team;
    mc_prepared_panel         p;
    mc_sketch_comparison     *out;
} sketch_job;

static mc_status restore_all(sketch_job *job, mc_error *err)
{
    mc_arena *keep = mc_team_keep(job->team);

    if (job->probes < mc_metric_cka.rows_least)
        return mc_fail(err, MC_ERR_ARGUMENT, "", "%zu probes in common, sketches need %zu",
                       job->probes, mc_metric_cka.rows_least);
    job->p.n = job->probes;
    for (size_t s = 0; s < 2; s++) {
        const mc_sketches *side = job->side[s];
        void              *block;
        MC_TRY(mc_arena_array(keep, side->count, sizeof(mc_prepared), &block, err));
        job->p.layer[s] = block;
        job->p.count[s] = side->count;
        for (size_t l = 0; l < side->count; l++) {
            const mc_sketch *sketch = &side->layers[l];
            if (sketch->entries && !side->rows && sketch->probes != job->probes)
                return mc_fail(err, MC_ERR_ARGUMENT, "make both from the same probes",
                               "one sketch has %zu probes, not %zu", sketch->probes,
                               job->probes);
            MC_TRY(restore(sketch, side->rows, job->probes, keep, &job->p.layer[s][l], err));
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

static mc_status match(sketch_job *job, const double *values, size_t (*link)[2], size_t *count,
                       double *mean, mc_error *err)
{
    const size_t rows = job->p.count[0], cols = job->p.count[1];

    MC_TRY(mc_match_monotone(values, rows, cols, mc_team_keep(job->team), link, count, err));
    *mean = links_mean(values, cols, link, *count);
    return MC_OK;
}

static mc_status permute(sketch_job *job, mc_error *err)
{
    static const mc_metric_options options = MC_METRIC_OPTIONS_DEFAULT;
    const size_t                   draws   = job->options->permutations;
    const size_t                   rows = job->p.count[0], cols = job->p.count[1];
    mc_arena                      *keep = mc_team_keep(job->team);
    mc_null_summary                summary;
    double                        *null, *means;
    size_t(*link)[2], count;
    void *block;

    MC_TRY(mc_arena_array(keep, rows + cols, sizeof *link, &block, err));
    link = block;
    MC_TRY(mc_take_doubles(keep, draws * rows * cols, &null, err));
    MC_TRY(mc_take_doubles(keep, draws, &means, err));
    if (draws > 0)
        MC_TRY(mc_panel_permute(job->team, &mc_metric_cka, &job->p, &options, NULL,
                                job->options->seed, draws, NULL, null, err));
    for (size_t d = 0; d < draws; d++)
        MC_TRY(match(job, null + d * rows * cols, link, &count, &means[d], err));
    MC_TRY(mc_summarise_null(means, draws, &job->out->mean, 1, false, MC_PERMUTED_ERROR, keep,
                             &summary, err));
    job->out->null_mean = summary.mean[0];
    job->out->null_sd   = summary.sd[0];
    job->out->p         = summary.p[0];
    return MC_OK;
}

/* Half of the probes must be enough for CKA. */
static mc_status halve(sketch_job *job, mc_error *err)
{
    static const mc_metric_options options = MC_METRIC_OPTIONS_DEFAULT;
    const mc_panel                 panel   = { .n = job->probes };
    mc_sketch_comparison          *out     = job->out;
    size_t    samples = job->options->half_samples, links = out->link_count;
    mc_arena *keep = mc_team_keep(job->team);
    double   *values, *means;

    if (job->probes / 2 < mc_metric_cka.rows_least) samples = 0;
    MC_TRY(mc_take_doubles(keep, samples * links, &values, err));
    MC_TRY(mc_take_doubles(keep, samples, &means, err));
    if (samples > 0)
        MC_TRY(mc_panel_halves(job->team, &mc_metric_cka, &panel, &job->p, &options,
                               (const size_t(*)[2])out->link, links, job->options->seed,
                               samples, NULL, values, err));
    for (size_t s = 0; s < samples; s++)
        means[s] = links ? mc_mean(values + s * links, links) : NAN;
    return mc_interval(means, samples, 1, out->mean, keep, &out->low, &out->high, err);
}

static mc_status run(sketch_job *job, mc_error *err)
{
    static const mc_metric_options options = MC_METRIC_OPTIONS_DEFAULT;
    mc_sketch_comparison          *out     = job->out;
    const size_t                   rows = job->side[0]->count, cols = job->side[1]->count;
    void                          *block;

    MC_TRY(restore_all(job, err));
    MC_TRY(mc_take_doubles(out->storage, rows * cols, &out->values, err));
    MC_TRY(mc_arena_array(out->storage, rows + cols, sizeof *out->link, &block, err));
    out->link = block;
    MC_TRY(
        mc_panel_values(job->team, &mc_metric_cka, &job->p, &options, NULL, out->values, err));
    MC_TRY(match(job, out->values, out->link, &out->link_count, &out->mean, err));
    MC_TRY(permute(job, err));
    return halve(job, err);
}

mc_status mc_sketch_compare(const mc_sketches *a, const mc_sketches *b, size_t probes,
                            const mc_compare_options *options,
                            mc_sketch_comparison **comparison, mc_error *err)
{
    mc_sketch_comparison *result = mc_calloc(1, sizeof *result);
    sketch_job job = { .side = { a, b }, .probes = probes, .options = options, .out = result };
    mc_status  status;

    if (!result) return mc_fail_memory(err, sizeof *result);
    status = mc_arena_create(&result->storage, err);
    if (status == MC_OK) status = mc_team_create(options->threads, &job.team, err);
    if (status == MC_OK) status = run(&job, err);
    mc_team_free(job.team);
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
