/* test_golden_arch.c - the hidden states of every architecture's tiny models against
 * transformers' (tests/oracle/make_arch.py), on every backend; and what happens to them when
 * one rule is switched off, against what happened to transformers'. */
#include <stdlib.h>

#include "base/json.h"
#include "support/check.h"
#include "support/golden.h"
#include "support/variant.h"
#include "support/walk.h"

#define TOLERANCE 1e-5

static const mc_backend *backends[8];
static size_t            cases;
static size_t            failures; /* told one by one, so that one run shows them all */
static double            largest;

static void find_backends(void)
{
    size_t count = 0;

    backends[count++] = &mc_backend_ref;
    for (size_t i = 0; mc_backend_cpu_tier_name(i); i++) {
        const mc_backend *tier = mc_backend_cpu_tier(mc_backend_cpu_tier_name(i));
        if (tier && count + 1 < sizeof backends / sizeof *backends) backends[count++] = tier;
    }
}

/* The folder itself, or the GGUF file in it. */
static void model_path(const char *folder, char *path, size_t size)
{
    FILE *file;

    snprintf(path, size, "%s/model.gguf", folder);
    file = fopen(path, "rb");
    if (file)
        fclose(file);
    else
        snprintf(path, size, "%s", folder);
}

static void check_case(const char *folder, const char *name, void *context)
{
    const char *only = getenv("MC_TEST_ONLY");
    char        path[1024], golden[1024];

    (void)context;
    if (strchr(name, '.') || (only && !strstr(name, only))) return; /* knockouts.json */
    model_path(folder, path, sizeof path);
    snprintf(golden, sizeof golden, "%s/golden.safetensors", folder);
    for (size_t i = 0; backends[i]; i++) {
        double error = mc_test_golden_error(path, golden, backends[i]);
        if (!(error <= TOLERANCE)) {
            print_error("%s on %s %s: worst row is off by %g\n", name, backends[i]->name,
                        backends[i]->tier, error);
            failures++;
        }
        if (error > largest) largest = error;
    }
    cases++;
}

static void states_equal_the_reference(void **state)
{
    (void)state;
    mc_test_walk("golden/arch", check_case, NULL);
    assert_true(cases > 0);
    assert_int_equal(failures, 0);
    printf("%zu models, worst row %.2g\n", cases, largest);
}

static void check_knockout(const char *name, const char *rule, mc_json_value edit)
{
    char   folder[512], golden[600], variant[MC_TEST_SCRATCH];
    double moved = 0.0, error;

    snprintf(folder, sizeof folder, "%s/golden/arch/%s", MC_TEST_FOLDER, name);
    snprintf(golden, sizeof golden, "%s/golden.safetensors", folder);
    mc_test_make_variant(folder, edit, variant);
    error = mc_test_golden_error(variant, golden, backends[1] ? backends[1] : backends[0]);
    mc_test_scratch_remove(variant);
    CHECK(name, mc_json_double(mc_json_get(edit, "moved"), &moved));
    /* Far from the golden states, and as far as the reference went (two digits are stored). */
    if (!(error >= 100 * TOLERANCE) || !(fabs(error / moved - 1.0) <= 0.06)) {
        print_error("%s without its %s: off by %g, the reference by %g\n", name, rule, error,
                    moved);
        failures++;
    }
}

static void every_rule_matters(void **state)
{
    mc_json    *json  = NULL;
    mc_error    err   = { 0 };
    const char *only  = getenv("MC_TEST_ONLY");
    size_t      rules = 0;

    (void)state;
    CHECK_OK("knockouts",
             mc_json_load(MC_TEST_FOLDER "/golden/arch/knockouts.json", 1 << 22, &json, &err));
    for (mc_json_iter it = mc_json_iterate(mc_json_root(json)); mc_json_next(&it);) {
        char name[200];
        snprintf(name, sizeof name, "%.*s", (int)it.key_size, it.key);
        if (only && !strstr(name, only)) continue;
        for (mc_json_iter rule = mc_json_iterate(it.value); mc_json_next(&rule); rules++) {
            char text[200];
            snprintf(text, sizeof text, "%.*s", (int)rule.key_size, rule.key);
            check_knockout(name, text, rule.value);
        }
    }
    mc_json_free(json);
    assert_int_equal(failures, 0);
    printf("%zu rules\n", rules);
}

/* The reference itself stops at a null here, so no golden file can hold it. */
static void rope_type_null_leaves_the_word_to_type(void **state)
{
    static const char edit[]   = "{\"config\":{\"rope_scaling\":null,\"rope_parameters\":"
                                 "{\"rope_type\":null,\"type\":\"linear\",\"factor\":4.0}}}";
    static const char folder[] = MC_TEST_FOLDER "/golden/arch/llama_rope_linear";
    mc_json          *json     = NULL;
    mc_error          err      = { 0 };
    char              variant[MC_TEST_SCRATCH];
    double            error;

    (void)state;
    CHECK_OK("edit", mc_json_parse(edit, strlen(edit), &json, &err));
    mc_test_make_variant(folder, mc_json_root(json), variant);
    mc_json_free(json);
    error = mc_test_golden_error(
        variant, MC_TEST_FOLDER "/golden/arch/llama_rope_linear/golden.safetensors",
        &mc_backend_ref);
    mc_test_scratch_remove(variant);
    CHECK_NEAR("states", error, 0.0, TOLERANCE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_equal_the_reference),
        cmocka_unit_test(every_rule_matters),
        cmocka_unit_test(rope_type_null_leaves_the_word_to_type),
    };

    find_backends();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
