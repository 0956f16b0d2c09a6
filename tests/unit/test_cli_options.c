/* test_cli_options.c - the tables check themselves; values, operands and names are read right.
 */
#include <modelcypher/geometry.h>

#include "cli/command.h"
#include "cli/globals.h"
#include "cli/options.h"
#include "geometry/shape.h"
#include "support/check.h"

typedef struct sample_args {
    bool        flag, split;
    const char *text, *layers, *model;
    size_t      count;
    double      number;
    uint64_t    bytes;
    int         choice;
    mc_words    rest;
} sample_args;

#define FIELD(name) offsetof(sample_args, name)
static const char *const colors[] = { "red", "green", NULL };
static const mc_option   sample[] = {
      { MC_OPT_FLAG, 'f', "flag", NULL, "a flag", NULL, FIELD(flag) },
      { MC_OPT_SWITCH, '\0', "split", NULL, "a switch", "yes", FIELD(split) },
      { MC_OPT_TEXT, 't', "text", "TEXT", "a text", NULL, FIELD(text), .alias = "words" },
      { MC_OPT_LAYERS, 'l', "layers", "LIST", "layers", "all", FIELD(layers) },
      { MC_OPT_COUNT, 'n', "count", "N", "a count", "3", FIELD(count) },
      { MC_OPT_NUMBER, '\0', "number", "X", "a number", "0.5", FIELD(number) },
      { MC_OPT_BYTES, '\0', "bytes", "SIZE", "a size", NULL, FIELD(bytes) },
      { MC_OPT_CHOICE, '\0', "choice", NULL, "a choice", "green", FIELD(choice), colors },
      { MC_OPT_FILE, 'm', "model", "MODEL", "a model", NULL, FIELD(model) },
      { .name = NULL },
};
static const mc_positional operands[] = {
    { "MODEL", "a model", FIELD(model), .required = true },
    { "REST", "more", FIELD(rest), .many = true },
    { .name = NULL },
};

static mc_status parse(sample_args *args, char **argv, bool *help, mc_error *err)
{
    mc_option_set set  = { sample, args };
    int           argc = 0;

    *args = (sample_args){ 0 };
    while (argv[argc])
        argc++;
    if (mc_options_init(set, err) != MC_OK) return err->status;
    return mc_options_parse(&set, 1, operands, argc, argv, help, err);
}

static void the_tables_have_no_faults(void **state)
{
    mc_buffer faults = { 0 };

    (void)state;
    mc_command_table_check(&faults);
    if (faults.size > 0) fail_msg("%s", faults.data);
    mc_buffer_clear(&faults);
}

static void faulty_tables_are_found(void **state)
{
    static const mc_option faulty[] = {
        { MC_OPT_FLAG, 'a', "same", NULL, "one", NULL, FIELD(flag) },
        { MC_OPT_FLAG, 'a', "same", NULL, "two", NULL, FIELD(split) },
        { MC_OPT_CHOICE, '\0', "choice", NULL, "no choices", NULL, FIELD(choice) },
        { MC_OPT_COUNT, '\0', "count", "N", "", "many", FIELD(count) },
        { .name = NULL },
    };
    sample_args   args   = { 0 };
    mc_option_set set    = { faulty, &args };
    mc_buffer     faults = { 0 };

    (void)state;
    mc_options_check("sample", &set, 1, &faults);
    assert_non_null(faults.data);
    assert_non_null(strstr(faults.data, "--same is not unique"));
    assert_non_null(strstr(faults.data, "-a is not unique"));
    assert_non_null(strstr(faults.data, "--choice and its choices differ"));
    assert_non_null(strstr(faults.data, "--count has no help"));
    assert_non_null(strstr(faults.data, "'many' is not a whole number"));
    mc_buffer_clear(&faults);
}

static void values_reach_their_fields(void **state)
{
    char *argv[] = { "-f",        "--no-split", "--words", "hi there", "m.gguf", "-l-4,-1",
                     "--count=7", "--number",   "-1.5",    "--bytes",  "1.5GiB", "--choice",
                     "red",       "x",          "--",      "--y",      NULL };
    bool  help   = false;
    sample_args args;
    mc_error    err = { 0 };

    (void)state;
    CHECK_OK("parse", parse(&args, argv, &help, &err));
    assert_true(args.flag);
    assert_false(args.split);
    assert_string_equal(args.text, "hi there");
    assert_string_equal(args.layers, "-4,-1");
    assert_int_equal(args.count, 7);
    CHECK_NEAR("number", args.number, -1.5, 0);
    assert_int_equal(args.bytes, 3ULL << 29);
    assert_int_equal(args.choice, 0);
    assert_string_equal(args.model, "m.gguf");
    assert_int_equal(args.rest.count, 2);
    assert_string_equal(args.rest.items[0], "x");
    assert_string_equal(args.rest.items[1], "--y");
}

static void initial_values_hold_without_options(void **state)
{
    char       *argv[] = { "--model", "m", NULL };
    bool        help   = false;
    sample_args args;
    mc_error    err = { 0 };

    (void)state;
    CHECK_OK("parse", parse(&args, argv, &help, &err));
    assert_true(args.split);
    assert_string_equal(args.layers, "all");
    assert_int_equal(args.count, 3);
    assert_int_equal(args.choice, 1);
    assert_null(args.text);
}

static void sizes_are_read_as_people_write_them(void **state)
{
    static const struct {
        const char *text;
        uint64_t    bytes;
        bool        good;
    } rows[] = {
        { "0", 0, true },
        { "1048576", 1048576, true },
        { "500M", 500ULL << 20, true },
        { "4GiB", 4ULL << 30, true },
        { "4gib", 4ULL << 30, true },
        { "4g", 4ULL << 30, true },
        { "4GB", 4000000000, true },
        { "1.5KiB", 1536, true },
        { "2T", 2ULL << 40, true },
        { "12b", 12, true },
        { "-1", 0, false },
        { "", 0, false },
        { "4GiBs", 0, false },
        { "4 GiB", 0, false },
        { "0x10", 0, false },
        { "1e3", 0, false },
        { "99999999999T", 0, false },
        { "inf", 0, false },
    };
    mc_option option = { MC_OPT_BYTES, '\0', "bytes", "SIZE", "a size", NULL, FIELD(bytes) };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        sample_args args = { 0 };
        mc_status   got  = mc_option_set_value(&option, "--bytes", rows[i].text, &args, NULL);
        CHECK(rows[i].text, got == (rows[i].good ? MC_OK : MC_ERR_USAGE));
        CHECK(rows[i].text, args.bytes == rows[i].bytes);
    }
}

static void wrong_lines_are_refused_with_a_reason(void **state)
{
    static const struct {
        const char *reason, *hint;
        char       *argv[5];
    } rows[] = {
        { "unknown option '--txt'", "did you mean --text?", { "m", "--txt", "x" } },
        { "unknown option '-z'", "add --help to see all options", { "m", "-z" } },
        { "--text needs a value: --text TEXT", "", { "m", "--text" } },
        { "--text needs a value: --text TEXT", "", { "m", "--text", "--flag" } },
        { "--flag takes no value", "", { "m", "--flag=1" } },
        { "-f takes no value", "give each letter its own dash", { "m", "-fn" } },
        { "--text: the value is empty", "", { "m", "--text=" } },
        { "--count: '-1' is not a whole number (0, 1, 2, ...)", "", { "m", "-n", "-1" } },
        { "--count: '99999999999999999999' is not a whole number (0, 1, 2, ...)",
          "",
          { "m", "--count", "99999999999999999999" } },
        { "--number: 'nan' is not a number", "", { "m", "--number", "nan" } },
        { "--choice: 'gren' is not one of red or green",
          "did you mean 'green'?",
          { "m", "--choice", "gren" } },
        { "MODEL is given twice: 'a' and 'b'", "", { "--model", "a", "b" } },
        { "MODEL is given twice: 'a' and 'b'", "", { "a", "--model", "b" } },
        { "MODEL is missing: a model", "add --help to see what is expected", { "-f" } },
        { "unknown option '--no-text'", "did you mean --text?", { "m", "--no-text" } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool        help = false;
        sample_args args;
        mc_error    err     = { 0 };
        char       *argv[6] = { 0 };
        memcpy(argv, rows[i].argv, sizeof rows[i].argv);
        CHECK(rows[i].reason, parse(&args, argv, &help, &err) == MC_ERR_USAGE);
        if (i != 7) assert_string_equal(err.reason, rows[i].reason);
        assert_string_equal(err.hint, rows[i].hint);
    }
}

static void help_wins_over_what_is_missing(void **state)
{
    char       *argv[] = { "--text", "x", "--help", "--nonsense", NULL };
    bool        help   = false;
    sample_args args;
    mc_error    err = { 0 };

    (void)state;
    CHECK_OK("parse", parse(&args, argv, &help, &err));
    assert_true(help);
}

static void commands_are_found_between_global_options(void **state)
{
    char *argv[] = { "mc", "--output-format", "json", "help", "schema", "--pretty", "x", NULL };
    const mc_command *command = NULL;
    const char       *group   = NULL;
    mc_globals        globals = { 0 };
    bool              help    = false;
    int               at      = 1;
    mc_error          err     = { 0 };

    (void)state;
    CHECK_OK("resolve",
             mc_command_resolve(7, argv, &globals, &at, &command, &group, &help, &err));
    assert_non_null(command);
    assert_string_equal(command->name, "help schema");
    assert_int_equal(at, 5);
    assert_int_equal(globals.format, MC_OUTPUT_JSON);
}

static const char *help_of(const char *command, const char *option)
{
    const mc_option *row = mc_command_find(command)->options;

    while (strcmp(row->name, option) != 0)
        row++;
    return row->help;
}

/* What --metric and --estimator say they take is what the table of metrics holds. */
static void metrics_are_those_of_the_table(void **state)
{
    const char *metrics    = help_of("geometry crm-compare", "metric");
    const char *estimators = help_of("geometry intrinsic-dimension", "estimator");

    (void)state;
    for (size_t m = 0; m < mc_metric_count(); m++) {
        const mc_metric *metric = mc_metric_get(m);
        const bool named = strstr(metric->operands == 2 ? metrics : estimators, metric->name);
        const bool takes = metric->operands == 2 || metric->shape->is_dimension;
        if (named != takes) fail_msg("%s", metric->name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_are_those_of_the_table),
        cmocka_unit_test(the_tables_have_no_faults),
        cmocka_unit_test(faulty_tables_are_found),
        cmocka_unit_test(values_reach_their_fields),
        cmocka_unit_test(initial_values_hold_without_options),
        cmocka_unit_test(sizes_are_read_as_people_write_them),
        cmocka_unit_test(wrong_lines_are_refused_with_a_reason),
        cmocka_unit_test(help_wins_over_what_is_missing),
        cmocka_unit_test(commands_are_found_between_global_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
