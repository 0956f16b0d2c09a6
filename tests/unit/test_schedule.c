/* test_schedule.c - tickets taken by many workers: what each may rely on while it holds one,
 * that phases end in order on the caller's thread, and that every way to stop leaves whole
 * phases. */
#include "engine/schedule.h"

#include <time.h>

#include "base/pool.h"
#include "support/check.h"
#include "support/lab.h"

static mc_test_lab lab = { .seed = 11 };

enum { PHASES = 9, JOBS = 7, PANELS = 5, MANY = 64 /* jobs at most */ };

typedef struct rehearsal {
    const char   *name;
    size_t        workers, jobs, depth, kept, panels[PHASES];
    size_t        stop_at;  /* tickets taken when somebody asks to stop; 0: never */
    size_t        safe;     /* phases kept elsewhere */
    size_t        fails_at; /* phase whose ending gives the pass up; 0: none */
    size_t        gate;     /* phases open one at a time from this one on */
    size_t        together; /* the last ones, that no stop parts */
    mc_schedule   schedule;
    pthread_t     caller;
    atomic_size_t taken, staged[PHASES], through[MANY], done[PHASES], pooled[PHASES];
    size_t        ended;
    atomic_size_t wrong;
} rehearsal;

static void expect(rehearsal *r, bool holds)
{
    if (!holds) atomic_fetch_add(&r->wrong, 1);
}

/* Some take longer, so the others come as early as they are let. */
static void take_time(size_t number)
{
    if (number % 4 == 0) nanosleep(&(struct timespec){ .tv_nsec = 30000 }, NULL);
}

static void end_phases(void *context)
{
    rehearsal *r = context;

    expect(r, pthread_equal(r->caller, pthread_self()) != 0);
    while (mc_schedule_is_due(&r->schedule)) {
        size_t phase = r->ended;
        take_time(phase % 2);
        expect(r, atomic_load(&r->done[phase]) == r->jobs);
        expect(r, atomic_load(&r->pooled[phase]) == r->jobs);
        /* A phase that is waited for is not overwritten. */
        if (phase >= r->gate)
            for (size_t job = 0; job < r->jobs; job++)
                expect(r, atomic_load(&r->through[job]) == phase + 1);
        if (r->fails_at && phase == r->fails_at) {
            mc_schedule_abandon(&r->schedule);
            return;
        }
        r->ended++;
        mc_schedule_ended(&r->schedule);
        mc_schedule_open(&r->schedule, phase + (phase + 1 >= r->gate ? 2 : 3));
    }
}

static void hold_panel(rehearsal *r, const mc_ticket *ticket)
{
    size_t phase = ticket->phase;

    if (phase >= r->depth) expect(r, atomic_load(&r->done[phase - r->depth]) == r->jobs);
    take_time(phase + ticket->index);
    atomic_fetch_add(&r->staged[phase], 1);
}

static void hold_job(rehearsal *r, const mc_ticket *ticket, const mc_duty *duty)
{
    size_t phase = ticket->phase;

    expect(r, atomic_load(&r->staged[phase]) == r->panels[phase]);
    expect(r, atomic_load(&r->through[ticket->index]) == phase);
    if (phase > r->gate) expect(r, atomic_load(&r->schedule.ended) >= phase);
    take_time(phase + ticket->index);
    if (!mc_schedule_may_pool(&r->schedule, phase, duty)) return;
    if (phase >= r->kept) expect(r, atomic_load(&r->schedule.ended) > phase - r->kept);
    atomic_fetch_add(&r->pooled[phase], 1);
    atomic_fetch_add(&r->done[phase], 1);
    atomic_store(&r->through[ticket->index], phase + 1);
}

static void rehearse(void *context, size_t job, size_t worker)
{
    rehearsal     *r     = context;
    const mc_duty  own   = { end_phases, r };
    const mc_duty *duty  = worker == 0 ? &own : NULL;
    size_t         phase = 0;
    mc_ticket      ticket;

    (void)job;
    for (;;) {
        size_t taken = atomic_fetch_add(&r->taken, 1);
        if (r->stop_at && taken >= r->stop_at) mc_schedule_stop(&r->schedule);
        if (duty && mc_schedule_is_due(&r->schedule)) end_phases(r);
        if (!mc_schedule_next(&r->schedule, &phase, &ticket)) break;
        if (!mc_schedule_begin(&r->schedule, &ticket, duty)) break;
        if (ticket.is_panel)
            hold_panel(r, &ticket);
        else
            hold_job(r, &ticket, duty);
        mc_schedule_done(&r->schedule, &ticket);
    }
    if (duty) mc_schedule_drain(&r->schedule, duty);
}

static void run(rehearsal *r)
{
    mc_error err  = { 0 };
    mc_pool *pool = NULL;
    mc_duty  duty = { end_phases, r };

    for (size_t i = 0; i < PHASES; i++)
        r->panels[i] = i == 0 ? 0 : mc_test_below(&lab, PANELS);
    CHECK_OK(r->name, mc_schedule_create(r->panels, PHASES, r->jobs, r->depth, r->kept,
                                         PHASES - r->together, &r->schedule, &err));
    CHECK_OK(r->name, mc_pool_create(r->workers, &pool, &err));
    r->caller = pthread_self();
    mc_schedule_keep(&r->schedule, r->safe);
    mc_schedule_open(&r->schedule, r->gate ? 2 : 1);
    mc_pool_run(pool, r->workers, rehearse, r);
    mc_schedule_drain(&r->schedule, &duty);
    mc_pool_free(pool);
    CHECK(r->name, r->wrong == 0);
}

/* What was begun is whole, and nothing lies behind it. */
static void check_whole(const rehearsal *r, size_t phases)
{
    CHECK(r->name, r->ended == phases);
    for (size_t i = 0; i < PHASES; i++) {
        CHECK(r->name, r->done[i] == (i < phases ? r->jobs : 0));
        if (i < phases) CHECK(r->name, r->staged[i] == r->panels[i]);
    }
}

static void every_ticket_finds_what_it_needs(void **state)
{
    (void)state;
    for (size_t round = 0; round < 60; round++) {
        rehearsal r = { .name    = "a pass",
                        .workers = 1 + round % 5,
                        .jobs    = round % 7 == 0 ? 1 : 1 + mc_test_below(&lab, MANY - 1),
                        .depth   = 1 + round % 2,
                        .kept    = 1 + round / 2 % 2,
                        .gate    = round % 3 ? PHASES : 1 + round % PHASES };
        run(&r);
        check_whole(&r, PHASES);
        mc_schedule_clear(&r.schedule);
    }
}

static void a_stop_that_would_lose_work_ends_what_has_begun(void **state)
{
    (void)state;
    for (size_t round = 0; round < 60; round++) {
        rehearsal r = { .name     = "stopped",
                        .workers  = 1 + round % 4,
                        .jobs     = JOBS,
                        .depth    = 2,
                        .kept     = 2,
                        .gate     = PHASES,
                        .together = 1 + round % 3,
                        .stop_at  = 3 * JOBS + PANELS + round };
        size_t    limit;

        run(&r);
        limit = atomic_load(&r.schedule.limit);
        CHECK(r.name, limit > 1 && (limit <= PHASES - r.together || limit == PHASES));
        CHECK(r.name, !r.schedule.abandoned);
        CHECK(r.name, mc_schedule_must_keep(&r.schedule) == (limit < PHASES));
        check_whole(&r, limit);
        mc_schedule_clear(&r.schedule);
    }
}

static void a_stop_that_loses_nothing_ends_at_once(void **state)
{
    rehearsal r = { .name    = "nothing to lose",
                    .workers = 3,
                    .jobs    = JOBS,
                    .depth   = 2,
                    .kept    = 2,
                    .gate    = PHASES,
                    .safe    = SIZE_MAX,
                    .stop_at = 3 * JOBS };

    (void)state;
    run(&r);
    CHECK(r.name, r.schedule.abandoned && r.ended < PHASES);
    mc_schedule_clear(&r.schedule);
}

static void a_failed_ending_ends_the_pass(void **state)
{
    (void)state;
    for (size_t workers = 1; workers < 5; workers++) {
        rehearsal r = { .name     = "failed",
                        .workers  = workers,
                        .jobs     = JOBS,
                        .depth    = 2,
                        .kept     = 2,
                        .gate     = PHASES,
                        .fails_at = 4 };
        run(&r);
        CHECK(r.name, r.ended == 4 && r.schedule.abandoned);
        mc_schedule_clear(&r.schedule);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_ticket_finds_what_it_needs),
        cmocka_unit_test(a_stop_that_would_lose_work_ends_what_has_begun),
        cmocka_unit_test(a_stop_that_loses_nothing_ends_at_once),
        cmocka_unit_test(a_failed_ending_ends_the_pass),
    };

    return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
