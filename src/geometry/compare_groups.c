/* compare_groups.c - the same comparison within each group of probes. */
#include <math.h>
#include <stdio.h>

#include "geometry/compare.h"
#include "geometry/matrix.h"
#include "geometry/random.h"

/* Below this a group says too little about geometry to be given a number. */
#define GROUP_LEAST 10

typedef struct group_context {
    mc_compare_job  *job;
    const mc_metric *metric;
    size_t           draws;
    mc_group_result *results;
    const size_t    *grouping_of, *label_of; /* of each result */
} group_context;

static size_t collect_rows(const mc_grouping *grouping, size_t label, size_t n, size_t *rows)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        if (grouping->group_of[i] == label) rows[count++] = i;
    return count;
}

static mc_status prepare_layer(const group_context *own, size_t which, size_t layer,
                               const size_t *rows, size_t m, mc_arena *scratch,
                               mc_prepared *out, mc_error *err)
{
    const mc_panel_side *side = &own->job->panel.side[which];
    double              *gram, *mean;

    MC_TRY(mc_take_doubles(scratch, m * m, &gram, err));
    MC_TRY(mc_take_doubles(scratch, m, &mean, err));
    mc_gram_subset(side->gram[layer], own->job->panel.n, rows, m, gram, mean);
    const mc_view view = { gram, m, &side->layers[layer], rows, false };
    return mc_similarity_prepare(own->metric, &view, &own->job->options->metric, scratch, out,
                                 err);
}

/* Mean of the links' values under an order (NULL: as observed); links that are undefined are
 * left out. */
static mc_status links_mean(const group_context *own, const mc_prepared *p, size_t links,
                            const size_t *order, mc_arena *scratch, double *mean, mc_error *err)
{
    double total = 0, count = 0;

    for (size_t k = 0; k < links; k++) {
        double value;
        MC_TRY(mc_similarity_value(own->metric, &p[2 * k], &p[2 * k + 1], order,
                                   &own->job->options->metric, scratch, &value, err));
        if (isnan(value)) continue;
        total += value;
        count++;
    }
    *mean = count > 0 ? total / count : NAN;
    return MC_OK;
}

static mc_status group_null(const group_context *own, size_t index, const mc_prepared *p,
                            size_t m, mc_arena *scratch, mc_group_result *result, mc_error *err)
{
    const size_t    links = own->job->result->monotone.count;
    mc_null_summary summary;
    size_t         *order;
    double         *means;

    if (own->draws == 0 || isnan(result->value)) return MC_OK;
    MC_TRY(mc_take_sizes(scratch, m, &order, err));
    MC_TRY(mc_take_doubles(scratch, own->draws, &means, err));
    for (size_t d = 0; d < own->draws; d++) {
        mc_random random =
            mc_random_init(own->job->options->seed, MC_STREAM_GROUP | (index + 1) << 8, d);
        mc_random_order(&random, order, m);
        MC_TRY(links_mean(own, p, links, order, scratch, &means[d], err));
    }
    MC_TRY(mc_summarise_null(means, own->draws, &result->value, 1, own->metric->is_distance,
                             1e-12, scratch, &summary, err));
    result->null_mean = summary.mean[0];
    result->null_sd   = summary.sd[0];
    result->p         = summary.p[0];
    return MC_OK;
}

static mc_status group_job(void *context, size_t index, mc_arena *keep, mc_arena *scratch,
                           mc_error *err)
{
    group_context           *own      = context;
    mc_group_result         *result   = &own->results[index];
    const mc_correspondence *links    = &own->job->result->monotone;
    const mc_grouping       *grouping = &own->job->options->groupings[own->grouping_of[index]];
    size_t                  *rows;
    mc_prepared             *p;
    void                    *block;

    (void)keep;
    MC_TRY(mc_take_sizes(scratch, own->job->panel.n, &rows, err));
    result->probes = collect_rows(grouping, own->label_of[index], own->job->panel.n, rows);
    if (result->probes < GROUP_LEAST || result->probes < own->metric->rows_least) {
        result->reason = "too few probes";
        return MC_OK;
    }
    MC_TRY(mc_arena_array(scratch, 2 * links->count, sizeof *p, &block, err));
    p = block;
    for (size_t k = 0; k < links->count; k++)
        for (size_t side = 0; side < 2; side++)
            MC_TRY(prepare_layer(own, side, links->link[k][side], rows, result->probes, scratch,
                                 &p[2 * k + side], err));
    MC_TRY(links_mean(own, p, links->count, NULL, scratch, &result->value, err));
    if (isnan(result->value)) result->reason = "undefined for these probes";
    return group_null(own, index, p, result->probes, scratch, result, err);
}

mc_status mc_compare_groups(mc_compare_job *job, const mc_metric *metric,
                            mc_metric_comparison *out, mc_error *err)
{
    const mc_compare_options *options = job->options;
    group_context             own     = { .job = job, .metric = metric };
    size_t                    count   = 0, *grouping_of, *label_of;
    void                     *block;

    for (size_t g = 0; g < options->grouping_count; g++)
        count += options->groupings[g].group_count;
    if (count == 0 || job->result->monotone.count == 0) return MC_OK;
    MC_TRY(mc_arena_array(job->result->storage, count, sizeof *own.results, &block, err));
    own.results = block;
    MC_TRY(mc_take_sizes(mc_team_keep(job->team), count, &grouping_of, err));
    MC_TRY(mc_take_sizes(mc_team_keep(job->team), count, &label_of, err));
    own.grouping_of = grouping_of;
    own.label_of    = label_of;
    /* A decomposition per draw, link and group would take longer than all the rest. */
    own.draws = metric->is_costly ? 0 : out->permutations;
    for (size_t g = 0, at = 0; g < options->grouping_count; g++)
        for (size_t l = 0; l < options->groupings[g].group_count; l++, at++) {
            grouping_of[at] = g;
            label_of[at]    = l;
            own.results[at] = (mc_group_result){ .grouping  = options->groupings[g].name,
                                                 .label     = options->groupings[g].labels[l],
                                                 .value     = NAN,
                                                 .null_mean = NAN,
                                                 .null_sd   = NAN,
                                                 .p         = NAN };
        }
    out->groups      = own.results;
    out->group_count = count;
    return mc_team_run(job->team, count, group_job, &own, err);
}
