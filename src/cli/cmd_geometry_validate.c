/* cmd_geometry_validate.c - mc geometry validate: does the instrument read true, or, with a
 * model, is that fit to be measured? */
#include <modelcypher/examine.h>
#include <modelcypher/geometry.h>
#include <modelcypher/selftest.h>

#include "cli/capture_options.h"
#include "cli/examine_text.h"
#include "cli/output.h"

typedef struct validate_args {
    const char      *model;
    mc_atlas_options from;
    size_t           texts_per_probe;
} validate_args;

#define FIELD(name) offsetof(validate_args, name)

static const mc_positional validate_operands[] = {
    { "MODEL", "folder, .gguf file or Hugging Face cache name; without it the instrument",
      FIELD(model) },
    { .name = NULL },
};
static const mc_option validate_options[] = {
    MC_ATLAS_OPTIONS(validate_args, from),
    { MC_OPT_COUNT, '\0', "texts-per-probe", "N", "texts of each probe that a model runs", "1",
      FIELD(texts_per_probe) },
    { .name = NULL },
};

static const mc_field check_fields[] = {
    MC_TEXT_FIELD("metric", "that is examined"),
    MC_TEXT_FIELD("check", "the data, and what must come out"),
    { "expected", MC_VALUE_NUMBER, "known without the program" },
    { "measured", MC_VALUE_NUMBER, "by the program, now" },
    { "bound", MC_VALUE_NUMBER, "how far apart they may be" },
    { "passed", MC_VALUE_BOOL, "they are not further apart" },
    MC_TEXT_FIELD("source", "closed form, theorem or published value"),
    { 0 },
};

static const mc_field finding_fields[] = {
    MC_TEXT_FIELD("check", "its name"),
    MC_TEXT_FIELD("verdict", "pass, warn, fail or skip"),
    MC_TEXT_FIELD("question", "what is asked"),
    MC_TEXT_FIELD("evidence", "what was found"),
    MC_TEXT_FIELD("bound", "when it warns or fails, and why there"),
    { 0 },
};

static const mc_field validate_fields[] = {
    { "model", MC_VALUE_TEXT, "that was examined", .flags = MC_FIELD_OPTIONAL },
    { "texts", MC_VALUE_INTEGER, "that the model ran", MC_UNIT_COUNT,
      .flags = MC_FIELD_OPTIONAL },
    { "tokens", MC_VALUE_INTEGER, "of these", MC_UNIT_COUNT, .flags = MC_FIELD_OPTIONAL },
    { "findings", MC_VALUE_ARRAY, "about the model, a check each", .element = MC_VALUE_OBJECT,
      .fields = finding_fields, .label = "", .flags = MC_FIELD_OPTIONAL },
    { "checks", MC_VALUE_ARRAY, "of the instrument, each with its source",
      .element = MC_VALUE_OBJECT, .fields = check_fields, .label = "",
      .flags = MC_FIELD_OPTIONAL },
    MC_COUNT_FIELD("passed", "checks that held"),
    { "warned", MC_VALUE_INTEGER, "checks with something to know", MC_UNIT_COUNT,
      .flags = MC_FIELD_OPTIONAL },
    MC_COUNT_FIELD("failed", "checks that did not hold"),
    { "skipped", MC_VALUE_INTEGER, "checks that could not be made", MC_UNIT_COUNT,
      .flags = MC_FIELD_OPTIONAL },
    { "engine", MC_VALUE_TEXT, "what mc selftest says, in one line",
      .flags = MC_FIELD_OPTIONAL },
    { "arithmetic", MC_VALUE_TEXT, "the linear algebra library and its kernels",
      .flags = MC_FIELD_OPTIONAL },
    { 0 },
};
static const mc_schema validate_schema = { "mc.geometry.validate.v1", validate_fields };

/* ---- the instrument ---- */

static void add_checks(mc_value *root, const mc_selftest *test)
{
    mc_value *list = mc_value_add_array(root, "checks");

    for (size_t i = 0; i < test->count; i++) {
        const mc_selftest_row *own = &test->rows[i];
        mc_value              *row = mc_value_add_object(list, NULL);
        mc_value_add_text(row, "metric", own->metric);
        mc_value_add_text(row, "check", own->name);
        mc_value_add_number(row, "expected", own->expected);
        mc_value_add_number(row, "measured", own->measured);
        mc_value_add_number(row, "bound", own->bound);
        mc_value_add_bool(row, "passed", own->passed);
        mc_value_add_text(row, "source", own->source);
    }
    mc_value_add_count(root, "passed", test->count - test->failed);
    mc_value_add_count(root, "failed", test->failed);
    mc_value_add_text(root, "arithmetic", mc_geometry_arithmetic());
}

/* The other half of the instrument, which has a command of its own. */
static mc_status add_engine(mc_session *session, size_t *failed, mc_error *err)
{
    mc_value           *root   = mc_report_root(session->report);
    mc_selftest_report *report = NULL;
    mc_status           status = mc_selftest_run(NULL, session->globals.threads, &report, err);

    if (status == MC_ERR_NOT_FOUND) {
        mc_value_add_format(root, "engine", "not examined: %s", err->reason);
        return MC_OK;
    }
    MC_TRY(status);
    mc_value_add_format(
        root, "engine",
        "%zu of %zu references met, worst state off by %.2g of %.0e (mc selftest)",
        report->count - report->failed, report->count, report->worst, MC_SELFTEST_BOUND);
    *failed += report->failed;
    mc_selftest_report_free(report);
    return MC_OK;
}

static mc_status run_instrument(mc_session *session, mc_error *err)
{
    mc_selftest *test;
    size_t       failed;

    MC_TRY(mc_geometry_selftest(&test, err));
    add_checks(mc_report_root(session->report), test);
    failed = test->failed;
    mc_selftest_free(test);
    MC_TRY(add_engine(session, &failed, err));
    if (failed == 0) return MC_OK;
    return mc_fail(err, MC_ERR_CHECK, "the rows with passed: no; is the BLAS library sound?",
                   "%zu known answers did not come out", failed);
}

/* ---- a model ---- */

static void add_findings(mc_value *root, const char *model, const mc_examination *e)
{
    mc_value *list;

    mc_value_add_text(root, "model", model);
    mc_value_add_count(root, "texts", e->texts);
    mc_value_add_count(root, "tokens", e->tokens);
    list = mc_value_add_array(root, "findings");
    for (size_t i = 0; i < e->count; i++) {
        const mc_finding *f   = &e->findings[i];
        mc_value         *row = mc_value_add_object(list, NULL);
        mc_value_add_text(row, "check", f->check);
        mc_value_add_text(row, "verdict", mc_verdict_name(f->verdict));
        mc_value_add_text(row, "question", f->question);
        mc_value_add_text(row, "evidence", f->evidence);
        mc_value_add_text(row, "bound", f->bound);
    }
    mc_value_add_count(root, "passed", e->passed);
    mc_value_add_count(root, "warned", e->warned);
    mc_value_add_count(root, "failed", e->failed);
    mc_value_add_count(root, "skipped", e->skipped);
}

static mc_status run_model(mc_session *session, const validate_args *args, mc_error *err)
{
    const mc_text_style  style   = { mc_terminal_width(), mc_terminal_color() };
    mc_capture_options   capture = { .from            = args->from,
                                     .texts_per_probe = args->texts_per_probe };
    mc_crm_build_options options = { 0 };
    mc_examination      *e       = NULL;
    size_t               failed;

    MC_TRY(mc_capture_options_fill(&capture, session, &options, err));
    MC_TRY(mc_model_examine(args->model, &options, &e, err));
    add_findings(mc_report_root(session->report), args->model, e);
    session->as_text = session->globals.format == MC_OUTPUT_TEXT;
    if (session->as_text) mc_examine_text(&session->text, args->model, e, style);
    failed = e->failed;
    mc_examination_free(e);
    if (failed == 0) return MC_OK;
    return mc_fail(err, MC_ERR_CHECK, "the lines that fail say what and where",
                   "%zu check%s of '%s' failed", failed, failed == 1 ? "" : "s", args->model);
}

static mc_status run_validate(mc_session *session, const void *raw, mc_error *err)
{
    const validate_args *args = raw;

    if (args->model) return run_model(session, args, err);
    if (mc_atlas_options_given(&args->from))
        return mc_fail(err, MC_ERR_USAGE, "name a model, or leave the texts out",
                       "the instrument's own examination reads no texts");
    return run_instrument(session, err);
}

static const char *const validate_examples[] = { "mc geometry validate",
                                                 "mc geometry validate models/tiny-llama",
                                                 NULL };

const mc_command mc_cmd_geometry_validate = {
    .name    = "geometry validate",
    .summary = "examine a model before it is measured, or the instrument itself",
    .details =
        "With a model: every weight is read, the tokenizer is tried and the probes are run, "
        "one "
        "text each. Each check passes, warns or fails, with what was found; bounds come with "
        "their source or reason. Whether the model is good is not asked.\n"
        "Without: every metric is run on data whose answer is known without it, closed forms, "
        "theorems and published values, each shown as expected, measured, bound and source.\n"
        "Exit code 3 when something fails.",
    .operands  = validate_operands,
    .options   = validate_options,
    .examples  = validate_examples,
    .schema    = &validate_schema,
    .uses      = MC_USES_ENGINE | MC_USES_PROGRESS,
    .args_size = sizeof(validate_args),
    .run       = run_validate,
};
