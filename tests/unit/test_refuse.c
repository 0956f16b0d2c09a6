/* test_refuse.c - every model of tests/refuse is refused with the status in its name, and with
 * words. A new way to be broken is a file there, made by tests/oracle/make_refuse.py. */
#include <ctype.h>

#include "base/checked.h"
#include "format/store.h"
#include "support/check.h"
#include "support/walk.h"

static const struct {
    mc_status   status;
    const char *name;
} statuses[] = {
#define ROW(status, code, title) { status, #status },
    MC_STATUS_LIST(ROW)
#undef ROW
};

/* "tensor_past_end(truncated).gguf" -> MC_ERR_TRUNCATED */
static mc_status expected(const char *name)
{
    const char *open = strchr(name, '('), *close = strchr(name, ')');
    char        wanted[64] = "MC_ERR_";
    size_t      used       = strlen(wanted);

    CHECK(name, open && close && close > open && close - open < 50);
    for (const char *at = open + 1; at < close; at++)
        wanted[used++] = (char)toupper((unsigned char)*at);
    wanted[used] = '\0';
    for (size_t i = 0; i < MC_ARRAY_LEN(statuses); i++)
        if (strcmp(statuses[i].name, wanted) == 0) return statuses[i].status;
    fail_msg("%s: no such status", name);
    return MC_OK;
}

static void check(const char *name, mc_status status, const mc_error *err)
{
    if (status != expected(name))
        fail_msg("%s: gave '%s': %s: %s", name, mc_status_title(status), err->subject,
                 err->reason);
    CHECK(name, err->status == status);
    CHECK(name, err->reason[0] && err->hint[0] && err->subject[0]);
}

static void refuse_path(const char *path, const char *name, void *context)
{
    mc_store *store  = NULL;
    mc_error  err    = { 0 };
    mc_status status = mc_store_open(path, &store, &err);

    (void)context;
    check(name, status, &err);
    CHECK(name, store == NULL && strstr(err.subject, path) == err.subject);
}

static void refuse_safetensors(const char *path, const char *name, void *context)
{
    mc_file_map map;
    mc_store   *store = NULL;
    mc_error    err   = { 0 };

    (void)context;
    CHECK_OK(name, mc_file_map_open(path, &map, &err));
    check(name, mc_store_open_bytes(&mc_format_safetensors, map.bytes, &store, &err), &err);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_gguf_files),
        cmocka_unit_test(broken_safetensors_files),
        cmocka_unit_test(broken_folders),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
