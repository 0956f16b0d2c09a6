/* stage.h - programs' weights, widened and laid out by the backend. */
#ifndef MC_ENGINE_STAGE_H
#define MC_ENGINE_STAGE_H

#include "backend/backend.h"
#include "format/format.h"

/* Room for `depth` programs: of phase 0, 1, ... in turn. */
typedef struct mc_stage {
    const mc_backend *backend;
    size_t            depth, size; /* size: of the largest program */
    void             *memory;      /* [depth][size] */
    float            *scratch;     /* [workers][scratch_size] */
    size_t            scratch_size;
    size_t            workers;
} mc_stage;

/* The sizes of what mc_stage_create() makes, without memory. */
mc_stage mc_stage_measure(const mc_backend *backend, const mc_lowered *model, int last_block,
                          size_t workers, size_t depth);
size_t   mc_stage_bytes(const mc_stage *stage);
/* Room for any of the model's programs up to block `last_block`. */
mc_status mc_stage_create(const mc_backend *backend, const mc_lowered *model, int last_block,
                          size_t workers, size_t depth, mc_stage *stage, mc_error *err);
void      mc_stage_clear(mc_stage *stage);

/* Panels of a program's weights: what one worker takes at once. */
size_t mc_stage_panels(const mc_backend *backend, const mc_program *program);
/* Stage one of them. */
void mc_stage_run(const mc_stage *stage, const mc_program *program, size_t phase, size_t panel,
                  size_t worker);

/* The staged weights of operation `index`; NULL when it has none. */
const void *mc_stage_of(const mc_stage *stage, const mc_program *program, size_t phase,
                        size_t index);

/* Bytes of the files that a program's weights take: what staging it reads. */
uint64_t mc_stage_stored_size(const mc_program *program);

/* Tell the system about a program's pages: needed soon, or done with. */
void mc_stage_advise(const mc_store *store, const mc_program *program, mc_file_advice advice);

#endif
