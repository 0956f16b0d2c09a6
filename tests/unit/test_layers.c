/* test_layers.c - what a person types for layers. */
#include <modelcypher/capture.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "support/check.h"

enum { FINAL = MC_LAYER_FINAL, MOST = 12 };

/* For a model of `blocks` blocks. */
static const struct {
    int         blocks;
    const char *typed;
    size_t      count;
    int         layers[MOST];
} good[] = {
    { 24, "0,6,12,18,24", 5, { 0, 6, 12, 18, 24 } },
    { 24, "24,0,24,0", 2, { 0, 24 } },
    { 24, "-1", 1, { 24 } },
    { 24, "-4,-3,-2,-1", 4, { 21, 22, 23, 24 } },
    { 24, "-25", 1, { 0 } },
    { 24, "4..9", 6, { 4, 5, 6, 7, 8, 9 } },
    { 24, "-3..-1", 3, { 22, 23, 24 } },
    { 24, "22..-1", 3, { 22, 23, 24 } },
    { 24, "-2..24", 2, { 23, 24 } },
    { 24, "7..7", 1, { 7 } },
    { 24, "final", 1, { FINAL } },
    { 24, "final,0", 2, { 0, FINAL } },
    { 24, " 3 , 1..2 ", 3, { 1, 2, 3 } },
    { 3, "all", 5, { 0, 1, 2, 3, FINAL } },
    { 3, "all,2,final", 5, { 0, 1, 2, 3, FINAL } },
    { 3, "0..3", 4, { 0, 1, 2, 3 } },
    { 3, "007", 0, { 0 } },
    { 0, "all", 2, { 0, FINAL } },
    { 0, "-1", 1, { 0 } },
};

static void layers_as_typed(void **state)
{
    (void)state;
    for (size_t i = 0; i < MC_ARRAY_LEN(good); i++) {
        mc_layers layers = { 0 };
        mc_error  err    = { 0 };

        if (good[i].count == 0) {
            CHECK(good[i].typed, mc_layers_parse(good[i].typed, good[i].blocks, &layers,
                                                 &err) == MC_ERR_LAYER);
            continue;
        }
        CHECK_OK(good[i].typed, mc_layers_parse(good[i].typed, good[i].blocks, &layers, &err));
        CHECK(good[i].typed, layers.count == good[i].count);
        for (size_t j = 0; j < layers.count; j++)
            CHECK(good[i].typed, layers.items[j] == good[i].layers[j]);
        mc_layers_clear(&layers);
        CHECK(good[i].typed, layers.items == NULL && layers.count == 0);
    }
}

static const struct {
    const char *typed, *reason;
} bad[] = {
    { "", "'' has an empty element" },
    { ",", "',' has an empty element" },
    { "1,", "'1,' has an empty element" },
    { "25", "'25' is out of range" },
    { "-26", "'-26' is out of range" },
    { "99999999999999999999", "is out of range" },
    { "-99999999999999999999", "is out of range" },
    { "-0", "'-0' is no layer" },
    { "+1", "'+1' is no layer" },
    { "1.5", "'1.5' is no layer" },
    { "0x3", "'0x3' is no layer" },
    { "last", "'last' is no layer" },
    { "Final", "'Final' is no layer" },
    { "1-3", "'1-3' is no layer" },
    { "1..", "'1..' is no layer" },
    { "..3", "'..3' is no layer" },
    { "1...3", "'1...3' is no range" },
    { "1..x", "'1..x' is no range" },
    { "1..3..5", "'1..3..5' is no layer" },
    { "0..final", "'0..final' is no range" },
    { "0..25", "'0..25' is out of range" },
    { "9..4", "'9..4' runs backwards" },
    { "-1..-3", "'-1..-3' runs backwards" },
    { "1 2", "'1 2' is no layer" },
    { "3;4", "'3;4' is no layer" },
};

static void anything_else_is_refused_with_the_range(void **state)
{
    (void)state;
    for (size_t i = 0; i < MC_ARRAY_LEN(bad); i++) {
        mc_layers layers = { 0 };
        mc_error  err    = { 0 };

        CHECK(bad[i].typed, mc_layers_parse(bad[i].typed, 24, &layers, &err) == MC_ERR_LAYER);
        CHECK(bad[i].typed, layers.items == NULL);
        if (!strstr(err.reason, bad[i].reason)) fail_msg("%s: %s", bad[i].typed, err.reason);
        CHECK(bad[i].typed, strstr(err.hint, "0 to 24") && strstr(err.hint, "-25"));
    }
}

static void layers_and_poolings_have_names(void **state)
{
    char       text[MC_LAYER_TEXT];
    mc_pooling pooling = MC_POOLING_LAST;

    (void)state;
    assert_string_equal(mc_layer_print(12, text), "12");
    assert_string_equal(mc_layer_print(MC_LAYER_FINAL, text), "final");
    for (int i = MC_POOLING_LAST; i <= MC_POOLING_ALL; i++) {
        assert_true(mc_pooling_find(mc_pooling_name((mc_pooling)i), &pooling));
        assert_int_equal(pooling, i);
    }
    assert_false(mc_pooling_find("max", &pooling));
}

static void no_memory_is_an_error(void **state)
{
    (void)state;
    for (uint64_t n = 1; n <= 2; n++) {
        mc_layers layers = { 0 };
        mc_error  err    = { 0 };

        mc_alloc_fail_at(n, 0);
        assert_int_equal(mc_layers_parse("all", 4, &layers, &err), MC_ERR_MEMORY);
        mc_alloc_fail_at(0, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_as_typed),
        cmocka_unit_test(anything_else_is_refused_with_the_range),
        cmocka_unit_test(layers_and_poolings_have_names),
        cmocka_unit_test(no_memory_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
