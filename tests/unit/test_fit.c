/* test_fit.c - builds that may take only so much memory: in more passes with the same bits, or
 * refused at once with options that do fit. */
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include <modelcypher/analysis.h>
#include <modelcypher/fingerprint.h>

#include "analysis/capture_fit.h"
#include "base/file_map.h"
#include "cache/inventory.h"
#include "support/check.h"
#include "support/scratch.h"

#define MODEL MC_TEST_FOLDER "/golden/models/tiny-llama.gguf"

static char folder[MC_TEST_SCRATCH];
static char whole[64], other[64], texts[64], form[64];

static int make_folder(void **state)
{
    FILE *file;

    (void)state;
    mc_test_scratch_make(folder);
    snprintf(whole, sizeof whole, "%s/whole.safetensors", folder);
    snprintf(other, sizeof other, "%s/other.safetensors", folder);
    snprintf(form, sizeof form, "%s/other.json", folder);
    snprintf(texts, sizeof texts, "%s/texts.txt", folder);
    setenv("MODELCYPHER_HOME", folder, 1);
    file = fopen(texts, "w");
    assert_non_null(file);
    for (int i = 0; i < 40; i++)
        fprintf(file, "text number %d of some%s words\n", i, i % 3 ? " more or other" : "");
    return fclose(file);
}

static int remove_folder(void **state)
{
    (void)state;
    return mc_test_scratch_remove(folder);
}

static mc_crm_build_options usual(const char *output)
{
    return (mc_crm_build_options){
        .model = MODEL, .output = output, .atlas = "moral", .control = true, .threads = 3
    };
}

/* ---- the same bits ---- */

static void compare_part(const char *name, const mc_crm *a, const mc_crm *b, int layer,
                         mc_crm_part part)
{
    const mc_crm_info *info   = mc_crm_get_info(a);
    const float       *one    = mc_crm_values(a, layer, part);
    const float       *two    = mc_crm_values(b, layer, part);
    size_t             rows   = part < MC_CRM_CONTROL ? info->rows : info->control_rows;
    size_t             halves = part == MC_CRM_SPLIT || part == MC_CRM_CONTROL_SPLIT ? 2 : 1;

    CHECK(name, !one == !two);
    if (one) CHECK(name, memcmp(one, two, halves * rows * info->hidden * sizeof *one) == 0);
}

static void forget_activations(void)
{
    mc_cache_list list = { 0 };
    mc_error      err  = { 0 };

    CHECK_OK("list", mc_cache_list_read(&list, &err));
    for (size_t i = 0; i < list.count; i++)
        if (list.items[i].kind != MC_CACHE_HASHES) unlink(list.items[i].path);
    mc_cache_list_clear(&list);
}

static void compare_files(const char *name)
{
    mc_crm            *a = NULL, *b = NULL;
    mc_error           err = { 0 };
    const mc_crm_info *info;

    CHECK_OK(name, mc_crm_open(whole, &a, &err));
    CHECK_OK(name, mc_crm_open(other, &b, &err));
    info = mc_crm_get_info(a);
    CHECK(name, info->layers.count == mc_crm_get_info(b)->layers.count);
    CHECK(name, info->rows == mc_crm_get_info(b)->rows);
    for (size_t i = 0; i < info->layers.count; i++)
        for (int part = 0; part < MC_CRM_PART_COUNT; part++)
            compare_part(name, a, b, info->layers.items[i], (mc_crm_part)part);
    mc_crm_close(a);
    mc_crm_close(b);
}

static uint64_t memory_of(const mc_crm_build_options *options)
{
    mc_crm_build_summary summary;
    mc_error             err = { 0 };
    uint64_t             bytes;

    CHECK_OK("without a bound", mc_crm_build(options, &summary, &err));
    assert_int_equal(summary.passes, 1);
    bytes = summary.pass_memory;
    mc_crm_build_summary_clear(&summary);
    return bytes;
}

/* Less and less memory, until it is refused: ever more passes. */
static void less_and_less(const char *name, mc_crm_build_options options)
{
    uint64_t room;
    size_t   passes = 1, most = 1;

    options.output = whole;
    room           = memory_of(&options);
    options.output = other;
    for (;;) {
        mc_crm_build_summary summary;
        mc_error             err = { 0 };

        options.max_memory = room;
        if (options.cache_activations) forget_activations();
        if (mc_crm_build(&options, &summary, &err) != MC_OK) {
            CHECK(name, err.status == MC_ERR_MEMORY && strstr(err.hint, "--max-memory"));
            break;
        }
        CHECK(name, summary.pass_memory <= room && summary.passes >= passes);
        CHECK(name, summary.tokens_asked > 0);
        passes = summary.passes;
        if (passes > most) most = passes;
        compare_files(name);
        mc_crm_build_summary_clear(&summary);
        room = room * 3 / 5;
    }
    CHECK(name, most > 2);
}

static void more_passes_same_bits(void **state)
{
    mc_crm_build_options options = usual(NULL);

    (void)state;
    less_and_less("last, with halves and control", options);
    options.pooling = MC_POOLING_ALL;
    less_and_less("all tokens", options);
    options.pooling = MC_POOLING_MEAN;
    options.atlas   = NULL;
    options.control = false;
    options.texts   = texts;
    less_and_less("own texts", options);
    options.cache_activations = true;
    less_and_less("into the cache", options);
}

/* Every pass finds what the ones before it have kept, and a later build all of it. */
static void passes_share_the_cache(void **state)
{
    mc_crm_build_options options = usual(whole);
    mc_crm_build_summary first, second;
    mc_error             err = { 0 };

    (void)state;
    forget_activations();
    options.max_memory        = memory_of(&options) / 2;
    options.cache_activations = true;
    CHECK_OK("in passes", mc_crm_build(&options, &first, &err));
    assert_true(first.passes > 1 && first.cached && first.states_served == 0);
    options.max_memory = 0;
    options.output     = other;
    CHECK_OK("from the cache", mc_crm_build(&options, &second, &err));
    assert_true(second.passes == 0 && second.pass_memory == 0);
    assert_int_equal(second.tokens_run, 0);
    assert_true(second.states > 0 && second.states_served == second.states);
    assert_int_equal(first.states, second.states);
    compare_files("from the cache");
    mc_crm_build_summary_clear(&first);
    mc_crm_build_summary_clear(&second);
}

/* ---- options that fit ---- */

/* The number behind an option in the hint; 0 when it is not there. */
static size_t suggested(const char *hint, const char *option)
{
    const char *at = strstr(hint, option);

    return at ? strtoul(at + strlen(option), NULL, 10) : 0;
}

static void must_fit(const char *name, const mc_crm_build_options *options)
{
    mc_error err = { 0 };

    CHECK_OK(name, mc_crm_build(options, NULL, &err));
}

/* Take the hint at its word. */
static int follow(const char *hint, mc_crm_build_options refused)
{
    mc_crm_build_options o       = refused;
    int                  options = 0;

    if ((o.threads = suggested(hint, "--threads "))) {
        if (strstr(hint, "--threads 1 --batch-size 1")) o.batch_size = 1;
        must_fit("threads", &o);
        options++;
    }
    o = refused;
    if (!strstr(hint, "--threads 1 --batch-size 1") &&
        (o.batch_size = suggested(hint, "--batch-size "))) {
        must_fit("batch size", &o);
        options++;
    }
    o = refused;
    if ((o.texts_per_probe = suggested(hint, "--texts-per-probe "))) {
        must_fit("texts per probe", &o);
        options++;
    }
    o            = refused;
    o.max_memory = suggested(hint, "--max-memory ") << 20;
    must_fit("max memory", &o);
    return options;
}

static void the_hint_fits(void **state)
{
    mc_crm_build_options options      = usual(other);
    int                  options_seen = 0, refusals = 0;

    (void)state;
    for (options.max_memory = 16 << 10; options.max_memory < 8 << 20; options.max_memory *= 2) {
        mc_error  err    = { 0 };
        mc_status status = mc_crm_build(&options, NULL, &err);

        if (status == MC_OK) continue;
        CHECK("refused", status == MC_ERR_MEMORY && strcmp(err.subject, MODEL) == 0);
        options_seen += follow(err.hint, options);
        refusals++;
    }
    assert_true(refusals > 2 && options_seen > 2);
}

/* The JSON form holds layer after layer: it cannot take rows as they come. */
static void json_names_the_other_form(void **state)
{
    mc_crm_build_options options = usual(form);
    uint64_t             room    = memory_of(&options);
    mc_error             err     = { 0 };

    (void)state;
    options.max_memory = room * 4 / 5;
    assert_int_equal(mc_crm_build(&options, NULL, &err), MC_ERR_MEMORY);
    assert_non_null(strstr(err.hint, "--output that ends in .safetensors"));
    options.output = other;
    must_fit("the other form", &options);
}

/* A fingerprint keeps the states of all layers until it is made: what has room for these, or
 * for a pass, but not for both, is refused. */
static void a_fingerprint_counts_its_states(void **state)
{
    mc_crm_build_options capture = {
        .model = MODEL, .output = other, .texts_per_probe = 1, .no_split = true, .threads = 1
    };
    mc_fingerprint_options options     = { .no_cache = true };
    mc_fingerprint        *fingerprint = NULL;
    mc_crm_build_summary   summary;
    mc_error               err = { 0 };
    char                   layers[16];

    (void)state;
    CHECK_OK("build", mc_crm_build(&capture, &summary, &err));
    capture.max_memory =
        summary.probes * summary.layer_count * summary.hidden_size * sizeof(float);
    mc_crm_build_summary_clear(&summary);
    must_fit("in passes, into a file", &capture);
    capture.output  = NULL;
    options.capture = capture;
    assert_int_equal(mc_fingerprint_compute(MODEL, &options, &fingerprint, &err),
                     MC_ERR_MEMORY);
    options.capture.max_memory = suggested(err.hint, "--max-memory ") << 20;
    CHECK_OK("as the hint says", mc_fingerprint_compute(MODEL, &options, &fingerprint, &err));
    mc_fingerprint_free(fingerprint);
    snprintf(layers, sizeof layers, "0..%zu", suggested(err.hint, "--layers 0.."));
    options.capture        = capture;
    options.capture.layers = layers;
    CHECK_OK("fewer layers", mc_fingerprint_compute(MODEL, &options, &fingerprint, &err));
    mc_fingerprint_free(fingerprint);
}

/* ---- what stays in the system's cache ---- */

static void large_models_do_not_stay(void **state)
{
    static const struct {
        const char *name;
        double      weights, flop;
        size_t      threads, passes;
        bool        streams;
    } cases[] = { { "more than there is, few texts", 21e9, 1e11, 2, 1, true },
                  { "more than half, many texts", 13e9, 6e12, 2, 1, true },
                  { "more than half, few texts", 13e9, 1e11, 2, 1, false },
                  { "more than half, too fast for the disk", 13e9, 6e12, 8, 1, false },
                  { "more than half, read twice", 13e9, 6e12, 2, 2, false },
                  { "less than half, many texts", 8e9, 6e12, 2, 1, false } };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        mc_engine_stats stats = { .threads = cases[i].threads,
                                  .weights = (uint64_t)cases[i].weights,
                                  .flop    = cases[i].flop };
        CHECK(cases[i].name, mc_capture_must_stream(&stats, 2000000000, cases[i].passes,
                                                    22000000000) == cases[i].streams);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(more_passes_same_bits),
                                        cmocka_unit_test(passes_share_the_cache),
                                        cmocka_unit_test(a_fingerprint_counts_its_states),
                                        cmocka_unit_test(the_hint_fits),
                                        cmocka_unit_test(json_names_the_other_form),
                                        cmocka_unit_test(large_models_do_not_stay) };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
