/* panel.c - Gram matrices, prepared forms and values of all pairs of layers. */
#include "geometry/panel.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"
#include "geometry/matrix.h"

static char *say(mc_arena *storage, const char *format, ...) MC_PRINTF(2, 3);

static char *say(mc_arena *storage, const char *format, ...)
{
    char   *text = mc_arena_take(storage, MC_REASON_SIZE, 1);
    va_list args;

    if (!text) return NULL;
    va_start(args, format);
    vsnprintf(text, MC_REASON_SIZE, format, args);
    va_end(args);
    return text;
}

/* Arrays of a side; every layer undefined until its Gram matrix is there. */
static mc_status init_side(mc_arena *storage, const mc_matrix *layers, size_t count,
                           mc_panel_side *side, mc_error *err)
{
    void *gram, *reason;

    MC_TRY(mc_arena_array(storage, count, sizeof *side->gram, &gram, err));
    MC_TRY(mc_arena_array(storage, count, sizeof *side->reason, &reason, err));
    *side = (mc_panel_side){ layers, count, gram, reason };
    for (size_t l = 0; l < count; l++) {
        side->gram[l]   = NULL;
        side->reason[l] = NULL;
    }
    return MC_OK;
}

/* Why this layer cannot be compared; NULL when it can. */
static mc_status examine(mc_arena *storage, const mc_matrix *x, const char *const *probe_names,
                         const char **reason, mc_error *err)
{
    size_t row, col;

    *reason = NULL;
    if (!mc_matrix_is_finite(*x, &row, &col)) {
        const double value = x->data[row * x->stride + col];
        if (probe_names)
            *reason = say(storage, "probe '%s', unit %zu is %g", probe_names[row], col, value);
        else
            *reason = say(storage, "probe %zu, unit %zu is %g", row, col, value);
    } else if (mc_matrix_is_constant(*x)) {
        *reason = say(storage, "all %zu probes have the same state", x->rows);
    } else {
        return MC_OK;
    }
    return *reason ? MC_OK : mc_fail_memory(err, MC_REASON_SIZE);
}

typedef struct make_context {
    mc_panel       *panel;
    const mc_panel *whole; /* of a subset */
} make_context;

static mc_panel_side *side_of(mc_panel *panel, size_t job, size_t *layer)
{
    const size_t first = panel->side[0].count;

    *layer = job < first ? job : job - first;
    return &panel->side[job < first ? 0 : 1];
}

static mc_status make_gram(void *context, size_t job, mc_arena *keep, mc_arena *scratch,
                           mc_error *err)
{
    make_context  *own = context;
    size_t         layer;
    mc_panel_side *side = side_of(own->panel, job, &layer);
    double        *gram;

    if (side->reason[layer]) return MC_OK;
    MC_TRY(mc_take_doubles(keep, own->panel->n * own->panel->n, &gram, err));
    MC_TRY(mc_matrix_gram(side->layers[layer], gram, scratch, err));
    side->gram[layer] = gram;
    return MC_OK;
}

mc_status mc_panel_make(mc_team *team, mc_arena *storage, const mc_matrix *const layers[2],
                        const size_t counts[2], const char *const *probe_names, mc_panel *panel,
                        mc_error *err)
{
    make_context context = { .panel = panel };

    *panel = (mc_panel){ .n = layers[0][0].rows };
    for (size_t s = 0; s < 2; s++) {
        mc_panel_side *side = &panel->side[s];
        MC_TRY(init_side(storage, layers[s], counts[s], side, err));
        for (size_t l = 0; l < counts[s]; l++)
            MC_TRY(examine(storage, &layers[s][l], probe_names, &side->reason[l], err));
    }
    return mc_team_run(team, counts[0] + counts[1], make_gram, &context, err);
}

static mc_status cut_gram(void *context, size_t job, mc_arena *keep, mc_arena *scratch,
                          mc_error *err)
{
    make_context  *own = context;
    size_t         layer, n = own->panel->n;
    mc_panel_side *side  = side_of(own->panel, job, &layer);
    const size_t   which = side == &own->panel->side[1];
    double        *gram, *mean;

    if (side->reason[layer]) return MC_OK;
    MC_TRY(mc_take_doubles(keep, n * n, &gram, err));
    MC_TRY(mc_take_doubles(scratch, n, &mean, err));
    mc_gram_subset(own->whole->side[which].gram[layer], own->whole->n, own->panel->rows, n,
                   gram, mean);
    side->gram[layer] = gram;
    return MC_OK;
}

mc_status mc_panel_subset(mc_team *team, mc_arena *storage, const mc_panel *whole,
                          const size_t *rows, size_t n, mc_panel *panel, mc_error *err)
{
    make_context context = { .panel = panel, .whole = whole };

    *panel = (mc_panel){ .n = n, .rows = rows };
    for (size_t s = 0; s < 2; s++) {
        const mc_panel_side *from = &whole->side[s];
        MC_TRY(init_side(storage, from->layers, from->count, &panel->side[s], err));
        for (size_t l = 0; l < from->count; l++)
            panel->side[s].reason[l] = from->reason[l];
    }
    return mc_team_run(team, whole->side[0].count + whole->side[1].count, cut_gram, &context,
                       err);
}

typedef struct prepare_context {
    const mc_metric         *metric;
    const mc_panel          *panel;
    const mc_metric_options *options;
    mc_prepared_panel       *out;
} prepare_context;

static mc_status prepare_layer(void *context, size_t job, mc_arena *keep, mc_arena *scratch,
                               mc_error *err)
{
    prepare_context     *own   = context;
    const size_t         which = job >= own->panel->side[0].count;
    const size_t         layer = which ? job - own->panel->side[0].count : job;
    const mc_panel_side *side  = &own->panel->side[which];
    mc_prepared         *out   = &own->out->layer[which][layer];
    const mc_view        view  = { side->gram[layer], own->panel->n, &side->layers[layer],
                                   own->panel->rows, false };

    (void)scratch;
    if (side->gram[layer])
        return mc_similarity_prepare(own->metric, &view, own->options, keep, out, err);
    *out = (mc_prepared){ .n = own->panel->n };
    mc_prepared_undefined(out, "%s", side->reason[layer]);
    return MC_OK;
}

mc_status mc_panel_prepare(mc_team *team, const mc_metric *metric, const mc_panel *panel,
                           const mc_metric_options *options, mc_prepared_panel *out,
                           mc_error *err)
{
    prepare_context context = { metric, panel, options, out };

    out->n = panel->n;
    for (size_t s = 0; s < 2; s++) {
        void *block;
        out->count[s] = panel->side[s].count;
        MC_TRY(mc_arena_array(mc_team_keep(team), out->count[s], sizeof(mc_prepared), &block,
                              err));
        out->layer[s] = block;
    }
    return mc_team_run(team, out->count[0] + out->count[1], prepare_layer, &context, err);
}

typedef struct value_context {
    const mc_metric         *metric;
    const mc_prepared_panel *p;
    const mc_metric_options *options;
    mc_wanted                wanted;
    double                  *values;
} value_context;

/* One layer of a against all of b. */
static mc_status value_row(void *context, size_t a, mc_arena *keep, mc_arena *scratch,
                           mc_error *err)
{
    value_context *own  = context;
    const size_t   cols = own->p->count[1];

    (void)keep;
    for (size_t b = 0; b < cols; b++) {
        double *value = &own->values[a * cols + b];
        *value        = NAN;
        if (own->wanted && !own->wanted[a * cols + b]) continue;
        MC_TRY(mc_similarity_value(own->metric, &own->p->layer[0][a], &own->p->layer[1][b],
                                   NULL, own->options, scratch, value, err));
    }
    return MC_OK;
}

mc_status mc_panel_values(mc_team *team, const mc_metric *metric, const mc_prepared_panel *p,
                          const mc_metric_options *options, mc_wanted wanted, double *values,
                          mc_error *err)
{
    value_context context = { metric, p, options, wanted, values };

    return mc_team_run(team, p->count[0], value_row, &context, err);
}
