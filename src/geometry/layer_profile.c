/* layer_profile.c - what one layer looks like: norms, direction, spectrum, dimension, and the
 * units and probes that stand out. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/profile.h"
#include "geometry/anisotropy.h"
#include "geometry/matrix.h"
#include "geometry/metric_list.h"
#include "geometry/spectrum.h"
#include "geometry/statistics.h"
#include "geometry/team.h"
#include "linalg/linalg.h"

/* Massive activations as Sun et al. 2024 (arXiv:2402.17762, sec. 2) define them. */
#define MASSIVE_LEAST 100.0
#define MASSIVE_RATIO 1000.0

static mc_status norms(const mc_matrix *x, mc_arena *scratch, mc_layer_profile *out,
                       mc_error *err)
{
    double *norm;

    MC_TRY(mc_take_doubles(scratch, x->rows, &norm, err));
    for (size_t i = 0; i < x->rows; i++) {
        const float *row   = x->data + i * x->stride;
        double       total = 0;
        for (size_t j = 0; j < x->cols; j++)
            total += (double)row[j] * row[j];
        norm[i] = sqrt(total);
    }
    out->norm_mean = mc_mean(norm, x->rows);
    out->norm_sd   = mc_deviation(norm, x->rows);
    mc_sort(norm, x->rows);
    out->norm_least  = norm[0];
    out->norm_median = mc_quantile(norm, x->rows, 0.5);
    out->norm_most   = norm[x->rows - 1];
    return MC_OK;
}

static mc_status median_magnitude(const mc_matrix *x, mc_arena *scratch, double *median,
                                  mc_error *err)
{
    double *all;

    MC_TRY(mc_take_doubles(scratch, x->rows * x->cols, &all, err));
    for (size_t i = 0; i < x->rows; i++)
        for (size_t j = 0; j < x->cols; j++)
            all[i * x->cols + j] = fabs((double)x->data[i * x->stride + j]);
    *median = mc_median(all, x->rows * x->cols);
    return MC_OK;
}

/* Keep `unit` among the MC_PROFILE_TOP with the largest variance. */
static void offer_unit(mc_layer_profile *out, mc_unit_profile unit)
{
    size_t at = out->unit_count < MC_PROFILE_TOP ? out->unit_count++ : MC_PROFILE_TOP;

    for (; at > 0 && unit.variance_share > out->units[at - 1].variance_share; at--)
        if (at < MC_PROFILE_TOP) out->units[at] = out->units[at - 1];
    if (at < MC_PROFILE_TOP) out->units[at] = unit;
}

/* Variance and largest magnitude of every unit, against the mean row. */
static mc_status units(const mc_matrix *x, const double *mean, double total, mc_arena *scratch,
                       mc_layer_profile *out, mc_error *err)
{
    double *square, *largest;
    size_t *probe;

    MC_TRY(mc_take_doubles(scratch, x->cols, &square, err));
    MC_TRY(mc_take_doubles(scratch, x->cols, &largest, err));
    MC_TRY(mc_take_sizes(scratch, x->cols, &probe, err));
    for (size_t j = 0; j < x->cols; j++)
        square[j] = largest[j] = 0, probe[j] = 0;
    for (size_t i = 0; i < x->rows; i++)
        for (size_t j = 0; j < x->cols; j++) {
            const double own = x->data[i * x->stride + j], d = own - mean[j];
            square[j] += d * d;
            if (fabs(own) > largest[j]) largest[j] = fabs(own), probe[j] = i;
        }
    for (size_t j = 0; j < x->cols; j++) {
        const bool massive =
            largest[j] > MASSIVE_LEAST && largest[j] > MASSIVE_RATIO * out->median_magnitude;
        out->massive_count += massive;
        const mc_unit_profile unit = { j, square[j] / total, largest[j], probe[j], massive };
        if (j == 0 || unit.largest > out->largest_unit.largest) out->largest_unit = unit;
        offer_unit(out, unit);
    }
    return MC_OK;
}

/* The nearest and the furthest probes: G_ii is the squared distance to the mean. */
static mc_status probes(const mc_cloud *cloud, mc_arena *scratch, mc_layer_profile *out,
                        mc_error *err)
{
    const size_t n    = cloud->rows;
    double       mean = 0, *distance;

    MC_TRY(mc_take_doubles(scratch, n, &distance, err));
    for (size_t i = 0; i < n; i++)
        mean += cloud->gram[i * n + i] / (double)n;
    for (size_t i = 0; i < n; i++) {
        const double own = cloud->gram[i * n + i] > 0 ? cloud->gram[i * n + i] / mean : 0;
        distance[i]      = sqrt(own);
    }
    out->top_count = n < MC_PROFILE_TOP ? n : MC_PROFILE_TOP;
    for (size_t t = 0; t < out->top_count; t++) {
        mc_probe_profile *near = &out->most_typical[t], *far = &out->least_typical[t];
        *near = (mc_probe_profile){ n, INFINITY };
        *far  = (mc_probe_profile){ n, -INFINITY };
        for (size_t i = 0; i < n; i++) {
            bool near_taken = false, far_taken = false;
            for (size_t k = 0; k < t; k++) {
                near_taken = near_taken || out->most_typical[k].probe == i;
                far_taken  = far_taken || out->least_typical[k].probe == i;
            }
            if (!near_taken && distance[i] < near->distance)
                *near = (mc_probe_profile){ i, distance[i] };
            if (!far_taken && distance[i] > far->distance)
                *far = (mc_probe_profile){ i, distance[i] };
        }
    }
    return MC_OK;
}

static size_t directions(const mc_spectrum *spectrum, double share)
{
    double sum = 0;

    for (size_t k = 0; k < spectrum->count; k++) {
        sum += spectrum->values[k];
        if (sum >= share * spectrum->total) return k + 1;
    }
    return spectrum->count;
}

static mc_status spectrum(const mc_cloud *cloud, mc_arena *scratch, mc_layer_profile *out,
                          mc_error *err)
{
    mc_spectrum s;

    MC_TRY(mc_spectrum_make(cloud, false, scratch, &s, err));
    out->variance = s.total / ((double)cloud->rows - 1);
    for (size_t k = 0; k < s.count && k < MC_PROFILE_SPECTRUM; k++)
        out->spectrum[out->spectrum_count++] = s.values[k] / s.total;
    out->directions_half = directions(&s, 0.5);
    out->directions_90   = directions(&s, 0.9);
    out->directions_99   = directions(&s, 0.99);
    return MC_OK;
}

static mc_status fill(const mc_matrix *x, mc_arena *scratch, mc_layer_profile *out,
                      mc_error *err)
{
    static const mc_metric_options options = MC_METRIC_OPTIONS_DEFAULT;
    mc_cloud                       cloud;
    double                        *mean, *centred;

    MC_TRY(mc_cloud_make(x, scratch, &cloud, err));
    out->distinct = cloud.n;
    MC_TRY(norms(x, scratch, out, err));
    MC_TRY(median_magnitude(x, scratch, &out->median_magnitude, err));
    MC_TRY(mc_take_doubles(scratch, x->cols, &mean, err));
    MC_TRY(mc_take_doubles(scratch, x->rows * x->cols, &centred, err));
    mc_matrix_centre(*x, NULL, x->rows, centred, mean);
    MC_TRY(mc_mean_cosine(x, NULL, scratch, &out->anisotropy, err));
    MC_TRY(mc_mean_cosine(x, mean, scratch, &out->anisotropy_centred, err));
    MC_TRY(spectrum(&cloud, scratch, out, err));
    MC_TRY(units(x, mean, out->variance * ((double)x->rows - 1), scratch, out, err));
    MC_TRY(probes(&cloud, scratch, out, err));
    MC_TRY(mc_shape_run(&mc_metric_twonn_mle, &cloud, &options, scratch, &out->dimension, err));
    MC_TRY(mc_shape_run(&mc_metric_participation_ratio, &cloud, &options, scratch,
                        &out->participation_ratio, err));
    MC_TRY(mc_shape_run(&mc_metric_effective_rank, &cloud, &options, scratch,
                        &out->effective_rank, err));
    return mc_shape_run(&mc_metric_stable_rank, &cloud, &options, scratch, &out->stable_rank,
                        err);
}

typedef struct profile_context {
    const mc_matrix   *layers;
    const char *const *probe_names;
    mc_layer_profile  *profiles;
} profile_context;

static mc_status profile_layer(void *context, size_t layer, mc_arena *keep, mc_arena *scratch,
                               mc_error *err)
{
    const profile_context *own = context;
    const mc_matrix       *x   = &own->layers[layer];
    mc_layer_profile      *out = &own->profiles[layer];
    size_t                 row, col;

    (void)keep;
    MC_TRY(mc_matrix_check(*x, err));
    *out = (mc_layer_profile){ .rows = x->rows, .cols = x->cols };
    if (!mc_matrix_is_finite(*x, &row, &col)) {
        const double value = x->data[row * x->stride + col];
        if (own->probe_names)
            snprintf(out->reason, sizeof out->reason, "probe '%s', unit %zu is %g",
                     own->probe_names[row], col, value);
        else
            snprintf(out->reason, sizeof out->reason, "probe %zu, unit %zu is %g", row, col,
                     value);
        return MC_OK;
    }
    if (x->rows < 3)
        snprintf(out->reason, sizeof out->reason, "%zu probes, a profile needs at least 3",
                 x->rows);
    else if (mc_matrix_is_constant(*x))
        snprintf(out->reason, sizeof out->reason, "all %zu probes have the same state",
                 x->rows);
    return out->reason[0] ? MC_OK : fill(x, scratch, out, err);
}

mc_status mc_layer_profiles(const mc_matrix *layers, size_t layer_count,
                            const char *const *probe_names, size_t threads,
                            mc_layer_profile *profiles, mc_error *err)
{
    profile_context context = { layers, probe_names, profiles };
    mc_profile_mark begun   = mc_profile_begin();
    mc_team        *team;
    mc_status       status;

    if (layer_count == 0) return MC_OK;
    MC_TRY(mc_team_create(threads, &team, err));
    mc_team_reserve(
        team, (6 * layers[0].rows * layers[0].rows + 4 * layers[0].rows * layers[0].cols) *
                  sizeof(double));
    status = mc_team_run(team, layer_count, profile_layer, &context, err);
    mc_team_free(team);
    mc_profile_end_stage(begun, "norms, spectra and units of layers");
    return status;
}
