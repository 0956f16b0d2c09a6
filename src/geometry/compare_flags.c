/* compare_flags.c - what could make the numbers by itself: probes with most of a layer's Gram
 * matrix, units with most of its variance. Each is a warning, and every value is given again
 * without them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "geometry/compare.h"
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

typedef struct layer_flags {
    size_t            *probes;
    double            *shares;
    size_t             count;
    mc_dimension_flags dimensions;
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
    MC_TRY(mc_dimension_flag(side->layers[layer], side->gram[layer],
                             own->job->options->dimension_bound, scratch, &flags->dimensions,
                             err));
    state->largest_dimension = flags->dimensions.largest;
    state->dimension_share   = flags->dimensions.share;
    if (!(own->job->options->leverage_bound > 0)) return MC_OK;
    MC_TRY(mc_take_sizes(keep, panel->n, &flags->probes, err));
    MC_TRY(mc_take_doubles(keep, panel->n, &flags->shares, err));
    return mc_leverage_flag(side->gram[layer], panel->n, leverage_bound(own->job), scratch,
                            flags->probes, flags->shares, &flags->count, err);
}

/* ---- Warnings ---------------------------------------------------------------------------- */

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
    return mc_arena_print(
        storage, &out->text, err,
        "probe %s carries %.0f %% of the squared Gram matrix of layer %s of %c "
        "(an equal share is %.1f %%)%s",
        probe, 100 * shares[0], name, "AB"[side], 100.0 / (double)job->panel.n,
        flags->count > 1 ? "; other probes do likewise" : "");
}

static mc_status warn_dimension(const mc_compare_job *job, int side, size_t layer,
                                const mc_dimension_flags *flags, mc_warning *out, mc_error *err)
{
    mc_arena  *storage = job->result->storage;
    const bool more    = flags->count > 1;
    char       name[32];
    size_t    *units;
    double    *shares;

    MC_TRY(mc_take_sizes(storage, flags->count, &units, err));
    MC_TRY(mc_take_doubles(storage, flags->count, &shares, err));
    memcpy(units, flags->units, flags->count * sizeof *units);
    memcpy(shares, flags->shares, flags->count * sizeof *shares);
    layer_name(job->stack[side], layer, name);
    *out = (mc_warning){ .kind             = MC_WARNING_MASSIVE_DIMENSION,
                         .side             = side,
                         .layer            = layer,
                         .dimensions       = units,
                         .dimension_shares = shares,
                         .dimension_count  = flags->count };
    return mc_arena_print(
        storage, &out->text, err,
        "unit %zu alone makes %.0f %% of the squared Gram matrix of layer %s of "
        "%c%s",
        units[0], 100 * shares[0], name, "AB"[side],
        more ? "; without it another unit does likewise" : "");
}

static mc_status warn_layer(const mc_compare_job *job, int side, size_t layer,
                            const layer_flags *flags, const mc_layer_state *state,
                            mc_warning *out, size_t *count, mc_error *err)
{
    char name[32];

    layer_name(job->stack[side], layer, name);
    if (state->reason) {
        const char *reason = state->reason;
        mc_warning *w      = &out[(*count)++];
        *w = (mc_warning){ .kind = MC_WARNING_LAYER_UNDEFINED, .side = side, .layer = layer };
        return mc_arena_print(job->result->storage, &w->text, err,
                              "layer %s of %c cannot be compared: %s", name, "AB"[side],
                              reason);
    }
    if (flags->count > 0) MC_TRY(warn_leverage(job, side, layer, flags, &out[(*count)++], err));
    if (flags->dimensions.count == 0) return MC_OK;
    return warn_dimension(job, side, layer, &flags->dimensions, &out[(*count)++], err);
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
                   "no noise ceiling: it needs the split halves of the texts of both models");
    if (job->control.n == 0)
        warn_plain(out, &count, MC_WARNING_NO_CONTROL,
                   "no control value: it needs the control probes of both models (crm-build "
                   "--control)");
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

/* ---- Without the flagged units ----------------------------------------------------------- */

/* Layer x without the flagged columns. */
static mc_status drop_columns(const mc_matrix *x, const mc_dimension_flags *flags,
                              mc_arena *storage, mc_matrix *out, mc_error *err)
{
    const size_t cols = x->cols - flags->count;
    float       *data;

    MC_TRY(mc_take_floats(storage, x->rows * cols, &data, err));
    *out = (mc_matrix){ data, x->rows, cols, cols };
    for (size_t i = 0; i < x->rows; i++)
        for (size_t j = 0; j < x->cols; j++) {
            bool flagged = false;
            for (size_t k = 0; k < flags->count; k++)
                flagged = flagged || flags->units[k] == j;
            if (!flagged) *data++ = x->data[i * x->stride + j];
        }
    return MC_OK;
}

/* The Gram matrix is made anew: what is left of a difference from a massive one is rounding.
 * layers: those of `side`. */
static mc_status trim_layer(mc_compare_job *job, const layer_flags *flags, mc_panel_side *side,
                            size_t layer, mc_matrix *layers, mc_error *err)
{
    const mc_dimension_flags *own     = &flags->dimensions;
    const mc_matrix           whole   = layers[layer];
    mc_arena                 *storage = job->result->storage;
    double                   *gram;

    if (own->count == 0) return MC_OK;
    side->gram[layer]   = NULL;
    side->reason[layer] = "nothing is left without the flagged units";
    if (own->count == whole.cols) return MC_OK;
    MC_TRY(drop_columns(&whole, own, storage, &layers[layer], err));
    if (mc_matrix_is_constant(layers[layer])) return MC_OK;
    MC_TRY(mc_take_doubles(storage, whole.rows * whole.rows, &gram, err));
    MC_TRY(mc_matrix_gram(layers[layer], gram, mc_team_keep(job->team), err));
    side->gram[layer]   = gram;
    side->reason[layer] = NULL;
    return MC_OK;
}

/* The panel in which the flagged layers lack their flagged units; the others are as they are.
 */
static mc_status trim(mc_compare_job *job, const flag_context *own, mc_error *err)
{
    mc_arena      *storage = job->result->storage;
    const size_t   first = job->result->a_count, all = first + job->result->b_count;
    mc_matrix     *layers;
    const double **gram;
    const char   **reason;
    void          *block[3];

    for (size_t l = 0; l < all; l++)
        job->result->flagged_dimensions += own->flags[l].dimensions.count > 0;
    if (job->result->flagged_dimensions == 0) return MC_OK;
    MC_TRY(mc_arena_array(storage, all, sizeof *layers, &block[0], err));
    MC_TRY(mc_arena_array(storage, all, sizeof *gram, &block[1], err));
    MC_TRY(mc_arena_array(storage, all, sizeof *reason, &block[2], err));
    layers       = block[0];
    gram         = block[1];
    reason       = block[2];
    job->trimmed = job->panel;
    for (size_t s = 0; s < 2; s++) {
        const mc_panel_side *from = &job->panel.side[s];
        const size_t         at   = s ? first : 0;
        memcpy(layers + at, from->layers, from->count * sizeof *layers);
        memcpy(gram + at, from->gram, from->count * sizeof *gram);
        memcpy(reason + at, from->reason, from->count * sizeof *reason);
        mc_panel_side side = { layers + at, from->count, gram + at, reason + at };
        for (size_t l = 0; l < from->count; l++)
            MC_TRY(trim_layer(job, &own->flags[at + l], &side, l, layers + at, err));
        job->trimmed.side[s] = side;
    }
    return MC_OK;
}

mc_status mc_compare_flag(mc_compare_job *job, mc_error *err)
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
    MC_TRY(leave_out(job, &own, err));
    return trim(job, &own, err);
}
