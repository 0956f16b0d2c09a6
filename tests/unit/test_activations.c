/* test_activations.c - builds with a cache: the same file, whatever happened to what was kept.
 */
#define _GNU_SOURCE /* unshare */
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <modelcypher/analysis.h>
#include <modelcypher/log.h>

#include "base/alloc.h"
#include "base/file_map.h"
#include "base/interrupt.h"
#include "cache/checkpoint.h"
#include "cache/inventory.h"
#include "support/check.h"
#include "support/scratch.h"

#define TINY MC_TEST_FOLDER "/golden/models/tiny-llama"

static char        home[MC_TEST_SCRATCH], kept[96];
static const char *compared; /* layers of the builds that are compared */
static char       *plain;    /* the file of a build without a cache */
static size_t      plain_size;
static int         warnings;

static void count_warning(void *context, mc_log_level level, const char *message)
{
    (void)context;
    (void)level;
    (void)message;
    warnings++;
}

static int stop_in = -1;   /* the block in which somebody asks to stop */
static int resumed_behind; /* of the last build that ended well */

static void ask_to_stop(void *context, const mc_build_progress *progress)
{
    (void)context;
    if (progress->block == stop_in) mc_interrupt_request();
}

/* A small build; the summary's served states, or -1 when it failed. */
static long build(const char *name, const char *layers, bool cached, mc_error *err)
{
    char                 path[128];
    mc_crm_build_summary summary = { 0 };
    mc_crm_build_options options = { .model             = TINY,
                                     .output            = path,
                                     .layers            = layers,
                                     .atlas             = "moral",
                                     .texts_per_probe   = 1,
                                     .threads           = 1,
                                     .cache_activations = cached,
                                     .progress          = ask_to_stop };
    long                 served;

    snprintf(path, sizeof path, "%s/%s.safetensors", home, name);
    if (mc_crm_build(&options, &summary, err) != MC_OK) return -1;
    served         = (long)summary.states_served;
    resumed_behind = summary.resumed_behind;
    mc_crm_build_summary_clear(&summary);
    return served;
}

static void check_same(const char *row, const char *name)
{
    char     path[128], *bytes;
    size_t   size;
    mc_error err = { 0 };

    snprintf(path, sizeof path, "%s/%s.safetensors", home, name);
    CHECK_OK(row, mc_file_read(path, SIZE_MAX, &bytes, &size, &err));
    CHECK(row, size == plain_size && memcmp(bytes, plain, size) == 0);
    mc_free(bytes);
}

/* A cached build gives the file of an uncached one; how many states were served. */
static long rebuild(const char *row)
{
    mc_error err    = { 0 };
    long     served = build("cached", compared, true, &err);

    if (served < 0) fail_msg("%s: %s: %s", row, err.subject, err.reason);
    check_same(row, "cached");
    return served;
}

static void build_plain(const char *wanted)
{
    char     path[128];
    mc_error err = { 0 };

    compared = wanted;
    assert_int_equal(build("plain", compared, false, &err), 0);
    snprintf(path, sizeof path, "%s/plain.safetensors", home);
    CHECK_OK("plain", mc_file_read(path, SIZE_MAX, &plain, &plain_size, &err));
}

static int set_up(void **state)
{
    (void)state;
    mc_test_scratch_make(home);
    snprintf(kept, sizeof kept, "%s/caches/activations", home);
    setenv("MODELCYPHER_HOME", home, 1);
    setenv("SOURCE_DATE_EPOCH", "1700000000", 1);
    unsetenv("MC_ACTIVATION_CACHE_DIR");
    unsetenv("MC_CACHE_TTL");
    unsetenv("MC_CACHE_SIZE");
    build_plain("1,2");
    warnings = 0;
    mc_log_set(count_warning, NULL, MC_LOG_WARN);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mc_log_set(NULL, NULL, MC_LOG_WARN);
    mc_free(plain);
    return mc_test_scratch_remove(home);
}

static mc_cache_list list_all(void)
{
    mc_cache_list list = { 0 };
    mc_error      err  = { 0 };

    CHECK_OK("list", mc_cache_list_read(&list, &err));
    return list;
}

/* The first file whose name holds this, or NULL; allocated. */
static char *find_file(const char *part)
{
    mc_cache_list list  = list_all();
    char         *found = NULL;

    for (size_t i = 0; i < list.count && !found; i++)
        if (strstr(list.items[i].path, part)) found = mc_strdup(list.items[i].path);
    mc_cache_list_clear(&list);
    return found;
}

static void write_raw(const char *path, const char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");

    assert_true(file && fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
}

/* ---- damage ---- */

static void every_region_damaged(void **state)
{
    char    *path, *good;
    size_t   size;
    mc_error err = { 0 };

    (void)state;
    assert_int_equal(rebuild("first"), 0);
    assert_int_equal(rebuild("second"), 60);
    path = find_file("layer-002");
    CHECK_OK("read", mc_file_read(path, SIZE_MAX, &good, &size, &err));
    for (size_t at = 0; at < size; at += at < 96 ? 5 : size / 23) {
        good[at] ^= 4;
        write_raw(path, good, size);
        good[at] ^= 4;
        warnings = 0;
        assert_int_equal(rebuild("flipped"), 30);
        assert_int_equal(warnings, 1);
        assert_int_equal(rebuild("healed"), 60);
    }
    for (size_t length = 0; length < size; length += length < 64 ? 16 : size / 5) {
        write_raw(path, good, length);
        assert_int_equal(rebuild("cut"), 30);
    }
    mc_free(good);
    mc_free(path);
}

static void checkpoint_rows(void *context, size_t text, float *rows)
{
    const size_t *offsets = context;

    for (size_t i = 0; i < 2 * (offsets[text + 1] - offsets[text]); i++)
        rows[i] = (float)(100 * text + i);
}

static void checkpoints_are_whole_or_not_there(void **state)
{
    mc_activation_group group   = { .model = "m", .states = { 1, 2 }, .source = { 3, 4 } };
    mc_hash             keys[3] = { { 9, 1 }, { 7, 7 }, { 8, 2 } }, id = { 5, 6 };
    size_t              offsets[4] = { 0, 2, 3, 7 }, size;
    mc_checkpoint_texts texts      = { keys, offsets, 3 };
    mc_checkpoint       found;
    mc_error            err      = { 0 };
    float               rows[16] = { 0 };
    char               *path, *good;

    (void)state;
    assert_false(mc_checkpoint_open(&group, id, 2, &found));
    CHECK_OK("put",
             mc_checkpoint_put(&group, id, 12, 2, &texts, checkpoint_rows, offsets, &err));
    assert_true(mc_checkpoint_open(&group, id, 2, &found));
    assert_int_equal(found.block, 12);
    assert_true(mc_checkpoint_find(&found, keys[2], 3) == SIZE_MAX); /* it has 4 tokens */
    assert_true(mc_checkpoint_find(&found, id, 2) == SIZE_MAX);
    for (size_t text = 0; text < 3; text++) {
        size_t tokens = offsets[text + 1] - offsets[text];
        size_t at     = mc_checkpoint_find(&found, keys[text], tokens);
        CHECK_OK("read", mc_checkpoint_read(&found, at, rows, &err));
        assert_true(rows[2 * tokens - 1] == (float)(100 * text + 2 * tokens - 1));
    }
    mc_checkpoint_close(&found);
    assert_false(mc_checkpoint_open(&group, id, 3, &found)); /* another width */
    path = find_file("-state-");
    CHECK_OK("read", mc_file_read(path, SIZE_MAX, &good, &size, &err));
    for (size_t at = 0; at < size; at++) {
        good[at] ^= 16;
        write_raw(path, good, size);
        good[at] ^= 16;
        assert_false(mc_checkpoint_open(&group, id, 2, &found));
    }
    mc_free(good);
    mc_free(path);
}

/* ---- age and size ---- */

static void wait_seconds(double seconds)
{
    struct timespec wait = { (time_t)seconds,
                             (long)((seconds - (double)(time_t)seconds) * 1e9) };

    nanosleep(&wait, NULL);
}

static void old_states_are_computed_again(void **state)
{
    (void)state;
    rebuild("first");
    setenv("MC_CACHE_TTL", "1s", 1);
    wait_seconds(2.1);
    assert_int_equal(rebuild("expired"), 0);
    setenv("MC_CACHE_TTL", "1h", 1); /* however slow this machine is */
    assert_int_equal(rebuild("fresh"), 60);
    setenv("MC_CACHE_TTL", "never", 1);
    assert_int_equal(rebuild("never"), 60);
    setenv("MC_CACHE_TTL", "0", 1);
    assert_int_equal(rebuild("off"), 0);
    assert_int_equal(warnings, 1);
}

static void set_times(const char *path, int64_t used, int64_t written)
{
    struct timespec times[2] = { { .tv_sec = used }, { .tv_sec = written } };

    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void the_least_recently_used_goes_first(void **state)
{
    static const int64_t ages[4]  = { 40, 10, 30, 20 };
    mc_cache_settings    settings = { .size = 500 };
    mc_cache_removed     removed;
    mc_cache_list        list;
    mc_error             err  = { 0 };
    int64_t              now  = (int64_t)time(NULL);
    uint64_t             left = 0;

    (void)state;
    for (uint64_t i = 0; i < 4; i++) {
        mc_cache_id id   = { MC_CACHE_ACTIVATIONS, "m", NULL, { i, i } };
        char       *path = NULL, payload[136] = { 0 };
        assert_true(mc_cache_put(&id, payload, sizeof payload)); /* 200 bytes with its header */
        CHECK_OK("path", mc_cache_path(&id, &path, &err));
        set_times(path, now - ages[i], now - 100);
        mc_free(path);
    }
    CHECK_OK("room", mc_cache_make_room(&settings, 100, &removed, &err));
    assert_int_equal(removed.evicted, 2);
    assert_int_equal(removed.bytes, 400);
    list = list_all();
    for (size_t i = 0; i < list.count; i++) /* beside the model's hash */
        if (list.items[i].kind == MC_CACHE_ACTIVATIONS)
            left = left * 10 + list.items[i].key.low;
    mc_cache_list_clear(&list);
    assert_int_equal(left, 31);
    assert_int_equal(mc_cache_make_room(&settings, 501, NULL, &err), MC_ERR_DISK_FULL);
    settings.age = 50;
    CHECK_OK("age", mc_cache_make_room(&settings, 0, &removed, &err));
    assert_int_equal(removed.expired, 2);
}

/* Written under a clock that ran ahead: it ages from the moment that is seen. */
static void entries_from_the_future_age_from_now(void **state)
{
    mc_cache_settings settings = { .age = 1000 };
    mc_cache_removed  removed;
    mc_cache_list     list;
    mc_error          err = { 0 };
    char             *path;
    int64_t           now = (int64_t)time(NULL);

    (void)state;
    rebuild("first");
    path = find_file("layer-001");
    set_times(path, now + 100000, now + 100000);
    CHECK_OK("room", mc_cache_make_room(&settings, 0, &removed, &err));
    assert_int_equal(removed.expired, 0);
    list = list_all();
    for (size_t i = 0; i < list.count; i++)
        assert_true(list.items[i].written <= (int64_t)time(NULL) + 1);
    mc_cache_list_clear(&list);
    mc_free(path);
}

static void settings_are_understood_or_refused(void **state)
{
    static const struct {
        const char *age, *size;
        mc_status   status;
        bool        off;
        int64_t     seconds;
        uint64_t    bytes;
    } rows[] = { { "", "", MC_OK, false, 604800, (uint64_t)20 << 30 },
                 { "12h", "4GiB", MC_OK, false, 43200, (uint64_t)4 << 30 },
                 { "0", "500M", MC_OK, true, 0, (uint64_t)500 << 20 },
                 { "never", "1kB", MC_OK, false, 0, 1000 },
                 { "0d", "0", MC_OK, true, 0, 0 },
                 { "90s", "12", MC_OK, false, 90, 12 },
                 { "7", "", MC_ERR_USAGE, false, 0, 0 },
                 { "-1d", "", MC_ERR_USAGE, false, 0, 0 },
                 { "1w", "", MC_ERR_USAGE, false, 0, 0 },
                 { "99999999999999999999d", "", MC_ERR_USAGE, false, 0, 0 },
                 { "999999999999999999d", "", MC_ERR_USAGE, false, 0, 0 },
                 { "", "lots", MC_ERR_USAGE, false, 0, 0 } };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        mc_cache_settings got = { 0 };
        mc_error          err = { 0 };
        setenv("MC_CACHE_TTL", rows[i].age, 1);
        setenv("MC_CACHE_SIZE", rows[i].size, 1);
        CHECK(rows[i].age, mc_cache_settings_read(&got, &err) == rows[i].status);
        if (rows[i].status != MC_OK)
            CHECK(rows[i].age, err.reason[0] && err.hint[0]);
        else
            CHECK(rows[i].age, got.off == rows[i].off && got.age == rows[i].seconds &&
                                   got.size == rows[i].bytes);
    }
}

/* ---- company ---- */

/* 8 processes build the same model into the same cache while its files are removed. */
static void many_builders_and_a_remover(void **state)
{
    enum { BUILDERS = 8, ROUNDS = 3 };
    pid_t children[BUILDERS];

    (void)state;
    for (int i = 0; i < BUILDERS; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] > 0) continue;
        for (int round = 0; round < ROUNDS; round++) {
            char     name[16];
            mc_error err = { 0 };
            snprintf(name, sizeof name, "of-%d", i);
            if (build(name, "1,2", true, &err) < 0) _exit(1);
            if (i % 3 == 0) {
                char *path = find_file("layer-001");
                if (path) unlink(path);
                mc_free(path);
            }
        }
        _exit(0);
    }
    for (int i = 0; i < BUILDERS; i++) {
        char name[16];
        int  status = -1;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
        snprintf(name, sizeof name, "of-%d", i);
        check_same(name, name);
    }
    rebuild("after them");
    assert_int_equal(rebuild("whole"), 60);
}

/* ---- disks ---- */

enum { CANNOT_MOUNT = 77, FAILED = 1 };

static void build_on_a_full_disk(const char *options)
{
    mc_error err = { 0 };

    if (unshare(CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0)) != 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", kept, "tmpfs", 0, options) != 0)
        _exit(CANNOT_MOUNT);
    if (build("full", "1,2", true, &err) != 0) _exit(FAILED);
    if (warnings != 1) _exit(FAILED + 1);
    check_same(options, "full");
    _exit(0);
}

/* Too small for what is coming, and one that lets only the first file in. */
static void a_full_disk_costs_the_cache_only(void **state)
{
    static const char *const disks[] = { "size=8k", "nr_inodes=2" };
    mc_error                 err     = { 0 };

    (void)state;
    CHECK_OK("folder", mc_folder_create(kept, &err));
    for (size_t i = 0; i < 2; i++) {
        int   status = 0;
        pid_t child  = fork();
        if (child == 0) build_on_a_full_disk(disks[i]);
        assert_true(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
        if (WEXITSTATUS(status) == CANNOT_MOUNT) {
            print_message("skipped: no file system can be mounted here\n");
            skip();
        }
        assert_int_equal(WEXITSTATUS(status), 0);
    }
}

/* ---- memory ---- */

static void without_memory_it_fails_or_is_right(void **state)
{
    uint64_t at = 1;

    (void)state;
    rebuild("first");
    for (; at < 100000; at += 41) {
        char    *path = find_file(at % 2 ? "layer-001" : "layer-002");
        mc_error err  = { 0 };
        long     served;
        if (path) unlink(path);
        mc_free(path);
        mc_alloc_fail_at(at, at % 3 == 0);
        served      = build("cached", "1,2", true, &err);
        bool beyond = mc_alloc_count() < at;
        mc_alloc_fail_at(0, 0);
        if (served >= 0) check_same("no memory", "cached");
        if (served < 0) assert_int_equal(err.status, MC_ERR_MEMORY);
        if (beyond) break;
    }
    assert_true(at > 41 && at < 100000);
}

/* The state behind the last finished block is kept: of the one before, if that was written
 * already, or else of the one that was at work, which then comes to its end. */
static void a_stopped_build_goes_on_from_its_last_block(void **state)
{
    (void)state;
    mc_free(plain);
    build_plain("all");
    for (int block = 1; block < 4; block++) {
        mc_error err = { 0 };
        char     row[32], *path;
        snprintf(row, sizeof row, "stopped in block %d", block);
        for (; (path = find_file("activations")); mc_free(path))
            unlink(path);
        stop_in = block;
        CHECK(row, build("cached", compared, true, &err) == -1);
        CHECK(row, err.status == MC_ERR_INTERRUPTED);
        stop_in = -1;
        mc_interrupt_clear();
        (void)rebuild(row);
        CHECK(row, resumed_behind == block || resumed_behind == block - 1 ||
                       (block == 1 && resumed_behind == -1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_region_damaged, set_up, tear_down),
        cmocka_unit_test_setup_teardown(checkpoints_are_whole_or_not_there, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_stopped_build_goes_on_from_its_last_block, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(old_states_are_computed_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_least_recently_used_goes_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(entries_from_the_future_age_from_now, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(settings_are_understood_or_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_builders_and_a_remover, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_disk_costs_the_cache_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_memory_it_fails_or_is_right, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
