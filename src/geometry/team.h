/* team.h - a pool of workers whose jobs may fail, each with an arena for temporaries and one
 * for what must outlive the job.
 *
 * The error of the lowest failed job is the one that is reported, whoever ran it. */
#ifndef MC_GEOMETRY_TEAM_H
#define MC_GEOMETRY_TEAM_H

#include <stddef.h>

#include "base/arena.h"

typedef struct mc_team mc_team;

/* scratch is reset after the job; keep lives until mc_team_forget() or mc_team_free(). */
typedef mc_status mc_team_job(void *context, size_t job, mc_arena *keep, mc_arena *scratch,
                              mc_error *err);

mc_status mc_team_create(size_t threads, mc_team **team, mc_error *err);
void      mc_team_free(mc_team *team);
size_t    mc_team_size(const mc_team *team);
/* The caller's own keep arena, for use between runs. */
mc_arena *mc_team_keep(mc_team *team);

/* Jobs 0..count-1, each once; MC_ERR_INTERRUPTED when somebody asked to stop. After a failure
 * the jobs that have not begun are left out. */
mc_status mc_team_run(mc_team *team, size_t count, mc_team_job *job, void *context,
                      mc_error *err);

/* Let every scratch arena hold this much in one chunk (mc_arena_reserve). */
void mc_team_reserve(mc_team *team, size_t bytes);

/* What the keep arenas hold now, and giving back what came after. Nest like brackets. */
typedef struct mc_team_mark {
    mc_arena_mark *marks; /* on the keep arena of worker 0, which holds them */
    mc_arena_mark  own;
} mc_team_mark;
mc_status mc_team_remember(mc_team *team, mc_team_mark *mark, mc_error *err);
void      mc_team_forget(mc_team *team, mc_team_mark mark);

#endif
