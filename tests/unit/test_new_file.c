/* test_new_file.c - files that appear whole or not at all. */
#define _GNU_SOURCE /* unshare */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file_map.h"
#include "base/new_file.h"
#include "support/check.h"
#include "support/scratch.h"

static char folder[MC_TEST_SCRATCH];
static char target[64];

static int make_folder(void **state)
{
    (void)state;
    mc_test_scratch_make(folder);
    snprintf(target, sizeof target, "%s/result.bin", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return mc_test_scratch_remove(folder);
}

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void check_content(const char *path, const char *text)
{
    char    *content;
    size_t   size;
    mc_error err = { 0 };

    CHECK_OK(path, mc_file_read(path, 1000, &content, &size, &err));
    assert_string_equal(content, text);
    mc_free(content);
}

static void appears_only_when_finished(void **state)
{
    mc_new_file file;
    mc_error    err = { 0 };

    (void)state;
    put(target, "before");
    CHECK_OK("open", mc_new_file_open(target, &file, &err));
    CHECK_OK("reserve", mc_new_file_reserve(&file, 11, &err));
    CHECK_OK("second part", mc_new_file_write(&file, 6, "world", 5, &err));
    CHECK_OK("first part", mc_new_file_write(&file, 0, "hello ", 6, &err));
    check_content(target, "before");
    CHECK_OK("finish", mc_new_file_finish(&file, &err));
    check_content(target, "hello world");
    assert_int_equal(mc_test_scratch_count(folder), 1);
    mc_new_file_discard(&file); /* nothing is left to discard */
    check_content(target, "hello world");
}

static void discarded_leaves_what_was_there(void **state)
{
    mc_new_file file;
    mc_error    err = { 0 };

    (void)state;
    put(target, "before");
    CHECK_OK("open", mc_new_file_open(target, &file, &err));
    CHECK_OK("write", mc_new_file_write(&file, 0, "hello", 5, &err));
    assert_int_equal(mc_test_scratch_count(folder), 2);
    mc_new_file_discard(&file);
    assert_int_equal(mc_test_scratch_count(folder), 1);
    check_content(target, "before");
}

static void a_link_keeps_being_one(void **state)
{
    char        link[80];
    struct stat info;
    mc_new_file file;
    mc_error    err = { 0 };

    (void)state;
    put(target, "before");
    snprintf(link, sizeof link, "%s/link", folder);
    assert_int_equal(symlink(target, link), 0);
    CHECK_OK("open", mc_new_file_open(link, &file, &err));
    CHECK_OK("write", mc_new_file_write(&file, 0, "after", 5, &err));
    CHECK_OK("finish", mc_new_file_finish(&file, &err));
    assert_int_equal(lstat(link, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    check_content(target, "after");
}

static void leftovers_of_the_dead_are_removed_those_of_the_living_not(void **state)
{
    char        dead[80], other[80];
    mc_new_file first, second;
    mc_error    err = { 0 };

    (void)state;
    snprintf(dead, sizeof dead, "%s/.result.bin.123-4.part", folder);
    snprintf(other, sizeof other, "%s/.result.bin.mine.part", folder);
    put(dead, "half");
    put(other, "not ours");
    CHECK_OK("first", mc_new_file_open(target, &first, &err));
    assert_false(mc_path_exists(dead));
    assert_true(mc_path_exists(other));
    CHECK_OK("second", mc_new_file_open(target, &second, &err));
    assert_true(mc_path_exists(first.temporary));
    CHECK_OK("write", mc_new_file_write(&first, 0, "one", 3, &err));
    CHECK_OK("write", mc_new_file_write(&second, 0, "two", 3, &err));
    CHECK_OK("finish", mc_new_file_finish(&first, &err));
    CHECK_OK("finish", mc_new_file_finish(&second, &err));
    check_content(target, "two");
    assert_int_equal(mc_test_scratch_count(folder), 2);
}

static void places_that_cannot_be_written(void **state)
{
    char below[96], nowhere[96], slash[96];
    const struct {
        const char *path;
        mc_status   status;
        const char *reason;
    } rows[] = {
        { nowhere, MC_ERR_NOT_FOUND, "cannot create a file in" },
        { below, MC_ERR_NOT_FOUND, "cannot create a file in" },
        { folder, MC_ERR_IO, "is a folder" },
        { slash, MC_ERR_ARGUMENT, "names no file" },
        { "", MC_ERR_ARGUMENT, "names no file" },
        { "/dev/null", MC_ERR_IO, "is a device" },
    };

    (void)state;
    put(target, "a file");
    snprintf(below, sizeof below, "%s/below", target);
    snprintf(nowhere, sizeof nowhere, "%s/no/such.bin", folder);
    snprintf(slash, sizeof slash, "%s/", folder);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        mc_new_file file = { .descriptor = -1 };
        mc_error    err  = { 0 };

        CHECK(rows[i].path, mc_new_file_open(rows[i].path, &file, &err) == rows[i].status);
        CHECK(rows[i].path, strstr(err.reason, rows[i].reason) && err.hint[0]);
        CHECK(rows[i].path, !strcmp(err.subject, rows[i].path));
    }
    assert_int_equal(mc_test_scratch_count(folder), 1);
}

/* ---- past the page cache ---- */

enum { LARGE = 3 * MC_DIRECT_PIECE };

static char *make_large(void)
{
    char *bytes = mc_alloc(LARGE);

    assert_non_null(bytes);
    for (size_t i = 0; i < LARGE; i++)
        bytes[i] = (char)(i * 2654435761u >> 13);
    return bytes;
}

static void check_large(const char *bytes, size_t size)
{
    char    *content;
    size_t   found;
    mc_error err = { 0 };

    CHECK_OK("read", mc_file_read(target, LARGE + 1, &content, &found, &err));
    assert_int_equal(found, size);
    assert_memory_equal(content, bytes, size);
    mc_free(content);
}

static void any_offset_and_size_goes_direct(void **state)
{
    static const size_t ends[] = {
        1, 3000000, 3000001, 3000001 + 2 * 4096, 4 << 20, 11 * (1 << 20) - 7, LARGE - 5
    };
    char       *bytes = make_large();
    mc_new_file file;
    mc_error    err = { 0 };

    (void)state;
    CHECK_OK("open", mc_new_file_open(target, &file, &err));
    CHECK_OK("reserve", mc_new_file_reserve(&file, LARGE - 5, &err));
    mc_new_file_go_direct(&file);
    for (size_t i = sizeof ends / sizeof *ends; i-- > 0;) { /* from the end */
        size_t begin = i ? ends[i - 1] : 0;
        CHECK_OK("write",
                 mc_new_file_write(&file, begin, bytes + begin, ends[i] - begin, &err));
    }
    CHECK_OK("finish", mc_new_file_finish(&file, &err));
    check_large(bytes, LARGE - 5);
    mc_free(bytes);
}

/* As a device that asks for a larger alignment than we keep. */
static void what_is_refused_goes_the_ordinary_way(void **state)
{
    char       *bytes = make_large();
    mc_new_file file;
    mc_error    err = { 0 };

    (void)state;
    CHECK_OK("open", mc_new_file_open(target, &file, &err));
    CHECK_OK("begin", mc_new_file_write(&file, 0, bytes, 7, &err));
    mc_new_file_go_direct(&file);
    if (file.direct)
        assert_int_equal(mc_direct_write(file.direct, 7, bytes + 7, LARGE - 7), 0);
    else
        CHECK_OK("write", mc_new_file_write(&file, 7, bytes + 7, LARGE - 7, &err));
    CHECK_OK("finish", mc_new_file_finish(&file, &err));
    check_large(bytes, LARGE);
    mc_free(bytes);
}

static void without_memory_nothing_goes_direct(void **state)
{
    char       *bytes = make_large();
    mc_new_file file;
    mc_error    err = { 0 };

    (void)state;
    for (uint64_t n = 1; n <= 1 + MC_DIRECT_PIECES; n++) {
        CHECK_OK("open", mc_new_file_open(target, &file, &err));
        mc_alloc_fail_at(n, 0);
        mc_new_file_go_direct(&file);
        mc_alloc_fail_at(0, 0);
        assert_null(file.direct);
        CHECK_OK("write", mc_new_file_write(&file, 0, bytes, LARGE, &err));
        CHECK_OK("finish", mc_new_file_finish(&file, &err));
        check_large(bytes, LARGE);
    }
    mc_free(bytes);
}

/* What fails on the way is told by a later write, or at the end. */
static mc_status write_large(const char *path, mc_error *err)
{
    char       *bytes = make_large();
    mc_new_file file;
    mc_status   status = mc_new_file_open(path, &file, err);

    if (status == MC_OK) {
        mc_new_file_go_direct(&file);
        status = mc_new_file_write(&file, 0, bytes, LARGE, err);
        if (status == MC_OK)
            status = mc_new_file_finish(&file, err);
        else
            mc_new_file_discard(&file);
    }
    mc_free(bytes);
    return status;
}

/* ---- no space: in a child, on a small file system of its own ---- */

enum { CANNOT_MOUNT = 77, FAILED = 1 };

#define MUST(condition) \
    if (!(condition)) _exit(FAILED)

static void fill_a_small_disk(void)
{
    char        path[96];
    char        block[4096] = { 1 };
    mc_new_file file;
    mc_error    err    = { 0 };
    mc_status   status = MC_OK;

    if (unshare(CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0)) != 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", folder, "tmpfs", 0, "size=64k") != 0)
        _exit(CANNOT_MOUNT);
    snprintf(path, sizeof path, "%s/full.bin", folder);
    MUST(mc_new_file_open(path, &file, &err) == MC_OK);
    MUST(mc_new_file_check_space(&file, 1000, &err) == MC_OK);
    MUST(mc_new_file_check_space(&file, 1 << 20, &err) == MC_ERR_DISK_FULL);
    MUST(err.reason[0] && err.hint[0] && !strcmp(err.subject, path));
    MUST(mc_new_file_reserve(&file, 1 << 20, &err) == MC_ERR_DISK_FULL);
    MUST(strstr(err.reason, "cannot reserve 1048576 bytes") && err.hint[0]);
    for (uint64_t at = 0; status == MC_OK && at < 1 << 20; at += sizeof block)
        status = mc_new_file_write(&file, at, block, sizeof block, &err);
    MUST(status == MC_ERR_DISK_FULL && strstr(err.reason, "cannot write"));
    mc_new_file_discard(&file);
    MUST(mc_test_scratch_count(folder) == 0);
    MUST(write_large(path, &err) == MC_ERR_DISK_FULL);
    MUST(strstr(err.reason, "cannot write") && err.hint[0] && !strcmp(err.subject, path));
    MUST(mc_test_scratch_count(folder) == 0);
    _exit(0);
}

static void a_full_disk_is_told_and_left_clean(void **state)
{
    int   status = 0;
    pid_t child  = fork();

    (void)state;
    if (child == 0) fill_a_small_disk();
    assert_true(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
    if (WEXITSTATUS(status) == CANNOT_MOUNT) {
        print_message("skipped: no file system can be mounted here\n");
        skip();
    }
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_limit_on_the_size_is_an_error(void **state)
{
    struct rlimit before, small = { 1000, 1000 };
    mc_new_file   file;
    mc_error      err = { 0 }, large = { 0 };
    char          block[4096] = { 1 };
    mc_status     status, direct;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    CHECK_OK("open", mc_new_file_open(target, &file, &err));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    status = mc_new_file_write(&file, 0, block, sizeof block, &err);
    direct = write_large(target, &large);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_DFL);
    mc_new_file_discard(&file);
    assert_int_equal(status, MC_ERR_IO);
    assert_non_null(strstr(err.reason, "cannot write"));
    assert_int_equal(direct, MC_ERR_IO);
    assert_non_null(strstr(large.reason, "cannot write"));
    assert_int_equal(mc_test_scratch_count(folder), 0);
}

static void no_memory_is_an_error(void **state)
{
    (void)state;
    for (uint64_t n = 1;; n++) {
        mc_new_file file = { .descriptor = -1 };
        mc_error    err  = { 0 };
        mc_status   status;

        mc_alloc_fail_at(n, 0);
        status = mc_new_file_open(target, &file, &err);
        mc_alloc_fail_at(0, 0);
        if (status == MC_OK) {
            assert_true(n > 2);
            mc_new_file_discard(&file);
            break;
        }
        assert_int_equal(status, MC_ERR_MEMORY);
        assert_int_equal(mc_test_scratch_count(folder), 0);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
    const struct CMUnitTest tests[] = {
        TEST(appears_only_when_finished),
        TEST(discarded_leaves_what_was_there),
        TEST(a_link_keeps_being_one),
        TEST(leftovers_of_the_dead_are_removed_those_of_the_living_not),
        TEST(places_that_cannot_be_written),
        TEST(any_offset_and_size_goes_direct),
        TEST(what_is_refused_goes_the_ordinary_way),
        TEST(without_memory_nothing_goes_direct),
        TEST(a_full_disk_is_told_and_left_clean),
        TEST(a_limit_on_the_size_is_an_error),
        TEST(no_memory_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
