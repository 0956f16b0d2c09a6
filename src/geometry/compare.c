/* compare.c - two stacks of layers: what they share, then one metric after the other.
 *
 * The order: Gram matrices; flagged probes and units (compare_flags.c); the debiased CKA matrix
 * and from it the two correspondences; then each metric (compare_metric.c). */
#include "geometry/compare.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/profile.h"
#include "geometry/correspondence.h"
#include "geometry/matrix.h"
#include "geometry/metric_list.h"

/* ---- Arguments --------------------------------------------------------------------------- */

static mc_status check_layers(const mc_matrix *layers, size_t count, size_t rows,
                              const char *side, const char *what, mc_error *err)
{
    for (size_t l = 0; l < count; l++) {
        mc_status status = mc_matrix_check(layers[l], err);
        if (status != MC_OK)
            return mc_fail_about(err, status, "%s %zu of model %s", what, l, side);
        if (layers[l].rows != rows)
            return mc_fail(err, MC_ERR_ARGUMENT,
                           "both models need the same probes in the same order",
                           "%s %zu of model %s has %zu probes, not %zu", what, l, side,
                           layers[l].rows, rows);
    }
    return MC_OK;
}

static mc_status check_stack(const mc_stack *stack, const mc_stack *first, const char *side,
                             mc_error *err)
{
    if (stack->count == 0 || !stack->layers)
        return mc_fail(err, MC_ERR_ARGUMENT, "", "model %s has no layers", side);
    MC_TRY(
        check_layers(stack->layers, stack->count, first->layers[0].rows, side, "layer", err));
    if (stack->split && first->split)
        MC_TRY(check_layers(stack->split, 2 * stack->count, first->split[0].rows, side,
                            "split half", err));
    if (stack->control && first->control)
        MC_TRY(check_layers(stack->control, stack->count, first->control[0].rows, side,
                            "control layer", err));
    return MC_OK;
}

static mc_status check_arguments(const mc_stack *a, const mc_stack *b,
                                 const mc_compare_options *options, mc_error *err)
{
    MC_TRY(check_stack(a, a, "A", err));
    MC_TRY(check_stack(b, a, "B", err));
    if (a->layers[0].rows < mc_metric_cka.rows_least)
        return mc_fail(err, MC_ERR_ARGUMENT, "use more probes",
                       "%zu probes in common; a comparison needs at least %zu",
                       a->layers[0].rows, mc_metric_cka.rows_least);
    for (size_t m = 0; options->metrics && m < options->metric_count; m++)
        if (options->metrics[m]->operands != 2)
            return mc_fail(err, MC_ERR_ARGUMENT, "", "%s describes one layer, it compares none",
                           options->metrics[m]->name);
    return MC_OK;
}

/* ---- The correspondence ------------------------------------------------------------------ */

static mc_status match(mc_compare_job *job, const double *cka, bool monotone,
                       mc_correspondence *out, mc_error *err)
{
    mc_comparison *result = job->result;
    const size_t   rows = result->a_count, cols = result->b_count;
    size_t(*link)[2];
    void  *block;
    double total = 0, *values;

    MC_TRY(mc_arena_array(result->storage, rows + cols, sizeof *link, &block, err));
    link = block;
    MC_TRY((monotone ? mc_match_monotone : mc_match_assignment)(
        cka, rows, cols, mc_team_keep(job->team), link, &out->count, err));
    MC_TRY(mc_take_doubles(result->storage, out->count, &values, err));
    for (size_t k = 0; k < out->count; k++)
        total += values[k] = cka[link[k][0] * cols + link[k][1]];
    out->value     = values;
    out->link      = (const size_t(*)[2])link;
    out->mean      = out->count ? total / (double)out->count : NAN;
    out->null_mean = out->null_sd = out->p = NAN;
    return MC_OK;
}

static void add_links(mc_compare_job *job, const mc_correspondence *from)
{
    for (size_t k = 0; k < from->count; k++) {
        bool *linked = &job->linked[from->link[k][0] * job->result->b_count + from->link[k][1]];
        if (*linked) continue;
        *linked                  = true;
        job->link[job->links][0] = from->link[k][0];
        job->link[job->links][1] = from->link[k][1];
        job->links++;
    }
}

static mc_status find_correspondence(mc_compare_job *job, mc_error *err)
{
    mc_comparison    *result = job->result;
    const size_t      pairs  = result->a_count * result->b_count;
    mc_prepared_panel p;
    double           *cka;
    void             *block;

    MC_TRY(mc_panel_prepare(job->team, &mc_metric_cka, &job->panel, &job->options->metric, &p,
                            err));
    MC_TRY(mc_take_doubles(mc_team_keep(job->team), pairs, &cka, err));
    MC_TRY(
        mc_panel_values(job->team, &mc_metric_cka, &p, &job->options->metric, NULL, cka, err));
    MC_TRY(match(job, cka, true, &result->monotone, err));
    MC_TRY(match(job, cka, false, &result->assignment, err));
    MC_TRY(mc_arena_array(result->storage, pairs, sizeof *job->linked, &block, err));
    job->linked = block;
    memset(job->linked, 0, pairs * sizeof *job->linked);
    MC_TRY(mc_arena_array(result->storage, 2 * (result->a_count + result->b_count),
                          sizeof *job->link, &block, err));
    job->link = block;
    add_links(job, &result->monotone);
    add_links(job, &result->assignment);
    return MC_OK;
}

/* ---- All of it --------------------------------------------------------------------------- */

static mc_status make_panels(mc_compare_job *job, mc_error *err)
{
    const mc_stack  *a = job->stack[0], *b = job->stack[1];
    const size_t     counts[2]  = { a->count, b->count };
    const mc_matrix *layers[2]  = { a->layers, b->layers };
    const mc_matrix *control[2] = { a->control, b->control };

    MC_TRY(mc_panel_make(job->team, job->result->storage, layers, counts,
                         job->options->probe_names, &job->panel, err));
    if (!a->control || !b->control) return MC_OK;
    return mc_panel_make(job->team, job->result->storage, control, counts, NULL, &job->control,
                         err);
}

static mc_status run(mc_compare_job *job, mc_error *err)
{
    static const mc_metric *const standard[] = { &mc_metric_cka };
    const mc_compare_options     *options    = job->options;
    const mc_metric *const       *metrics    = options->metrics ? options->metrics : standard;
    const size_t                  count      = options->metrics ? options->metric_count : 1;
    mc_metric_comparison         *out;
    mc_team_mark                  mark;
    mc_status                     status;
    mc_profile_mark               begun = mc_profile_begin();
    void                         *block;

    if (options->progress)
        options->progress(options->progress_context, "Gram matrices and leverage", 0, 1);
    MC_TRY(make_panels(job, err));
    mc_profile_end_stage(begun, "Gram matrices");
    begun = mc_profile_begin();
    MC_TRY(mc_compare_flag(job, err));
    mc_profile_end_stage(begun, "leverage of probes and units");
    begun = mc_profile_begin();
    MC_TRY(mc_team_remember(job->team, &mark, err));
    if (options->progress)
        options->progress(options->progress_context, "correspondence of layers", 0, 1);
    status = find_correspondence(job, err);
    mc_team_forget(job->team, mark);
    if (status != MC_OK) return status;
    mc_profile_end_stage(begun, "correspondence of layers");
    MC_TRY(mc_arena_array(job->result->storage, count, sizeof *out, &block, err));
    out = block;
    for (size_t m = 0; m < count; m++)
        MC_TRY(mc_compare_metric(job, metrics[m], &out[m], err));
    job->result->metrics      = out;
    job->result->metric_count = count;
    return MC_OK;
}

mc_status mc_compare(const mc_stack *a, const mc_stack *b, const mc_compare_options *options,
                     mc_comparison **comparison, mc_error *err)
{
    static const mc_compare_options standard = MC_COMPARE_OPTIONS_DEFAULT;
    mc_compare_job                  job      = { .stack = { a, b } };
    mc_status                       status;

    job.options = options ? options : &standard;
    MC_TRY(check_arguments(a, b, job.options, err));
    job.result = mc_calloc(1, sizeof *job.result);
    if (!job.result) return mc_fail_memory(err, sizeof *job.result);
    job.result->rows    = a->layers[0].rows;
    job.result->a_count = a->count;
    job.result->b_count = b->count;
    status              = mc_arena_create(&job.result->storage, err);
    if (status == MC_OK) status = mc_team_create(job.options->threads, &job.team, err);
    if (status == MC_OK) status = run(&job, err);
    mc_team_free(job.team);
    if (status == MC_OK)
        *comparison = job.result;
    else
        mc_comparison_free(job.result);
    return status;
}

void mc_comparison_free(mc_comparison *comparison)
{
    if (!comparison) return;
    mc_arena_free(comparison->storage);
    mc_free(comparison);
}
