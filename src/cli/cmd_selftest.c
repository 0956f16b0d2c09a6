/* cmd_selftest.c - mc selftest: measured errors against stored references, or of one model. */
#include <modelcypher/selftest.h>

#include "cli/command.h"

typedef struct selftest_args {
    const char *model, *layers;
    size_t      texts;
} selftest_args;

#define FIELD(name) offsetof(selftest_args, name)

static const mc_positional operands[] = {
    { "MODEL",
      "folder, .gguf file or Hugging Face cache name; without it the stored references",
      FIELD(model) },
    { .name = NULL },
};
static const mc_option options[] = {
    { MC_OPT_COUNT, '\0', "text-count", "N", "texts that a model runs, chosen evenly", "8",
      FIELD(texts) },
    { MC_OPT_LAYERS, 'l', "layers", "LIST", "of a model: work ends at the last one", "all",
      FIELD(layers) },
    { .name = NULL },
};

#define ERROR(name, label_)                                                 \
    {                                                                       \
        name, MC_VALUE_NUMBER, "worst token's relative error, L2",          \
            .label = label_, .flags = MC_FIELD_OPTIONAL | MC_FIELD_NULLABLE \
    }
#define ERRORS                                                                               \
    ERROR("ref", NULL), ERROR("portable", NULL), ERROR("avx2", NULL), ERROR("avx512", NULL), \
        ERROR("neon", NULL)
static const mc_field state_fields[] = {
    MC_TEXT_FIELD("architecture", "of the tiny model"),
    MC_TEXT_FIELD("reference", "its name"),
    MC_COUNT_FIELD("values", "of states, compared"),
    ERRORS,
    { "sameBits", MC_VALUE_BOOL, "in all tiers of the cpu backend", .label = "same bits" },
    { "passed", MC_VALUE_BOOL, "no error above the bound" },
    { "reason", MC_VALUE_TEXT, "why it could not be run", .flags = MC_FIELD_OPTIONAL },
    { 0 },
};
static const mc_field type_fields[] = {
    MC_TEXT_FIELD("type", "of stored weights"),
    MC_COUNT_FIELD("values", "widened and compared"),
    MC_NULLABLE_NUMBER("error", "largest relative one; 0: the same bits"),
    { "passed", MC_VALUE_BOOL, "the same bits" },
    { "reason", MC_VALUE_TEXT, "why it could not be read", .flags = MC_FIELD_OPTIONAL },
    { 0 },
};
static const mc_field layer_fields[] = {
    MC_LAYER_FIELD("layer", "a number, or final"),
    ERRORS,
    { 0 },
};
static const mc_field fields[] = {
    { "model", MC_VALUE_TEXT, "that was tried", .flags = MC_FIELD_OPTIONAL },
    { "texts", MC_VALUE_INTEGER, "that it ran", MC_UNIT_COUNT, .flags = MC_FIELD_OPTIONAL },
    { "tokens", MC_VALUE_INTEGER, "of these", MC_UNIT_COUNT, .flags = MC_FIELD_OPTIONAL },
    { "tiersAgree", MC_VALUE_BOOL, "all instruction sets give the same bits",
      .flags = MC_FIELD_OPTIONAL },
    { "threadsAgree", MC_VALUE_BOOL, "one thread and many give the same bits",
      .flags = MC_FIELD_OPTIONAL },
    { "batchesAgree", MC_VALUE_BOOL, "one text at a time and all together give the same bits",
      .flags = MC_FIELD_OPTIONAL },
    { "layers", MC_VALUE_ARRAY, "errors against ref, double sums", .element = MC_VALUE_OBJECT,
      .fields = layer_fields, .label = "", .flags = MC_FIELD_OPTIONAL },
    { "states", MC_VALUE_ARRAY, "of tiny models, against transformers in float32",
      .element = MC_VALUE_OBJECT, .fields = state_fields, .label = "",
      .flags = MC_FIELD_OPTIONAL },
    { "types", MC_VALUE_ARRAY, "of stored weights, against independent decoders",
      .element = MC_VALUE_OBJECT, .fields = type_fields, .label = "",
      .flags = MC_FIELD_OPTIONAL },
    { "worst", MC_VALUE_NUMBER, "error of any state", .label = "worst state",
      .flags = MC_FIELD_NULLABLE },
    { "bound", MC_VALUE_NUMBER, "that it may have" },
    { "passed", MC_VALUE_INTEGER, "references met", MC_UNIT_COUNT, .flags = MC_FIELD_OPTIONAL },
    { "failed", MC_VALUE_INTEGER, "references missed", MC_UNIT_COUNT,
      .flags = MC_FIELD_OPTIONAL },
    { "folder", MC_VALUE_TEXT, "of the references", .flags = MC_FIELD_OPTIONAL },
    { 0 },
};
static const mc_schema schema = { "mc.selftest.v1", fields };

/* ---- stored references ---- */

static void add_state(mc_value *list, const mc_selftest_report *report,
                      const mc_selftest_item *item)
{
    mc_value *row = mc_value_add_object(list, NULL);

    mc_value_add_text(row, "architecture", item->subject);
    mc_value_add_text(row, "reference", item->name);
    mc_value_add_count(row, "values", item->values);
    for (size_t i = 0; i < report->backend_count && !item->reason[0]; i++)
        mc_value_add_number(row, report->backends[i], item->errors[i]);
    mc_value_add_bool(row, "sameBits", item->same_bits);
    mc_value_add_bool(row, "passed", item->passed);
    if (item->reason[0]) mc_value_add_text(row, "reason", item->reason);
}

static void add_type(mc_value *list, const mc_selftest_item *item)
{
    mc_value *row = mc_value_add_object(list, NULL);

    mc_value_add_text(row, "type", item->subject);
    mc_value_add_count(row, "values", item->values);
    mc_value_add_number(row, "error", item->errors[0]);
    mc_value_add_bool(row, "passed", item->passed);
    if (item->reason[0]) mc_value_add_text(row, "reason", item->reason);
}

static void add_report(mc_value *root, const mc_selftest_report *report)
{
    mc_value *states = mc_value_add_array(root, "states");
    mc_value *types  = mc_value_add_array(root, "types");

    for (size_t i = 0; i < report->count; i++)
        if (report->items[i].is_type)
            add_type(types, &report->items[i]);
        else
            add_state(states, report, &report->items[i]);
    mc_value_add_number(root, "worst", report->worst);
    mc_value_add_number(root, "bound", MC_SELFTEST_BOUND);
    mc_value_add_count(root, "passed", report->count - report->failed);
    mc_value_add_count(root, "failed", report->failed);
    mc_value_add_text(root, "folder", report->folder);
}

static mc_status run_references(mc_session *session, mc_error *err)
{
    mc_selftest_report *report;
    size_t              failed;

    MC_TRY(mc_selftest_run(NULL, session->globals.threads, &report, err));
    add_report(mc_report_root(session->report), report);
    failed = report->failed;
    mc_selftest_report_free(report);
    if (failed == 0) return MC_OK;
    return mc_fail(err, MC_ERR_CHECK, "results of this program are not to be trusted here",
                   "%zu references were missed", failed);
}

/* ---- a model ---- */

static void add_model(mc_value *root, const char *model, const mc_selftest_model *report)
{
    mc_value *layers;

    mc_value_add_text(root, "model", model);
    mc_value_add_count(root, "texts", report->texts);
    mc_value_add_count(root, "tokens", report->tokens);
    mc_value_add_bool(root, "tiersAgree", report->tiers_agree);
    mc_value_add_bool(root, "threadsAgree", report->threads_agree);
    mc_value_add_bool(root, "batchesAgree", report->batches_agree);
    layers = mc_value_add_array(root, "layers");
    for (size_t i = 0; i < report->layer_count; i++) {
        mc_value *row = mc_value_add_object(layers, NULL);
        mc_value_add_layer(row, "layer", report->layers[i].layer);
        for (size_t tier = 0; tier < report->tier_count; tier++)
            mc_value_add_number(row, report->tiers[tier], report->layers[i].errors[tier]);
    }
    mc_value_add_number(root, "worst", report->worst);
    mc_value_add_number(root, "bound", MC_SELFTEST_BOUND);
}

static mc_status run_model(mc_session *session, const selftest_args *args, mc_error *err)
{
    mc_selftest_model *report;
    bool               passed;

    MC_TRY(mc_selftest_run_model(args->model, args->layers, args->texts,
                                 session->globals.threads, &report, err));
    add_model(mc_report_root(session->report), args->model, report);
    passed = report->passed;
    mc_selftest_model_free(report);
    if (passed) return MC_OK;
    return mc_fail(err, MC_ERR_CHECK, "report it with the model's name and this output",
                   "what the fast backend computes of this model is not what it should be");
}

static mc_status run_selftest(mc_session *session, const void *raw, mc_error *err)
{
    const selftest_args *args = raw;

    return args->model ? run_model(session, args, err) : run_references(session, err);
}

static const char *const examples[] = { "mc selftest", "mc selftest models/tiny-llama", NULL };

const mc_command mc_cmd_selftest = {
    .name    = "selftest",
    .summary = "hold what is computed here against stored references, or a model against ref",
    .details =
        "Without a model: a tiny model of every architecture is run on every backend and held "
        "against the states that Hugging Face transformers computed of it in float32; every "
        "type "
        "of stored weights is widened and held against independent decoders.\n"
        "With one, nothing needs to be known of it: each instruction set of the cpu backend is "
        "held against ref, which sums plainly in double precision, and must give the same bits "
        "as "
        "the others, with any number of threads and texts.\n"
        "Exit code 3 when a reference is missed.",
    .operands  = operands,
    .options   = options,
    .examples  = examples,
    .schema    = &schema,
    .uses      = MC_USES_THREADS,
    .args_size = sizeof(selftest_args),
    .run       = run_selftest,
};
