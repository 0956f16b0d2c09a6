/* test_refuse.c - every model of tests/refuse is refused with the status in its name, and with
 * words. A new way to be broken is a file there, made by tests/oracle/make_refuse.py. */
#include "base/checked.h"
#include "format/store.h"
#include "model/model.h"
#include "support/check.h"
#include "support/refuse.h"
#include "support/walk.h"

static void refuse_path(const char *path, const char *name, void *context)
{
    mc_store *store  = NULL;
    mc_error  err    = { 0 };
    mc_status status = mc_store_open(path, &store, &err);

    (void)context;
    mc_test_refused(name, status, &err);
    CHECK(name, store == NULL && strstr(err.subject, path) == err.subject);
}

static void refuse_model(const char *path, const char *name, void *context)
{
    mc_model *model  = NULL;
    mc_error  err    = { 0 };
    mc_status status = mc_model_open(path, &model, &err);

    (void)context;
    mc_test_refused(name, status, &err);
    CHECK(name, model == NULL && strstr(err.subject, path) == err.subject);
}

static void refuse_safetensors(const char *path, const char *name, void *context)
{
    mc_file_map map;
    mc_store   *store = NULL;
    mc_error    err   = { 0 };

    (void)context;
    CHECK_OK(name, mc_file_map_open(path, &map, &err));
    mc_test_refused(name, mc_store_open_bytes(&mc_format_safetensors, map.bytes, &store, &err),
                    &err);
    mc_file_map_close(&map);
}

static void broken_gguf_files(void **state)
{
    (void)state;
    assert_true(mc_test_walk("refuse/gguf", refuse_path, NULL) >= 30);
}

static void broken_safetensors_files(void **state)
{
    (void)state;
    assert_true(mc_test_walk("refuse/safetensors", refuse_safetensors, NULL) >= 25);
}

static void broken_folders(void **state)
{
    (void)state;
    assert_true(mc_test_walk("refuse/folder", refuse_path, NULL) >= 15);
}

static void models_that_contradict_themselves(void **state)
{
    (void)state;
    assert_true(mc_test_walk("refuse/model", refuse_model, NULL) >= 40);
    assert_true(mc_test_walk("refuse/gguf_model", refuse_model, NULL) >= 10);
}

static void broken_quantisations(void **state)
{
    (void)state;
    assert_true(mc_test_walk("refuse/scheme", refuse_model, NULL) >= 50);
}

static void the_scheme_is_named(void **state)
{
    static const struct {
        const char *folder, *reason;
    } rows[] = {
        { "bitsandbytes(unsupported)", "not supported: bitsandbytes 4-bit" },
        { "compressed_tensors(unsupported)", "not supported: compressed-tensors" },
        { "awq_gemv(unsupported)", "not supported: gemv (a layout of awq)" },
    };

    (void)state;
    for (size_t i = 0; i < MC_ARRAY_LEN(rows); i++) {
        mc_model *model = NULL;
        mc_error  err   = { 0 };
        char      path[512];
        snprintf(path, sizeof path, "%s/refuse/scheme/%s", MC_TEST_FOLDER, rows[i].folder);
        assert_int_equal(mc_model_open(path, &model, &err), MC_ERR_UNSUPPORTED);
        assert_string_equal(err.reason, rows[i].reason);
    }
}

static void the_nearest_architecture_is_named(void **state)
{
    mc_model *model = NULL;
    mc_error  err   = { 0 };

    (void)state;
    assert_int_equal(mc_model_open(MC_TEST_FOLDER
                                   "/refuse/model/architecture_unknown(architecture)",
                                   &model, &err),
                     MC_ERR_ARCHITECTURE);
    assert_non_null(strstr(err.reason, "llamma"));
    assert_non_null(strstr(err.hint, "nearest is 'llama'"));
    assert_non_null(strstr(err.hint, "qwen3"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_gguf_files),
        cmocka_unit_test(broken_safetensors_files),
        cmocka_unit_test(broken_folders),
        cmocka_unit_test(models_that_contradict_themselves),
        cmocka_unit_test(broken_quantisations),
        cmocka_unit_test(the_scheme_is_named),
        cmocka_unit_test(the_nearest_architecture_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
