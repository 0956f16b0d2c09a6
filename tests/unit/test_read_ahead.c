/* test_read_ahead.c - what is asked for is read without being touched, and files that change or
 * are closed meanwhile do no harm. */
#define _GNU_SOURCE /* mincore */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file_map.h"
#include "support/check.h"

enum { SIZE = (5 << 20) + 5, PATIENCE = 20000 /* milliseconds */ };

static const char path[] = MC_BUILD_FOLDER "/read_ahead.bin";

/* Written to the disk, and as far as the file system can, out of the page cache. */
static void write_file(void)
{
    static uint8_t bytes[SIZE];
    int            fd = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);

    memset(bytes, 7, sizeof bytes);
    assert_true(fd >= 0 && write(fd, bytes, sizeof bytes) == SIZE && fsync(fd) == 0);
    assert_int_equal(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    close(fd);
}

static mc_file_map open_file(void)
{
    mc_file_map map;
    mc_error    err = { 0 };

    write_file();
    CHECK_OK(path, mc_file_map_open(path, &map, &err));
    return map;
}

static bool is_there(const mc_file_map *map)
{
    size_t        page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char pages[SIZE / 4096 + 1];

    assert_int_equal(mincore((void *)(uintptr_t)map->bytes.data, SIZE, pages), 0);
    for (size_t i = 0; i < (SIZE + page - 1) / page; i++)
        if (!(pages[i] & 1)) return false;
    return true;
}

static bool is_cut(const mc_file_map *map)
{
    return mc_map_guard_hit(map->guard);
}

static bool soon(bool (*holds)(const mc_file_map *map), const mc_file_map *map)
{
    for (int waited = 0; waited < PATIENCE; waited++) {
        if (holds(map)) return true;
        usleep(1000);
    }
    return false;
}

/* `size` bytes at `at`. */
static void advise(const mc_file_map *map, size_t at, size_t size, mc_file_advice advice)
{
    mc_file_map_advise(map, (mc_span){ map->bytes.data + at, size }, advice);
}

static void everything_is_read(void **state)
{
    mc_file_map map = open_file();

    (void)state;
    advise(&map, SIZE / 3, SIZE - SIZE / 3, MC_ADVICE_WILL_NEED);
    advise(&map, 0, SIZE / 3, MC_ADVICE_WILL_NEED);
    assert_true(soon(is_there, &map));
    mc_file_map_close(&map);
}

/* What does not fit into the queue is advice to the system, as before. */
static void there_may_be_many(void **state)
{
    mc_file_map map = open_file();
    mc_error    err = { 0 };

    (void)state;
    for (size_t at = 0; at + 1024 < SIZE; at += 1024)
        advise(&map, at, 1024, MC_ADVICE_WILL_NEED);
    for (size_t at = 0; at < SIZE; at += 4096)
        assert_int_equal(map.bytes.data[at], 7);
    CHECK_OK(path, mc_file_map_check(&map, &err));
    mc_file_map_close(&map);
}

static void it_may_be_closed_or_dropped_at_once(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        mc_file_map map = open_file();
        advise(&map, 0, SIZE, MC_ADVICE_WILL_NEED);
        if (round % 2) advise(&map, SIZE / 2, 10, MC_ADVICE_FORGET);
        mc_file_map_close(&map);
    }
}

static void a_file_may_be_cut_short(void **state)
{
    mc_file_map map = open_file();
    mc_error    err = { 0 };

    (void)state;
    assert_int_equal(truncate(path, 4096), 0);
    advise(&map, 0, SIZE, MC_ADVICE_WILL_NEED);
    assert_true(soon(is_cut, &map));
    assert_int_equal(mc_file_map_check(&map, &err), MC_ERR_IO);
    mc_file_map_close(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_read),
        cmocka_unit_test(there_may_be_many),
        cmocka_unit_test(it_may_be_closed_or_dropped_at_once),
        cmocka_unit_test(a_file_may_be_cut_short),
    };
    int failed = cmocka_run_group_tests_name("reading ahead", tests, NULL, NULL);

    unlink(path);
    return failed;
}
