/* test_profile.c - layer profiles against numpy and scipy (tests/oracle/metric_profile.py), and
 * layers that have none. */
#include <stdlib.h>

#include <modelcypher/geometry.h>

#include "base/checked.h"
#include "support/check.h"
#include "support/golden_matrix.h"

static mc_layer_profile profile_of(const char *row, mc_matrix x)
{
    mc_layer_profile profile;
    mc_error         err = { 0 };

    CHECK_OK(row, mc_layer_profiles(&x, 1, NULL, 1, &profile, &err));
    return profile;
}

/* Element `at` of a list of numbers, or of lists of them (then `part` of that one). */
static double element(mc_json_value list, size_t at, size_t part)
{
    mc_json_iter it     = mc_json_iterate(list);
    double       number = NAN;

    for (size_t k = 0; k <= at; k++)
        assert_true(mc_json_next(&it));
    if (mc_json_type_of(it.value) == MC_JSON_ARRAY) return element(it.value, part, 0);
    assert_true(mc_json_double(it.value, &number));
    return number;
}

static const struct {
    const char *golden;
    size_t      offset;
} numbers[] = {
    { "norm mean", offsetof(mc_layer_profile, norm_mean) },
    { "norm sd", offsetof(mc_layer_profile, norm_sd) },
    { "norm least", offsetof(mc_layer_profile, norm_least) },
    { "norm median", offsetof(mc_layer_profile, norm_median) },
    { "norm most", offsetof(mc_layer_profile, norm_most) },
    { "median magnitude", offsetof(mc_layer_profile, median_magnitude) },
    { "anisotropy", offsetof(mc_layer_profile, anisotropy) },
    { "anisotropy centred", offsetof(mc_layer_profile, anisotropy_centred) },
    { "variance", offsetof(mc_layer_profile, variance) },
};

static void check_lists(const char *name, const mc_layer_profile *got, mc_json_value want)
{
    const mc_json_value spectrum   = mc_json_get(want, "spectrum");
    const mc_json_value directions = mc_json_get(want, "directions");
    const mc_json_value widest     = mc_json_get(want, "widest units");
    const mc_json_value least      = mc_json_get(want, "least typical");
    const mc_json_value most       = mc_json_get(want, "most typical");
    const mc_json_value largest    = mc_json_get(want, "largest unit");

    CHECK(name, got->spectrum_count == mc_json_count(spectrum));
    for (size_t k = 0; k < got->spectrum_count; k++)
        CHECK_NEAR(name, got->spectrum[k], element(spectrum, k, 0), 1e-9);
    CHECK_NEAR(name, (double)got->directions_half, element(directions, 0, 0), 0);
    CHECK_NEAR(name, (double)got->directions_90, element(directions, 1, 0), 0);
    CHECK_NEAR(name, (double)got->directions_99, element(directions, 2, 0), 0);
    CHECK(name, got->unit_count == MC_PROFILE_TOP && got->top_count == MC_PROFILE_TOP);
    for (size_t t = 0; t < MC_PROFILE_TOP; t++) {
        CHECK_NEAR(name, (double)got->units[t].unit, element(widest, t, 0), 0);
        CHECK_NEAR(name, got->units[t].variance_share, element(widest, t, 1), 1e-9);
        CHECK_NEAR(name, (double)got->least_typical[t].probe, element(least, t, 0), 0);
        CHECK_NEAR(name, got->least_typical[t].distance, element(least, t, 1), 1e-8);
        CHECK_NEAR(name, (double)got->most_typical[t].probe, element(most, t, 0), 0);
        CHECK_NEAR(name, got->most_typical[t].distance, element(most, t, 1), 1e-8);
    }
    CHECK_NEAR(name, (double)got->largest_unit.unit, element(largest, 0, 0), 0);
    CHECK_NEAR(name, got->largest_unit.largest, element(largest, 1, 0), 0);
    CHECK_NEAR(name, (double)got->largest_unit.largest_probe, element(largest, 2, 0), 0);
}

static void profiles_equal_the_reference(void **state)
{
    mc_json     *data   = mc_test_golden("similarity.json");
    mc_json     *values = mc_test_golden("profile.json");
    mc_json_iter input  = mc_json_iterate(mc_json_get(mc_json_root(data), "cases"));
    mc_json_iter output = mc_json_iterate(mc_json_get(mc_json_root(values), "cases"));
    size_t       count  = 0;

    (void)state;
    for (; mc_json_next(&input) && mc_json_next(&output); count++) {
        const mc_matrix     x    = mc_test_matrix(mc_json_get(input.value, "x"));
        const mc_json_value want = mc_json_get(output.value, "values");
        const char         *name, *other;
        size_t              size;
        CHECK("name", mc_json_string(mc_json_get(input.value, "name"), &name, &size));
        CHECK("name", mc_json_string(mc_json_get(output.value, "name"), &other, &size));
        CHECK(name, strcmp(name, other) == 0);
        const mc_layer_profile got = profile_of(name, x);
        for (size_t k = 0; k < MC_ARRAY_LEN(numbers); k++) {
            const double wanted = mc_test_number(want, numbers[k].golden);
            const double found =
                *(const double *)(const void *)((const char *)&got + numbers[k].offset);
            CHECK_NEAR(numbers[k].golden, found, wanted, 1e-9 * (1 + fabs(wanted)));
        }
        CHECK_NEAR(name, (double)got.massive_count, mc_test_number(want, "massive"), 0);
        check_lists(name, &got, want);
        free((void *)x.data);
    }
    CHECK("cases", count == 5);
    mc_json_free(data);
    mc_json_free(values);
}

static void a_layer_without_profile_has_its_reason(void **state)
{
    static const float same[6] = { 1, 2, 1, 2, 1, 2 }, two[4] = { 1, 2, 3, 4 };
    static const float hole[6]  = { 1, 2, 3, NAN, 5, 7 };
    const char *const  names[3] = { "a", "b", "c" };
    const mc_matrix    x        = { hole, 3, 2, 2 };
    mc_layer_profile   got;
    mc_error           err = { 0 };

    (void)state;
    CHECK("same",
          strstr(profile_of("same", (mc_matrix){ same, 3, 2, 2 }).reason, "same state"));
    CHECK("few", strstr(profile_of("few", (mc_matrix){ two, 2, 2, 2 }).reason, "at least 3"));
    CHECK("hole", strstr(profile_of("hole", x).reason, "probe 1, unit 1 is nan"));
    CHECK_OK("named", mc_layer_profiles(&x, 1, names, 1, &got, &err));
    CHECK("named", strstr(got.reason, "probe 'b', unit 1 is nan"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(profiles_equal_the_reference),
        cmocka_unit_test(a_layer_without_profile_has_its_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
