/* gride.c - the likelihood of the ratio of two distances further out: dimension against scale.
 *
 * With mu = r_n2 / r_n1 the density is d (mu^d - 1)^(n2 - n1 - 1) / (B mu^((n2 - 1) d + 1))
 * (Denti et al. 2022, eq. 6). At n1 = 1, n2 = 2 the maximum is N / sum ln mu. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "geometry/matrix.h"
#include "geometry/metric_list.h"
#include "geometry/shape.h"
#include "geometry/statistics.h"
#include "linalg/linalg.h"

/* ln mu / (1 - mu^-d); its limit 1 / d at mu = 1. */
static double pull(double log_mu, double d)
{
    return log_mu > 0 ? log_mu / -expm1(-d * log_mu) : 1 / d;
}

/* The derivative of the log-likelihood in d, which falls from +inf to below 0, and minus the
 * second derivative, which is the Fisher information. */
static double score(const double *log_mu, size_t n, double n1, double n2, double d,
                    double *information)
{
    const double between = n2 - n1 - 1;
    double       total = (double)n / d - (n2 - 1) * mc_sum(log_mu, n), pulls = 0, squares = 0;

    for (size_t i = 0; between > 0 && i < n; i++) {
        const double p = pull(log_mu[i], d);
        pulls += p;
        squares += p * p * exp(-d * log_mu[i]);
    }
    *information = (double)n / (d * d) + between * squares;
    return total + between * pulls;
}

/* Newton's steps, held inside the bracket that the signs give. */
static double maximise(const double *log_mu, size_t n, double n1, double n2,
                       double *information)
{
    double low = 0, high = INFINITY, d = (double)n / ((n2 - n1) * mc_sum(log_mu, n));

    for (int i = 0; i < 200; i++) {
        const double slope = score(log_mu, n, n1, n2, d, information);
        double       next  = d + slope / *information;
        if (slope > 0)
            low = d;
        else
            high = d;
        if (!(next > low && next < high)) next = high < INFINITY ? (low + high) / 2 : 2 * d;
        if (fabs(next - d) <= 1e-14 * d) break;
        d = next;
    }
    return d;
}

/* One scale from the two distances of every point. */
static mc_status estimate(const double *near, const double *far, size_t n, size_t n1,
                          mc_arena *scratch, mc_scale_point *point, mc_error *err)
{
    const size_t n2 = 2 * n1;
    double      *log_mu, information, error;

    *point = (mc_scale_point){ n1, n2, NAN, NAN, NAN, mc_mean(far, n) };
    MC_TRY(mc_take_doubles(scratch, n, &log_mu, err));
    for (size_t i = 0; i < n; i++)
        log_mu[i] = log(far[i] / near[i]);
    if (!(mc_sum(log_mu, n) > 0)) return MC_OK;
    point->value = maximise(log_mu, n, (double)n1, (double)n2, &information);
    error        = 1 / sqrt(information);
    point->low   = point->value - 1.959963984540054 * error;
    point->high  = point->value + 1.959963984540054 * error;
    return MC_OK;
}

/* Distances of rank 1, 2, 4, ... by selection, from the furthest inwards: each selection leaves
 * the nearer ones in front. */
mc_status mc_gride_scales(const mc_cloud *cloud, size_t most, mc_arena *scratch,
                          mc_scale_point *points, size_t *count, mc_error *err)
{
    const size_t n     = cloud->n;
    size_t       ranks = 1;
    double      *distances, *row;

    *count = 0;
    while (ranks <= most && (size_t)1 << ranks <= n / 2)
        ranks++;
    if (ranks < 2) return MC_OK;
    MC_TRY(mc_take_doubles(scratch, n * ranks, &distances, err));
    MC_TRY(mc_take_doubles(scratch, n, &row, err));
    for (size_t i = 0; i < n; i++) {
        size_t left = n - 1;
        memcpy(row, cloud->squares + i * n, n * sizeof *row);
        row[i] = row[n - 1];
        for (size_t r = ranks; r-- > 0; left = (size_t)1 << r)
            distances[r * n + i] = sqrt(mc_select(row, left, ((size_t)1 << r) - 1));
    }
    for (size_t r = 0; r + 1 < ranks; r++) {
        mc_scale_point *point = &points[*count];
        MC_TRY(estimate(distances + r * n, distances + (r + 1) * n, n, (size_t)1 << r, scratch,
                        point, err));
        if (isnan(point->value)) return MC_OK;
        ++*count;
    }
    return MC_OK;
}

static mc_status headline(const mc_cloud *cloud, size_t n1, mc_arena *scratch,
                          mc_scale_point *point, mc_error *err)
{
    const size_t n = cloud->n, n2 = 2 * n1;
    double      *distances, *near, *far;

    *point = (mc_scale_point){ n1, n2, NAN, NAN, NAN, NAN };
    if (n1 < 1 || n2 >= n) return MC_OK;
    MC_TRY(mc_cloud_neighbours(cloud, n2, scratch, &distances, err));
    MC_TRY(mc_take_doubles(scratch, n, &near, err));
    MC_TRY(mc_take_doubles(scratch, n, &far, err));
    for (size_t i = 0; i < n; i++) {
        near[i] = distances[i * n2 + n1 - 1];
        far[i]  = distances[i * n2 + n2 - 1];
    }
    return estimate(near, far, n, n1, scratch, point, err);
}

static mc_status run(const mc_cloud *cloud, const mc_metric_options *options, mc_arena *scratch,
                     mc_estimate *out, mc_error *err)
{
    mc_scale_point point;

    snprintf(out->note, sizeof out->note,
             "n1 = %zu, n2 = %zu; interval from Fisher information", options->gride_scale,
             2 * options->gride_scale);
    MC_TRY(headline(cloud, options->gride_scale, scratch, &point, err));
    out->value = point.value;
    out->low   = point.low;
    out->high  = point.high;
    if (isnan(point.value))
        mc_estimate_undefined(out,
                              "%zu distinct probes have no %zu neighbours at different "
                              "distances",
                              cloud->n, 2 * options->gride_scale);
    return MC_OK;
}

static const mc_shape shape = { .needs        = MC_NEEDS_NEIGHBOURS,
                                .is_dimension = true,
                                .run          = run };

const mc_metric mc_metric_gride = {
    .name    = "gride",
    .summary = "intrinsic dimension against scale, from ratios of further neighbours",
    .convention =
        "likelihood of r_2n1 / r_n1 at n1 = 1, 2, 4, ...; the value is that of n1 = 2; "
        "duplicates taken once",
    .citation   = "Denti et al. 2022, Sci. Rep. 12:20005",
    .operands   = 1,
    .range      = { 0.0, INFINITY },
    .rows_least = 10,
    .shape      = &shape,
};
