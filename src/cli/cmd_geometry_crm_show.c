/* cmd_geometry_crm_show.c - mc geometry crm-show: what is in a concept response matrix. */
#include <modelcypher/capture.h>

#include <string.h>

#include "base/json.h"
#include "cli/command.h"
#include "report/json_value.h"

typedef struct show_args {
    const char *file;
    bool        probes;
} show_args;

#define FIELD(name) offsetof(show_args, name)

static const mc_positional operands[] = {
    { "FILE", "a concept response matrix: safetensors, or JSON of this or the older form",
      FIELD(file), .required = true },
    { .name = NULL },
};
static const mc_option options[] = {
    { MC_OPT_FLAG, 'p', "probes", NULL, "list the ids of the rows", NULL, FIELD(probes) },
    { .name = NULL },
};

static const mc_field layer_fields[] = {
    MC_TEXT_FIELD("layer", "0 is the embedding, `final` behind the last norm"),
    { "normMean", MC_VALUE_NUMBER, "mean of the rows' norms" },
    { "normLeast", MC_VALUE_NUMBER, "smallest norm" },
    { "normMedian", MC_VALUE_NUMBER, "middle norm" },
    { "normMost", MC_VALUE_NUMBER, "largest norm" },
    { "controlNormMean", MC_VALUE_NUMBER, "mean norm of the control rows",
      .flags = MC_FIELD_OPTIONAL },
    { "notFinite", MC_VALUE_INTEGER, "values that are NaN or infinite" },
    { "equalRows", MC_VALUE_INTEGER, "rows equal to the first one" },
    { 0 },
};
static const mc_field source_fields[] = {
    MC_TEXT_FIELD("source", "how the ids begin"),
    MC_COUNT_FIELD("probes", "how many rows"),
    { 0 },
};
static const mc_field fields[] = {
    MC_TEXT_FIELD("file", "what was opened"),
    MC_TEXT_FIELD("form", "how it is written"),
    { "fileSize", MC_VALUE_INTEGER, "bytes", MC_UNIT_BYTES, .label = "size" },
    MC_NULLABLE_TEXT("model", "identifier"),
    { "createdAt", MC_VALUE_TEXT, "as the file says it", .flags = MC_FIELD_NULLABLE,
      .label = "created" },
    { "blockCount", MC_VALUE_INTEGER, "blocks of the model, L", .flags = MC_FIELD_NULLABLE,
      .label = "blocks" },
    MC_COUNT_FIELD("hiddenSize", "columns"),
    MC_TEXT_FIELD("pooling", "what stands for a text"),
    MC_COUNT_FIELD("probes", "in each layer"),
    MC_COUNT_FIELD("rows", "in each layer: probes, or tokens"),
    MC_NULLABLE_COUNT("texts", "behind them"),
    MC_NULLABLE_COUNT("tokens", "of these"),
    { "hasSplit", MC_VALUE_BOOL, "means over halves of each probe's texts are there",
      .label = "halves" },
    { "hasControl", MC_VALUE_BOOL, "control texts were run in the same build",
      .label = "control" },
    MC_LIST_FIELD("sources", "where the probes come from", source_fields),
    MC_LIST_FIELD("layers", "what is in each layer", layer_fields),
    { "probeIds", MC_VALUE_ARRAY, "ids of the rows", MC_UNIT_LINE, .element = MC_VALUE_TEXT,
      .flags = MC_FIELD_OPTIONAL, .label = "probe ids" },
    { "provenance", MC_VALUE_OBJECT, "where the numbers come from, as the file says it",
      .flags = MC_FIELD_OPTIONAL | MC_FIELD_FREE | MC_FIELD_MACHINE },
    { 0 },
};
static const mc_schema schema = { "mc.geometry.crm-show.v1", fields };

static void add_info(mc_value *root, const mc_crm_info *info)
{
    mc_value_add_text(root, "file", info->path);
    mc_value_add_text(root, "form", info->form);
    mc_value_add_count(root, "fileSize", info->file_size);
    mc_value_add_text_or_null(root, "model", info->model);
    mc_value_add_text_or_null(root, "createdAt", info->created_at);
    mc_value_add_integer_or_null(root, "blockCount", info->block_count);
    mc_value_add_count(root, "hiddenSize", info->hidden);
    mc_value_add_text(root, "pooling", mc_pooling_name(info->pooling));
    mc_value_add_count(root, "probes", info->probe_count);
    mc_value_add_count(root, "rows", info->rows);
    if (info->texts.token_ids) {
        mc_value_add_count(root, "texts", info->texts.text_count);
        mc_value_add_count(root, "tokens", info->texts.token_count);
    } else {
        mc_value_add_null(root, "texts");
        mc_value_add_null(root, "tokens");
    }
    mc_value_add_bool(root, "hasSplit", info->has_split);
    mc_value_add_bool(root, "hasControl", info->has_control);
}

static void add_layer(mc_value *list, const mc_crm_layer_summary *layer, bool has_control)
{
    char      name[MC_LAYER_TEXT];
    mc_value *row = mc_value_add_object(list, NULL);

    mc_value_add_text(row, "layer", mc_layer_print(layer->layer, name));
    mc_value_add_number(row, "normMean", layer->norm_mean);
    mc_value_add_number(row, "normLeast", layer->norm_least);
    mc_value_add_number(row, "normMedian", layer->norm_median);
    mc_value_add_number(row, "normMost", layer->norm_most);
    if (has_control) mc_value_add_number(row, "controlNormMean", layer->control_norm_mean);
    mc_value_add_count(row, "notFinite", layer->not_finite);
    mc_value_add_count(row, "equalRows", layer->equal_rows);
}

static void add_summary(mc_value *root, const mc_crm_summary *summary, bool has_control)
{
    mc_value *list = mc_value_add_array(root, "sources");

    for (size_t i = 0; i < summary->source_count; i++) {
        mc_value *row = mc_value_add_object(list, NULL);
        mc_value_add_text(row, "source", summary->sources[i].source);
        mc_value_add_count(row, "probes", summary->sources[i].probes);
    }
    list = mc_value_add_array(root, "layers");
    for (size_t i = 0; i < summary->layer_count; i++)
        add_layer(list, &summary->layers[i], has_control);
}

/* A provenance that is no JSON object is not shown, and said so. */
static mc_status add_provenance(mc_report *report, const char *text, mc_error *err)
{
    mc_json  *json = NULL;
    mc_status status;

    if (!text[0]) return MC_OK;
    status = mc_json_parse(text, strlen(text), &json, err);
    if (status == MC_ERR_MEMORY) return status;
    if (status != MC_OK || mc_json_type_of(mc_json_root(json)) != MC_JSON_OBJECT)
        mc_report_note(report, "the file's provenance is not a JSON object");
    else
        mc_value_add_json(mc_report_root(report), "provenance", mc_json_root(json));
    mc_json_free(json);
    return MC_OK;
}

static mc_status run_show(mc_session *session, const void *raw, mc_error *err)
{
    const show_args   *args    = raw;
    mc_value          *root    = mc_report_root(session->report), *ids;
    mc_crm            *crm     = NULL;
    mc_crm_summary     summary = { 0 };
    const mc_crm_info *info;
    mc_status          status;

    MC_TRY(mc_crm_open(args->file, &crm, err));
    info   = mc_crm_get_info(crm);
    status = mc_crm_summarise(crm, &summary, err);
    if (status == MC_OK) status = mc_crm_check(crm, err);
    if (status == MC_OK) {
        add_info(root, info);
        add_summary(root, &summary, info->has_control);
        ids = args->probes ? mc_value_add_array(root, "probeIds") : NULL;
        for (size_t i = 0; i < info->probe_count; i++)
            mc_value_add_text(ids, NULL, info->probe_ids[i]);
        status = add_provenance(session->report, info->provenance, err);
        for (size_t i = 0; i < info->note_count; i++)
            mc_report_note(session->report, "%s", info->notes[i]);
    }
    mc_crm_summary_clear(&summary);
    mc_crm_close(crm);
    return status;
}

static const char *const examples[] = { "mc geometry crm-show tiny.crm.safetensors", NULL };
static const char *const aliases[]  = { "geometry crm show", "crm show", NULL };

const mc_command mc_cmd_geometry_crm_show = {
    .name      = "geometry crm-show",
    .summary   = "show what is in a concept response matrix",
    .operands  = operands,
    .options   = options,
    .examples  = examples,
    .aliases   = aliases,
    .schema    = &schema,
    .args_size = sizeof(show_args),
    .run       = run_show,
};
