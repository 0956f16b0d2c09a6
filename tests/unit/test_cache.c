/* test_cache.c - entries that are whole or absent, whatever happens to their files. */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <modelcypher/log.h>

#include "base/alloc.h"
#include "base/file_map.h"
#include "cache/content.h"
#include "cache/entry.h"
#include "support/check.h"
#include "support/scratch.h"

static char home[MC_TEST_SCRATCH];
static int  warnings;
static char last_warning[1024];

static const char        content[] = "a payload of a few bytes";
static const mc_cache_id id        = { MC_CACHE_FINGERPRINT,
                                       "org/tiny model",
                                       "layer-3",
                                       { 0x0123456789abcdefu, 0xfedcba9876543210u } };

static void count_warning(void *context, mc_log_level level, const char *message)
{
    (void)context;
    assert_int_equal(level, MC_LOG_WARN);
    snprintf(last_warning, sizeof last_warning, "%s", message);
    warnings++;
}

static int set_up(void **state)
{
    (void)state;
    mc_test_scratch_make(home);
    setenv("MODELCYPHER_HOME", home, 1);
    unsetenv("MC_ACTIVATION_CACHE_DIR");
    warnings = 0;
    mc_log_set(count_warning, NULL, MC_LOG_WARN);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    mc_log_set(NULL, NULL, MC_LOG_WARN);
    return mc_test_scratch_remove(home);
}

static char *path_of(const mc_cache_id *entry)
{
    char    *path = NULL;
    mc_error err  = { 0 };

    CHECK_OK("path", mc_cache_path(entry, &path, &err));
    return path;
}

static bool finds(const mc_cache_id *entry, const void *want, size_t want_size)
{
    char  *payload = NULL;
    size_t size    = 0;
    bool   same;

    if (!mc_cache_find(entry, &payload, &size)) return false;
    same = size == want_size && memcmp(payload, want, size) == 0;
    mc_free(payload);
    assert_true(same); /* found is the right one, or not found */
    return true;
}

static void keeps_and_finds(void **state)
{
    mc_cache_id other = id;
    char       *path  = path_of(&id);

    (void)state;
    assert_false(finds(&id, content, sizeof content));
    assert_true(mc_cache_put(&id, content, sizeof content));
    assert_true(finds(&id, content, sizeof content));
    assert_non_null(
        strstr(path, "/caches/fingerprints/"
                     "org_tiny_model-layer-3-fedcba98765432100123456789abcdef.fingerprint"));
    other.key.low++;
    assert_false(finds(&other, content, sizeof content));
    other      = id;
    other.kind = MC_CACHE_ACTIVATIONS;
    assert_false(finds(&other, content, sizeof content));
    assert_true(mc_cache_put(&id, "", 0));
    assert_true(finds(&id, "", 0));
    assert_int_equal(unlink(path), 0);
    assert_false(finds(&id, content, sizeof content));
    assert_int_equal(warnings, 0);
    mc_free(path);
}

static void names_stay_in_their_folder(void **state)
{
    static const struct {
        const char *model, *name;
    } rows[] = {
        { "SmolLM2-135M", "/SmolLM2-135M-" }, { "../../etc/passwd", "/_._.._etc_passwd-" },
        { ".hidden", "/_hidden-" },           { "a\nb\x7f*?", "/a_b___-" },
        { "\xc3\xa9t\xc3\xa9", "/__t__-" },   { "", "/-" }
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        mc_cache_id entry = { MC_CACHE_FINGERPRINT, rows[i].model, NULL, { 1, 2 } };
        char       *path  = path_of(&entry);
        const char *base  = strrchr(path, '/');
        CHECK(rows[i].model, strncmp(base, rows[i].name, strlen(rows[i].name)) == 0);
        mc_free(path);
    }
}

static void write_raw(const char *path, const char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* Every bit of every byte, and every length: discarded with a warning, never believed. */
static void damaged_entries_are_discarded(void **state)
{
    char    *path = path_of(&id), *good = NULL;
    size_t   size = 0;
    mc_error err  = { 0 };

    (void)state;
    assert_true(mc_cache_put(&id, content, sizeof content));
    CHECK_OK("read", mc_file_read(path, 1000, &good, &size, &err));
    for (size_t bit = 0; bit < size * 8; bit++) {
        good[bit / 8] = (char)(good[bit / 8] ^ 1 << bit % 8);
        write_raw(path, good, size);
        good[bit / 8] = (char)(good[bit / 8] ^ 1 << bit % 8);
        warnings      = 0;
        assert_false(finds(&id, content, sizeof content));
        assert_int_equal(warnings, 1);
        assert_false(mc_path_exists(path));
    }
    for (size_t length = 0; length <= size + 1; length++) {
        if (length == size) continue;
        write_raw(path, good, length <= size ? length : size);
        if (length > size) assert_int_equal(truncate(path, (off_t)length), 0);
        warnings = 0;
        assert_false(finds(&id, content, sizeof content));
        assert_int_equal(warnings, 1);
        assert_false(mc_path_exists(path));
    }
    assert_true(mc_cache_put(&id, content, sizeof content));
    assert_true(finds(&id, content, sizeof content));
    mc_free(good);
    mc_free(path);
}

/* A valid entry under the name of another is not that other one. */
static void renamed_entries_are_not_believed(void **state)
{
    mc_cache_id other = id;
    char       *path  = path_of(&id), *other_path;

    (void)state;
    other.key.high ^= 1;
    other_path = path_of(&other);
    assert_true(mc_cache_put(&id, content, sizeof content));
    assert_int_equal(rename(path, other_path), 0);
    assert_false(finds(&other, content, sizeof content));
    assert_int_equal(warnings, 1);
    mc_free(other_path);
    mc_free(path);
}

static void no_home_is_a_warning(void **state)
{
    char *user = getenv("HOME");

    (void)state;
    user = user ? mc_strdup(user) : NULL;
    unsetenv("MODELCYPHER_HOME");
    unsetenv("HOME");
    assert_false(finds(&id, content, sizeof content));
    assert_int_equal(warnings, 0); /* there is nothing to find */
    assert_false(mc_cache_put(&id, content, sizeof content));
    assert_int_equal(warnings, 1);
    assert_non_null(strstr(last_warning, "MODELCYPHER_HOME"));
    if (user) setenv("HOME", user, 1);
    mc_free(user);
}

static void unusable_home_is_a_warning(void **state)
{
    char path[96];

    (void)state;
    snprintf(path, sizeof path, "%s/file", home);
    write_raw(path, "x", 1);
    setenv("MODELCYPHER_HOME", path, 1); /* a file: nobody, root included, may write below */
    assert_false(mc_cache_put(&id, content, sizeof content));
    assert_int_equal(warnings, 1);
    assert_non_null(strstr(last_warning, path));
    setenv("MODELCYPHER_HOME", home, 1);
}

/* 8 processes write and read one entry while a ninth removes it: whole or absent. */
static void many_writers_and_a_remover(void **state)
{
    enum { WRITERS = 8, ROUNDS = 40, SIZE = 300000 };
    char *payload = mc_alloc(SIZE), *path = path_of(&id);
    pid_t children[WRITERS];

    (void)state;
    assert_non_null(payload);
    memset(payload, 'a', SIZE);
    for (int i = 0; i < WRITERS; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] > 0) continue;
        for (int round = 0; round < ROUNDS; round++) {
            mc_cache_put(&id, payload, SIZE);
            finds(&id, payload, SIZE);
            if (i == 0) unlink(path);
        }
        if (warnings) print_error("process %d: %s\n", i, last_warning);
        _exit(warnings ? 1 : 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        int status = -1;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    mc_cache_put(&id, payload, SIZE);
    assert_true(finds(&id, payload, SIZE));
    mc_free(payload);
    mc_free(path);
}

static void without_memory_nothing_is_believed(void **state)
{
    (void)state;
    assert_true(mc_cache_put(&id, content, sizeof content));
    for (uint64_t at = 1;; at++) {
        bool found, kept;
        mc_alloc_fail_at(at, 1);
        found = finds(&id, content, sizeof content);
        mc_alloc_fail_at(at, 1);
        kept = mc_cache_put(&id, content, sizeof content);
        mc_alloc_fail_at(0, 0);
        if (found && kept) break;
        assert_true(at < 100);
    }
    assert_true(finds(&id, content, sizeof content));
}

/* ---- content hashes ---- */

#define SHARDED MC_TEST_FOLDER "/golden/arch/llama_sharded"

/* The hash of the model there; true when its weights were read. */
static bool hash_of(const char *model, char text[33])
{
    mc_store *store = NULL;
    mc_error  err   = { 0 };
    bool      read  = false;

    CHECK_OK(model, mc_store_open(model, &store, &err));
    CHECK_OK(model, mc_content_hash(store, 1, text, &read, &err));
    mc_store_close(store);
    return read;
}

/* Its first file, with its bytes changed where `flip` says so and its times as before. */
static void rewrite(const char *path, size_t flip)
{
    struct stat     info;
    struct timespec times[2];
    char            byte;
    int             fd = open(path, O_RDWR);

    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &info), 0);
    times[0] = info.st_atim;
    times[1] = info.st_mtim;
    assert_int_equal(pread(fd, &byte, 1, info.st_size - (off_t)flip), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, info.st_size - (off_t)flip), 1);
    assert_int_equal(futimens(fd, times), 0);
    close(fd);
}

static void wait_until_times_are_old(void)
{
    struct timespec wait = { 2, 200000000 };

    nanosleep(&wait, NULL);
}

/* A copy of a model in the home folder; the path of its first file. */
static void copy_model(char model[96], char file[160])
{
    char command[600];

    snprintf(model, 96, "%s/copy", home);
    snprintf(file, 160, "%s/model-00001-of-00002.safetensors", model);
    snprintf(command, sizeof command, "cp -r %s %s", SHARDED, model);
    assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c): a fixed command of a test */
}

static void set_modified(const char *file, time_t seconds)
{
    struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, { .tv_sec = seconds } };

    assert_int_equal(utimensat(AT_FDCWD, file, times, 0), 0);
}

static void unchanged_files_are_not_read_again(void **state)
{
    char model[96], file[160], first[33], again[33];

    (void)state;
    copy_model(model, file);
    set_modified(file, time(NULL) - 10);
    wait_until_times_are_old();
    assert_true(hash_of(model, first));
    assert_false(hash_of(model, again));
    assert_string_equal(again, first);
    rewrite(file, 1); /* size and modification time tell nothing */
    assert_true(hash_of(model, again));
    assert_string_not_equal(again, first);
    rewrite(file, 1);
    wait_until_times_are_old();
    assert_true(hash_of(model, again));
    assert_false(hash_of(model, again));
    assert_string_equal(again, first);
    assert_int_equal(warnings, 0);
}

/* What was written a moment ago, or seems to come from the future to a clock that was set back,
 * may change once more without another time. */
static void files_too_new_are_not_remembered(void **state)
{
    char model[96], file[160], text[33];

    (void)state;
    copy_model(model, file);
    set_modified(file, time(NULL) + 3600);
    wait_until_times_are_old();
    assert_true(hash_of(model, text));
    assert_true(hash_of(model, text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keeps_and_finds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_stay_in_their_folder, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damaged_entries_are_discarded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(renamed_entries_are_not_believed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_home_is_a_warning, set_up, tear_down),
        cmocka_unit_test_setup_teardown(unusable_home_is_a_warning, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_writers_and_a_remover, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_memory_nothing_is_believed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(unchanged_files_are_not_read_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(files_too_new_are_not_remembered, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
