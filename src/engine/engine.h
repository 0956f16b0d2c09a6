/* engine.h - the layer-major forward pass.
 *
 * All texts lie back to back, unpadded, in one matrix [tokens, hidden]; block 1 goes over all
 * of it, then block 2, and so on. Each weight is read and widened once a pass, two blocks of
 * widened weights are in memory (one is at work while the next is made ready), no logits exist.
 * States are pooled as each block ends and handed to the caller. Texts that begin alike share
 * the rows of their common beginning, inside a tile.
 *
 * The result of a text does not depend on the others, on the batch size, on the number of
 * threads or on sharing: to the bit. */
#ifndef MC_ENGINE_ENGINE_H
#define MC_ENGINE_ENGINE_H

#include <stdbool.h>

#include "backend/backend.h"
#include "base/error.h"
#include "format/format.h"
#include "model/program.h"

/* What a state is reduced to; flags. */
enum {
    MC_KEEP_LAST = 1, /* the last token's row */
    MC_KEEP_MEAN = 2, /* mean over positions >= 1; the one row of a one-token text */
    MC_KEEP_ALL  = 4  /* every row */
};

/* The layer number of `final`: what stands behind the last block. */
enum { MC_ENGINE_FINAL = -1 };

/* A hash of the sources that decide the bits of a state: results of two builds of the program
 * that have the same one are equal. */
extern const char mc_engine_arithmetic[];

typedef struct mc_texts {
    const int32_t *tokens;  /* of all texts, one after another */
    const size_t  *offsets; /* [count + 1]; no text is empty */
    size_t         count;
} mc_texts;

/* The states of one layer; what was not kept is NULL. Borrowed for the call. */
typedef struct mc_states {
    int          layer; /* 0..L or MC_ENGINE_FINAL */
    size_t       width;
    const float *last, *mean; /* [texts, width] */
    const float *all;         /* [tokens, width], in the order of the texts */
} mc_states;

/* MC_ERR_INTERRUPTED is a request to stop: where that waits for blocks that have begun, their
 * states are handed out all the same. */
typedef mc_status mc_states_function(void *context, const mc_states *states, mc_error *err);

typedef struct mc_engine_progress {
    double done, total;       /* floating-point operations */
    double seconds;           /* since the pass began */
    int    block, last_block; /* at work on; 0 is the embedding */
    size_t tokens;            /* of all texts, shared beginnings counted once */
} mc_engine_progress;

/* Called on the caller's thread, after tiles. */
typedef void mc_engine_progress_function(void *context, const mc_engine_progress *progress);

/* What a pass has reached behind a block: of each text the rows of every buffer that lives
 * through all blocks, side by side: [tokens of the text, mc_engine_state_width()]. Nothing else
 * is needed to go on, with any plan, batch size and number of threads. */
typedef struct mc_engine_state mc_engine_state;

size_t mc_engine_state_width(const mc_lowered *model);
int    mc_engine_state_block(const mc_engine_state *state); /* the last one run; 0: embedding */
void   mc_engine_state_read(const mc_engine_state *state, size_t text, float *rows);

/* Whether the state behind a block is to be kept. */
typedef enum mc_checkpoint_need {
    MC_CHECKPOINT_NEVER, /* neither this one nor later ones: a request to stop ends the pass */
    MC_CHECKPOINT_LATER, /* not this one, it costs too much now; but on a request to stop, which
                          * then waits for the end of the blocks that have begun */
    MC_CHECKPOINT_NOW    /* the next block waits for it */
} mc_checkpoint_need;

/* Asked ahead, for each block but the last, while the block runs or waits to. */
typedef mc_checkpoint_need mc_checkpoint_need_function(void *context, int block);
/* Keep a state, after that block's own has been handed out. */
typedef mc_status mc_checkpoint_function(void *context, const mc_engine_state *state,
                                         mc_error *err);
/* Fill in the rows of a text, as mc_engine_state_read() gave them. */
typedef mc_status mc_restore_function(void *context, size_t text, float *rows, mc_error *err);

typedef struct mc_engine_options {
    const mc_backend *backend;
    size_t            threads;    /* 0: all usable cores */
    size_t            batch_size; /* most texts worked on together; 0: the engine's choice */
    uint64_t          max_memory; /* bytes that the pass may take; 0: no bound */
    bool              no_sharing; /* compute shared beginnings once for each text */
    bool              one_block;  /* one widened block in memory: slower, for want of room */
    bool              streams;    /* keep no weight in the system's cache */
    unsigned          keep;
    unsigned          keep_end; /* of the last block and `final`: some of them; 0: the same */
    /* [block_count + 2]: which of 0..L and, last, `final` are handed out. Work ends at the
     * last. */
    const bool                  *wanted;
    mc_states_function          *states;
    mc_engine_progress_function *progress; /* NULL: none */
    /* Blocks below are taken as run, and their states cannot be wanted: 0 begins with the
     * embedding, k + 1 with the state behind block k, from `restore`. */
    int                          first_block;
    mc_restore_function         *restore;    /* with first_block 0: not called */
    mc_checkpoint_need_function *need;       /* NULL: never */
    mc_checkpoint_function      *checkpoint; /* with `need` NULL: not called */
    void                        *context;    /* of all of these */
} mc_engine_options;

typedef struct mc_engine_stats {
    size_t threads, tiles;
    size_t tokens_asked, tokens_computed; /* they differ by what sharing saved */
    int    blocks_run;                    /* from first_block on */
    double flop;                          /* of the computed tokens: products and attention */
    double seconds;                       /* of the wall */
    /* What the workers did in that time, as means over them: the rest is waiting. */
    double   seconds_stage;   /* reading and widening weights */
    double   seconds_compute; /* the blocks */
    double   seconds_states;  /* the caller's states and checkpoint functions */
    size_t   bytes;           /* the engine's own memory */
    uint64_t weights;         /* bytes of the files that were widened */
    uint64_t window;          /* most of them in memory at once */
    double   values;          /* the numbers of matrices that these hold */
} mc_engine_stats;

/* MC_ERR_ARGUMENT: a token id outside of the vocabulary, an empty text, a text longer than the
 * model can take, no texts at all. */
mc_status mc_texts_check(const mc_lowered *model, const mc_texts *texts, mc_error *err);

/* The stats that mc_engine_run() would end with, all but the seconds, to the last byte and
 * operation. Nothing is run; neither callbacks nor max_memory are looked at. */
mc_status mc_engine_forecast(const mc_lowered *model, const mc_texts *texts,
                             const mc_engine_options *options, mc_engine_stats *stats,
                             mc_error *err);

/* Run the texts through the model. `store` is where the weights come from (checked after each
 * block, before its states are handed out; NULL: not a file). What mc_texts_check() refuses, a
 * first block behind the last wanted one (MC_ERR_ARGUMENT); MC_ERR_MEMORY; MC_ERR_INTERRUPTED
 * (base/interrupt.h); MC_ERR_NUMERIC: a state that is not finite, with layer and text; whatever
 * the caller's functions return. */
mc_status mc_engine_run(const mc_lowered *model, const mc_store *store, const mc_texts *texts,
                        const mc_engine_options *options, mc_engine_stats *stats,
                        mc_error *err);

/* What this machine does a second with this model, all workers together. */
typedef struct mc_engine_speed {
    double flop_per_second;   /* of its largest product */
    double values_per_second; /* of that product's weights, widened and laid out */
} mc_engine_speed;

/* Measured for about `seconds`, on a few rows of one weight. MC_ERR_UNSUPPORTED: the model has
 * no product. */
mc_status mc_engine_measure_speed(const mc_lowered *model, const mc_engine_options *options,
                                  double seconds, mc_engine_speed *speed, mc_error *err);

#endif
