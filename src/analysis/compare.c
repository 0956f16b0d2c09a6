/* compare.c - from two files to two stacks of matrices over the same probes.
 *
 * Values are used where they lie in the files; only when the probes differ in number or order
 * are rows copied. */
#include <modelcypher/compare.h>

#include <stdio.h>
#include <string.h>

#include <modelcypher/atlas.h>

#include "analysis/match.h"
#include "analysis/notes.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "base/list.h"
#include "base/log.h"

typedef struct job {
    const mc_crm_compare_options *options;
    mc_crm_comparison            *out;
    size_t                       *rows[2]; /* of each common probe */
    mc_notes                      notes;
    mc_compare_options            statistics;
} job;

static mc_status take(job *j, size_t count, size_t size, void *out, mc_error *err)
{
    void *block;

    MC_TRY(mc_arena_array(j->out->storage, count, size, &block, err));
    memcpy(out, &block, sizeof block);
    return MC_OK;
}

/* ---- Probes in common -------------------------------------------------------------------- */

static bool is_from(const char *id, const char *source)
{
    size_t size = source ? strlen(source) : 0;

    return !source || (strncmp(id, source, size) == 0 && id[size] == ':');
}

static mc_status match_probes(job *j, mc_error *err)
{
    const mc_crm_info *a = j->out->side[0].info, *b = j->out->side[1].info;
    const char       **probes;
    size_t             kept = 0;

    MC_TRY(mc_match_ids((mc_ids){ a->probe_ids, a->probe_count },
                        (mc_ids){ b->probe_ids, b->probe_count }, j->out->storage, j->rows,
                        &j->out->probe_count, err));
    MC_TRY(take(j, j->out->probe_count, sizeof *probes, &probes, err));
    for (size_t k = 0; k < j->out->probe_count; k++) {
        const char *id = a->probe_ids[j->rows[0][k]];
        if (!is_from(id, j->options->source)) continue;
        probes[kept]     = id;
        j->rows[0][kept] = j->rows[0][k];
        j->rows[1][kept] = j->rows[1][k];
        kept++;
    }
    j->out->probe_count             = kept;
    j->out->probes                  = probes;
    j->out->side[0].probes_left_out = a->probe_count - j->out->probe_count;
    j->out->side[1].probes_left_out = b->probe_count - j->out->probe_count;
    return MC_OK;
}

/* Rows that are tokens match only where both files hold the same tokens. */
static mc_status match_tokens(job *j, mc_error *err)
{
    const mc_crm_info *a = j->out->side[0].info, *b = j->out->side[1].info;
    char              *ids;
    const char       **probes;

    if (j->options->source)
        return mc_fail(err, MC_ERR_CRM, "build both with --pool last or mean",
                       "the rows of these files are tokens, not probes of %s",
                       j->options->source);
    if (a->rows != b->rows || !a->texts.token_ids || !b->texts.token_ids ||
        a->texts.token_count != b->texts.token_count ||
        memcmp(a->texts.token_ids, b->texts.token_ids,
               a->texts.token_count * sizeof *a->texts.token_ids) != 0)
        return mc_fail(err, MC_ERR_CRM,
                       "build both with --pool last or mean: then the rows are probes",
                       "the rows of these files are tokens, and they are not the same tokens");
    MC_TRY(take(j, a->rows, sizeof *probes, &probes, err));
    MC_TRY(take(j, a->rows * 32, 1, &ids, err));
    for (size_t s = 0; s < 2; s++)
        MC_TRY(take(j, a->rows, sizeof *j->rows[s], &j->rows[s], err));
    for (size_t i = 0; i < a->rows; i++) {
        snprintf(ids + 32 * i, 32, "token:%zu", i);
        probes[i]     = ids + 32 * i;
        j->rows[0][i] = j->rows[1][i] = i;
    }
    j->out->probes      = probes;
    j->out->probe_count = a->rows;
    return MC_OK;
}

static mc_status find_rows(job *j, mc_error *err)
{
    const mc_crm_info *a = j->out->side[0].info, *b = j->out->side[1].info;

    if ((a->pooling == MC_POOLING_ALL) != (b->pooling == MC_POOLING_ALL))
        return mc_fail(err, MC_ERR_CRM, "build both with the same --pool",
                       "the rows of %s are tokens, those of the other file are probes",
                       a->pooling == MC_POOLING_ALL ? a->path : b->path);
    if (a->pooling == MC_POOLING_ALL) return match_tokens(j, err);
    MC_TRY(match_probes(j, err));
    if (j->out->probe_count == 0)
        return mc_fail(err, MC_ERR_CRM, "probes are matched by their full ids, <source>:<id>",
                       "the files have no probe in common ('%s' and '%s' are their first)",
                       a->probe_count ? a->probe_ids[0] : "",
                       b->probe_count ? b->probe_ids[0] : "");
    if (a->pooling != b->pooling)
        MC_TRY(mc_notes_add(&j->notes, err,
                            "A was pooled by '%s' and B by '%s': part of any difference is "
                            "that",
                            mc_pooling_name(a->pooling), mc_pooling_name(b->pooling)));
    if (j->out->side[0].probes_left_out || j->out->side[1].probes_left_out)
        MC_TRY(mc_notes_add(&j->notes, err,
                            "compared over the %zu probes that both files have, matched by id; "
                            "left out: %zu of A, %zu of B",
                            j->out->probe_count, j->out->side[0].probes_left_out,
                            j->out->side[1].probes_left_out));
    return MC_OK;
}

/* ---- Layers ------------------------------------------------------------------------------ */

static mc_status choose_layers(job *j, mc_crm_side *side, mc_error *err)
{
    const mc_layers *have   = &side->info->layers;
    mc_layers        wanted = { 0 };
    int             *chosen, last = 0;

    MC_TRY(take(j, have->count, sizeof *chosen, &chosen, err));
    for (size_t i = 0; i < have->count; i++)
        if (have->items[i] != MC_LAYER_FINAL) last = have->items[i];
    if (j->options->layers)
        MC_TRY(mc_layers_parse(j->options->layers,
                               side->info->block_count >= 0 ? side->info->block_count : last,
                               &wanted, err));
    for (size_t i = 0; i < have->count; i++) {
        bool in = !j->options->layers;
        for (size_t k = 0; !in && k < wanted.count; k++)
            in = wanted.items[k] == have->items[i];
        if (in) chosen[side->layer_count++] = have->items[i];
    }
    mc_layers_clear(&wanted);
    side->layers = chosen;
    if (side->layer_count > 0) return MC_OK;
    mc_status status =
        mc_fail(err, MC_ERR_LAYER, "mc geometry crm-show lists what a file holds",
                j->options->layers ? "none of the layers %s is in the file"
                                   : "the file holds no layer%s",
                j->options->layers ? j->options->layers : "");
    return mc_fail_about(err, status, "%s", side->info->path);
}

/* One part of one layer as a matrix over the common probes; `half` of a split. */
static mc_status make_matrix(job *j, size_t which, int layer, mc_crm_part part, size_t half,
                             mc_matrix *out, mc_error *err)
{
    const mc_crm_info *info   = j->out->side[which].info;
    const size_t       n      = j->out->probe_count;
    const float       *values = mc_crm_values(j->out->side[which].crm, layer, part);
    bool               as_is  = n == info->rows;
    float             *copy;

    values += half * info->rows * info->hidden;
    for (size_t i = 0; as_is && i < n; i++)
        as_is = j->rows[which][i] == i;
    *out = (mc_matrix){ values, n, info->hidden, info->hidden };
    if (as_is) return MC_OK;
    MC_TRY(take(j, n * info->hidden, sizeof *copy, &copy, err));
    for (size_t i = 0; i < n; i++)
        memcpy(copy + i * info->hidden, values + j->rows[which][i] * info->hidden,
               info->hidden * sizeof *copy);
    out->data = copy;
    return MC_OK;
}

static mc_status make_stack(job *j, size_t which, bool split, bool control, mc_stack *stack,
                            mc_error *err)
{
    const mc_crm_side *side = &j->out->side[which];
    mc_matrix         *layers, *splits = NULL, *controls = NULL;
    const char       **names;
    char              *text;

    MC_TRY(take(j, side->layer_count, sizeof *layers, &layers, err));
    MC_TRY(take(j, side->layer_count, sizeof *names, &names, err));
    MC_TRY(take(j, side->layer_count, MC_LAYER_TEXT, &text, err));
    if (split) MC_TRY(take(j, 2 * side->layer_count, sizeof *splits, &splits, err));
    if (control) MC_TRY(take(j, side->layer_count, sizeof *controls, &controls, err));
    for (size_t l = 0; l < side->layer_count; l++) {
        const int layer = side->layers[l];
        names[l]        = mc_layer_print(layer, text + l * MC_LAYER_TEXT);
        MC_TRY(make_matrix(j, which, layer, MC_CRM_STATE, 0, &layers[l], err));
        for (size_t half = 0; split && half < 2; half++)
            MC_TRY(
                make_matrix(j, which, layer, MC_CRM_SPLIT, half, &splits[2 * l + half], err));
        if (control) MC_TRY(make_matrix(j, which, layer, MC_CRM_CONTROL, 0, &controls[l], err));
    }
    *stack = (mc_stack){ layers, side->layer_count, names, splits, controls };
    return MC_OK;
}

/* ---- Groups ------------------------------------------------------------------------------ */

static size_t label_index(const char **labels, size_t *count, const char *text, size_t size,
                          char *storage)
{
    for (size_t l = 0; l < *count; l++)
        if (strlen(labels[l]) == size && memcmp(labels[l], text, size) == 0) return l;
    memcpy(storage, text, size);
    storage[size]    = '\0';
    labels[(*count)] = storage;
    return (*count)++;
}

/* The source is what stands before the colon of a full id; the domain is the atlas's. */
static mc_status group_probes(job *j, const mc_atlas *atlas, mc_grouping *out, mc_error *err)
{
    const size_t n = j->out->probe_count;
    const char **labels;
    size_t      *group_of, count = 0;

    MC_TRY(take(j, n, sizeof *labels, &labels, err));
    MC_TRY(take(j, n, sizeof *group_of, &group_of, err));
    for (size_t i = 0; i < n; i++) {
        const char     *id    = j->out->probes[i];
        const mc_probe *probe = atlas ? mc_atlas_find(atlas, id) : NULL;
        const char     *text  = probe ? probe->domain : id;
        const size_t    size  = atlas ? strlen(text) : strcspn(id, ":");
        char           *storage;
        group_of[i] = n;
        if ((atlas && !probe) || size == 0) continue;
        MC_TRY(take(j, size + 1, 1, &storage, err));
        group_of[i] = label_index(labels, &count, text, size, storage);
    }
    *out = (mc_grouping){ atlas ? "domain" : "source", labels, count, group_of };
    return MC_OK;
}

static mc_status make_groupings(job *j, mc_error *err)
{
    mc_grouping *groupings;
    mc_atlas    *atlas = NULL;
    mc_status    status;

    j->statistics.groupings      = NULL;
    j->statistics.grouping_count = 0;
    if (j->options->no_groups || j->out->side[0].info->pooling == MC_POOLING_ALL) return MC_OK;
    MC_TRY(take(j, 2, sizeof *groupings, &groupings, err));
    MC_TRY(group_probes(j, NULL, &groupings[0], err));
    MC_TRY(mc_atlas_open_builtin(NULL, &atlas, err));
    status = group_probes(j, atlas, &groupings[1], err);
    mc_atlas_close(atlas);
    if (status != MC_OK) return status;
    j->statistics.groupings      = groupings;
    j->statistics.grouping_count = groupings[1].group_count > 0 ? 2 : 1;
    return MC_OK;
}

/* ---- Metrics ----------------------------------------------------------------------------- */

static mc_status unknown_metric(const char *name, mc_error *err)
{
    const mc_metric *near     = mc_metric_nearest(name);
    char             all[256] = "one of ";

    for (size_t m = 0; m < mc_metric_count(); m++) {
        const mc_metric *metric = mc_metric_get(m);
        const size_t     used   = strlen(all);
        if (metric->operands == 2)
            snprintf(all + used, sizeof all - used, "%s%s", used > 7 ? ", " : "", metric->name);
    }
    if (near && near->operands == 2)
        return mc_fail(err, MC_ERR_USAGE, all, "no metric '%s': did you mean '%s'?", name,
                       near->name);
    return mc_fail(err, MC_ERR_USAGE, all, "no metric '%s' that compares layers", name);
}

static mc_status read_metrics(job *j, mc_error *err)
{
    mc_list           list = mc_list_begin(j->options->metrics ? j->options->metrics : "cka");
    const mc_metric **metrics;
    size_t            count = 0;

    MC_TRY(take(j, strlen(list.whole) + 1, sizeof *metrics, &metrics, err));
    while (mc_list_next(&list)) {
        char             name[64];
        const mc_metric *metric;
        bool             known = false;
        if (list.size == 0)
            return mc_fail(err, MC_ERR_USAGE, MC_LIST_EMPTY_HINT, MC_LIST_EMPTY, list.whole);
        snprintf(name, sizeof name, "%.*s", (int)(list.size < 63 ? list.size : 63), list.item);
        metric = mc_metric_find(name);
        if (!metric || metric->operands != 2) return unknown_metric(name, err);
        for (size_t m = 0; m < count; m++)
            known = known || metrics[m] == metric;
        if (!known) metrics[count++] = metric;
    }
    j->statistics.metrics      = metrics;
    j->statistics.metric_count = count;
    return MC_OK;
}

/* ---- All of it --------------------------------------------------------------------------- */

static mc_status add_file_notes(job *j, mc_error *err)
{
    for (size_t s = 0; s < 2; s++) {
        const mc_crm_info *info = j->out->side[s].info;
        for (size_t i = 0; i < info->note_count; i++)
            MC_TRY(mc_notes_add(&j->notes, err, "%c: %s", "AB"[s], info -> notes[i]));
    }
    return MC_OK;
}

static mc_status run(job *j, mc_error *err)
{
    const char *const  paths[2] = { j->options->a, j->options->b };
    mc_crm_comparison *out      = j->out;
    const double       opening  = mc_clock();
    bool               split, control;
    mc_stack           stacks[2];
    mc_comparison     *result;

    MC_TRY(read_metrics(j, err));
    for (size_t s = 0; s < 2; s++) {
        MC_TRY(mc_crm_open(paths[s], &out->side[s].crm, err));
        out->side[s].info = mc_crm_get_info(out->side[s].crm);
        MC_TRY(choose_layers(j, &out->side[s], err));
    }
    mc_log(MC_LOG_DEBUG, "opened both files in %.4f s", mc_clock() - opening);
    MC_TRY(find_rows(j, err));
    MC_TRY(add_file_notes(j, err));
    MC_TRY(mc_notes_keep(&j->notes, &out->notes, &out->note_count, err));
    split   = out->side[0].info->has_split && out->side[1].info->has_split;
    control = out->side[0].info->has_control && out->side[1].info->has_control &&
              out->side[0].info->pooling != MC_POOLING_ALL;
    for (size_t s = 0; s < 2; s++)
        MC_TRY(make_stack(j, s, split, control, &stacks[s], err));
    MC_TRY(make_groupings(j, err));
    j->statistics.probe_names = out->probes;
    MC_TRY(mc_compare(&stacks[0], &stacks[1], &j->statistics, &result, err));
    out->result = result;
    return MC_OK;
}

mc_status mc_crm_compare(const mc_crm_compare_options *options, mc_crm_comparison **comparison,
                         mc_error *err)
{
    job          j     = { .options = options, .statistics = options->statistics };
    const double start = mc_clock();
    mc_status    status;

    j.out = mc_calloc(1, sizeof *j.out);
    if (!j.out) return mc_fail_memory(err, sizeof *j.out);
    status          = mc_arena_create(&j.out->storage, err);
    j.notes.storage = j.out->storage;
    if (status == MC_OK) status = run(&j, err);
    for (size_t s = 0; status == MC_OK && s < 2; s++)
        status = mc_crm_check(j.out->side[s].crm, err);
    j.out->seconds = mc_clock() - start;
    if (status == MC_OK)
        *comparison = j.out;
    else
        mc_crm_comparison_free(j.out);
    return status;
}

void mc_crm_comparison_free(mc_crm_comparison *comparison)
{
    if (!comparison) return;
    mc_comparison_free((mc_comparison *)comparison->result);
    for (size_t s = 0; s < 2; s++)
        mc_crm_close(comparison->side[s].crm);
    mc_arena_free(comparison->storage);
    mc_free(comparison);
}
