/* test_selftest.c - the references are met here, every architecture and type has one, and one
 * that is not met is told. */
#include <modelcypher/geometry.h>
#include <modelcypher/model.h>
#include <modelcypher/selftest.h>

#include <sys/stat.h>

#include "base/alloc.h"
#include "format/dtype.h"
#include "support/check.h"
#include "support/scratch.h"

#define REFERENCES MC_BUILD_FOLDER "/selftest"
#define TINY MC_TEST_FOLDER "/golden/models/tiny-llama"

static mc_selftest_report *run(const char *folder)
{
    mc_selftest_report *report = NULL;
    mc_error            err    = { 0 };

    CHECK_OK(folder, mc_selftest_run(folder, 1, &report, &err));
    return report;
}

static void every_reference_is_met(void **state)
{
    mc_selftest_report *report = run(REFERENCES);

    (void)state;
    for (size_t i = 0; i < report->count; i++)
        if (!report->items[i].passed)
            fail_msg("%s: %s", report->items[i].name, report->items[i].reason);
    CHECK("all", report->failed == 0 && report->count > 50);
    CHECK("states are compared", report->worst > 0.0 && report->worst <= MC_SELFTEST_BOUND);
    CHECK("ref and a tier", report->backend_count >= 2);
    mc_selftest_report_free(report);
}

static bool has_subject(const mc_selftest_report *report, const char *subject, bool is_type)
{
    for (size_t i = 0; i < report->count; i++)
        if (report->items[i].is_type == is_type &&
            strcmp(report->items[i].subject, subject) == 0)
            return true;
    return false;
}

static void everything_has_a_reference(void **state)
{
    mc_selftest_report *report = run(REFERENCES);
    const char         *name;
    size_t              missing = 0;

    (void)state;
    for (size_t i = 0; (name = mc_model_architecture(i, NULL, NULL)); i++)
        if (!has_subject(report, name, false)) {
            print_error("no reference of architecture %s\n", name);
            missing++;
        }
    for (int type = 1; type < MC_DTYPE_COUNT; type++)
        if (mc_dtype_get((mc_dtype)type)->widen)
            CHECK(mc_dtype_get((mc_dtype)type)->name,
                  has_subject(report, mc_dtype_get((mc_dtype)type)->name, true));
    mc_selftest_report_free(report);
    assert_int_equal(missing, 0);
}

/* ---- a reference that is not met ---- */

static void copy(const char *from, const char *to, long flip)
{
    FILE  *in = fopen(from, "rb"), *out = fopen(to, "wb");
    char   bytes[1 << 16];
    size_t size;
    long   at = 0;

    CHECK(from, in && out);
    for (; (size = fread(bytes, 1, sizeof bytes, in)) > 0; at += (long)size) {
        if (flip >= at && flip < at + (long)size) bytes[flip - at] ^= 0x40;
        CHECK(to, fwrite(bytes, 1, size, out) == size);
    }
    fclose(in);
    CHECK(to, fclose(out) == 0);
}

/* One type's reference, with a byte changed (-1: none). */
static mc_selftest_report *run_changed(long flip)
{
    char                folder[MC_TEST_SCRATCH], path[256];
    mc_selftest_report *report;

    mc_test_scratch_make(folder);
    snprintf(path, sizeof path, "%s/dtype", folder);
    CHECK("folder", mkdir(path, 0700) == 0);
    snprintf(path, sizeof path, "%s/dtype/q4_0.safetensors", folder);
    copy(MC_TEST_FOLDER "/golden/dtype/q4_0.safetensors", path, flip);
    report = run(folder);
    mc_test_scratch_remove(folder);
    return report;
}

static void a_missed_reference_is_told(void **state)
{
    mc_selftest_report *report = run_changed(-1);

    (void)state;
    CHECK("as it was", report->count == 1 && report->failed == 0);
    mc_selftest_report_free(report);
    report = run_changed(1068 - 20); /* among the stored blocks */
    CHECK("a value", report->failed == 1 && report->items[0].errors[0] > 0.0);
    mc_selftest_report_free(report);
    report = run_changed(9); /* in the header */
    CHECK("a header", report->failed == 1 && report->items[0].reason[0]);
    mc_selftest_report_free(report);
}

static void without_references_it_says_so(void **state)
{
    mc_selftest_report *report = NULL;
    mc_error            err    = { 0 };

    (void)state;
    CHECK("nowhere", mc_selftest_run("/nowhere", 1, &report, &err) == MC_ERR_NOT_FOUND);
    CHECK("says where", strstr(err.subject, "/nowhere") && err.hint[0] && !report);
    CHECK("empty", mc_selftest_run(TINY, 1, &report, &err) == MC_ERR_NOT_FOUND && !report);
}

/* ---- a model, the instrument ---- */

static void a_model_agrees_with_ref(void **state)
{
    mc_selftest_model *report = NULL;
    mc_error           err    = { 0 };

    (void)state;
    CHECK_OK("tiny", mc_selftest_run_model(TINY, NULL, 4, 2, &report, &err));
    CHECK("texts", report->texts == 4 && report->tokens > 20 && report->layer_count == 6);
    CHECK("bits", report->tiers_agree && report->threads_agree && report->batches_agree);
    CHECK("near", report->passed && report->worst > 0.0 && report->worst <= MC_SELFTEST_BOUND);
    mc_selftest_model_free(report);
    CHECK_OK("some layers", mc_selftest_run_model(TINY, "0,2", 1, 1, &report, &err));
    CHECK("two layers", report->layer_count == 2 && report->layers[1].layer == 2);
    mc_selftest_model_free(report);
}

static void every_metric_has_known_answers(void **state)
{
    mc_selftest *test = NULL;
    mc_error     err  = { 0 };

    (void)state;
    CHECK_OK("instrument", mc_geometry_selftest(&test, &err));
    CHECK("all hold", test->failed == 0);
    for (size_t m = 0; m < mc_metric_count(); m++) {
        size_t rows = 0;
        for (size_t i = 0; i < test->count; i++)
            rows += strcmp(test->rows[i].metric, mc_metric_get(m)->name) == 0;
        CHECK(mc_metric_get(m)->name, rows > 0);
    }
    mc_selftest_free(test);
}

static void failing_memory_is_an_error(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 6000; n += 61) {
        mc_selftest_model *model = NULL;
        mc_error           err   = { 0 };
        mc_status          status;

        mc_alloc_fail_at(n, 0);
        status = mc_selftest_run_model(TINY, "0..1", 1, 1, &model, &err);
        mc_alloc_fail_at(0, 0);
        CHECK("no memory", status == MC_OK || (status == MC_ERR_MEMORY && !model));
        mc_selftest_model_free(model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reference_is_met),
        cmocka_unit_test(everything_has_a_reference),
        cmocka_unit_test(a_missed_reference_is_told),
        cmocka_unit_test(without_references_it_says_so),
        cmocka_unit_test(a_model_agrees_with_ref),
        cmocka_unit_test(every_metric_has_known_answers),
        cmocka_unit_test(failing_memory_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
