/* cmd_geometry_intrinsic_dimension.c - mc geometry intrinsic-dimension: layer by layer, with
 * intervals and the curve under subsampling. Layers are numbers, or "final". */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <modelcypher/analysis.h>
#include <modelcypher/geometry.h>

#include "base/list.h"
#include "cli/capture_options.h"
#include "cli/output.h"
#include "report/write.h"

typedef struct dimension_args {
    const char        *source, *estimator;
    mc_capture_options capture;
    size_t             neighbours, subsamples;
} dimension_args;

#define FIELD(name) offsetof(dimension_args, name)

static const mc_option dimension_options[] = {
    { MC_OPT_TEXT, 'e', "estimator", "NAMES",
      "of twonn, twonn-mle, mle, gride, participation-ratio, effective-rank, stable-rank; "
      "several "
      "separated by commas",
      NULL, FIELD(estimator) },
    MC_CAPTURE_OPTIONS(dimension_args, capture),
    { MC_OPT_COUNT, 'k', "neighbours", "K", "of mle", "10", FIELD(neighbours) },
    { MC_OPT_COUNT, '\0', "subsamples", "N", "for each size of the curve; 0: no curve", "8",
      FIELD(subsamples) },
    { .name = NULL },
};

static const mc_positional dimension_operands[] = {
    { "MODEL", "a model, whose probes are run, or a concept response matrix", FIELD(source),
      .required = true },
    { .name = NULL },
};

static const mc_field curve_fields[] = {
    MC_COUNT_FIELD("n", "probes in each subsample"),
    { "mean", MC_VALUE_NUMBER, "over the subsamples" },
    MC_NULLABLE_NUMBER("sd", "over the subsamples"),
    { 0 },
};

static const mc_field scale_fields[] = {
    MC_COUNT_FIELD("n1", "rank of the nearer neighbour"),
    MC_COUNT_FIELD("n2", "rank of the further one"),
    { "value", MC_VALUE_NUMBER, "dimension at this scale" },
    { "low", MC_VALUE_NUMBER, "95 % interval from Fisher information" },
    { "high", MC_VALUE_NUMBER, "its other end" },
    { "distance", MC_VALUE_NUMBER, "mean distance to the n2-th neighbour" },
    { 0 },
};

static const mc_field estimate_fields[] = {
    MC_TEXT_FIELD("estimator", "its name"),
    MC_NULLABLE_NUMBER("value", "null: see reason"),
    MC_NULLABLE_NUMBER("low", "95 % interval"),
    MC_NULLABLE_NUMBER("high", "its other end"),
    MC_COUNT_FIELD("n", "probes that entered"),
    MC_COUNT_FIELD("duplicates", "probes that equal another"),
    { "note", MC_VALUE_TEXT, "variant and parameters", .flags = MC_FIELD_MACHINE },
    { "curve", MC_VALUE_ARRAY, "under subsampling: N, N/2, N/4", .element = MC_VALUE_OBJECT,
      .fields = curve_fields, .flags = MC_FIELD_MACHINE },
    { "scales", MC_VALUE_ARRAY, "dimension against scale (gride)", .element = MC_VALUE_OBJECT,
      .fields = scale_fields, .flags = MC_FIELD_MACHINE },
    MC_NULLABLE_TEXT("reason", "why there is no value"),
    { 0 },
};

static const mc_field layer_fields[] = {
    MC_LAYER_FIELD("layer", "0 is the embedding"),
    MC_NULLABLE_TEXT("reason", "why nothing can be said of it"),
    MC_LIST_FIELD("estimates", "one an estimator", estimate_fields),
    { 0 },
};

static const mc_field dimension_fields[] = {
    MC_TEXT_FIELD("path", "the model or file that was opened"),
    MC_TEXT_FIELD("model", "its name"),
    MC_COUNT_FIELD("probes", "rows of each layer"),
    MC_LIST_FIELD("layers", "what was found in each layer", layer_fields),
    { 0 },
};
static const mc_schema dimension_schema = { "mc.geometry.intrinsic-dimension.v1",
                                            dimension_fields };

/* ---- The report -------------------------------------------------------------------------- */

static void add_curves(mc_value *row, const mc_dimension_estimate *own)
{
    mc_value *curve = mc_value_add_array(row, "curve"), *scales;

    for (size_t i = 0; i < own->curve_count; i++) {
        mc_value *point = mc_value_add_object(curve, NULL);
        mc_value_add_count(point, "n", own->curve[i].n);
        mc_value_add_number(point, "mean", own->curve[i].mean);
        mc_value_add_defined(point, "sd", own->curve[i].sd);
    }
    scales = mc_value_add_array(row, "scales");
    for (size_t i = 0; i < own->scale_count; i++) {
        mc_value *point = mc_value_add_object(scales, NULL);
        mc_value_add_count(point, "n1", own->scales[i].n1);
        mc_value_add_count(point, "n2", own->scales[i].n2);
        mc_value_add_number(point, "value", own->scales[i].value);
        mc_value_add_number(point, "low", own->scales[i].low);
        mc_value_add_number(point, "high", own->scales[i].high);
        mc_value_add_number(point, "distance", own->scales[i].distance);
    }
}

static void add_layer(mc_value *list, int layer, const mc_dimension_layer *own, size_t count)
{
    mc_value *row = mc_value_add_object(list, NULL), *estimates;

    mc_value_add_layer(row, "layer", layer);
    mc_value_add_text_or_null(row, "reason", own->reason);
    estimates = mc_value_add_array(row, "estimates");
    for (size_t e = 0; !own->reason && e < count; e++) {
        const mc_estimate *estimate = &own->estimates[e].estimate;
        mc_value          *to       = mc_value_add_object(estimates, NULL);
        mc_value_add_text(to, "estimator", own->estimates[e].metric->name);
        mc_value_add_defined(to, "value", estimate->value);
        mc_value_add_defined(to, "low", estimate->low);
        mc_value_add_defined(to, "high", estimate->high);
        mc_value_add_count(to, "n", estimate->n);
        mc_value_add_count(to, "duplicates", estimate->duplicates);
        mc_value_add_text(to, "note", estimate->note);
        add_curves(to, &own->estimates[e]);
        mc_value_add_text_or_null(to, "reason", estimate->reason);
    }
}

/* ---- The table for people ---------------------------------------------------------------- */

enum { LAYER_COLUMN = 6, ESTIMATE_COLUMN = 23 };

static void put_cell(mc_buffer *out, const char *text, bool is_last)
{
    mc_buffer_printf(out, "  %-*s", is_last ? 0 : ESTIMATE_COLUMN - 2, text);
    if (is_last) mc_buffer_add_char(out, '\n');
}

/* The estimators `first` to `end` - 1 of one layer. */
static void put_row(mc_buffer *out, int layer, const mc_dimension_layer *own, size_t first,
                    size_t end)
{
    char name[MC_LAYER_TEXT];

    mc_buffer_printf(out, "%5s ", mc_layer_print(layer, name));
    if (own->reason) {
        mc_buffer_printf(out, " -  %s\n", own->reason);
        return;
    }
    for (size_t e = first; e < end; e++) {
        const mc_estimate *estimate = &own->estimates[e].estimate;
        char               text[48] = "-";
        if (!isnan(estimate->value) && isnan(estimate->low))
            snprintf(text, sizeof text, "%.2f", estimate->value);
        else if (!isnan(estimate->value))
            snprintf(text, sizeof text, "%.2f [%.1f, %.1f]", estimate->value, estimate->low,
                     estimate->high);
        put_cell(out, text, e + 1 == end);
    }
}

static const mc_dimension_layer *first_measured(const mc_dimension *dimension)
{
    for (size_t l = 0; l < dimension->layer_count; l++)
        if (!dimension->layers[l].reason) return &dimension->layers[l];
    return NULL;
}

/* As many estimators side by side as the terminal is wide, the others below. */
static void put_estimates(mc_buffer *out, const mc_responses *from,
                          const mc_dimension *dimension, size_t width)
{
    const mc_dimension_layer *named = first_measured(dimension);
    const size_t              count = dimension->estimator_count;
    const size_t              fit =
        width < LAYER_COLUMN + ESTIMATE_COLUMN ? 1 : (width - LAYER_COLUMN) / ESTIMATE_COLUMN;
    const size_t step = width && fit < count ? fit : count;

    for (size_t first = 0, end; first < count; first = end) {
        end = first + step < count ? first + step : count;
        mc_buffer_add_text(out, "\nlayer ");
        for (size_t e = first; named && e < end; e++)
            put_cell(out, named->estimates[e].metric->name, e + 1 == end);
        if (!named) mc_buffer_add_char(out, '\n');
        for (size_t l = 0; l < dimension->layer_count; l++)
            put_row(out, from->layers[l], &dimension->layers[l], first, end);
    }
    mc_buffer_add_char(out, '\n');
}

/* Does an estimate above 10 still grow with the probes? Then it is a lower bound. */
static bool is_growing(const mc_dimension_estimate *own)
{
    return own->curve_count == 3 && own->curve[0].mean > 10 &&
           own->curve[0].mean > 1.05 * own->curve[1].mean;
}

static void put_table(mc_buffer *out, const mc_responses *from, const mc_dimension *dimension)
{
    const size_t width   = mc_terminal_width();
    size_t       growing = 0, duplicates = 0;

    mc_buffer_printf(out, "%s: %zu probe%s\n", from->model, from->rows,
                     from->rows == 1 ? "" : "s");
    put_estimates(out, from, dimension, width);
    for (size_t l = 0; l < dimension->layer_count; l++) {
        const mc_dimension_layer *own = &dimension->layers[l];
        if (own->reason) continue;
        duplicates += own->rows > own->distinct;
        for (size_t e = 0; e < dimension->estimator_count; e++)
            growing += is_growing(&own->estimates[e]);
    }
    mc_text_add_item(out, width,
                     "In brackets: 95 %% interval. Curves, scales and parameters are in the "
                     "JSON form.");
    if (duplicates)
        mc_text_add_item(out, width,
                         "%zu layer%s probes with equal states; neighbour estimators take them "
                         "once.",
                         duplicates, duplicates > 1 ? "s hold" : " holds");
    if (growing)
        mc_text_add_item(out, width,
                         "%zu estimate%s above 10 still grow%s with the number of probes: too "
                         "low, by a third at a true 20.",
                         growing, growing > 1 ? "s" : "", growing > 1 ? "" : "s");
}

/* ---- The command ------------------------------------------------------------------------- */

#define ESTIMATORS_MOST 16

/* "twonn,mle": each once, in the order named. */
static mc_status read_estimators(const char *text, const mc_metric **estimators, size_t *count,
                                 mc_error *err)
{
    mc_list list = mc_list_begin(text);

    while (mc_list_next(&list)) {
        char   name[64];
        size_t at = 0;
        if (list.size == 0)
            return mc_fail(err, MC_ERR_USAGE, MC_LIST_EMPTY_HINT, MC_LIST_EMPTY, list.whole);
        snprintf(name, sizeof name, "%.*s", (int)(list.size < 63 ? list.size : 63), list.item);
        const mc_metric *metric = mc_metric_find(name);
        if (!metric || metric->operands != 1)
            return mc_fail(err, MC_ERR_USAGE,
                           "mc geometry intrinsic-dimension --help lists them",
                           "no estimator '%s'", name);
        while (at < *count && estimators[at] != metric)
            at++;
        if (at == *count && at < ESTIMATORS_MOST) estimators[(*count)++] = metric;
    }
    return MC_OK;
}

static mc_status measure(mc_session *session, const dimension_args *args,
                         const mc_responses *from, mc_error *err)
{
    mc_dimension_options options = MC_DIMENSION_OPTIONS_DEFAULT;
    mc_value            *root    = mc_report_root(session->report), *list;
    const mc_metric     *estimators[ESTIMATORS_MOST];
    mc_dimension        *dimension;

    if (args->estimator) {
        MC_TRY(read_estimators(args->estimator, estimators, &options.estimator_count, err));
        options.estimators = estimators;
    }
    options.subsamples            = args->subsamples;
    options.threads               = session->globals.threads;
    options.metric.seed           = session->globals.seed;
    options.metric.mle_neighbours = args->neighbours;
    MC_TRY(mc_dimension_compute(from->states, from->layer_count, from->probe_ids, &options,
                                &dimension, err));
    mc_value_add_text(root, "path", args->source);
    mc_value_add_text(root, "model", from->model);
    mc_value_add_count(root, "probes", from->rows);
    list = mc_value_add_array(root, "layers");
    for (size_t l = 0; l < from->layer_count; l++)
        add_layer(list, from->layers[l], &dimension->layers[l], dimension->estimator_count);
    session->as_text = session->globals.format == MC_OUTPUT_TEXT;
    if (session->as_text) put_table(&session->text, from, dimension);
    mc_dimension_free(dimension);
    return MC_OK;
}

static mc_status run_dimension(mc_session *session, const void *raw, mc_error *err)
{
    const dimension_args *args    = raw;
    mc_crm_build_options  options = { 0 };
    mc_responses         *from;
    mc_status             status;

    MC_TRY(mc_capture_options_fill(&args->capture, session, &options, err));
    MC_TRY(mc_responses_open(args->source, &options, &from, err));
    mc_progress_end();
    status = measure(session, args, from, err);
    mc_responses_close(from);
    return status;
}

static const char *const dimension_examples[] = {
    "mc geometry intrinsic-dimension model.gguf --estimator twonn",
    "mc geometry intrinsic-dimension base.crm.safetensors --estimator gride --layers -2..-1",
    NULL,
};

const mc_command mc_cmd_geometry_intrinsic_dimension = {
    .name      = "geometry intrinsic-dimension",
    .summary   = "how many dimensions the states of each layer fill",
    .details   = "From neighbours: twonn, twonn-mle, mle, gride (with its scales). From the "
                 "spectrum: participation ratio, effective rank, stable rank. Each with a 95 % "
                 "interval and the curve over N, N/2 and N/4 of the probes: with a few hundred "
                 "probes a true dimension above about 10 is underestimated. Equal states are "
                 "counted and reported.",
    .operands  = dimension_operands,
    .options   = dimension_options,
    .examples  = dimension_examples,
    .schema    = &dimension_schema,
    .uses      = MC_USES_ENGINE | MC_USES_RANDOM | MC_USES_PROGRESS,
    .args_size = sizeof(dimension_args),
    .run       = run_dimension,
};
