/* test_map_guard.c - mapped files that are cut short, written to or replaced while they are
 * read, and a program's own handling of SIGBUS. */
#define _GNU_SOURCE /* mkdtemp, memfd_create */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <modelcypher/system.h>

#include "base/file_map.h"
#include "base/pool.h"
#include "support/check.h"

enum { PAGES = 16, OWN_HANDLER = 7, STILL_HERE = 0 };

static char   folder[] = "/tmp/mc_test_guard_XXXXXX";
static char   path[64], other[64];
static size_t page;

static void put(const char *name, char fill)
{
    FILE *file = fopen(name, "wb");

    assert_non_null(file);
    for (size_t i = 0; i < PAGES * page; i++)
        assert_int_equal(fputc(fill, file), (unsigned char)fill);
    assert_int_equal(fclose(file), 0);
}

static int make_files(void **state)
{
    (void)state;
    page = (size_t)sysconf(_SC_PAGESIZE);
    snprintf(folder, sizeof folder, "/tmp/mc_test_guard_XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/model", folder);
    snprintf(other, sizeof other, "%s/other", folder);
    put(path, 'a');
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    unlink(path);
    unlink(other);
    return rmdir(folder);
}

static uint8_t read_at(const mc_file_map *map, size_t at)
{
    return ((const volatile uint8_t *)map->bytes.data)[at];
}

static void check_refused(const mc_file_map *map)
{
    mc_error err = { 0 };

    assert_int_equal(mc_file_map_check(map, &err), MC_ERR_IO);
    assert_string_equal(err.subject, path);
    assert_true(err.reason[0] && err.hint[0]);
}

static void cut_short_reads_as_zeros(void **state)
{
    mc_file_map map;
    mc_error    err = { 0 };

    (void)state;
    CHECK_OK("open", mc_file_map_open(path, &map, &err));
    CHECK_OK("untouched", mc_file_map_check(&map, &err));
    assert_int_equal(truncate(path, (off_t)(2 * page)), 0);
    assert_int_equal(read_at(&map, page), 'a');
    assert_false(mc_map_guard_hit(map.guard));
    assert_int_equal(read_at(&map, 5 * page + 3), 0);
    assert_true(mc_map_guard_hit(map.guard));
    assert_int_equal(read_at(&map, page), 'a');
    assert_int_equal(read_at(&map, 3 * page), 0); /* before the first hit: another one */
    assert_int_equal(read_at(&map, PAGES * page - 1), 0);
    check_refused(&map);
    assert_int_equal(mc_map_guard_check_all(&err), MC_ERR_IO);
    mc_file_map_close(&map);
}

/* A file that has its old size and time again has still been read wrongly. */
static void a_hit_is_not_forgotten(void **state)
{
    struct stat     info;
    struct timespec times[2];
    mc_file_map     map;
    mc_error        err = { 0 };

    (void)state;
    assert_int_equal(stat(path, &info), 0);
    CHECK_OK("open", mc_file_map_open(path, &map, &err));
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(read_at(&map, page), 0);
    assert_int_equal(truncate(path, info.st_size), 0);
    times[0] = info.st_atim;
    times[1] = info.st_mtim;
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    check_refused(&map);
    mc_file_map_close(&map);
    CHECK_OK("open again", mc_file_map_open(path, &map, &err));
    CHECK_OK("a new map has a new mark", mc_file_map_check(&map, &err));
    mc_file_map_close(&map);
}

static void written_to_is_told(void **state)
{
    mc_file_map map;
    mc_error    err = { 0 };
    int         fd;

    (void)state;
    CHECK_OK("open", mc_file_map_open(path, &map, &err));
    usleep(20000); /* the file system's clock ticks every few milliseconds */
    fd = open(path, O_WRONLY);
    assert_true(fd >= 0 && pwrite(fd, "b", 1, 100) == 1);
    close(fd);
    check_refused(&map);
    mc_file_map_close(&map);
}

static void renamed_over_is_the_old_one(void **state)
{
    mc_file_map map;
    mc_error    err = { 0 };

    (void)state;
    put(other, 'b');
    CHECK_OK("open", mc_file_map_open(path, &map, &err));
    assert_int_equal(rename(other, path), 0);
    assert_int_equal(read_at(&map, 3 * page), 'a');
    CHECK_OK("as it was", mc_file_map_check(&map, &err));
    mc_file_map_close(&map);
}

static void read_page(void *context, size_t job, size_t worker)
{
    (void)worker;
    assert_int_equal(read_at(context, job * page), 0);
}

static void workers_survive_too(void **state)
{
    mc_pool    *pool = NULL;
    mc_file_map map;
    mc_error    err = { 0 };

    (void)state;
    CHECK_OK("open", mc_file_map_open(path, &map, &err));
    CHECK_OK("pool", mc_pool_create(4, &pool, &err));
    assert_int_equal(truncate(path, 0), 0);
    mc_pool_run(pool, PAGES, read_page, &map);
    mc_pool_free(pool);
    check_refused(&map);
    mc_file_map_close(&map);
}

/* ---- what is not ours ---- */

static void on_bus_error(int number)
{
    (void)number;
    _exit(OWN_HANDLER);
}

static void on_bus_error_with_details(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    _exit(info->si_addr ? OWN_HANDLER : 99);
}

/* Set after the library's handler, and passing on to it. */
static struct sigaction library_handler;

static void pass_back(int number, siginfo_t *info, void *context)
{
    library_handler.sa_sigaction(number, info, context);
}

/* A page of a file that the library has nothing to do with, and that is not there. */
static void read_foreign(void)
{
    int   fd   = memfd_create("foreign", 0);
    char *data = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 0);

    if (data != MAP_FAILED) (void)*(volatile char *)data;
}

static void read_ours(void)
{
    mc_file_map map;

    if (mc_file_map_open(path, &map, NULL) != MC_OK || truncate(path, 0) != 0) _exit(99);
    (void)read_at(&map, page);
}

/* The library's handler stands behind and before the other one. */
static void read_foreign_in_a_ring(void)
{
    struct sigaction action = { .sa_sigaction = pass_back, .sa_flags = SA_SIGINFO };
    mc_file_map      map;

    sigaction(SIGBUS, &action, &library_handler);
    if (mc_file_map_open(path, &map, NULL) != MC_OK) _exit(99);
    read_foreign();
}

static void read_ours_set_later(void)
{
    signal(SIGBUS, on_bus_error);
    read_ours();
}

static void send_one(void)
{
    kill(getpid(), SIGBUS);
}

typedef struct foreign_case {
    const char *name;
    void (*handler)(int number);
    void (*handler_with_details)(int number, siginfo_t *info, void *context);
    bool disabled;
    void (*act)(void);
    int signal, code; /* how the process ends */
} foreign_case;

static const foreign_case foreign_cases[] = {
    { "ours, a handler was set", on_bus_error, NULL, false, read_ours, 0, STILL_HERE },
    { "ours, by default", SIG_DFL, NULL, false, read_ours, 0, STILL_HERE },
    { "ours, switched off", SIG_DFL, NULL, true, read_ours, SIGBUS, 0 },
    { "ours, a handler was set later", SIG_DFL, NULL, false, read_ours_set_later, 0,
      STILL_HERE },
    { "foreign, in a ring of handlers", SIG_DFL, NULL, false, read_foreign_in_a_ring, SIGBUS,
      0 },
    { "foreign, a handler was set", on_bus_error, NULL, false, read_foreign, 0, OWN_HANDLER },
    { "foreign, a handler with details", NULL, on_bus_error_with_details, false, read_foreign,
      0, OWN_HANDLER },
    { "foreign, by default", SIG_DFL, NULL, false, read_foreign, SIGBUS, 0 },
    { "foreign, ignored", SIG_IGN, NULL, false, read_foreign, SIGBUS, 0 },
    { "sent, a handler was set", on_bus_error, NULL, false, send_one, 0, OWN_HANDLER },
    { "sent, by default", SIG_DFL, NULL, false, send_one, SIGBUS, 0 },
    { "sent, ignored", SIG_IGN, NULL, false, send_one, 0, STILL_HERE },
};

static void run_foreign(const foreign_case *row)
{
    struct sigaction action = { .sa_handler = row->handler };
    mc_file_map      map;

    if (row->handler_with_details) {
        action.sa_sigaction = row->handler_with_details;
        action.sa_flags     = SA_SIGINFO;
    }
    sigaction(SIGBUS, &action, NULL);
    if (row->disabled) mc_fault_guard_disable();
    if (mc_file_map_open(path, &map, NULL) != MC_OK) _exit(99);
    row->act();
    _exit(STILL_HERE);
}

/* Each case in a process of its own, in which no file has been mapped: this test comes first.
 */
static void other_signals_go_their_way(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof foreign_cases / sizeof *foreign_cases; i++) {
        const foreign_case *row = &foreign_cases[i];
        pid_t               child;
        int                 ended;

        put(path, 'a');
        child = fork();
        assert_true(child >= 0);
        if (child == 0) run_foreign(row);
        assert_int_equal(waitpid(child, &ended, 0), child);
        if (row->signal)
            CHECK(row->name, WIFSIGNALED(ended) && WTERMSIG(ended) == row->signal);
        else
            CHECK(row->name, WIFEXITED(ended) && WEXITSTATUS(ended) == row->code);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_files, remove_files)
    const struct CMUnitTest tests[] = {
        TEST(other_signals_go_their_way),  TEST(cut_short_reads_as_zeros),
        TEST(a_hit_is_not_forgotten),      TEST(written_to_is_told),
        TEST(renamed_over_is_the_old_one), TEST(workers_survive_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
