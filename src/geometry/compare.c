/* compare.c - two stacks of layers: what they share, then one metric after the other.
 *
 * The order: Gram matrices; flagged probes and units; the debiased CKA matrix and from it the
 * two correspondences; then each metric (compare_metric.c). */
#include "geometry/compare.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "geometry/correspondence.h"
#include "geometry/leverage.h"
#include "geometry/matrix.h"
#include "geometry/metric_list.h"

/* With fewer probes than this the numbers are given, and a word about how little they say. */
#define PROBES_ENOUGH 50

const char *mc_warning_kind_name(mc_warning_kind kind)
{
    switch (kind) {
    case MC_WARNING_LEVERAGE: return "leverage";
    case MC_WARNING_MASSIVE_DIMENSION: return "massive-dimension";
    case MC_WARNING_LAYER_UNDEFINED: return "layer-undefined";
    case MC_WARNING_NO_SPLIT: return "no-split";
    case MC_WARNING_NO_CONTROL: return "no-control";
    case MC_WARNING_FEW_PROBES: return "few-probes";
    }
    return "unknown";
}

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

/* ---- Flags and warnings ------------------------------------------------------------------ */

typedef struct layer_flags {
    size_t *probes;
    double *shares;
    size_t  count;
} layer_flags;

typedef struct flag_context {
    mc_compare_job *job;
    layer_flags    *flags;  /* per layer of a, then of b */
    mc_layer_state *states; /* the same */
} flag_context;

/* In one dimension a normal probe's share is x^2 / n: 15 / n is exceeded by one in ten
 * thousand. Three equal outliers have a third each, so 0.25 finds them however few probes. */
static double leverage_bound(const mc_compare_job *job)
{
    const double bound = job->options->leverage_bound, tail = 15.0 / (double)job->panel.n;
    const double least = tail < 0.25 ? tail : 0.25;

    return bound > least ? bound : least;
}

static mc_status flag_layer(void *context, size_t index, mc_arena *keep, mc_arena *scratch,
                            mc_error *err)
{
    flag_context        *own   = context;
    const mc_panel      *panel = &own->job->panel;
    const size_t         which = index >= panel->side[0].count;
    const size_t         layer = which ? index - panel->side[0].count : index;
    const mc_panel_side *side  = &panel->side[which];
    layer_flags         *flags = &own->flags[index];
    mc_layer_state      *state = &own->states[index];

    *flags = (layer_flags){ 0 };
    *state = (mc_layer_state){ .reason          = side->reason[layer],
                               .leverage        = NAN,
                               .dimension_share = NAN };
    if (!side->gram[layer]) return MC_OK;
    mc_leverage_largest(side->gram[layer], panel->n, &state->largest_probe, &state->leverage);
    MC_TRY(mc_dimension_largest(side->layers[layer], side->gram[layer], scratch,
                                &state->largest_dimension, &state->dimension_share, err));
    if (!(own->job->options->leverage_bound > 0)) return MC_OK;
    MC_TRY(mc_take_sizes(keep, panel->n, &flags->probes, err));
    MC_TRY(mc_take_doubles(keep, panel->n, &flags->shares, err));
    return mc_leverage_flag(side->gram[layer], panel->n, leverage_bound(own->job), scratch,
                            flags->probes, flags->shares, &flags->count, err);
}

static mc_status keep_text(mc_arena *storage, const char **out, mc_error *err,
                           const char *format, ...) MC_PRINTF(4, 5);

static mc_status keep_text(mc_arena *storage, const char **out, mc_error *err,
                           const char *format, ...)
{
    char    text[512];
    size_t  size;
    void   *block;
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size = strlen(text) + 1;
    MC_TRY(mc_arena_array(storage, size, 1, &block, err));
    memcpy(block, text, size);
    *out = block;
    return MC_OK;
}

static void layer_name(const mc_stack *stack, size_t layer, char text[32])
{
    if (stack->names)
        snprintf(text, 32, "%s", stack->names[layer]);
    else
        snprintf(text, 32, "%zu", layer);
}

static void probe_name(const mc_compare_options *options, size_t probe, char text[96])
{
    if (options->probe_names)
        snprintf(text, 96, "'%s'", options->probe_names[probe]);
    else
        snprintf(text, 96, "%zu", probe);
}

static mc_status warn_leverage(const mc_compare_job *job, int side, size_t layer,
                               const layer_flags *flags, mc_warning *out, mc_error *err)
{
    mc_arena *storage = job->result->storage;
    char      name[32], probe[96];
    size_t   *probes;
    double   *shares;

    MC_TRY(mc_take_sizes(storage, flags->count, &probes, err));
    MC_TRY(mc_take_doubles(storage, flags->count, &shares, err));
    memcpy(probes, flags->probes, flags->count * sizeof *probes);
    memcpy(shares, flags->shares, flags->count * sizeof *shares);
    layer_name(job->stack[side], layer, name);
    probe_name(job->options, probes[0], probe);
    *out = (mc_warning){ .kind        = MC_WARNING_LEVERAGE,
                         .side        = side,
                         .layer       = layer,
                         .probes      = probes,
                         .shares      = shares,
                         .probe_count = flags->count };
    return keep_text(storage, &out->text, err,
                     "probe %s carries %.0f %% of the squared Gram matrix of layer %s of %c "
                     "(an equal share is %.1f %%)%s",
                     probe, 100 * shares[0], name, "AB"[side], 100.0 / (double)job->panel.n,
                     flags->count > 1 ? "; other probes do likewise" : "");
}

static mc_status warn_layer(const mc_compare_job *job, int side, size_t layer,
                            const layer_flags *flags, const mc_layer_state *state,
                            mc_warning *out, size_t *count, mc_error *err)
{
    char name[32];

    layer_name(job->stack[side], layer, name);
    if (state->reason) {
        mc_warning *w = &out[(*count)++];
        *w = (mc_warning){ .kind = MC_WARNING_LAYER_UNDEFINED, .side = side, .layer = layer };
        return keep_text(job->result->storage, &w->text, err,
                         "layer %s of %c cannot be compared: %s", name, "AB"[side],
                         state -> reason);
    }
    if (flags->count > 0) MC_TRY(warn_leverage(job, side, layer, flags, &out[(*count)++], err));
    if (state->dimension_share > job->options->dimension_bound) {
        mc_warning *w = &out[(*count)++];
        *w            = (mc_warning){ .kind      = MC_WARNING_MASSIVE_DIMENSION,
                                      .side      = side,
                                      .layer     = layer,
                                      .dimension = state->largest_dimension };
        return keep_text(job->result->storage, &w->text, err,
                         "unit %zu alone makes %.0f %% of the squared Gram matrix of layer %s "
                         "of %c",
                         state->largest_dimension, 100 * state->dimension_share, name,
                         "AB"[side]);
    }
    return MC_OK;
}

static void warn_plain(mc_warning *out, size_t *count, mc_warning_kind kind, const char *text)
{
    out[(*count)++] = (mc_warning){ .kind = kind, .side = -1, .text = text };
}

static mc_status write_warnings(mc_compare_job *job, const flag_context *own, mc_error *err)
{
    mc_comparison *result = job->result;
    const size_t   first = result->a_count, layers = first + result->b_count;
    mc_warning    *out;
    size_t         count = 0;
    void          *block;

    MC_TRY(mc_arena_array(result->storage, 3 * layers + 3, sizeof *out, &block, err));
    out = block;
    if (result->rows < PROBES_ENOUGH)
        warn_plain(out, &count, MC_WARNING_FEW_PROBES,
                   "with so few probes every estimate is uncertain: read the intervals, not "
                   "the values");
    if (!job->stack[0]->split || !job->stack[1]->split)
        warn_plain(out, &count, MC_WARNING_NO_SPLIT,
                   "no noise ceiling: it needs the halves of the texts of both models");
    if (job->control.n == 0)
        warn_plain(out, &count, MC_WARNING_NO_CONTROL,
                   "no control value: it needs the control probes of both models");
    for (size_t l = 0; l < layers; l++)
        MC_TRY(warn_layer(job, l >= first, l < first ? l : l - first, &own->flags[l],
                          &own->states[l], out, &count, err));
    result->warnings      = out;
    result->warning_count = count;
    return MC_OK;
}

/* The probes that any layer flags, ascending, and the panel without them. */
static mc_status leave_out(mc_compare_job *job, const flag_context *own, mc_error *err)
{
    mc_comparison *result = job->result;
    const size_t   layers = result->a_count + result->b_count;
    size_t        *flagged, *left, flags = 0, kept = 0;
    bool          *out;
    void          *block;

    MC_TRY(mc_arena_array(result->storage, result->rows, sizeof *out, &block, err));
    out = block;
    MC_TRY(mc_take_sizes(result->storage, result->rows, &flagged, err));
    MC_TRY(mc_take_sizes(result->storage, result->rows, &left, err));
    memset(out, 0, result->rows * sizeof *out);
    for (size_t l = 0; l < layers; l++)
        for (size_t i = 0; i < own->flags[l].count; i++)
            out[own->flags[l].probes[i]] = true;
    for (size_t i = 0; i < result->rows; i++) {
        if (out[i])
            flagged[flags++] = i;
        else
            left[kept++] = i;
    }
    result->flagged       = flagged;
    result->flagged_count = flags;
    if (flags == 0 || kept < mc_metric_cka.rows_least) return MC_OK;
    return mc_panel_subset(job->team, result->storage, &job->panel, left, kept, &job->without,
                           err);
}

static mc_status flag_layers(mc_compare_job *job, mc_error *err)
{
    mc_comparison *result = job->result;
    const size_t   layers = result->a_count + result->b_count;
    flag_context   own    = { .job = job };
    void          *flags, *states;

    MC_TRY(mc_arena_array(result->storage, layers, sizeof *own.flags, &flags, err));
    MC_TRY(mc_arena_array(result->storage, layers, sizeof *own.states, &states, err));
    own.flags  = flags;
    own.states = states;
    MC_TRY(mc_team_run(job->team, layers, flag_layer, &own, err));
    result->a_layers = own.states;
    result->b_layers = own.states + result->a_count;
    MC_TRY(write_warnings(job, &own, err));
    return leave_out(job, &own, err);
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
    void                         *block;

    MC_TRY(make_panels(job, err));
    MC_TRY(flag_layers(job, err));
    MC_TRY(mc_team_remember(job->team, &mark, err));
    status = find_correspondence(job, err);
    mc_team_forget(job->team, mark);
    if (status != MC_OK) return status;
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
