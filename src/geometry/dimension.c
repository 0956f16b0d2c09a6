/* dimension.c - every estimator on every layer, with its curve under subsampling.
 *
 * A few hundred probes underestimate a dimension above about ten; the curve over N, N/2 and N/4
 * shows whether the estimate is still growing. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/profile.h"
#include "geometry/matrix.h"
#include "geometry/metric_list.h"
#include "geometry/shape.h"
#include "geometry/statistics.h"
#include "geometry/team.h"

typedef struct dimension_context {
    const mc_matrix            *layers;
    const char *const          *probe_names;
    const mc_dimension_options *options;
    const mc_metric           **estimators;
    mc_dimension               *result;
} dimension_context;

/* Subsamples of estimators that need a decomposition each. */
#define SLOW_SUBSAMPLES 2
#define SCALES_MOST (sizeof((mc_dimension_estimate *)0)->scales / sizeof(mc_scale_point))

static mc_status curve_point(const dimension_context *own, const mc_metric *metric,
                             const mc_cloud *cloud, size_t divisor, mc_arena *scratch,
                             mc_curve_point *point, mc_error *err)
{
    const size_t wanted = own->options->subsamples;
    const size_t draws =
        metric->shape->is_slow && wanted > SLOW_SUBSAMPLES ? SLOW_SUBSAMPLES : wanted;
    mc_metric_options options = own->options->metric;
    double           *values;
    size_t            count = 0;

    options.resamples = 0;
    MC_TRY(mc_take_doubles(scratch, draws, &values, err));
    for (size_t d = 0; d < draws; d++) {
        mc_arena_mark mark = mc_arena_save(scratch);
        mc_estimate   estimate;
        mc_cloud      part;
        MC_TRY(mc_cloud_subset(cloud, metric->shape->needs, divisor, options.seed, d, scratch,
                               &part, err));
        point->n = part.n;
        MC_TRY(mc_shape_run(metric, &part, &options, scratch, &estimate, err));
        if (!isnan(estimate.value)) values[count++] = estimate.value;
        mc_arena_reset(scratch, mark);
    }
    point->mean = mc_mean(values, count);
    point->sd   = mc_deviation(values, count);
    return MC_OK;
}

static mc_status curve(const dimension_context *own, const mc_metric *metric,
                       const mc_cloud *cloud, mc_arena *scratch, mc_dimension_estimate *out,
                       mc_error *err)
{
    if (own->options->subsamples == 0 || isnan(out->estimate.value)) return MC_OK;
    out->curve[out->curve_count++] =
        (mc_curve_point){ out->estimate.n, out->estimate.value, NAN };
    for (size_t divisor = 2; divisor <= 4; divisor *= 2) {
        mc_arena_mark  mark  = mc_arena_save(scratch);
        mc_curve_point point = { 0 };
        MC_TRY(curve_point(own, metric, cloud, divisor, scratch, &point, err));
        mc_arena_reset(scratch, mark);
        if (isnan(point.mean)) return MC_OK;
        out->curve[out->curve_count++] = point;
    }
    return MC_OK;
}

static mc_status examine(const dimension_context *own, const mc_matrix *x, mc_arena *keep,
                         mc_dimension_layer *layer, mc_error *err)
{
    size_t row, col;
    void  *text;

    layer->rows = x->rows;
    if (mc_matrix_is_finite(*x, &row, &col)) {
        if (!mc_matrix_is_constant(*x)) return MC_OK;
        layer->distinct = 1;
        layer->reason   = "all probes have the same state";
        return MC_OK;
    }
    const double value = x->data[row * x->stride + col];
    MC_TRY(mc_arena_array(keep, MC_REASON_SIZE, 1, &text, err));
    if (own->probe_names)
        snprintf(text, MC_REASON_SIZE, "probe '%s', unit %zu is %g", own->probe_names[row], col,
                 value);
    else
        snprintf(text, MC_REASON_SIZE, "probe %zu, unit %zu is %g", row, col, value);
    layer->reason = text;
    return MC_OK;
}

static mc_status measure(const dimension_context *own, const mc_matrix *x, mc_arena *scratch,
                         mc_dimension_layer *layer, mc_error *err)
{
    mc_cloud cloud;

    MC_TRY(mc_cloud_make(x, scratch, &cloud, err));
    layer->distinct = cloud.n;
    for (size_t e = 0; e < own->result->estimator_count; e++) {
        mc_dimension_estimate *out    = &layer->estimates[e];
        const mc_metric       *metric = own->estimators[e];
        *out                          = (mc_dimension_estimate){ .metric = metric };
        MC_TRY(
            mc_shape_run(metric, &cloud, &own->options->metric, scratch, &out->estimate, err));
        MC_TRY(curve(own, metric, &cloud, scratch, out, err));
        if (metric == &mc_metric_gride)
            MC_TRY(mc_gride_scales(&cloud, SCALES_MOST, scratch, out->scales, &out->scale_count,
                                   err));
    }
    return MC_OK;
}

static mc_status measure_layer(void *context, size_t index, mc_arena *keep, mc_arena *scratch,
                               mc_error *err)
{
    const dimension_context *own   = context;
    mc_dimension_layer      *layer = &own->result->layers[index];

    (void)keep;
    return layer->reason ? MC_OK : measure(own, &own->layers[index], scratch, layer, err);
}

/* The estimators asked for, or all that belong to the panel of dimensions. */
static mc_status choose(dimension_context *own, mc_arena *storage, mc_error *err)
{
    const mc_dimension_options *options = own->options;
    size_t                      count   = 0;
    void                       *block;

    MC_TRY(mc_arena_array(storage, mc_metric_count() + options->estimator_count,
                          sizeof *own->estimators, &block, err));
    own->estimators = block;
    for (size_t i = 0; options->estimators && i < options->estimator_count; i++) {
        const mc_metric *metric = options->estimators[i];
        if (metric->operands != 1 || !metric->shape->is_dimension)
            return mc_fail(err, MC_ERR_ARGUMENT, "", "%s does not estimate a dimension",
                           metric->name);
        own->estimators[count++] = options->estimators[i];
    }
    for (size_t i = 0; !options->estimators && i < mc_metric_count(); i++) {
        const mc_metric *metric = mc_metric_get(i);
        if (metric->operands == 1 && metric->shape->is_dimension)
            own->estimators[count++] = metric;
    }
    own->result->estimator_count = count;
    return MC_OK;
}

static mc_status prepare(dimension_context *own, size_t layer_count, mc_error *err)
{
    mc_dimension *result = own->result;
    void         *block;

    MC_TRY(choose(own, result->storage, err));
    MC_TRY(mc_arena_array(result->storage, layer_count, sizeof *result->layers, &block, err));
    result->layers      = block;
    result->layer_count = layer_count;
    for (size_t l = 0; l < layer_count; l++) {
        mc_dimension_layer *layer  = &result->layers[l];
        mc_status           status = mc_matrix_check(own->layers[l], err);
        if (status != MC_OK) return mc_fail_about(err, status, "layer %zu", l);
        *layer = (mc_dimension_layer){ 0 };
        MC_TRY(examine(own, &own->layers[l], result->storage, layer, err));
        if (layer->reason) continue;
        MC_TRY(mc_arena_array(result->storage, result->estimator_count,
                              sizeof *layer->estimates, &block, err));
        layer->estimates = block;
    }
    return MC_OK;
}

mc_status mc_dimension_compute(const mc_matrix *layers, size_t layer_count,
                               const char *const          *probe_names,
                               const mc_dimension_options *options, mc_dimension **dimension,
                               mc_error *err)
{
    static const mc_dimension_options standard = MC_DIMENSION_OPTIONS_DEFAULT;
    dimension_context own = { layers, probe_names, options ? options : &standard, NULL, NULL };
    mc_profile_mark   begun = mc_profile_begin();
    mc_team          *team  = NULL;
    mc_status         status;

    own.result = mc_calloc(1, sizeof *own.result);
    if (!own.result) return mc_fail_memory(err, sizeof *own.result);
    status = mc_arena_create(&own.result->storage, err);
    if (status == MC_OK) status = mc_team_create(own.options->threads, &team, err);
    if (status == MC_OK) status = prepare(&own, layer_count, err);
    if (status == MC_OK && layer_count > 0) {
        const size_t n = layers[0].rows;
        mc_team_reserve(team, (6 * n * n + n * layers[0].cols) * sizeof(double));
        status = mc_team_run(team, layer_count, measure_layer, &own, err);
    }
    mc_team_free(team);
    mc_profile_end_stage(begun, "dimension of layers");
    if (status == MC_OK)
        *dimension = own.result;
    else
        mc_dimension_free(own.result);
    return status;
}

void mc_dimension_free(mc_dimension *dimension)
{
    if (!dimension) return;
    mc_arena_free(dimension->storage);
    mc_free(dimension);
}
