/* capture_store.h - what a run leaves in the cache while it computes: each layer's states,
 * written while the next block runs, and checkpoints.
 *
 * A cache that cannot be written costs a warning; the run goes on without. */
#ifndef MC_ANALYSIS_CAPTURE_STORE_H
#define MC_ANALYSIS_CAPTURE_STORE_H

#include <pthread.h>

#include "cache/checkpoint.h"
#include "cache/settings.h"
#include "engine/engine.h"

/* A layer on its way to the disk. */
struct mc_layer_writer {
    pthread_t       thread;
    bool            pending, has_thread;
    int             layer;
    size_t          width;
    mc_activations *old;  /* the layer's older file, whose other texts stay; closed then */
    float          *rows; /* [last, mean][texts, widest]: the engine goes on with its own */
    const float    *last, *mean;
    uint64_t        size;
    mc_status       status;
    mc_error        err;
};

typedef struct mc_capture_store {
    /* Set by the owner; borrowed. */
    const mc_activation_group *group;
    mc_checkpoint_texts        texts; /* that are computed */
    mc_hash                    build; /* all texts of the run */
    size_t                     widest;
    size_t                     living; /* width of a token's row in checkpoints */
    int  stays_behind; /* the block whose checkpoint stays when all is done; -1: none does */
    bool on;           /* false from the first failure on */

    uint64_t               written; /* bytes of layers */
    struct mc_layer_writer writer;
    double                 marked; /* when the last checkpoint was written, or the run began */
    double                 expected; /* seconds that the next one takes */
} mc_capture_store;

/* The engine is about to run: room on the disk for `needed` bytes. */
void mc_capture_store_begin(mc_capture_store *store, const mc_cache_settings *settings,
                            uint64_t needed);
/* Copies the states and returns; `old` must stay until the next call. */
void mc_capture_store_layer(mc_capture_store *store, int layer, size_t width,
                            mc_activations *old, const mc_states *states);
/* Now when that is cheap, and where it is to stay. */
mc_checkpoint_need mc_capture_store_need(const mc_capture_store *store, int block);
void mc_capture_store_checkpoint(mc_capture_store *store, const mc_engine_state *state);
/* Wait for the layer that is being written. `done`: nothing is left to go on with. */
void mc_capture_store_end(mc_capture_store *store, bool done);

/* What it takes on disk, and in memory beside the engine's. */
uint64_t mc_capture_store_size(const mc_lowered *model, const bool *wanted, size_t texts,
                               size_t tokens);
uint64_t mc_capture_store_memory(const mc_lowered *model, size_t widest, size_t texts,
                                 size_t longest);

#endif
