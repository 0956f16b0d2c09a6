/* schedule.h - who may do what when: the order of a pass, without barriers.
 *
 * A pass goes through phases, one program each (embedding, blocks, final). The work of a phase
 * is its panels (weights to be staged) and then its jobs (rows to be taken through the
 * program), and all of it is one list, from which every worker takes the next ticket:
 *
 *     panels of 0, jobs of 0, panels of 1, jobs of 1, ...
 *
 * Who has no job left in a phase stages the next, and goes on to its jobs, while others are
 * still at their last ones. A ticket's holder waits for what the ticket needs, which is always
 * the work of earlier tickets, or an ending (below): so nobody waits for ever.
 *
 *     a panel       room: the jobs of phase - depth are done
 *     a job         its panels; the same job in the phase before; that the phase is open
 *     a pooled row  room: phase - kept has ended
 *
 * Worker 0 is the caller's thread. It ends phases, in order, when all their jobs are done:
 * between two tickets and whenever it would wait. */
#ifndef MC_ENGINE_SCHEDULE_H
#define MC_ENGINE_SCHEDULE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

typedef struct mc_phase {
    size_t        first_ticket, panels;
    atomic_size_t staged, done; /* panels, jobs */
} mc_phase;

typedef struct mc_schedule {
    size_t phase_count;
    size_t job_count; /* of a phase */
    size_t depth;     /* staged programs that there is room for */
    size_t kept;      /* phases whose pooled rows there is room for */
    size_t stops; /* phases behind which the pass may stop: the others begin and end together */

    mc_phase      *phases;
    atomic_size_t *jobs_through; /* [job_count] phases that each job has gone through */
    atomic_size_t  ticket;
    atomic_size_t  finished; /* phases whose jobs are all done */
    atomic_size_t  ended, open;
    atomic_bool    abandoned;

    pthread_mutex_t mutex; /* of sleepers, and: */
    pthread_cond_t  moved;
    atomic_size_t   sleepers;
    size_t          begun;          /* phases of which a job has been begun */
    atomic_size_t   limit;          /* phases that may begin */
    size_t          safe;           /* see mc_schedule_stop() */
    bool            has_primitives; /* mutex and condition */
} mc_schedule;

typedef struct mc_ticket {
    size_t phase, index;
    bool   is_panel;
} mc_ticket;

/* What the caller's thread does instead of waiting, when some phase has finished and not ended;
 * NULL on other threads. */
typedef struct mc_duty {
    void (*end_phases)(void *context);
    void *context;
} mc_duty;

/* `panels` [phase_count]. Phase 0 is open. */
mc_status mc_schedule_create(const size_t *panels, size_t phase_count, size_t job_count,
                             size_t depth, size_t kept, size_t stops, mc_schedule *schedule,
                             mc_error *err);
void      mc_schedule_clear(mc_schedule *schedule);

/* The next ticket of the list; `phase` (0 at first) is the worker's own place in it. False:
 * there is none, or no further phase is to begin. */
bool mc_schedule_next(mc_schedule *schedule, size_t *phase, mc_ticket *ticket);

/* Nothing is to be waited for. */
bool mc_schedule_is_ready(const mc_schedule *schedule, const mc_ticket *ticket);
/* Wait until the ticket may be worked on. False: it is not to be. */
bool mc_schedule_begin(mc_schedule *schedule, const mc_ticket *ticket, const mc_duty *duty);
/* Wait until rows of this phase may be pooled. False: the pass is given up. */
bool mc_schedule_may_pool(mc_schedule *schedule, size_t phase, const mc_duty *duty);
/* The ticket's work is done. True when it was the last panel of its phase. */
bool mc_schedule_done(mc_schedule *schedule, const mc_ticket *ticket);

/* ---- of the caller's thread ---- */

/* Some phase has finished and not ended. */
bool mc_schedule_is_due(const mc_schedule *schedule);
/* The next phase has ended. */
void mc_schedule_ended(mc_schedule *schedule);
/* Jobs of phases below `count` may begin. */
void mc_schedule_open(mc_schedule *schedule, size_t count);
/* Wait, doing one's duty, until all phases that are to begin have ended. */
void mc_schedule_drain(mc_schedule *schedule, const mc_duty *duty);

/* ---- endings before the end ---- */

/* The results of phases below `count` are kept elsewhere: when the pass stops behind them
 * nothing is lost. */
void mc_schedule_keep(mc_schedule *schedule, size_t count);
/* Stop on request: at once when nothing would be lost but the one phase at work behind the kept
 * ones, else when all phases that have begun have ended. Asked again and again, it may come to
 * be at once. */
void mc_schedule_stop(mc_schedule *schedule);
/* Stopped behind phases that have ended and are not kept. When no worker is at work any more.
 */
bool mc_schedule_must_keep(const mc_schedule *schedule);
/* Give the pass up: every wait ends with false. */
void mc_schedule_abandon(mc_schedule *schedule);

#endif
