/* twonn.c - two nearest neighbours: the slope of -ln(1 - F) on ln mu through the origin. */
#include <math.h>
#include <stdio.h>

#include "geometry/matrix.h"
#include "geometry/metric_list.h"
#include "geometry/random.h"
#include "geometry/shape.h"
#include "geometry/statistics.h"

/* F of the i-th (from 1) of n sorted ratios. */
static double cdf(int rule, size_t i, size_t n)
{
    if (rule == MC_CDF_BEFORE_OVER_N) return ((double)i - 1) / (double)n;
    if (rule == MC_CDF_I_OVER_N_PLUS_1) return (double)i / ((double)n + 1);
    return (double)i / (double)n;
}

/* Least squares through the origin over the first `kept` of n sorted ln mu. */
static double slope(const double *log_mu, size_t n, size_t kept, int rule)
{
    double xy = 0, xx = 0;

    for (size_t i = 0; i < kept; i++) {
        xy += log_mu[i] * -log1p(-cdf(rule, i + 1, n));
        xx += log_mu[i] * log_mu[i];
    }
    return xx > 0 ? xy / xx : NAN;
}

/* A bootstrap sample of sorted values, sorted: draw how often each is taken. */
static void resample(mc_random *random, const double *sorted, size_t n, size_t *times,
                     double *out)
{
    for (size_t i = 0; i < n; i++)
        times[i] = 0;
    for (size_t i = 0; i < n; i++)
        times[mc_random_below(random, n)]++;
    for (size_t i = 0, at = 0; i < n; i++)
        for (size_t t = 0; t < times[i]; t++)
            out[at++] = sorted[i];
}

static mc_status bootstrap(const double *log_mu, size_t n, size_t kept,
                           const mc_metric_options *options, mc_arena *scratch,
                           mc_estimate *out, mc_error *err)
{
    double *values, *sample;
    size_t *times;

    if (options->resamples < MC_RESAMPLES_LEAST) return MC_OK;
    MC_TRY(mc_take_doubles(scratch, options->resamples, &values, err));
    MC_TRY(mc_take_doubles(scratch, n, &sample, err));
    MC_TRY(mc_take_sizes(scratch, n, &times, err));
    for (size_t b = 0; b < options->resamples; b++) {
        mc_random random = mc_random_init(options->seed, MC_STREAM_RESAMPLE, b);
        resample(&random, log_mu, n, times, sample);
        values[b] = slope(sample, n, kept, options->twonn_cdf);
        if (isnan(values[b])) return MC_OK;
    }
    mc_estimate_percentiles(values, options->resamples, out);
    return MC_OK;
}

static mc_status run(const mc_cloud *cloud, const mc_metric_options *options, mc_arena *scratch,
                     mc_estimate *out, mc_error *err)
{
    static const char *const rules[] = { "i/N", "(i-1)/N", "i/(N+1)" };
    const size_t             n       = cloud->n;
    size_t                   kept    = (size_t)((double)n * (1 - options->twonn_discard));
    double                  *log_mu;

    if (kept >= n && options->twonn_cdf == MC_CDF_I_OVER_N) kept = n - 1; /* F = 1 has no log */
    snprintf(out->note, sizeof out->note,
             "F = %s, top %g %% of the ratios discarded; bootstrap of the ratios",
             rules[options->twonn_cdf], 100 * options->twonn_discard);
    MC_TRY(mc_cloud_log_ratios(cloud, scratch, &log_mu, err));
    out->value = slope(log_mu, n, kept, options->twonn_cdf);
    if (isnan(out->value)) {
        mc_estimate_undefined(out, "every probe's two nearest neighbours are equally far");
        return MC_OK;
    }
    return bootstrap(log_mu, n, kept, options, scratch, out, err);
}

static const mc_shape shape = { .needs        = MC_NEEDS_NEIGHBOURS,
                                .is_dimension = true,
                                .run          = run };

const mc_metric mc_metric_twonn = {
    .name    = "twonn",
    .summary = "intrinsic dimension from the ratio of the two nearest distances (fit)",
    .convention =
        "mu = r2 / r1, -ln(1 - F) on ln mu through the origin, F = i / N, top 10 % of "
        "mu discarded; duplicates taken once",
    .citation   = "Facco et al. 2017, Sci. Rep. 7:12140",
    .operands   = 1,
    .range      = { 0.0, INFINITY },
    .rows_least = 10,
    .shape      = &shape,
};
