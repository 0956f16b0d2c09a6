/* compare.h - the parts of mc_compare(). */
#ifndef MC_GEOMETRY_COMPARE_H
#define MC_GEOMETRY_COMPARE_H

#include <modelcypher/geometry.h>

#include "geometry/panel.h"

/* What all metrics of one comparison share. */
typedef struct mc_compare_job {
    const mc_compare_options *options;
    const mc_stack           *stack[2];
    mc_team                  *team;
    mc_panel                  panel;   /* all probes */
    mc_panel                  without; /* without the flagged ones; n = 0 when none are */
    mc_panel                  trimmed; /* all probes, without the flagged units; likewise */
    mc_panel                  control; /* n = 0 when there is none */
    mc_comparison            *result;
    size_t (*link)[2]; /* the pairs of both correspondences, each once */
    size_t links;
    bool  *linked; /* a_count * b_count: is this pair a link? */
} mc_compare_job;

/* Probes and units that carry a layer by themselves: states, warnings, and the panels without
 * them. */
mc_status mc_compare_flag(mc_compare_job *job, mc_error *err);

/* Everything about one metric. */
mc_status mc_compare_metric(mc_compare_job *job, const mc_metric *metric,
                            mc_metric_comparison *out, mc_error *err);

/* Per group of probes: the mean over the monotone correspondence and its null. */
mc_status mc_compare_groups(mc_compare_job *job, const mc_metric *metric,
                            mc_metric_comparison *out, mc_error *err);

/* Null mean and sd, p, and p corrected for the largest of all pairs, from
 * null[draw * pairs + pair]. The maximum is that of standardised values (Westfall & Young 1993;
 * mean and sd of each pair over the draws and the observed value together, which keeps the test
 * exact), so that a pair with a wide null does not speak for all. */
typedef struct mc_null_summary {
    double *mean, *sd, *p, *p_corrected; /* pairs each */
} mc_null_summary;
mc_status mc_summarise_null(const double *null, size_t draws, const double *observed,
                            size_t pairs, bool is_distance, double tie, mc_arena *scratch,
                            mc_null_summary *out, mc_error *err);

/* 95 % limits from resamples, centred on the value: value + quantile(resample - their mean).
 * values[sample * step]; NaNs are left out; NaN limits when fewer than 20 remain. */
mc_status mc_interval(const double *values, size_t samples, size_t step, double value,
                      mc_arena *scratch, double *low, double *high, mc_error *err);

#endif
