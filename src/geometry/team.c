/* team.c - mc_pool with errors and arenas. */
#include "geometry/team.h"

#include <stdatomic.h>
#include <stdint.h>

#include "base/alloc.h"
#include "base/interrupt.h"
#include "base/pool.h"
#include "geometry/matrix.h"

typedef struct member {
    mc_arena *keep, *scratch;
    size_t    failed_job; /* SIZE_MAX: none */
    mc_error  error;
    mc_status status;
} member;

struct mc_team {
    mc_pool    *pool;
    size_t      size;
    member     *members;
    atomic_bool failed;
};

typedef struct run {
    mc_team     *team;
    mc_team_job *job;
    void        *context;
} run;

mc_status mc_team_create(size_t threads, mc_team **team, mc_error *err)
{
    mc_team  *result = mc_calloc(1, sizeof *result);
    mc_status status;

    if (!result) return mc_fail_memory(err, sizeof *result);
    status = mc_pool_create(threads, &result->pool, err);
    if (status != MC_OK) goto done;
    result->size    = mc_pool_size(result->pool);
    result->members = mc_calloc(result->size, sizeof *result->members);
    if (!result->members) {
        status = mc_fail_memory(err, result->size * sizeof *result->members);
        goto done;
    }
    for (size_t i = 0; i < result->size && status == MC_OK; i++) {
        status = mc_arena_create(&result->members[i].keep, err);
        if (status == MC_OK) status = mc_arena_create(&result->members[i].scratch, err);
    }
done:
    if (status == MC_OK)
        *team = result;
    else
        mc_team_free(result);
    return status;
}

void mc_team_free(mc_team *team)
{
    if (!team) return;
    for (size_t i = 0; team->members && i < team->size; i++) {
        mc_arena_free(team->members[i].keep);
        mc_arena_free(team->members[i].scratch);
    }
    mc_free(team->members);
    mc_pool_free(team->pool);
    mc_free(team);
}

size_t mc_team_size(const mc_team *team)
{
    return team->size;
}

static void take_job(void *context, size_t job, size_t worker)
{
    run    *own = context;
    member *me  = &own->team->members[worker];

    if (atomic_load(&own->team->failed)) return;
    mc_arena_mark mark   = mc_arena_save(me->scratch);
    mc_error      err    = { 0 };
    mc_status     status = mc_interrupt_check(&err);

    if (status == MC_OK) status = own->job(own->context, job, me->keep, me->scratch, &err);
    mc_arena_reset(me->scratch, mark);
    if (status == MC_OK) return;
    atomic_store(&own->team->failed, true);
    if (job < me->failed_job) {
        me->failed_job = job;
        me->status     = status;
        me->error      = err;
    }
}

mc_status mc_team_run(mc_team *team, size_t count, mc_team_job *job, void *context,
                      mc_error *err)
{
    run     own   = { team, job, context };
    member *first = NULL;

    atomic_store(&team->failed, false);
    for (size_t i = 0; i < team->size; i++)
        team->members[i].failed_job = SIZE_MAX;
    mc_pool_run(team->pool, count, take_job, &own);
    for (size_t i = 0; i < team->size; i++) {
        member *m = &team->members[i];
        if (m->failed_job != SIZE_MAX && (!first || m->failed_job < first->failed_job))
            first = m;
    }
    if (!first) return MC_OK;
    if (err) *err = first->error;
    return first->status;
}

mc_arena *mc_team_keep(mc_team *team)
{
    return team->members[0].keep;
}

void mc_team_reserve(mc_team *team, size_t bytes)
{
    for (size_t i = 0; i < team->size; i++)
        mc_arena_reserve(team->members[i].scratch, bytes);
}

mc_status mc_team_remember(mc_team *team, mc_team_mark *mark, mc_error *err)
{
    void *block;

    mark->own = mc_arena_save(team->members[0].keep);
    MC_TRY(mc_arena_array(team->members[0].keep, team->size, sizeof *mark->marks, &block, err));
    mark->marks = block;
    for (size_t i = 0; i < team->size; i++)
        mark->marks[i] = mc_arena_save(team->members[i].keep);
    return MC_OK;
}

void mc_team_forget(mc_team *team, mc_team_mark mark)
{
    for (size_t i = team->size; i-- > 1;)
        mc_arena_reset(team->members[i].keep, mark.marks[i]);
    mc_arena_reset(team->members[0].keep, mark.own);
}
