/* summarise.c - from many null values and resamples to a few honest numbers. */
#include <math.h>

#include "geometry/compare.h"
#include "geometry/matrix.h"
#include "geometry/statistics.h"
#include "linalg/linalg.h"

/* Mean and sd of one pair over the draws; with `also`, the observed value counts as one more.
 */
static void moments(const double *null, size_t draws, size_t step, const double *also,
                    double *mean, double *sd)
{
    const double count = (double)draws + (also ? 1 : 0);
    double       sum = also ? *also : 0, squares = 0;

    for (size_t d = 0; d < draws; d++)
        sum += null[d * step];
    *mean = sum / count;
    if (also) squares = (*also - *mean) * (*also - *mean);
    for (size_t d = 0; d < draws; d++)
        squares += (null[d * step] - *mean) * (null[d * step] - *mean);
    *sd = sqrt(squares / (count - 1));
}

/* (1 + #{null >= observed}) / (1 + draws); `sign` turns distances round. */
static double share_as_extreme(const double *null, size_t draws, size_t step, double observed,
                               double sign, double tie)
{
    size_t count = 0;

    for (size_t d = 0; d < draws; d++)
        count += sign * null[d * step] >= sign * observed - tie;
    return (1 + (double)count) / (1 + (double)draws);
}

/* largest[d]: the most extreme standardised value of draw d over all pairs. */
static void largest_of_draws(const double *null, size_t draws, const double *centre,
                             const double *scale, size_t pairs, double sign, double *largest)
{
    for (size_t d = 0; d < draws; d++) {
        largest[d] = -INFINITY;
        for (size_t k = 0; k < pairs; k++) {
            if (!(scale[k] > 0)) continue;
            const double z = sign * (null[d * pairs + k] - centre[k]) / scale[k];
            if (z > largest[d]) largest[d] = z;
        }
    }
}

mc_status mc_summarise_null(const double *null, size_t draws, const double *observed,
                            size_t pairs, bool is_distance, double tie, mc_arena *scratch,
                            mc_null_summary *out, mc_error *err)
{
    const double sign = is_distance ? -1 : 1;
    double      *centre, *scale, *largest;

    MC_TRY(mc_take_doubles(scratch, pairs, &out->mean, err));
    MC_TRY(mc_take_doubles(scratch, pairs, &out->sd, err));
    MC_TRY(mc_take_doubles(scratch, pairs, &out->p, err));
    MC_TRY(mc_take_doubles(scratch, pairs, &out->p_corrected, err));
    MC_TRY(mc_take_doubles(scratch, pairs, &centre, err));
    MC_TRY(mc_take_doubles(scratch, pairs, &scale, err));
    MC_TRY(mc_take_doubles(scratch, draws, &largest, err));
    for (size_t k = 0; k < pairs; k++) {
        out->mean[k] = out->sd[k] = out->p[k] = out->p_corrected[k] = NAN;
        scale[k]                                                    = 0;
        if (isnan(observed[k]) || draws == 0 || isnan(null[k])) continue;
        moments(null + k, draws, pairs, NULL, &out->mean[k], &out->sd[k]);
        moments(null + k, draws, pairs, &observed[k], &centre[k], &scale[k]);
        out->p[k] = share_as_extreme(null + k, draws, pairs, observed[k], sign, tie);
    }
    largest_of_draws(null, draws, centre, scale, pairs, sign, largest);
    for (size_t k = 0; k < pairs; k++) {
        if (!(scale[k] > 0)) continue;
        out->p_corrected[k] = share_as_extreme(
            largest, draws, 1, sign * (observed[k] - centre[k]) / scale[k], 1, tie / scale[k]);
    }
    return MC_OK;
}

mc_status mc_interval(const double *values, size_t samples, size_t step, double value,
                      mc_arena *scratch, double *low, double *high, mc_error *err)
{
    mc_arena_mark mark  = mc_arena_save(scratch);
    size_t        count = 0;
    double       *sorted;

    *low = *high = NAN;
    MC_TRY(mc_take_doubles(scratch, samples, &sorted, err));
    for (size_t s = 0; s < samples; s++)
        if (!isnan(values[s * step])) sorted[count++] = values[s * step];
    if (count >= MC_RESAMPLES_LEAST && !isnan(value)) {
        const double mean = mc_mean(sorted, count);
        mc_sort(sorted, count);
        *low  = value + mc_quantile(sorted, count, 0.025) - mean;
        *high = value + mc_quantile(sorted, count, 0.975) - mean;
    }
    mc_arena_reset(scratch, mark);
    return MC_OK;
}
