/* pass.h (private to engine) - what the parts of one pass share. */
#ifndef MC_ENGINE_PASS_H
#define MC_ENGINE_PASS_H

#include "base/profile.h"
#include "engine/chunks.h"
#include "engine/cost.h"
#include "engine/engine.h"
#include "engine/plan.h"
#include "engine/pooling.h"
#include "engine/rope_tables.h"
#include "engine/schedule.h"
#include "engine/stage.h"
#include "engine/state.h"

typedef enum mc_activity {
    MC_IDLE,
    MC_STAGING,
    MC_COMPUTING,
    MC_HANDING_OUT,
    MC_ACTIVITIES
} mc_activity;

/* One worker's memory: what a tile needs while it goes through a program. And its clock. */
typedef struct mc_worker {
    float        *buffers; /* all of a tile's scratch buffers */
    void         *scratch; /* of the operations */
    double       *sums;    /* of the mean */
    mc_text_rows *texts;   /* of the tile at work on */
    uint32_t     *place;   /* [tile rows] rows after the unwanted ones are dropped */
    uint8_t      *wanted;  /* [tile rows] */

    mc_activity     at;
    double          since, seconds[MC_ACTIVITIES];
    mc_profile_mark begun;
} mc_worker;

typedef struct mc_pass {
    const mc_lowered        *model;
    const mc_store          *store;
    const mc_texts          *texts;
    const mc_engine_options *options;
    mc_plan                  plan;
    mc_cost                  cost;
    mc_chunks                chunks;
    mc_rope_tables           ropes;
    mc_stage                 stage;
    mc_schedule              schedule;
    mc_pooled                pooled[MC_KEPT_LAYERS], pooled_final;
    mc_engine_state          living;

    float     *state[MC_BUFFERS_MAX]; /* of all rows: x and the persistent buffers */
    mc_worker *workers;

    /* Of the caller's thread. */
    mc_checkpoint_need need; /* of the next phase to end */
    double            *flop; /* [phases] */
    double             started, flop_total;
    mc_status          status; /* of ending phases */
    mc_error          *err;
} mc_pass;

/* Phase 0 is the first block that is run. */
static inline int mc_pass_block(const mc_pass *pass, size_t phase)
{
    return pass->options->first_block + (int)phase;
}

/* The embedding is block 0, `final` the one behind the last. */
static inline const mc_program *mc_pass_program(const mc_pass *pass, size_t phase)
{
    return mc_cost_program(&pass->cost, mc_pass_block(pass, phase));
}

/* What is kept of a phase's states, borrowed. */
mc_pooled mc_pass_pooled(const mc_pass *pass, size_t phase);

mc_status mc_worker_create(const mc_pass *pass, mc_worker *worker, mc_error *err);
void      mc_worker_clear(const mc_pass *pass, mc_worker *worker);

/* Take the rows of a job (chunks->jobs[index]) through a phase's program, and pool them. The
 * weights are staged, and the rows stand where the phase before has left them. */
void mc_tile_run(mc_pass *pass, size_t worker, size_t phase, size_t index, const mc_duty *duty);

#endif
