/* test_timing_profile.c - counters of many threads together, events as a trace that is valid
 * JSON. */
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/json.h"
#include "base/pool.h"
#include "base/profile.h"
#include "support/check.h"

enum { JOBS = 1000 };

static void job(void *context, size_t index, size_t worker)
{
    mc_profile_mark begun = mc_profile_begin();
    mc_profile_call call  = { .kind    = MC_PROFILE_OPERATION,
                              .name    = index % 2 ? "odd" : "even",
                              .columns = 3,
                              .depth   = 5,
                              .bytes   = 8,
                              .flop    = 2 };

    (void)context;
    (void)worker;
    mc_profile_end(begun, &call);
}

static void run_jobs(void)
{
    mc_pool *pool = NULL;
    mc_error err  = { 0 };

    CHECK_OK("pool", mc_pool_create(2, &pool, &err));
    mc_pool_run(pool, JOBS, job, NULL);
    mc_pool_free(pool);
}

static const mc_profile_row *find(const mc_profile_row *rows, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].name, name) == 0) return &rows[i];
    fail_msg("no row '%s'", name);
    return NULL;
}

static void counts_calls_of_all_threads(void **state)
{
    mc_profile_row        rows[MC_PROFILE_ROWS];
    const mc_profile_row *odd;
    size_t                count;
    uint64_t              lost = 1;

    (void)state;
    run_jobs(); /* not started: recorded nowhere */
    mc_profile_start(false);
    run_jobs();
    mc_profile_stop();
    run_jobs();
    count = mc_profile_read(rows, &lost);
    odd   = find(rows, count, "odd");
    CHECK("lost", lost == 0);
    CHECK("calls", odd->calls == JOBS / 2 && find(rows, count, "even")->calls == JOBS / 2);
    CHECK("shape", odd->columns == 3 && odd->depth == 5);
    CHECK_NEAR("flop", odd->flop, JOBS, 0.0);
    CHECK_NEAR("bytes", odd->bytes, 4.0 * JOBS, 0.0);
    CHECK("time", odd->wall > 0.0 && odd->cpu > 0.0);
    CHECK("waiting is seen", find(rows, count, "wait")->calls > 0);
    for (size_t i = 1; i < count; i++)
        CHECK("most time first", rows[i - 1].wall >= rows[i].wall);
}

static void a_stage_has_what_its_operations_did(void **state)
{
    mc_profile_row        rows[MC_PROFILE_ROWS];
    const mc_profile_row *outer, *inner;
    mc_profile_mark       begun[2];
    size_t                count;

    (void)state;
    mc_profile_start(false);
    job(NULL, 0, 0); /* before it: not its own */
    begun[0] = mc_profile_begin();
    job(NULL, 0, 0);
    begun[1] = mc_profile_begin();
    job(NULL, 1, 0);
    mc_profile_end_stage(begun[1], "inner");
    mc_profile_end_stage(begun[0], "outer");
    mc_profile_stop();
    count = mc_profile_read(rows, NULL);
    outer = find(rows, count, "outer");
    inner = find(rows, count, "inner");
    CHECK("inner", inner->bytes == 8 && inner->flop == 2);
    CHECK("outer", outer->bytes == 16 && outer->flop == 4);
}

static void forgets_at_the_next_start(void **state)
{
    mc_profile_row rows[MC_PROFILE_ROWS];

    (void)state;
    mc_profile_start(false);
    run_jobs();
    mc_profile_start(false);
    mc_profile_stop();
    CHECK("empty", mc_profile_read(rows, NULL) == 0);
}

static void says_what_memory_did_not_suffice_for(void **state)
{
    mc_profile_row  rows[MC_PROFILE_ROWS];
    mc_profile_mark begun;
    uint64_t        lost = 0;

    (void)state;
    mc_alloc_fail_at(1, 1); /* each call asks for a recorder again */
    mc_profile_start(true);
    begun = mc_profile_begin();
    mc_profile_end_stage(begun, "stage");
    mc_alloc_fail_at(0, 0);
    mc_profile_stop();
    CHECK("nothing", mc_profile_read(rows, &lost) == 0);
    CHECK("one is lost", lost == 1);
}

typedef struct trace_seen {
    size_t operations, names;
    bool   main_is_named;
} trace_seen;

/* A metadata event of the Trace Event Format. */
static void check_name(mc_json_value event, trace_seen *seen)
{
    const mc_json_value args = mc_json_get(event, "args");
    const char         *what = "", *name = "";
    size_t              size;

    CHECK("what", mc_json_string(mc_json_get(event, "name"), &what, &size));
    CHECK("is named", mc_json_string(mc_json_get(args, "name"), &name, &size) && size > 0);
    CHECK("before the events", seen->operations == 0);
    seen->names++;
    if (strcmp(what, "thread_name") == 0 && strcmp(name, "main") == 0)
        seen->main_is_named = true;
}

/* A metadata event, or a complete one. */
static void check_event(mc_json_value event, trace_seen *seen)
{
    const char *phase = "", *category = "";
    size_t      size;
    double      begun = -1.0, lasted = -1.0, speed = 0.0;

    CHECK("phase", mc_json_string(mc_json_get(event, "ph"), &phase, &size));
    if (strcmp(phase, "M") == 0) {
        check_name(event, seen);
        return;
    }
    CHECK("complete", strcmp(phase, "X") == 0);
    CHECK("begun", mc_json_double(mc_json_get(event, "ts"), &begun) && begun >= 0.0);
    CHECK("lasted", mc_json_double(mc_json_get(event, "dur"), &lasted) && lasted >= 0.0);
    CHECK("category", mc_json_string(mc_json_get(event, "cat"), &category, &size));
    if (strcmp(category, "operation") != 0) return;
    seen->operations++;
    CHECK("speed", mc_json_double(mc_json_get(mc_json_get(event, "args"), "gflops"), &speed));
}

static void writes_a_trace(void **state)
{
    char       path[] = "/tmp/mc-trace-XXXXXX";
    int        file   = mkstemp(path);
    mc_error   err    = { 0 };
    mc_json   *trace  = NULL;
    trace_seen seen   = { 0 };

    (void)state;
    CHECK("temporary file", file >= 0);
    close(file);
    mc_profile_start(true);
    run_jobs();
    mc_profile_stop();
    CHECK_OK("write", mc_profile_write_trace(path, &err));
    CHECK_OK("read", mc_json_load(path, 1 << 24, &trace, &err));
    for (mc_json_iter it = mc_json_iterate(mc_json_get(mc_json_root(trace), "traceEvents"));
         mc_json_next(&it);)
        check_event(it.value, &seen);
    CHECK("every call", seen.operations == JOBS);
    CHECK("the process and two threads", seen.names == 3 && seen.main_is_named);
    mc_json_free(trace);
    unlink(path);
}

static void refuses_a_path_that_cannot_be(void **state)
{
    mc_error err = { 0 };

    (void)state;
    CHECK("refused", mc_profile_write_trace("/nowhere/trace.json", &err) != MC_OK);
    CHECK("says why", err.reason[0] && strstr(err.subject, "/nowhere"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_calls_of_all_threads),
        cmocka_unit_test(a_stage_has_what_its_operations_did),
        cmocka_unit_test(forgets_at_the_next_start),
        cmocka_unit_test(says_what_memory_did_not_suffice_for),
        cmocka_unit_test(writes_a_trace),
        cmocka_unit_test(refuses_a_path_that_cannot_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
