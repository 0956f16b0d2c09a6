/* cmd_model_probe.c - mc model probe: what a model is, from its headers alone. */
#include <modelcypher/fingerprint.h>
#include <modelcypher/model.h>
#include <modelcypher/tokenizer.h>

#include <math.h>

#include "cli/capture_options.h"

typedef struct probe_args {
    const char        *model, *output;
    mc_capture_options capture;
    bool               control, split, deep;
} probe_args;

#define FIELD(name) offsetof(probe_args, name)

static const mc_positional operands[] = {
    { "MODEL", "a folder, a .gguf file, or a name in the Hugging Face cache", FIELD(model),
      .required = true },
    { .name = NULL },
};

static const mc_option options[] = {
    { MC_OPT_FLAG, 'd', "deep", NULL,
      "also run the probes, one text each, and summarise what comes out", NULL, FIELD(deep) },
    { MC_OPT_NEW_FILE, 'o', "output", "FILE", "forecast a build into this file", NULL,
      FIELD(output) },
    MC_CAPTURE_OPTIONS(probe_args, capture),
    { MC_OPT_FLAG, 'c', "control", NULL, "forecast a build with the control texts", NULL,
      FIELD(control) },
    { MC_OPT_SWITCH, '\0', "split", NULL, "forecast a build that keeps halves", "yes",
      FIELD(split) },
    { .name = NULL },
};

static const mc_field tokenizer_fields[] = {
    MC_TEXT_FIELD("source", "what it was read from"),
    MC_TEXT_FIELD("kind", "of model: bpe, unigram, wordpiece"),
    { "pre", MC_VALUE_TEXT, "pre-tokenizer named by a GGUF file", .flags = MC_FIELD_OPTIONAL },
    MC_COUNT_FIELD("vocabulary", "ids"),
    { "bos", MC_VALUE_INTEGER, "id that begins a text", MC_UNIT_ID,
      .flags = MC_FIELD_NULLABLE },
    { "eos", MC_VALUE_INTEGER, "id that ends a text", MC_UNIT_ID, .flags = MC_FIELD_NULLABLE },
    { "addsBos", MC_VALUE_BOOL, "texts are captured with it" },
    { "addsEos", MC_VALUE_BOOL, "texts are captured with it" },
    MC_TEXT_FIELD("decision", "which special tokens are added, by whose word"),
    { 0 },
};
static const mc_field kind_fields[] = {
    MC_TEXT_FIELD("type", "as it is stored"),
    MC_COUNT_FIELD("weights", "matrices and vectors"),
    MC_COUNT_FIELD("parameters", "numbers in them"),
    { "bytes", MC_VALUE_INTEGER, "that they take", MC_UNIT_BYTES, .label = "size" },
    { "bitsPerParameter", MC_VALUE_NUMBER, "scales counted", .label = "bits each" },
    { 0 },
};
static const mc_field template_fields[] = {
    MC_TEXT_FIELD("source", "file or key that holds it"),
    MC_COUNT_FIELD("characters", "bytes of its text; of several, how many there are"),
    { 0 },
};
static const mc_field seconds_fields[] = {
    { "open", MC_VALUE_NUMBER, "model, tokenizer and texts; the weights' hash",
      MC_UNIT_SECONDS },
    { "read", MC_VALUE_NUMBER, "weights: reading and widening", MC_UNIT_SECONDS },
    { "compute", MC_VALUE_NUMBER, "the blocks", MC_UNIT_SECONDS },
    { "write", MC_VALUE_NUMBER, "the file", MC_UNIT_SECONDS },
    { "total", MC_VALUE_NUMBER, "all of it", MC_UNIT_SECONDS },
    { 0 },
};
static const mc_field forecast_fields[] = {
    MC_COUNT_FIELD("probes", "rows of a state"),
    MC_COUNT_FIELD("texts", "control texts counted"),
    MC_COUNT_FIELD("tokensAsked", "tokens of all texts"),
    MC_COUNT_FIELD("tokensComputed", "with common beginnings counted once"),
    MC_COUNT_FIELD("layers", "states kept, final counted"),
    { "blocksRun", MC_VALUE_INTEGER, "that these layers need", MC_UNIT_COUNT,
      .label = "blocks run" },
    MC_COUNT_FIELD("threads", "workers"),
    { "flop", MC_VALUE_NUMBER, "floating-point operations", .flags = MC_FIELD_MACHINE },
    { "teraflop", MC_VALUE_NUMBER, "10^12 of them", .label = "TFLOP" },
    { "gflopPerSecond", MC_VALUE_NUMBER, "10^9 a second, by a product timed now",
      .label = "GFLOP/s" },
    { "bytesPerSecond", MC_VALUE_INTEGER, "of reading weights, by pieces timed now",
      MC_UNIT_BYTES, .label = "read a second" },
    MC_COUNT_FIELD("passes", "over the weights, so that one fits into --max-memory"),
    { "weights", MC_VALUE_INTEGER, "that the blocks read, all passes", MC_UNIT_BYTES,
      .label = "weights read" },
    { "passMemory", MC_VALUE_INTEGER, "what --max-memory bounds", MC_UNIT_BYTES },
    { "memory", MC_VALUE_INTEGER, "of the process at its peak, mapped pages included",
      MC_UNIT_BYTES, .label = "peak memory" },
    { "outputSize", MC_VALUE_INTEGER, "of the file", MC_UNIT_BYTES },
    { "cacheSize", MC_VALUE_INTEGER, "of --cache-activations on disk, a checkpoint included",
      MC_UNIT_BYTES },
    { "seconds", MC_VALUE_OBJECT, "where the time will go", .fields = seconds_fields },
    { 0 },
};
#define NUMBER(name, help, unit, label_)                                               \
    {                                                                                  \
        name, MC_VALUE_NUMBER, help, unit, .label = label_, .flags = MC_FIELD_NULLABLE \
    }
#define LAYER(name, help)                                                    \
    {                                                                        \
        name, MC_VALUE_INTEGER, help, MC_UNIT_ID, .flags = MC_FIELD_NULLABLE \
    }
static const mc_field fingerprint_fields[] = {
    MC_COUNT_FIELD("probes", "that were run, one text each"),
    MC_COUNT_FIELD("layersProfiled", "that have a profile"),
    NUMBER("normFirst", "median norm behind the first block", MC_UNIT_NONE, NULL),
    NUMBER("normLast", "behind the last", MC_UNIT_NONE, NULL),
    NUMBER("anisotropy", "mean cosine of two probes, median over layers", MC_UNIT_NONE, NULL),
    NUMBER("anisotropyMost", "the largest", MC_UNIT_NONE, "anisotropy, most"),
    LAYER("anisotropyLayer", "where that is"),
    NUMBER("firstDirection", "share of the variance in one direction, median", MC_UNIT_RATIO,
           NULL),
    NUMBER("effectiveRank", "median over layers", MC_UNIT_NONE, NULL),
    NUMBER("dimension", "intrinsic (twonn-mle), median over layers", MC_UNIT_NONE,
           "intrinsic dimension"),
    NUMBER("dimensionMost", "the largest", MC_UNIT_NONE, "dimension, most"),
    NUMBER("dimensionLow", "its 95 % interval", MC_UNIT_NONE, "from"),
    NUMBER("dimensionHigh", "its 95 % interval", MC_UNIT_NONE, "to"),
    LAYER("dimensionLayer", "where that is"),
    MC_COUNT_FIELD("massiveLayers", "with a massive unit (Sun et al. 2024)"),
    { "massiveUnit", MC_VALUE_INTEGER, "with the largest activation", MC_UNIT_ID,
      .flags = MC_FIELD_OPTIONAL },
    { "massiveValue", MC_VALUE_NUMBER, "that activation", .flags = MC_FIELD_OPTIONAL },
    { "massiveLayer", MC_VALUE_INTEGER, "where that is", MC_UNIT_ID,
      .flags = MC_FIELD_OPTIONAL },
    { 0 },
};
static const mc_field fields[] = {
    MC_TEXT_FIELD("model", "its name"),
    MC_TEXT_FIELD("path", "what was opened"),
    MC_TEXT_FIELD("format", "of its files"),
    MC_TEXT_FIELD("architecture", "as its configuration calls it"),
    MC_TEXT_FIELD("title", "what that covers"),
    MC_COUNT_FIELD("blocks", "L: there are states 0 to L and `final`"),
    MC_COUNT_FIELD("hiddenSize", "columns of a state"),
    MC_COUNT_FIELD("finalSize", "columns of `final`"),
    MC_COUNT_FIELD("heads", "of attention"),
    MC_COUNT_FIELD("kvHeads", "of keys and values"),
    MC_COUNT_FIELD("headDim", "columns of a head"),
    MC_COUNT_FIELD("ffnSize", "columns inside the feed-forward part"),
    MC_COUNT_FIELD("vocabulary", "rows of the embedding"),
    MC_NULLABLE_COUNT("context", "tokens it was made for"),
    MC_NULLABLE_COUNT("hardContext", "longer texts cannot be run"),
    MC_COUNT_FIELD("parameters",
                   "numbers that the forward pass reads, quantised or not, each once"),
    MC_COUNT_FIELD("totalParameters",
                   "with the head for logits, where it is a matrix of its own"),
    { "bytes", MC_VALUE_INTEGER, "that the parameters take in the files", MC_UNIT_BYTES,
      .label = "size" },
    MC_COUNT_FIELD("files", "with weights"),
    { "fileBytes", MC_VALUE_INTEGER, "of these on disk", MC_UNIT_BYTES,
      .label = "size on disk" },
    MC_TEXT_FIELD("weightType", "that holds most of them"),
    MC_LIST_FIELD("types", "of storage", kind_fields),
    { "tokenizer", MC_VALUE_OBJECT, "text to ids", .fields = tokenizer_fields,
      .flags = MC_FIELD_NULLABLE },
    { "chatTemplate", MC_VALUE_OBJECT, "for conversations; captures do not use it",
      .fields = template_fields, .flags = MC_FIELD_NULLABLE },
    { "forecast", MC_VALUE_OBJECT, "what mc geometry crm-build with these options takes",
      .fields = forecast_fields, .flags = MC_FIELD_NULLABLE },
    { "fingerprint", MC_VALUE_OBJECT, "with --deep: what the probes show",
      .fields = fingerprint_fields, .flags = MC_FIELD_OPTIONAL },
    { "suspicious", MC_VALUE_ARRAY, "what a person should look at", MC_UNIT_LINE,
      .element = MC_VALUE_TEXT },
    { 0 },
};
static const mc_schema schema = { "mc.model.probe.v1", fields };

static void add_model(mc_value *root, const mc_model_info *info)
{
    mc_value_add_text(root, "model", info->name);
    mc_value_add_text(root, "path", info->path);
    mc_value_add_text(root, "format", info->format);
    mc_value_add_text(root, "architecture", info->architecture);
    mc_value_add_text(root, "title", info->title);
    mc_value_add_count(root, "blocks", info->layer_count);
    mc_value_add_count(root, "hiddenSize", info->hidden_size);
    mc_value_add_count(root, "finalSize", info->final_size);
    mc_value_add_count(root, "heads", info->heads);
    mc_value_add_count(root, "kvHeads", info->kv_heads);
    mc_value_add_count(root, "headDim", info->head_dim);
    mc_value_add_count(root, "ffnSize", info->ffn_size);
    mc_value_add_count(root, "vocabulary", info->vocabulary);
    mc_value_add_count_or_null(root, "context", info->context);
    mc_value_add_count_or_null(root, "hardContext", info->hard_context);
}

static void add_inventory(mc_value *root, const mc_model_info *info,
                          const mc_model_inventory *inventory)
{
    mc_value *kinds;

    mc_value_add_count(root, "parameters", inventory->parameters);
    mc_value_add_count(root, "totalParameters", inventory->total_parameters);
    mc_value_add_count(root, "bytes", inventory->bytes);
    mc_value_add_count(root, "files", inventory->files);
    mc_value_add_count(root, "fileBytes", inventory->file_bytes);
    mc_value_add_text(root, "weightType", info->weight_type);
    kinds = mc_value_add_array(root, "types");
    for (size_t i = 0; i < inventory->kind_count; i++) {
        const mc_weight_kind *kind = &inventory->kinds[i];
        mc_value             *row  = mc_value_add_object(kinds, NULL);
        mc_value_add_text(row, "type", kind->name);
        mc_value_add_count(row, "weights", kind->weights);
        mc_value_add_count(row, "parameters", kind->parameters);
        mc_value_add_count(row, "bytes", kind->bytes);
        mc_value_add_number(row, "bitsPerParameter",
                            8.0 * (double)kind->bytes / (double)kind->parameters);
    }
}

static void add_template(mc_value *root, const mc_model_inventory *inventory)
{
    mc_value *object;

    if (!inventory->chat_template) {
        mc_value_add_null(root, "chatTemplate");
        return;
    }
    object = mc_value_add_object(root, "chatTemplate");
    mc_value_add_text(object, "source", inventory->chat_template);
    mc_value_add_count(object, "characters", inventory->chat_template_size);
}

static void add_tokenizer(mc_value *root, const mc_tokenizer_info *info)
{
    mc_value *object = mc_value_add_object(root, "tokenizer");

    mc_value_add_text(object, "source", info->source);
    mc_value_add_text(object, "kind", info->kind);
    if (info->pre[0]) mc_value_add_text(object, "pre", info->pre);
    mc_value_add_count(object, "vocabulary", info->vocabulary);
    mc_value_add_integer_or_null(object, "bos", info->bos);
    mc_value_add_integer_or_null(object, "eos", info->eos);
    mc_value_add_bool(object, "addsBos", info->adds_bos);
    mc_value_add_bool(object, "addsEos", info->adds_eos);
    mc_value_add_text(object, "decision", info->decision);
}

static void add_forecast(mc_value *root, const mc_crm_forecast *f)
{
    mc_value *object = mc_value_add_object(root, "forecast"), *seconds;

    mc_value_add_count(object, "probes", f->probes);
    mc_value_add_count(object, "texts", f->texts);
    mc_value_add_count(object, "tokensAsked", f->tokens_asked);
    mc_value_add_count(object, "tokensComputed", f->tokens_computed);
    mc_value_add_count(object, "layers", f->layer_count);
    mc_value_add_integer(object, "blocksRun", f->blocks_run);
    mc_value_add_count(object, "threads", f->threads);
    mc_value_add_number(object, "flop", f->flop);
    mc_value_add_number(object, "teraflop", f->flop / 1e12);
    mc_value_add_number(object, "gflopPerSecond", f->flop_per_second / 1e9);
    mc_value_add_count(object, "bytesPerSecond", (uint64_t)f->bytes_per_second);
    mc_value_add_count(object, "passes", f->passes);
    mc_value_add_count(object, "weights", f->weights);
    mc_value_add_count(object, "passMemory", f->pass_memory);
    mc_value_add_count(object, "memory", f->memory);
    mc_value_add_count(object, "outputSize", f->output_size);
    mc_value_add_count(object, "cacheSize", f->cache_size);
    seconds = mc_value_add_object(object, "seconds");
    mc_value_add_number(seconds, "open", f->seconds_open);
    mc_value_add_number(seconds, "read", f->seconds_read);
    mc_value_add_number(seconds, "compute", f->seconds_compute);
    mc_value_add_number(seconds, "write", f->seconds_write);
    mc_value_add_number(seconds, "total", f->seconds);
}

static void add_fingerprint(mc_value *root, const mc_fingerprint_summary *s)
{
    mc_value *object = mc_value_add_object(root, "fingerprint");

    mc_value_add_count(object, "probes", s->probes);
    mc_value_add_count(object, "layersProfiled", s->layers_profiled);
    mc_value_add_defined(object, "normFirst", s->norm_first);
    mc_value_add_defined(object, "normLast", s->norm_last);
    mc_value_add_defined(object, "anisotropy", s->anisotropy);
    mc_value_add_defined(object, "anisotropyMost", s->anisotropy_most);
    mc_value_add_integer_or_null(object, "anisotropyLayer",
                                 isfinite(s->anisotropy_most) ? s->anisotropy_layer : -1);
    mc_value_add_defined(object, "firstDirection", s->first_direction);
    mc_value_add_defined(object, "effectiveRank", s->effective_rank);
    mc_value_add_defined(object, "dimension", s->dimension);
    mc_value_add_defined(object, "dimensionMost", s->dimension_most);
    mc_value_add_defined(object, "dimensionLow", s->dimension_low);
    mc_value_add_defined(object, "dimensionHigh", s->dimension_high);
    mc_value_add_integer_or_null(object, "dimensionLayer",
                                 isfinite(s->dimension_most) ? s->dimension_layer : -1);
    mc_value_add_count(object, "massiveLayers", s->massive_layers);
    if (s->massive_layers == 0) return;
    mc_value_add_count(object, "massiveUnit", s->massive_unit);
    mc_value_add_number(object, "massiveValue", s->massive_value);
    mc_value_add_integer(object, "massiveLayer", s->massive_layer);
}

/* ---- what a person should look at ---- */

static void suspect_tokenizer(mc_value *list, const mc_tokenizer *tokenizer,
                              const mc_model_info *model)
{
    const mc_tokenizer_info *info = mc_tokenizer_get_info(tokenizer);

    if (info->vocabulary > model->vocabulary)
        mc_value_add_format(
            list, NULL,
            "the tokenizer has %zu ids, the embedding only %zu rows: a text with "
            "a later id cannot be run",
            info->vocabulary, model->vocabulary);
    if (info->bos >= (int32_t)model->vocabulary || info->eos >= (int32_t)model->vocabulary)
        mc_value_add_format(list, NULL, "BOS or EOS has no row in the embedding");
    if (info->bos < 0 && info->eos < 0)
        mc_value_add_format(list, NULL, "the tokenizer names neither BOS nor EOS");
}

static void suspect_model(mc_value *list, const mc_model_info *info,
                          const mc_model_inventory *inventory)
{
    if (inventory->unused > 0)
        mc_value_add_format(
            list, NULL, "%zu of %zu tensors (%.1f MiB) are not read, the first is '%s'",
            inventory->unused, inventory->tensors, (double)inventory->unused_bytes / 1048576.0,
            inventory->unused_name);
    if (info->context == 0)
        mc_value_add_format(list, NULL, "the files do not say how long a text may be");
    if (inventory->file_bytes > 2 * (inventory->bytes + inventory->unused_bytes) &&
        !inventory->has_head && inventory->file_bytes > (uint64_t)1 << 20)
        mc_value_add_format(list, NULL, "more than half of the files is not weights");
}

/* ---- the command ---- */

/* A model without a usable tokenizer is still a model: what is wrong is suspicious. */
static mc_tokenizer *probe_tokenizer(mc_value *root, const char *path, mc_error *why)
{
    mc_tokenizer *tokenizer = NULL;

    if (mc_tokenizer_open(path, &tokenizer, why) == MC_OK)
        add_tokenizer(root, mc_tokenizer_get_info(tokenizer));
    else
        mc_value_add_null(root, "tokenizer");
    return tokenizer;
}

/* What an option names is not there; anything else is news of the model. */
static bool is_mistyped(mc_status status)
{
    return status == MC_ERR_USAGE || status == MC_ERR_LAYER || status == MC_ERR_ATLAS ||
           status == MC_ERR_NOT_FOUND || status == MC_ERR_ENCODING;
}

static mc_status probe_forecast(mc_value *root, const mc_crm_build_options *build,
                                mc_report *report, mc_error *err)
{
    mc_crm_forecast forecast;
    mc_error        why    = { 0 };
    mc_status       status = mc_crm_build_forecast(build, &forecast, &why);

    if (status == MC_OK) {
        add_forecast(root, &forecast);
        return MC_OK;
    }
    if (is_mistyped(status) || status == MC_ERR_INTERRUPTED) {
        *err = why;
        return status;
    }
    mc_value_add_null(root, "forecast");
    mc_report_note(report, "no forecast: %s", why.reason);
    return MC_OK;
}

static mc_status probe_deep(mc_value *root, const mc_crm_build_options *build, mc_error *err)
{
    mc_fingerprint_options fingerprint_options = { .capture = *build };
    mc_fingerprint        *fingerprint         = NULL;
    mc_fingerprint_summary summary;

    if (build->texts_per_probe == 0) fingerprint_options.capture.texts_per_probe = 1;
    MC_TRY(mc_fingerprint_compute(build->model, &fingerprint_options, &fingerprint, err));
    summary = mc_fingerprint_summarise(fingerprint);
    add_fingerprint(root, &summary);
    mc_fingerprint_free(fingerprint);
    return MC_OK;
}

static mc_status probe_all(mc_session *session, const probe_args *args, const mc_model *model,
                           const mc_crm_build_options *build, mc_error *err)
{
    mc_value            *root = mc_report_root(session->report), *list;
    const mc_model_info *info = mc_model_get_info(model);
    mc_model_inventory   inventory;
    mc_error             why = { 0 };
    mc_tokenizer        *tokenizer;
    mc_status            status = MC_OK;

    MC_TRY(mc_model_take_inventory(model, &inventory, err));
    add_model(root, info);
    add_inventory(root, info, &inventory);
    tokenizer = probe_tokenizer(root, args->model, &why);
    add_template(root, &inventory);
    status = probe_forecast(root, build, session->report, err);
    if (status == MC_OK && args->deep) status = probe_deep(root, build, err);
    list = mc_value_add_array(root, "suspicious");
    if (tokenizer)
        suspect_tokenizer(list, tokenizer, info);
    else
        mc_value_add_format(list, NULL, "no tokenizer: %s", why.reason);
    suspect_model(list, info, &inventory);
    mc_tokenizer_close(tokenizer);
    return status;
}

static mc_status run_probe(mc_session *session, const void *raw, mc_error *err)
{
    const probe_args    *args  = raw;
    mc_model            *model = NULL;
    mc_crm_build_options build = { .model    = args->model,
                                   .output   = args->output,
                                   .control  = args->control,
                                   .no_split = !args->split };
    mc_status            status;

    MC_TRY(mc_capture_options_fill(&args->capture, session, &build, err));
    MC_TRY(mc_model_open(args->model, &model, err));
    status = probe_all(session, args, model, &build, err);
    mc_model_close(model);
    return status;
}

static const char *const examples[] = { "mc model probe models/tiny-llama",
                                        "mc model probe model.gguf --layers -4..-1 --control",
                                        "mc model probe models/tiny-llama --deep", NULL };

const mc_command mc_cmd_model_probe = {
    .name    = "model probe",
    .summary = "show what a model is, from its headers alone, and what a capture of it costs",
    .details =
        "Shapes, parameters, types, tokenizer and chat template are read from headers in well "
        "under a second, however large the model. The forecast is of mc geometry crm-build "
        "with "
        "the same options: counts and bytes are exact, seconds follow from a product of the "
        "model's size and a few MiB of its weights, timed now. With --deep the probes are run, "
        "one text each unless --texts-per-probe says more.",
    .operands  = operands,
    .options   = options,
    .examples  = examples,
    .schema    = &schema,
    .uses      = MC_USES_ENGINE | MC_USES_PROGRESS,
    .args_size = sizeof(probe_args),
    .run       = run_probe,
};
