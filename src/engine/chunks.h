/* chunks.h - texts longer than a tile, cut into chunks that all workers take at once.
 *
 * A chunk's queries look at the keys of every chunk before it: each writes its own to the
 * text's history and waits until the earlier ones have. Jobs are taken in order, so an earlier
 * chunk is always in somebody's hands or done, and nobody waits for ever. Rows are pooled in
 * order too, so a mean is the same sum whoever was faster. */
#ifndef MC_ENGINE_CHUNKS_H
#define MC_ENGINE_CHUNKS_H

#include "engine/cost.h"

/* One long text of the plan: chunks of all phases so far. */
typedef struct mc_long_text {
    size_t chunks;     /* of a phase */
    size_t remembered; /* whose keys and values are in the history, or were */
    size_t pooled;     /* that are done */
} mc_long_text;

/* What a worker takes: a whole tile, or a chunk of a tile that is one long text. */
typedef struct mc_job {
    const mc_plan_tile *tile;
    size_t              at, rows; /* of the tile */
    size_t              text;     /* index of the long text; SIZE_MAX: a whole tile */
    size_t              chunk;
} mc_job;

typedef struct mc_chunk_slot {
    mc_history history; /* of the program's attention: there is one at most */
    double    *sums;    /* of the mean */
} mc_chunk_slot;

typedef struct mc_chunks {
    const mc_cost *cost;
    mc_job        *jobs;
    size_t         job_count;
    mc_long_text  *texts;
    size_t         text_count;
    mc_chunk_slot *slots; /* [cost->long_texts]: texts take them in turn, phase after phase */
    bool           abandoned;
    void          *gate; /* lock and signal */
} mc_chunks;

mc_status mc_chunks_create(const mc_cost *cost, mc_chunks *chunks, mc_error *err);
void      mc_chunks_clear(mc_chunks *chunks);

/* The history that a chunk's text has in this phase. */
mc_chunk_slot *mc_chunk_slot_of(const mc_chunks *chunks, const mc_job *job, size_t phase);

/* A chunk goes through these in order, phase after phase (counted from 0); false: the pass is
 * given up and nothing may be read. `begin` waits for the slot, `remembered` says that its own
 * keys and values are in the history and waits for those of all earlier chunks, `turn` waits
 * until it may pool, `done` lets the next one. */
bool mc_chunk_begin(mc_chunks *chunks, const mc_job *job, size_t phase);
bool mc_chunk_remembered(mc_chunks *chunks, const mc_job *job, size_t phase);
bool mc_chunk_turn(mc_chunks *chunks, const mc_job *job, size_t phase);
void mc_chunk_done(mc_chunks *chunks, const mc_job *job, size_t phase);

/* A job will not be run: nobody waits for it any more. */
void mc_chunks_abandon(mc_chunks *chunks);

#endif
