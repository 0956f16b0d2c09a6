/* schedule.c - one counter of tickets, counters of what is done, and one place to wait. */
#include "engine/schedule.h"

#include "base/alloc.h"
#include "base/profile.h"
#include "base/spin.h"

mc_status mc_schedule_create(const size_t *panels, size_t phase_count, size_t job_count,
                             size_t depth, size_t kept, size_t stops, mc_schedule *schedule,
                             mc_error *err)
{
    size_t ticket = 0;

    *schedule              = (mc_schedule){ .phase_count = phase_count,
                                            .job_count   = job_count,
                                            .depth       = depth,
                                            .kept        = kept,
                                            .stops       = stops };
    schedule->phases       = mc_calloc(phase_count, sizeof *schedule->phases);
    schedule->jobs_through = mc_calloc(job_count, sizeof *schedule->jobs_through);
    if (!schedule->phases || !schedule->jobs_through)
        return mc_fail_memory(err, (phase_count + job_count) * sizeof *schedule->phases);
    for (size_t i = 0; i < phase_count; i++) {
        schedule->phases[i].first_ticket = ticket;
        schedule->phases[i].panels       = panels[i];
        ticket += panels[i] + job_count;
    }
    atomic_store(&schedule->open, 1);
    atomic_store(&schedule->limit, phase_count);
    pthread_mutex_init(&schedule->mutex, NULL);
    pthread_cond_init(&schedule->moved, NULL);
    schedule->has_primitives = true;
    return MC_OK;
}

void mc_schedule_clear(mc_schedule *schedule)
{
    if (schedule->has_primitives) {
        pthread_cond_destroy(&schedule->moved);
        pthread_mutex_destroy(&schedule->mutex);
    }
    mc_free(schedule->phases);
    mc_free(schedule->jobs_through);
    *schedule = (mc_schedule){ 0 };
}

/* ---- waiting ---- */

/* Whoever sleeps has said so before it last looked, so it is seen here, or it has seen what has
 * just changed. */
static void wake(mc_schedule *s)
{
    if (atomic_load(&s->sleepers) == 0) return;
    pthread_mutex_lock(&s->mutex);
    pthread_cond_broadcast(&s->moved);
    pthread_mutex_unlock(&s->mutex);
}

typedef bool condition(const mc_schedule *s, size_t phase, size_t job);

static bool is_over(const mc_schedule *s, condition *holds, size_t phase, size_t job,
                    const mc_duty *duty)
{
    return atomic_load(&s->abandoned) || phase >= atomic_load(&s->limit) ||
           holds(s, phase, job) || (duty && mc_schedule_is_due(s));
}

static void sleep_until(mc_schedule *s, condition *holds, size_t phase, size_t job,
                        const mc_duty *duty)
{
    mc_profile_mark begun = mc_profile_begin();

    for (int i = 0; i < MC_SPINS && !is_over(s, holds, phase, job, duty); i++)
        mc_spin();
    pthread_mutex_lock(&s->mutex);
    atomic_fetch_add(&s->sleepers, 1);
    while (!is_over(s, holds, phase, job, duty))
        pthread_cond_wait(&s->moved, &s->mutex);
    atomic_fetch_sub(&s->sleepers, 1);
    pthread_mutex_unlock(&s->mutex);
    mc_profile_end(begun, &(mc_profile_call){ .kind = MC_PROFILE_WAIT, .name = "wait" });
}

static bool wait_until(mc_schedule *s, condition *holds, size_t phase, size_t job,
                       const mc_duty *duty)
{
    while (!atomic_load(&s->abandoned) && phase < atomic_load(&s->limit)) {
        if (holds(s, phase, job)) return true;
        if (duty && mc_schedule_is_due(s))
            duty->end_phases(duty->context);
        else
            sleep_until(s, holds, phase, job, duty);
    }
    return false;
}

/* ---- what a ticket needs ---- */

static bool may_stage(const mc_schedule *s, size_t phase, size_t panel)
{
    (void)panel;
    return phase < s->depth || atomic_load(&s->finished) > phase - s->depth;
}

static bool may_run(const mc_schedule *s, size_t phase, size_t job)
{
    return phase < atomic_load(&s->open) &&
           atomic_load(&s->phases[phase].staged) == s->phases[phase].panels &&
           atomic_load(&s->jobs_through[job]) == phase;
}

static bool may_pool(const mc_schedule *s, size_t phase, size_t job)
{
    (void)job;
    return phase < s->kept || atomic_load(&s->ended) > phase - s->kept;
}

static bool has_ended(const mc_schedule *s, size_t phase, size_t job)
{
    (void)phase;
    (void)job;
    return atomic_load(&s->ended) >= atomic_load(&s->limit);
}

/* ---- tickets ---- */

bool mc_schedule_next(mc_schedule *s, size_t *phase, mc_ticket *ticket)
{
    size_t number = atomic_fetch_add(&s->ticket, 1), index;

    while (*phase + 1 < s->phase_count && number >= s->phases[*phase + 1].first_ticket)
        ++*phase;
    index = number - s->phases[*phase].first_ticket;
    if (index >= s->phases[*phase].panels + s->job_count) return false;
    ticket->phase    = *phase;
    ticket->is_panel = index < s->phases[*phase].panels;
    ticket->index    = ticket->is_panel ? index : index - s->phases[*phase].panels;
    return *phase < atomic_load(&s->limit) && !atomic_load(&s->abandoned);
}

/* Between this and mc_schedule_stop() one is first: a phase begins before the stop and goes to
 * its end, or not at all. */
static bool begin_phase(mc_schedule *s, size_t phase)
{
    bool may;

    pthread_mutex_lock(&s->mutex);
    may = phase < atomic_load(&s->limit);
    if (may && phase >= s->begun) s->begun = phase + 1;
    pthread_mutex_unlock(&s->mutex);
    return may;
}

bool mc_schedule_is_ready(const mc_schedule *s, const mc_ticket *ticket)
{
    return (ticket->is_panel ? may_stage : may_run)(s, ticket->phase, ticket->index);
}

bool mc_schedule_begin(mc_schedule *s, const mc_ticket *ticket, const mc_duty *duty)
{
    if (ticket->is_panel) return wait_until(s, may_stage, ticket->phase, ticket->index, duty);
    return wait_until(s, may_run, ticket->phase, ticket->index, duty) &&
           begin_phase(s, ticket->phase);
}

bool mc_schedule_may_pool(mc_schedule *s, size_t phase, const mc_duty *duty)
{
    return wait_until(s, may_pool, phase, 0, duty);
}

bool mc_schedule_done(mc_schedule *s, const mc_ticket *ticket)
{
    mc_phase *phase = &s->phases[ticket->phase];
    bool      last_panel;

    if (ticket->is_panel) {
        last_panel = atomic_fetch_add(&phase->staged, 1) + 1 == phase->panels;
        if (last_panel) wake(s);
        return last_panel;
    }
    /* In this order: nobody can finish the next phase before this one is counted. */
    if (atomic_fetch_add(&phase->done, 1) + 1 == s->job_count)
        atomic_store(&s->finished, ticket->phase + 1);
    atomic_store(&s->jobs_through[ticket->index], ticket->phase + 1);
    wake(s);
    return false;
}

/* ---- the caller's thread ---- */

bool mc_schedule_is_due(const mc_schedule *s)
{
    return atomic_load(&s->finished) > atomic_load(&s->ended) && !atomic_load(&s->abandoned);
}

void mc_schedule_ended(mc_schedule *s)
{
    atomic_fetch_add(&s->ended, 1);
    wake(s);
}

void mc_schedule_open(mc_schedule *s, size_t count)
{
    atomic_store(&s->open, count);
    wake(s);
}

void mc_schedule_drain(mc_schedule *s, const mc_duty *duty)
{
    (void)wait_until(s, has_ended, 0, 0, duty);
}

/* ---- endings before the end ---- */

void mc_schedule_keep(mc_schedule *s, size_t count)
{
    pthread_mutex_lock(&s->mutex);
    s->safe = count;
    pthread_mutex_unlock(&s->mutex);
}

void mc_schedule_stop(mc_schedule *s)
{
    pthread_mutex_lock(&s->mutex);
    if (s->begun <= s->safe ||
        (s->begun - s->safe == 1 && atomic_load(&s->finished) <= s->safe))
        atomic_store(&s->abandoned, true);
    else if (s->begun <= s->stops)
        atomic_store(&s->limit, s->begun);
    pthread_cond_broadcast(&s->moved);
    pthread_mutex_unlock(&s->mutex);
}

bool mc_schedule_must_keep(const mc_schedule *s)
{
    const size_t ended = atomic_load(&s->ended);

    return !atomic_load(&s->abandoned) && ended < s->phase_count && ended > s->safe;
}

void mc_schedule_abandon(mc_schedule *s)
{
    pthread_mutex_lock(&s->mutex);
    atomic_store(&s->abandoned, true);
    pthread_cond_broadcast(&s->moved);
    pthread_mutex_unlock(&s->mutex);
}
