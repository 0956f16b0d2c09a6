/* compare_metric.c - one metric over all pairs of layers, with everything that goes with it. */
#include <math.h>
#include <string.h>

#include "base/profile.h"
#include "geometry/compare.h"
#include "geometry/correspondence.h"
#include "geometry/matrix.h"

/* Values, null and p of one panel. */
typedef struct outcome {
    double         *values, *null;
    mc_null_summary summary;
} outcome;

static mc_wanted wanted_of(const mc_compare_job *job, const mc_metric *metric)
{
    return metric->is_costly ? job->linked : NULL;
}

static size_t pair_count(const mc_compare_job *job)
{
    return job->result->a_count * job->result->b_count;
}

static mc_progress progress_of(const mc_compare_job *job, const char *stage)
{
    return (mc_progress){ job->options->progress, job->options->progress_context, stage };
}

/* Observed values, and with draws > 0 their null; memory from the team's keep arena. */
static mc_status evaluate(mc_compare_job *job, const mc_metric *metric,
                          const mc_prepared_panel *p, size_t draws, const char *stage,
                          outcome *out, mc_error *err)
{
    const size_t      pairs    = pair_count(job);
    const mc_wanted   wanted   = wanted_of(job, metric);
    mc_arena         *keep     = mc_team_keep(job->team);
    const mc_progress progress = progress_of(job, stage);
    const bool        rounded  = metric->similarity->pairs != MC_PAIRS_NONE;
    mc_profile_mark   begun    = mc_profile_begin();

    MC_TRY(mc_take_doubles(keep, pairs, &out->values, err));
    MC_TRY(mc_take_doubles(keep, draws * pairs, &out->null, err));
    if (progress.report) progress.report(progress.context, "values of all pairs", 0, 1);
    MC_TRY(
        mc_panel_values(job->team, metric, p, &job->options->metric, wanted, out->values, err));
    mc_profile_end_stage(begun, "values of all pairs");
    begun = mc_profile_begin();
    if (draws > 0)
        MC_TRY(mc_panel_permute(job->team, metric, p, &job->options->metric, wanted,
                                job->options->seed, draws, &progress, out->null, err));
    if (draws > 0) mc_profile_end_stage(begun, "permutations");
    return mc_summarise_null(out->null, draws, out->values, pairs, metric->is_distance,
                             rounded ? MC_PERMUTED_ERROR : 1e-12, keep, &out->summary, err);
}

/* s(X1, X2) of the split halves of one layer. */
typedef struct split_context {
    const mc_compare_job *job;
    const mc_metric      *metric;
    double               *self[2]; /* per layer; NaN when undefined */
} split_context;

static mc_status prepare_split(const split_context *own, const mc_matrix *x, mc_arena *scratch,
                               mc_prepared *out, mc_error *err)
{
    size_t  row, col;
    double *gram;
    mc_view view = { .n = x->rows, .x = x };

    *out = (mc_prepared){ .n = x->rows };
    if (!mc_matrix_is_finite(*x, &row, &col) || mc_matrix_is_constant(*x)) {
        mc_prepared_undefined(out, "a half is constant or not finite");
        return MC_OK;
    }
    MC_TRY(mc_take_doubles(scratch, x->rows * x->rows, &gram, err));
    MC_TRY(mc_matrix_gram(*x, gram, scratch, err));
    view.gram = gram;
    return mc_similarity_prepare(own->metric, &view, &own->job->options->metric, scratch, out,
                                 err);
}

static mc_status split_layer(void *context, size_t index, mc_arena *keep, mc_arena *scratch,
                             mc_error *err)
{
    split_context   *own   = context;
    const size_t     first = own->job->stack[0]->count, which = index >= first;
    const size_t     layer = which ? index - first : index;
    const mc_matrix *halves;
    mc_prepared      one, two;

    (void)keep;
    own->self[which][layer] = NAN;
    if (!own->job->stack[which]->split) return MC_OK;
    halves = own->job->stack[which]->split + 2 * layer;
    MC_TRY(prepare_split(own, &halves[0], scratch, &one, err));
    MC_TRY(prepare_split(own, &halves[1], scratch, &two, err));
    return mc_similarity_value(own->metric, &one, &two, NULL, &own->job->options->metric,
                               scratch, &own->self[which][layer], err);
}

/* ceiling = sqrt(s(A1, A2) s(B1, B2)). A distance has no such ceiling. */
static mc_status fill_ceilings(mc_compare_job *job, const mc_metric *metric, mc_pair *pairs,
                               mc_error *err)
{
    split_context own    = { .job = job, .metric = metric };
    const size_t  counts = job->stack[0]->count + job->stack[1]->count;
    mc_arena     *keep   = mc_team_keep(job->team);

    if (!job->stack[0]->split || !job->stack[1]->split || metric->is_distance) return MC_OK;
    MC_TRY(mc_take_doubles(keep, job->stack[0]->count, &own.self[0], err));
    MC_TRY(mc_take_doubles(keep, job->stack[1]->count, &own.self[1], err));
    MC_TRY(mc_team_run(job->team, counts, split_layer, &own, err));
    for (size_t k = 0; k < pair_count(job); k++) {
        const double a = own.self[0][pairs[k].a], b = own.self[1][pairs[k].b];
        if (a >= 0 && b >= 0) pairs[k].ceiling = sqrt(a * b);
    }
    return MC_OK;
}

static mc_status fill_controls(mc_compare_job *job, const mc_metric *metric, mc_pair *pairs,
                               mc_error *err)
{
    mc_prepared_panel p;
    double           *values;

    if (job->control.n == 0) return MC_OK;
    MC_TRY(mc_panel_prepare(job->team, metric, &job->control, &job->options->metric, &p, err));
    MC_TRY(mc_take_doubles(mc_team_keep(job->team), pair_count(job), &values, err));
    MC_TRY(mc_panel_values(job->team, metric, &p, &job->options->metric, wanted_of(job, metric),
                           values, err));
    for (size_t k = 0; k < pair_count(job); k++)
        pairs[k].control = values[k];
    return MC_OK;
}

/* The same numbers over another panel, against their own null. */
static mc_status run_left_out(mc_compare_job *job, const mc_metric *metric,
                              const mc_panel *panel, size_t draws, const char *stage,
                              outcome *out, mc_error *err)
{
    mc_prepared_panel p;

    MC_TRY(mc_panel_prepare(job->team, metric, panel, &job->options->metric, &p, err));
    return evaluate(job, metric, &p, draws, stage, out, err);
}

static mc_left_out left_out_of(const outcome *out, size_t pair)
{
    return (mc_left_out){ out->values[pair], out->summary.p[pair],
                          out->summary.p_corrected[pair] };
}

static mc_status fill_without(mc_compare_job *job, const mc_metric *metric, size_t draws,
                              mc_pair *pairs, mc_error *err)
{
    outcome out;

    if (job->without.n > 0) {
        MC_TRY(run_left_out(job, metric, &job->without, draws,
                            "permutations without the flagged probes", &out, err));
        for (size_t k = 0; k < pair_count(job); k++)
            pairs[k].without = left_out_of(&out, k);
    }
    if (job->trimmed.n > 0) {
        MC_TRY(run_left_out(job, metric, &job->trimmed, draws,
                            "permutations without the flagged units", &out, err));
        for (size_t k = 0; k < pair_count(job); k++)
            pairs[k].without_dimensions = left_out_of(&out, k);
    }
    return MC_OK;
}

static const char *keep_text(mc_arena *storage, const char *text)
{
    const size_t size = strlen(text) + 1;
    char        *copy = mc_arena_take(storage, size, 1);

    if (copy) memcpy(copy, text, size);
    return copy ? copy : "undefined";
}

static void fill_pairs(const mc_compare_job *job, const mc_metric *metric,
                       const mc_prepared_panel *p, const outcome *out, mc_pair *pairs)
{
    const size_t cols = job->result->b_count;

    for (size_t k = 0; k < pair_count(job); k++) {
        const mc_prepared *a = &p->layer[0][k / cols], *b = &p->layer[1][k % cols];
        mc_pair           *pair = &pairs[k];

        *pair = (mc_pair){ .a                  = k / cols,
                           .b                  = k % cols,
                           .value              = out->values[k],
                           .null_mean          = out->summary.mean[k],
                           .null_sd            = out->summary.sd[k],
                           .p                  = out->summary.p[k],
                           .p_corrected        = out->summary.p_corrected[k],
                           .low                = NAN,
                           .high               = NAN,
                           .ceiling            = NAN,
                           .control            = NAN,
                           .floor              = NAN,
                           .without            = { NAN, NAN, NAN },
                           .without_dimensions = { NAN, NAN, NAN } };
        if (a->reason[0] || b->reason[0])
            pair->reason =
                keep_text(job->result->storage, a->reason[0] ? a->reason : b->reason);
        else if (isnan(pair->value))
            pair->reason = metric->is_costly && !job->linked[k]
                               ? "only the pairs of the correspondence are computed"
                               : "undefined for these two layers";
        else if (metric->similarity->floor)
            pair->floor = metric->similarity->floor(a, b, &job->options->metric);
    }
}

/* Mean of the links' values and of their half-samples. */
static mc_status fill_intervals(mc_compare_job *job, const mc_metric *metric,
                                const mc_prepared_panel *p, mc_pair *pairs,
                                mc_metric_comparison *out, mc_error *err)
{
    const mc_correspondence *monotone = &job->result->monotone;
    const size_t             cols = job->result->b_count, samples = out->half_samples;
    const mc_progress        progress = progress_of(job, "half-samples");
    mc_arena                *keep     = mc_team_keep(job->team);
    mc_profile_mark          begun    = mc_profile_begin();
    double                  *halves, *means;

    if (samples == 0 || job->links == 0) return MC_OK;
    MC_TRY(mc_take_doubles(keep, samples * job->links, &halves, err));
    MC_TRY(mc_take_doubles(keep, samples, &means, err));
    MC_TRY(mc_panel_halves(job->team, metric, &job->panel, p, &job->options->metric,
                           (const size_t(*)[2])job->link, job->links, job->options->seed,
                           samples, &progress, halves, err));
    mc_profile_end_stage(begun, "half-samples");
    for (size_t s = 0; s < samples; s++)
        means[s] = 0;
    for (size_t k = 0; k < job->links; k++) {
        mc_pair *pair = &pairs[job->link[k][0] * cols + job->link[k][1]];
        MC_TRY(mc_interval(halves + k, samples, job->links, pair->value, keep, &pair->low,
                           &pair->high, err));
        for (size_t m = 0; m < monotone->count; m++)
            if (monotone->link[m][0] == pair->a && monotone->link[m][1] == pair->b)
                for (size_t s = 0; s < samples; s++)
                    means[s] += halves[s * job->links + k] / (double)monotone->count;
    }
    return mc_interval(means, samples, 1, out->mean_monotone, keep, &out->low_monotone,
                       &out->high_monotone, err);
}

static void summarise_links(const mc_correspondence *links, const mc_pair *pairs, size_t cols,
                            double *mean, double *significant)
{
    double total = 0, count = 0, below = 0, tested = 0;

    for (size_t k = 0; k < links->count; k++) {
        const mc_pair *pair = &pairs[links->link[k][0] * cols + links->link[k][1]];
        if (isnan(pair->value)) continue;
        total += pair->value;
        tested += !isnan(pair->p_corrected);
        below += pair->p_corrected < 0.05;
        count++;
    }
    *mean        = count > 0 ? total / count : NAN;
    *significant = tested > 0 ? below / tested : NAN;
}

static void find_best(const mc_pair *pairs, size_t count, bool is_distance,
                      mc_metric_comparison *out)
{
    const double sign = is_distance ? -1 : 1;

    out->max_value = out->max_p = NAN;
    for (size_t k = 0; k < count; k++) {
        if (isnan(pairs[k].value)) continue;
        if (!isnan(out->max_value) && !(sign * pairs[k].value > sign * out->max_value))
            continue;
        out->max_value = pairs[k].value;
        out->max_p     = pairs[k].p_corrected;
    }
}

/* The note of the first pair that is defined. */
static void write_note(const mc_compare_job *job, const mc_metric *metric,
                       const mc_prepared_panel *p, mc_metric_comparison *out)
{
    for (size_t k = 0; k < pair_count(job); k++) {
        const mc_prepared *a = &p->layer[0][k / job->result->b_count];
        const mc_prepared *b = &p->layer[1][k % job->result->b_count];
        if (a->reason[0] || b->reason[0]) continue;
        metric->similarity->note(a, b, &job->options->metric, out->note);
        return;
    }
}

/* The mean over a correspondence that is chosen anew in every draw. */
static mc_status correspondence_null(mc_compare_job *job, const outcome *cka, size_t draws,
                                     bool monotone, mc_correspondence *out, mc_error *err)
{
    const size_t rows = job->result->a_count, cols = job->result->b_count;
    mc_arena    *keep = mc_team_keep(job->team);
    size_t(*link)[2], count;
    double         *means;
    void           *block;
    mc_null_summary summary;

    MC_TRY(mc_take_doubles(keep, draws, &means, err));
    MC_TRY(mc_arena_array(keep, rows + cols, sizeof *link, &block, err));
    link = block;
    for (size_t d = 0; d < draws; d++) {
        const double *null = cka->null + d * rows * cols;
        MC_TRY(monotone ? mc_match_monotone(null, rows, cols, keep, link, &count, err)
                        : mc_match_assignment(null, rows, cols, keep, link, &count, err));
        means[d] = 0;
        for (size_t k = 0; k < count; k++)
            means[d] += null[link[k][0] * cols + link[k][1]] / (double)count;
    }
    MC_TRY(mc_summarise_null(means, draws, &out->mean, 1, false, MC_PERMUTED_ERROR, keep,
                             &summary, err));
    out->null_mean = summary.mean[0];
    out->null_sd   = summary.sd[0];
    out->p         = summary.p[0];
    return MC_OK;
}

static mc_status run_metric(mc_compare_job *job, const mc_metric *metric,
                            mc_metric_comparison *out, mc_pair *pairs, mc_error *err)
{
    const size_t      cols = job->result->b_count;
    mc_prepared_panel p;
    outcome           observed;

    MC_TRY(mc_panel_prepare(job->team, metric, &job->panel, &job->options->metric, &p, err));
    MC_TRY(evaluate(job, metric, &p, out->permutations, "permutations", &observed, err));
    fill_pairs(job, metric, &p, &observed, pairs);
    write_note(job, metric, &p, out);
    summarise_links(&job->result->monotone, pairs, cols, &out->mean_monotone,
                    &out->significant_monotone);
    summarise_links(&job->result->assignment, pairs, cols, &out->mean_assignment,
                    &out->significant_assignment);
    find_best(pairs, pair_count(job), metric->is_distance, out);
    if (metric == mc_metric_find("cka") && out->permutations > 0) {
        MC_TRY(correspondence_null(job, &observed, out->permutations, true,
                                   &job->result->monotone, err));
        MC_TRY(correspondence_null(job, &observed, out->permutations, false,
                                   &job->result->assignment, err));
    }
    MC_TRY(fill_intervals(job, metric, &p, pairs, out, err));
    MC_TRY(fill_ceilings(job, metric, pairs, err));
    MC_TRY(fill_controls(job, metric, pairs, err));
    return fill_without(job, metric, out->permutations_left_out, pairs, err);
}

mc_status mc_compare_metric(mc_compare_job *job, const mc_metric *metric,
                            mc_metric_comparison *out, mc_error *err)
{
    const mc_compare_options *options = job->options;
    mc_profile_mark           begun   = mc_profile_begin();
    mc_team_mark              mark;
    mc_status                 status;
    void                     *block;

    *out =
        (mc_metric_comparison){ .metric       = metric,
                                .permutations = metric->is_costly ? options->permutations_costly
                                                                  : options->permutations,
                                .half_samples = metric->is_costly ? options->half_samples_costly
                                                                  : options->half_samples,
                                .low_monotone = NAN,
                                .high_monotone = NAN };
    out->permutations_left_out = (out->permutations + 3) / 4;
    MC_TRY(mc_arena_array(job->result->storage, pair_count(job), sizeof(mc_pair), &block, err));
    out->pairs = block;
    MC_TRY(mc_team_remember(job->team, &mark, err));
    status = run_metric(job, metric, out, block, err);
    if (status == MC_OK) status = mc_compare_groups(job, metric, out, err);
    mc_team_forget(job->team, mark);
    mc_profile_end_stage(begun, metric->name);
    return status;
}
