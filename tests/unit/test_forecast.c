/* test_forecast.c - what a build is told to take is what it takes: operations, tokens, bytes of
 * the file and the smallest memory bound that it runs in. Seconds and resident pages are
 * compared by bench/forecast.py. */
#include <modelcypher/analysis.h>

#include <stdlib.h>
#include <sys/stat.h>

#include "base/checked.h"
#include "support/check.h"
#include "support/scratch.h"

#define TINY MC_TEST_FOLDER "/golden/models/tiny-llama"

static char home[MC_TEST_SCRATCH];

static int make_home(void **state)
{
    (void)state;
    mc_test_scratch_make(home);
    return setenv("MODELCYPHER_HOME", home, 1);
}

static int remove_home(void **state)
{
    (void)state;
    return mc_test_scratch_remove(home);
}

static void empty_home(void)
{
    mc_test_scratch_remove(home);
    assert_int_equal(mkdir(home, 0700), 0);
}

typedef struct forecast_case {
    const char          *name;
    mc_crm_build_options options;
    const char          *suffix;
    double               size_tolerance; /* relative */
} forecast_case;

static const forecast_case cases[] = {
    { "everything", { .model = TINY }, "crm.safetensors", 0 },
    { "gguf", { .model = MC_TEST_FOLDER "/golden/models/tiny-llama.gguf" }, "safetensors", 0 },
    { "some layers", { .model = TINY, .layers = "0,2", .texts_per_probe = 1 }, "crm", 0 },
    { "control", { .model = TINY, .control = true, .atlas = "moral" }, "safetensors", 0 },
    { "no halves", { .model = TINY, .no_split = true, .atlas = "emotions" }, "crm", 0 },
    { "every token", { .model = TINY, .pooling = MC_POOLING_ALL, .layers = "1" }, "crm", 0 },
    { "means, one thread",
      { .model = TINY, .pooling = MC_POOLING_MEAN, .threads = 1, .layers = "-1" },
      "crm",
      0 },
    { "into the cache", { .model = TINY, .cache_activations = true }, "crm", 0 },
    { "means into the cache",
      { .model = TINY, .cache_activations = true, .pooling = MC_POOLING_MEAN, .layers = "1,2" },
      "crm",
      0 },
    { "json", { .model = TINY, .layers = "1..2", .control = true }, "json", 0.1 },
};

/* One block instead of two, or passes: foretold too, and returned; or refused by both. */
static size_t check_less_memory(const forecast_case *c, mc_crm_build_options *options,
                                uint64_t max_memory)
{
    mc_crm_build_summary done = { 0 };
    mc_crm_forecast      told = { 0 };
    mc_error             err  = { 0 };

    empty_home();
    options->max_memory = max_memory;
    if (mc_crm_build_forecast(options, &told, &err) != MC_OK) {
        CHECK(c->name, err.status == MC_ERR_MEMORY);
        CHECK(c->name, mc_crm_build(options, &done, &err) == MC_ERR_MEMORY);
        return 0;
    }
    CHECK_OK(c->name, mc_crm_build(options, &done, &err));
    CHECK(c->name, told.pass_memory <= max_memory && done.pass_memory == told.pass_memory);
    CHECK(c->name, told.passes == done.passes && told.weights == done.weights);
    CHECK(c->name, told.flop == done.flop && told.tokens_computed == done.tokens_computed);
    mc_crm_build_summary_clear(&done);
    return told.passes;
}

/* In how many passes it ran with half of the memory; of a small atlas, else 0. */
static size_t check_case(const forecast_case *c)
{
    mc_crm_build_options options = c->options;
    mc_crm_build_summary done    = { 0 };
    mc_crm_forecast      told    = { 0 };
    mc_error             err     = { 0 };
    char                 path[128];

    empty_home(); /* what is forecast is a build with nothing kept so far */
    snprintf(path, sizeof path, "%s/new.%s", home, c->suffix);
    options.output = path;
    CHECK_OK(c->name, mc_crm_build_forecast(&options, &told, &err));
    options.max_memory = told.pass_memory;
    CHECK_OK(c->name, mc_crm_build(&options, &done, &err));
    CHECK(c->name, done.passes == 1); /* pass_memory is what the states of all texts take */
    CHECK(c->name, told.flop == done.flop && told.blocks_run == done.blocks_run);
    CHECK(c->name, told.probes == done.probes && told.texts == done.texts);
    CHECK(c->name, told.tokens_asked == done.tokens_asked);
    CHECK(c->name, told.tokens_computed == done.tokens_computed);
    CHECK(c->name, told.layer_count == done.layer_count && told.threads == done.threads);
    CHECK_NEAR(c->name, (double)told.output_size / (double)done.output_size, 1.0,
               c->size_tolerance);
    CHECK(c->name, told.memory > told.pass_memory);
    CHECK(c->name, told.seconds > 0 && isfinite(told.seconds));
    mc_crm_build_summary_clear(&done);
    (void)check_less_memory(c, &options, told.pass_memory - 1);
    return options.atlas ? check_less_memory(c, &options, told.pass_memory / 2) : 0;
}

static void counts_and_bytes_are_exact(void **state)
{
    size_t passes = 0;

    (void)state;
    for (size_t i = 0; i < MC_ARRAY_LEN(cases); i++)
        passes += check_case(&cases[i]);
    assert_true(passes > 2);
}

static void what_a_build_refuses_has_no_forecast(void **state)
{
    static const struct {
        const char          *name;
        mc_crm_build_options options;
        mc_status            status;
    } refused[] = {
        { "no model", { 0 }, MC_ERR_ARGUMENT },
        { "no such model", { .model = "/nowhere/at/all" }, MC_ERR_NOT_FOUND },
        { "no such layer", { .model = TINY, .layers = "99" }, MC_ERR_LAYER },
        { "no such atlas", { .model = TINY, .atlas = "none" }, MC_ERR_ATLAS },
    };

    (void)state;
    for (size_t i = 0; i < MC_ARRAY_LEN(refused); i++) {
        mc_crm_forecast told   = { .texts = 99 };
        mc_error        err    = { 0 };
        mc_status       status = mc_crm_build_forecast(&refused[i].options, &told, &err);
        CHECK(refused[i].name, status == err.status && status != MC_OK && err.reason[0]);
        CHECK(refused[i].name, refused[i].status == status);
        CHECK(refused[i].name, told.texts == 99);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_and_bytes_are_exact),
        cmocka_unit_test(what_a_build_refuses_has_no_forecast),
    };

    return cmocka_run_group_tests(tests, make_home, remove_home);
}
