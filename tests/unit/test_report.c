/* test_report.c - one tree, four forms; schemas; no memory. */
#include <math.h>

#include "base/alloc.h"
#include "report/report.h"
#include "report/schema.h"
#include "report/write.h"
#include "support/check.h"

static const mc_field layer_fields[] = {
    { "layer", MC_VALUE_TEXT, "which state" },
    { "meanNorm", MC_VALUE_NUMBER, "mean of the norms" },
    { "share", MC_VALUE_NUMBER, "of the whole", .unit = MC_UNIT_RATIO },
    { 0 },
};
static const mc_field fields[] = {
    { "model", MC_VALUE_TEXT, "which model" },
    { "parameters", MC_VALUE_INTEGER, "numbers in it", .unit = MC_UNIT_COUNT },
    { "memory", MC_VALUE_INTEGER, "bytes", .unit = MC_UNIT_BYTES, .label = "peak memory" },
    { "seconds", MC_VALUE_NUMBER, "time", .unit = MC_UNIT_SECONDS },
    { "shape", MC_VALUE_ARRAY, "sizes", .element = MC_VALUE_INTEGER },
    { "tied", MC_VALUE_BOOL, "are the embeddings tied" },
    { "secret", MC_VALUE_TEXT, "only for programs",
      .flags = MC_FIELD_OPTIONAL | MC_FIELD_MACHINE },
    { "parent", MC_VALUE_TEXT, "base model", .flags = MC_FIELD_NULLABLE },
    { "layers", MC_VALUE_ARRAY, "by layer", .element = MC_VALUE_OBJECT,
      .fields = layer_fields },
    { 0 },
};
static const mc_schema schema = { "mc.sample.v1", fields };

static void add_layer(mc_value *layers, const char *name, double norm, double share)
{
    mc_value *row = mc_value_add_object(layers, NULL);

    mc_value_add_text(row, "layer", name);
    mc_value_add_number(row, "meanNorm", norm);
    mc_value_add_number(row, "share", share);
}

static void fill(mc_report *report)
{
    mc_value *root = mc_report_root(report), *list;

    mc_value_add_text(root, "model", "tiny\033[31m: \"red\"");
    mc_value_add_integer(root, "parameters", 134515008);
    mc_value_add_integer(root, "memory", 94371840);
    mc_value_add_number(root, "seconds", 250);
    list = mc_value_add_array(root, "shape");
    mc_value_add_integer(list, NULL, 576);
    mc_value_add_integer(list, NULL, 49152);
    mc_value_add_bool(root, "tied", true);
    mc_value_add_text(root, "secret", "x");
    mc_value_add_null(root, "parent");
    list = mc_value_add_array(root, "layers");
    add_layer(list, "0", 1.5e-7, 0.831);
    add_layer(list, "final", NAN, 1);
}

static const char text_form[] = "model        tiny\\x1b[31m: \"red\"\n"
                                "parameters   134,515,008\n"
                                "peak memory  90.0 MiB\n"
                                "seconds      4 min 10 s\n"
                                "shape        576, 49152\n"
                                "tied         yes\n"
                                "parent       -\n"
                                "\n"
                                "layers\n"
                                "  layer  mean norm    share\n"
                                "  0        1.5e-07   83.1 %\n"
                                "  final        nan  100.0 %\n"
                                "note: layers[1].meanNorm is not a number\n";
static const char json_form[] =
    "{\"_schema\":\"mc.sample.v1\",\"model\":\"tiny\\u001b[31m: \\\"red\\\"\",\"parameters\":"
    "134515008,\"memory\":94371840,\"seconds\":250,\"shape\":[576,49152],\"tied\":true,"
    "\"secret\":\"x\",\"parent\":null,\"layers\":[{\"layer\":\"0\",\"meanNorm\":1.5e-07,"
    "\"share\":0.831},{\"layer\":\"final\",\"meanNorm\":null,\"share\":1}],"
    "\"notes\":[\"layers[1].meanNorm is not a number\"]}\n";
static const char yaml_form[] = "_schema: mc.sample.v1\n"
                                "model: \"tiny\\u001b[31m: \\\"red\\\"\"\n"
                                "parameters: 134515008\n"
                                "memory: 94371840\n"
                                "seconds: 250\n"
                                "shape: [576, 49152]\n"
                                "tied: true\n"
                                "secret: x\n"
                                "parent: null\n"
                                "layers:\n"
                                "  - layer: \"0\"\n"
                                "    meanNorm: 1.5e-07\n"
                                "    share: 0.831\n"
                                "  - layer: final\n"
                                "    meanNorm: null\n"
                                "    share: 1\n"
                                "notes:\n"
                                "  - \"layers[1].meanNorm is not a number\"\n";
static const char csv_form[]  = "layer,meanNorm,share\n0,1.5e-07,0.831\nfinal,,1\n";

static void one_tree_has_four_forms(void **state)
{
    mc_report *report = NULL;
    mc_buffer  text = { 0 }, json = { 0 }, yaml = { 0 }, csv = { 0 };
    mc_error   err = { 0 };

    (void)state;
    CHECK_OK("create", mc_report_create(&report, &err));
    fill(report);
    CHECK_OK("schema", mc_schema_check(&schema, report, &err));
    mc_report_write_text(report, &schema, (mc_text_style){ 0 }, &text);
    mc_report_write_json(report, &schema, false, &json);
    mc_report_write_yaml(report, &schema, &yaml);
    mc_value_write_csv(mc_value_find(mc_report_root(report), "layers"), &csv);
    assert_string_equal(text.data, text_form);
    assert_string_equal(json.data, json_form);
    assert_string_equal(yaml.data, yaml_form);
    assert_string_equal(csv.data, csv_form);
    mc_buffer_clear(&text);
    mc_buffer_clear(&json);
    mc_buffer_clear(&yaml);
    mc_buffer_clear(&csv);
    mc_report_free(report);
}

static void the_schema_finds_what_is_wrong(void **state)
{
    static const struct {
        const char *key, *reason;
        int         kind; /* what is put there: 0 nothing, 1 a text, 2 a number */
    } rows[] = {
        { "parameters", "'parameters' is string, the schema says integer", 1 },
        { "unknown", "'unknown' is not in the schema", 1 },
        { "model", "'parameters' is missing", 1 },
        { "shape", "'shape' is number, the schema says array", 2 },
        { "none", "'model' is missing", 0 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mc_report *report = NULL;
        mc_error   err    = { 0 };
        CHECK_OK("create", mc_report_create(&report, &err));
        if (rows[i].kind == 1) mc_value_add_text(mc_report_root(report), rows[i].key, "x");
        if (rows[i].kind == 2) mc_value_add_number(mc_report_root(report), rows[i].key, 1);
        CHECK(rows[i].key, mc_schema_check(&schema, report, &err) == MC_ERR_INTERNAL);
        assert_string_equal(err.reason, rows[i].reason);
        mc_report_free(report);
    }
}

static void numbers_are_short_and_readable(void **state)
{
    static const struct {
        mc_unit     unit;
        double      number;
        const char *text;
    } rows[] = {
        { MC_UNIT_NONE, 0.123456, "0.1235" },      { MC_UNIT_NONE, 3, "3" },
        { MC_UNIT_NONE, 12345.678, "12345.7" },    { MC_UNIT_NONE, -INFINITY, "-inf" },
        { MC_UNIT_COUNT, 1000, "1,000" },          { MC_UNIT_COUNT, 999, "999" },
        { MC_UNIT_COUNT, -1234567, "-1,234,567" }, { MC_UNIT_BYTES, 1023, "1023 B" },
        { MC_UNIT_BYTES, 1024, "1.0 KiB" },        { MC_UNIT_BYTES, 1048575, "1.0 MiB" },
        { MC_UNIT_SECONDS, 0.0123, "12.3 ms" },    { MC_UNIT_SECONDS, 1.5, "1.50 s" },
        { MC_UNIT_SECONDS, 59.96, "60.0 s" },      { MC_UNIT_SECONDS, 125, "2 min 5 s" },
        { MC_UNIT_SECONDS, 7322, "2 h 2 min" },    { MC_UNIT_RATIO, 0.5, "50.0 %" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        mc_buffer out = { 0 };
        mc_unit_print(&out, rows[i].unit, rows[i].number);
        assert_string_equal(out.data, rows[i].text);
        mc_buffer_clear(&out);
    }
}

/* Where the last column would be narrow, it stands below its row. */
static void long_last_columns_stand_below(void **state)
{
    mc_report *report = NULL;
    mc_value  *row;
    mc_buffer  out = { 0 };
    mc_error   err = { 0 };
    mc_schema  any = { "mc.any.v1", NULL };

    (void)state;
    CHECK_OK("create", mc_report_create(&report, &err));
    row = mc_value_add_object(mc_value_add_array(mc_report_root(report), "rows"), NULL);
    mc_value_add_text(row, "name", "invariance");
    mc_value_add_integer(row, "n", 7);
    mc_value_add_text(row, "source", "Kornblith et al. 2019, arXiv:1905.00414, section 3");
    mc_report_write_text(report, &any, (mc_text_style){ .width = 36 }, &out);
    assert_string_equal(out.data, "rows\n"
                                  "  name        n\n"
                                  "      source\n"
                                  "  invariance  7\n"
                                  "      Kornblith et al. 2019,\n"
                                  "      arXiv:1905.00414, section 3\n");
    mc_buffer_clear(&out);
    mc_report_free(report);
}

static void tables_fit_the_terminal(void **state)
{
    mc_report *report = NULL;
    mc_value  *rows, *row;
    mc_buffer  out = { 0 };
    mc_error   err = { 0 };
    mc_schema  any = { "mc.any.v1", NULL };

    (void)state;
    CHECK_OK("create", mc_report_create(&report, &err));
    rows = mc_value_add_array(mc_report_root(report), "rows");
    row  = mc_value_add_object(rows, NULL);
    mc_value_add_text(row, "text",
                      "The cat sat on the mat and looked at the moon \xe6\x9c\x88");
    mc_value_add_integer(row, "n", 7);
    row = mc_value_add_object(rows, NULL);
    mc_value_add_text(row, "text", "\xe6\x9c\x88\xe6\x9c\x88");
    mc_value_add_integer(row, "n", 12);
    mc_report_write_text(report, &any, (mc_text_style){ .width = 30 }, &out);
    assert_string_equal(out.data, "rows\n"
                                  "  text                       n\n"
                                  "  The cat sat on the mat     7\n"
                                  "  and looked at the moon\n"
                                  "  \xe6\x9c\x88\n"
                                  "  \xe6\x9c\x88\xe6\x9c\x88                      12\n");
    mc_buffer_clear(&out);
    mc_report_free(report);
}

static void many_non_finite_values_are_counted(void **state)
{
    mc_report *report = NULL;
    mc_value  *list;
    size_t     notes = 0;
    mc_error   err   = { 0 };

    (void)state;
    CHECK_OK("create", mc_report_create(&report, &err));
    list = mc_value_add_array(mc_report_root(report), "x");
    for (int i = 0; i < 100; i++)
        mc_value_add_number(list, NULL, NAN);
    for (const mc_value *note = mc_report_notes(report); note; note = note->next) {
        notes++;
        if (!note->next) assert_string_equal(note->as.text, "92 more values are not finite");
    }
    assert_int_equal(notes, 9);
    mc_report_free(report);
}

static void no_memory_is_an_error_and_nothing_else(void **state)
{
    (void)state;
    for (uint64_t at = 1;; at++) {
        mc_report *report = NULL;
        mc_buffer  out    = { 0 };
        mc_error   err    = { 0 };
        mc_status  status;
        mc_alloc_fail_at(at, 1);
        status = mc_report_create(&report, &err);
        if (status == MC_OK) {
            fill(report);
            mc_report_write_text(report, &schema, (mc_text_style){ 0 }, &out);
            status = mc_report_status(report, &err);
            if (status == MC_OK) status = mc_buffer_status(&out, &err);
        }
        mc_alloc_fail_at(0, 0);
        mc_buffer_clear(&out);
        mc_report_free(report);
        if (status == MC_OK) return;
        assert_int_equal(status, MC_ERR_MEMORY);
        assert_true(at < 10000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_tree_has_four_forms),
        cmocka_unit_test(the_schema_finds_what_is_wrong),
        cmocka_unit_test(numbers_are_short_and_readable),
        cmocka_unit_test(tables_fit_the_terminal),
        cmocka_unit_test(long_last_columns_stand_below),
        cmocka_unit_test(many_non_finite_values_are_counted),
        cmocka_unit_test(no_memory_is_an_error_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
