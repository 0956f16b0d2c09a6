/* compare_report.c - a comparison as a tree of values. Layers are numbers, or "final". */
#include "cli/compare_report.h"

#include <math.h>
#include <string.h>

static const mc_field pair_fields[] = {
    MC_LAYER_FIELD("layerA", "layer of A"),
    MC_LAYER_FIELD("layerB", "layer of B"),
    MC_TEXT_FIELD("metric", "name of the metric"),
    MC_NULLABLE_NUMBER("value", "of the metric; null: see reason"),
    MC_NULLABLE_NUMBER("p", "(1 + permutations at least as extreme) / (1 + permutations)"),
    MC_NULLABLE_NUMBER("pCorrected",
                       "the same for the largest of all pairs (standardised maximum)"),
    MC_NULLABLE_NUMBER("low",
                       "95 % interval from half-samples; pairs of a correspondence only"),
    MC_NULLABLE_NUMBER("high", "its other end"),
    MC_NULLABLE_NUMBER("ceiling",
                       "sqrt(s(A1,A2) s(B1,B2)) of the split halves: that of half the texts"),
    MC_NULLABLE_NUMBER("control", "the value on the control probes"),
    MC_NULLABLE_NUMBER("floor",
                       "what unrelated probes give by construction; null: 0 or not known"),
    MC_NULLABLE_NUMBER("nullMean", "mean over the permutations"),
    MC_NULLABLE_NUMBER("nullSd", "their standard deviation"),
    MC_NULLABLE_NUMBER("without", "the value with the flagged probes left out"),
    MC_NULLABLE_NUMBER("withoutP", "its p"),
    MC_NULLABLE_NUMBER("withoutPCorrected", "its corrected p"),
    MC_NULLABLE_NUMBER("withoutDimensions",
                       "the value with the flagged units of either layer left out"),
    MC_NULLABLE_NUMBER("withoutDimensionsP", "its p"),
    MC_NULLABLE_NUMBER("withoutDimensionsPCorrected", "its corrected p"),
    { "monotone", MC_VALUE_BOOL, "in the monotone correspondence" },
    { "assignment", MC_VALUE_BOOL, "in the one-to-one assignment" },
    MC_NULLABLE_TEXT("reason", "why there is no value"),
    { 0 },
};

static const mc_field link_fields[] = {
    MC_LAYER_FIELD("layerA", "layer of A"),
    MC_LAYER_FIELD("layerB", "layer of B"),
    MC_NULLABLE_NUMBER("cka", "debiased CKA of the two"),
    { 0 },
};

static const mc_field alignment_fields[] = {
    MC_NULLABLE_NUMBER("mean", "debiased CKA, mean over the pairs"),
    MC_NULLABLE_NUMBER("nullMean",
                       "the same with the probes permuted and the pairs chosen anew"),
    MC_NULLABLE_NUMBER("nullSd", "its standard deviation"),
    MC_NULLABLE_NUMBER("p", "of the mean against that null"),
    MC_LIST_FIELD("pairs", "which layer goes with which", link_fields),
    { 0 },
};

static const mc_field correspondence_fields[] = {
    MC_TEXT_FIELD("basis", "the metric whose matrix is aligned"),
    { "monotone", MC_VALUE_OBJECT, "increasing, largest sum (dynamic programming)",
      .fields = alignment_fields },
    { "assignment", MC_VALUE_OBJECT, "one-to-one, largest sum (Hungarian method)",
      .fields = alignment_fields },
    { 0 },
};

static const mc_field group_fields[] = {
    MC_TEXT_FIELD("grouping", "source or domain"),
    MC_TEXT_FIELD("group", "its name"),
    MC_COUNT_FIELD("probes", "in it"),
    MC_NULLABLE_NUMBER("value", "mean over the monotone correspondence, these probes alone"),
    MC_NULLABLE_NUMBER("nullMean", "these probes permuted"),
    MC_NULLABLE_NUMBER("nullSd", "standard deviation of that"),
    MC_NULLABLE_NUMBER("p", "of the value against it"),
    MC_NULLABLE_TEXT("reason", "why there is no value"),
    { 0 },
};

static const mc_field metric_fields[] = {
    MC_TEXT_FIELD("metric", "name"),
    MC_TEXT_FIELD("summary", "what it says"),
    MC_TEXT_FIELD("note", "variant and parameters"),
    MC_TEXT_FIELD("citation", "where it is defined"),
    { "distance", MC_VALUE_BOOL, "0 is most alike" },
    MC_COUNT_FIELD("permutations", "draws of the null"),
    MC_COUNT_FIELD("permutationsLeftOut", "draws of the nulls of what is left out (a quarter)"),
    MC_COUNT_FIELD("halfSamples", "resamples of the intervals"),
    MC_NULLABLE_NUMBER("mean", "over the monotone correspondence"),
    MC_NULLABLE_NUMBER("low", "95 % interval of the mean"),
    MC_NULLABLE_NUMBER("high", "its other end"),
    MC_NULLABLE_NUMBER("significant",
                       "share of the monotone correspondence with corrected p < 0.05"),
    MC_NULLABLE_NUMBER("assignmentMean", "over the one-to-one assignment"),
    MC_NULLABLE_NUMBER("assignmentSignificant", "share of it with corrected p < 0.05"),
    MC_NULLABLE_NUMBER("best", "value of the best of all pairs"),
    MC_NULLABLE_NUMBER("bestP", "its corrected p"),
    MC_LIST_FIELD("groups", "the same within each group of probes", group_fields),
    { 0 },
};

static const mc_field flagged_fields[] = {
    MC_TEXT_FIELD("probe", "full id"),
    MC_NULLABLE_NUMBER("share", "of the squared norm of the layer's centred Gram matrix"),
    { 0 },
};

static const mc_field dimension_fields[] = {
    { "dimension", MC_VALUE_INTEGER, "the hidden unit", MC_UNIT_ID },
    MC_NULLABLE_NUMBER("share", "of its own Gram matrix in the squared norm of the layer's"),
    { 0 },
};

static const mc_field warning_fields[] = {
    MC_TEXT_FIELD(
        "kind",
        "leverage, massive-dimension, layer-undefined, no-split, no-control, few-probes"),
    MC_NULLABLE_TEXT("side", "A or B; null: both"),
    { "layer", MC_VALUE_INTEGER, "of that side", MC_UNIT_ID,
      .flags = MC_FIELD_LAYER | MC_FIELD_NULLABLE },
    MC_LIST_FIELD("probes", "flagged, largest share first", flagged_fields),
    MC_LIST_FIELD("dimensions", "hidden units flagged, largest share first", dimension_fields),
    MC_TEXT_FIELD("text", "the warning as a sentence"),
    { 0 },
};

static const mc_field layer_fields[] = {
    MC_TEXT_FIELD("side", "A or B"),
    MC_LAYER_FIELD("layer", "of that side"),
    MC_NULLABLE_TEXT("largestProbe", "with the largest share of the squared Gram matrix"),
    MC_NULLABLE_NUMBER("leverage", "that share"),
    { "largestDimension", MC_VALUE_INTEGER, "the unit whose own Gram matrix is largest",
      MC_UNIT_ID, .flags = MC_FIELD_NULLABLE },
    MC_NULLABLE_NUMBER("dimensionShare", "its share of the squared Gram matrix"),
    MC_NULLABLE_TEXT("reason", "why the layer cannot be compared"),
    { 0 },
};

static const mc_field model_fields[] = {
    MC_TEXT_FIELD("path", "the file"),
    MC_TEXT_FIELD("form", "of the file"),
    MC_TEXT_FIELD("model", "as the file names it"),
    MC_NULLABLE_COUNT("blocks", "transformer blocks; null: not known"),
    MC_COUNT_FIELD("hiddenSize", "columns of a state"),
    MC_TEXT_FIELD("pooling", "of the tokens of a text"),
    MC_COUNT_FIELD("layers", "compared"),
    MC_COUNT_FIELD("probes", "in the file"),
    MC_COUNT_FIELD("probesLeftOut", "not in the other file"),
    { 0 },
};

static const mc_field statistics_fields[] = {
    { "seed", MC_VALUE_INTEGER, "of all random numbers", MC_UNIT_ID },
    MC_NULLABLE_NUMBER("leverageBound", "share above which a probe is flagged"),
    MC_NULLABLE_NUMBER("dimensionBound", "share above which a unit is flagged"),
    MC_TEXT_FIELD("correction", "how p is corrected for the number of pairs"),
    MC_TEXT_FIELD("interval", "how intervals are made"),
    MC_TEXT_FIELD("arithmetic", "the linear algebra library and its kernels"),
    { 0 },
};

const mc_field mc_compare_fields[] = {
    { "a", MC_VALUE_OBJECT, "the first file", .fields = model_fields },
    { "b", MC_VALUE_OBJECT, "the second file", .fields = model_fields },
    MC_COUNT_FIELD("probes", "in common: the rows of the comparison"),
    { "statistics", MC_VALUE_OBJECT, "how it was done", .fields = statistics_fields },
    { "correspondence", MC_VALUE_OBJECT, "which layer goes with which",
      .fields = correspondence_fields },
    MC_LIST_FIELD("metrics", "summary of each", metric_fields),
    MC_LIST_FIELD("pairs", "every pair of layers for every metric", pair_fields),
    MC_LIST_FIELD("layers", "what was found in each layer", layer_fields),
    MC_LIST_FIELD("warnings", "what to know before believing the numbers", warning_fields),
    { "flagged", MC_VALUE_ARRAY, "probes left out of the values `without`",
      .element = MC_VALUE_TEXT },
    { "seconds", MC_VALUE_NUMBER, "it took", MC_UNIT_SECONDS },
    { 0 },
};

/* ---- Building ---------------------------------------------------------------------------- */

static void add_model(mc_value *root, const char *key, const mc_crm_side *side)
{
    mc_value *model = mc_value_add_object(root, key);

    mc_value_add_text(model, "path", side->info->path);
    mc_value_add_text(model, "form", side->info->form);
    mc_value_add_text(model, "model", side->info->model);
    mc_value_add_integer_or_null(model, "blocks", side->info->block_count);
    mc_value_add_count(model, "hiddenSize", side->info->hidden);
    mc_value_add_text(model, "pooling", mc_pooling_name(side->info->pooling));
    mc_value_add_count(model, "layers", side->layer_count);
    mc_value_add_count(model, "probes", side->info->probe_count);
    mc_value_add_count(model, "probesLeftOut", side->probes_left_out);
}

static void add_statistics(mc_value *root, const mc_compare_options *options)
{
    mc_value *in = mc_value_add_object(root, "statistics");

    mc_value_add_count(in, "seed", options->seed);
    mc_value_add_number(in, "leverageBound", options->leverage_bound);
    mc_value_add_number(in, "dimensionBound", options->dimension_bound);
    mc_value_add_text(in, "correction",
                      "maximum over all pairs of values standardised by each pair's own null "
                      "(Westfall & Young 1993)");
    mc_value_add_text(in, "interval",
                      "quantiles of random halves of the probes, drawn without replacement, "
                      "centred on the full value");
    mc_value_add_text(in, "arithmetic", mc_geometry_arithmetic());
}

static void add_alignment(mc_value *in, const char *key, const mc_crm_comparison *c,
                          const mc_correspondence *links)
{
    mc_value *object = mc_value_add_object(in, key), *pairs;

    mc_value_add_defined(object, "mean", links->mean);
    mc_value_add_defined(object, "nullMean", links->null_mean);
    mc_value_add_defined(object, "nullSd", links->null_sd);
    mc_value_add_defined(object, "p", links->p);
    pairs = mc_value_add_array(object, "pairs");
    for (size_t k = 0; k < links->count; k++) {
        mc_value *row = mc_value_add_object(pairs, NULL);
        mc_value_add_layer(row, "layerA", c->side[0].layers[links->link[k][0]]);
        mc_value_add_layer(row, "layerB", c->side[1].layers[links->link[k][1]]);
        mc_value_add_defined(row, "cka", links->value[k]);
    }
}

static void add_groups(mc_value *in, const mc_metric_comparison *metric)
{
    mc_value *groups = mc_value_add_array(in, "groups");

    for (size_t g = 0; g < metric->group_count; g++) {
        const mc_group_result *group = &metric->groups[g];
        mc_value              *row   = mc_value_add_object(groups, NULL);
        mc_value_add_text(row, "grouping", group->grouping);
        mc_value_add_text(row, "group", group->label);
        mc_value_add_count(row, "probes", group->probes);
        mc_value_add_defined(row, "value", group->value);
        mc_value_add_defined(row, "nullMean", group->null_mean);
        mc_value_add_defined(row, "nullSd", group->null_sd);
        mc_value_add_defined(row, "p", group->p);
        mc_value_add_text_or_null(row, "reason", group->reason);
    }
}

static void add_metrics(mc_value *root, const mc_comparison *result)
{
    mc_value *list = mc_value_add_array(root, "metrics");

    for (size_t m = 0; m < result->metric_count; m++) {
        const mc_metric_comparison *own = &result->metrics[m];
        mc_value                   *row = mc_value_add_object(list, NULL);
        mc_value_add_text(row, "metric", own->metric->name);
        mc_value_add_text(row, "summary", own->metric->summary);
        mc_value_add_text(row, "note", own->note);
        mc_value_add_text(row, "citation", own->metric->citation);
        mc_value_add_bool(row, "distance", own->metric->is_distance);
        mc_value_add_count(row, "permutations", own->permutations);
        mc_value_add_count(row, "permutationsLeftOut", own->permutations_left_out);
        mc_value_add_count(row, "halfSamples", own->half_samples);
        mc_value_add_defined(row, "mean", own->mean_monotone);
        mc_value_add_defined(row, "low", own->low_monotone);
        mc_value_add_defined(row, "high", own->high_monotone);
        mc_value_add_defined(row, "significant", own->significant_monotone);
        mc_value_add_defined(row, "assignmentMean", own->mean_assignment);
        mc_value_add_defined(row, "assignmentSignificant", own->significant_assignment);
        mc_value_add_defined(row, "best", own->max_value);
        mc_value_add_defined(row, "bestP", own->max_p);
        add_groups(row, own);
    }
}

static bool is_link(const mc_correspondence *links, const mc_pair *pair)
{
    for (size_t k = 0; k < links->count; k++)
        if (links->link[k][0] == pair->a && links->link[k][1] == pair->b) return true;
    return false;
}

static void add_pair(mc_value *list, const mc_crm_comparison *c, const char *metric,
                     const mc_pair *pair)
{
    mc_value *row = mc_value_add_object(list, NULL);

    mc_value_add_layer(row, "layerA", c->side[0].layers[pair->a]);
    mc_value_add_layer(row, "layerB", c->side[1].layers[pair->b]);
    mc_value_add_text(row, "metric", metric);
    mc_value_add_defined(row, "value", pair->value);
    mc_value_add_defined(row, "p", pair->p);
    mc_value_add_defined(row, "pCorrected", pair->p_corrected);
    mc_value_add_defined(row, "low", pair->low);
    mc_value_add_defined(row, "high", pair->high);
    mc_value_add_defined(row, "ceiling", pair->ceiling);
    mc_value_add_defined(row, "control", pair->control);
    mc_value_add_defined(row, "floor", pair->floor);
    mc_value_add_defined(row, "nullMean", pair->null_mean);
    mc_value_add_defined(row, "nullSd", pair->null_sd);
    mc_value_add_defined(row, "without", pair->without.value);
    mc_value_add_defined(row, "withoutP", pair->without.p);
    mc_value_add_defined(row, "withoutPCorrected", pair->without.p_corrected);
    mc_value_add_defined(row, "withoutDimensions", pair->without_dimensions.value);
    mc_value_add_defined(row, "withoutDimensionsP", pair->without_dimensions.p);
    mc_value_add_defined(row, "withoutDimensionsPCorrected",
                         pair->without_dimensions.p_corrected);
    mc_value_add_bool(row, "monotone", is_link(&c->result->monotone, pair));
    mc_value_add_bool(row, "assignment", is_link(&c->result->assignment, pair));
    mc_value_add_text_or_null(row, "reason", pair->reason);
}

static void add_layers(mc_value *root, const mc_crm_comparison *c)
{
    const mc_layer_state *states[] = { c->result->a_layers, c->result->b_layers };
    mc_value             *list     = mc_value_add_array(root, "layers");

    for (size_t s = 0; s < 2; s++)
        for (size_t l = 0; l < c->side[s].layer_count; l++) {
            const mc_layer_state *state = &states[s][l];
            mc_value             *row   = mc_value_add_object(list, NULL);
            mc_value_add_text(row, "side", s ? "B" : "A");
            mc_value_add_layer(row, "layer", c->side[s].layers[l]);
            if (state->reason) {
                mc_value_add_null(row, "largestProbe");
                mc_value_add_null(row, "leverage");
                mc_value_add_null(row, "largestDimension");
                mc_value_add_null(row, "dimensionShare");
            } else {
                mc_value_add_text(row, "largestProbe", c->probes[state->largest_probe]);
                mc_value_add_number(row, "leverage", state->leverage);
                mc_value_add_count(row, "largestDimension", state->largest_dimension);
                mc_value_add_number(row, "dimensionShare", state->dimension_share);
            }
            mc_value_add_text_or_null(row, "reason", state->reason);
        }
}

static void add_warnings(mc_value *root, const mc_crm_comparison *c)
{
    mc_value *list = mc_value_add_array(root, "warnings");

    for (size_t w = 0; w < c->result->warning_count; w++) {
        const mc_warning *warning = &c->result->warnings[w];
        mc_value         *row     = mc_value_add_object(list, NULL), *probes, *units;
        mc_value_add_text(row, "kind", mc_warning_kind_name(warning->kind));
        if (warning->side < 0) {
            mc_value_add_null(row, "side");
            mc_value_add_null(row, "layer");
        } else {
            mc_value_add_text(row, "side", warning->side ? "B" : "A");
            mc_value_add_layer(row, "layer", c->side[warning->side].layers[warning->layer]);
        }
        probes = mc_value_add_array(row, "probes");
        for (size_t i = 0; i < warning->probe_count; i++) {
            mc_value *probe = mc_value_add_object(probes, NULL);
            mc_value_add_text(probe, "probe", c->probes[warning->probes[i]]);
            mc_value_add_number(probe, "share", warning->shares[i]);
        }
        units = mc_value_add_array(row, "dimensions");
        for (size_t i = 0; i < warning->dimension_count; i++) {
            mc_value *unit = mc_value_add_object(units, NULL);
            mc_value_add_count(unit, "dimension", warning->dimensions[i]);
            mc_value_add_number(unit, "share", warning->dimension_shares[i]);
        }
        mc_value_add_text(row, "text", warning->text);
    }
}

void mc_compare_report(mc_report *report, const mc_crm_comparison *c,
                       const mc_compare_options *statistics)
{
    const mc_comparison *result = c->result;
    mc_value            *root   = mc_report_root(report), *correspondence, *list;

    add_model(root, "a", &c->side[0]);
    add_model(root, "b", &c->side[1]);
    mc_value_add_count(root, "probes", c->probe_count);
    add_statistics(root, statistics);
    correspondence = mc_value_add_object(root, "correspondence");
    mc_value_add_text(correspondence, "basis", "cka");
    add_alignment(correspondence, "monotone", c, &result->monotone);
    add_alignment(correspondence, "assignment", c, &result->assignment);
    add_metrics(root, result);
    list = mc_value_add_array(root, "pairs");
    for (size_t m = 0; m < result->metric_count; m++)
        for (size_t k = 0; k < result->a_count * result->b_count; k++)
            add_pair(list, c, result->metrics[m].metric->name, &result->metrics[m].pairs[k]);
    add_layers(root, c);
    add_warnings(root, c);
    list = mc_value_add_array(root, "flagged");
    for (size_t i = 0; i < result->flagged_count; i++)
        mc_value_add_text(list, NULL, c->probes[result->flagged[i]]);
    mc_value_add_number(root, "seconds", c->seconds);
    for (size_t i = 0; i < c->note_count; i++)
        mc_report_note(report, "%s", c->notes[i]);
}
