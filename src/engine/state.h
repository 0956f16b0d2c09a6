/* state.h (private to engine) - the rows that live from block to block, by text and position.
 */
#ifndef MC_ENGINE_STATE_H
#define MC_ENGINE_STATE_H

#include "engine/engine.h"
#include "engine/plan.h"

/* All borrowed from the pass, but for `places`. */
struct mc_engine_state {
    const mc_lowered *model;
    const mc_plan    *plan;
    float *const     *data;   /* [MC_BUFFERS_MAX][plan rows, stride] */
    const size_t     *stride; /* [MC_BUFFERS_MAX] */
    size_t            widths[MC_BUFFERS_MAX];
    int               block; /* the last that has been run */
    struct mc_text_place {
        size_t planned;   /* index into plan->texts */
        size_t first_row; /* of its tile */
    } * places;           /* [texts] */
};

mc_status mc_engine_state_create(mc_engine_state *state, mc_error *err);
void      mc_engine_state_clear(mc_engine_state *state);
/* Ask `restore` for the rows of every text. */
mc_status mc_engine_state_restore(const mc_engine_state *state, mc_restore_function *restore,
                                  void *context, mc_error *err);

#endif
