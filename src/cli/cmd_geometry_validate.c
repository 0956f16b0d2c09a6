/* cmd_geometry_validate.c - mc geometry validate: does the instrument read true? */
#include <modelcypher/geometry.h>

#include "cli/command.h"

static const mc_field check_fields[] = {
    { "metric", MC_VALUE_TEXT, "that is examined" },
    { "check", MC_VALUE_TEXT, "the data, and what must come out" },
    { "expected", MC_VALUE_NUMBER, "known without the program" },
    { "measured", MC_VALUE_NUMBER, "by the program, now" },
    { "bound", MC_VALUE_NUMBER, "how far apart they may be" },
    { "passed", MC_VALUE_BOOL, "they are not further apart" },
    { "source", MC_VALUE_TEXT, "closed form, theorem or published value" },
    { 0 },
};

static const mc_field validate_fields[] = {
    { "checks", MC_VALUE_ARRAY, "each with its source", .element = MC_VALUE_OBJECT,
      .fields = check_fields, .label = "" },
    { "passed", MC_VALUE_INTEGER, "checks that held", MC_UNIT_COUNT },
    { "failed", MC_VALUE_INTEGER, "checks that did not hold", MC_UNIT_COUNT },
    { "arithmetic", MC_VALUE_TEXT, "the linear algebra library and its kernels" },
    { 0 },
};
static const mc_schema validate_schema = { "mc.geometry.validate.v1", validate_fields };

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

static mc_status run_validate(mc_session *session, const void *args, mc_error *err)
{
    mc_selftest *test;
    size_t       failed;

    (void)args;
    MC_TRY(mc_geometry_selftest(&test, err));
    add_checks(mc_report_root(session->report), test);
    failed = test->failed;
    mc_selftest_free(test);
    if (failed == 0) return MC_OK;
    return mc_fail(err, MC_ERR_CHECK, "the rows with passed: no; is the BLAS library sound?",
                   "%zu known answers did not come out", failed);
}

static const mc_option   no_options[]        = { { .name = NULL } };
static const char *const validate_examples[] = { "mc geometry validate", NULL };

const mc_command mc_cmd_geometry_validate = {
    .name      = "geometry validate",
    .summary   = "examine the instrument itself against known answers",
    .details   = "Every metric is run on data whose answer is known without it: closed forms, "
                 "theorems, published values. Each is shown as expected, measured, bound and "
                 "source. Exit code 3 when one does not hold.",
    .options   = no_options,
    .examples  = validate_examples,
    .schema    = &validate_schema,
    .args_size = 0,
    .run       = run_validate,
};
