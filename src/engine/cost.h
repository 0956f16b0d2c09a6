/* cost.h - what a pass takes, known before any of it exists: sizes of buffers, bytes of memory,
 * arithmetic of each phase. The pass allocates and counts by it, a forecast is it. */
#ifndef MC_ENGINE_COST_H
#define MC_ENGINE_COST_H

#include "engine/engine.h"
#include "engine/plan.h"

enum { MC_KEPT_LAYERS = 2 }; /* most that are pooled and not yet handed out */

typedef struct mc_cost {
    const mc_lowered        *model;
    const mc_engine_options *options;
    const mc_plan           *plan;

    size_t workers;
    int    last_block; /* the last that anybody needs */
    bool   want_final;
    size_t depth; /* widened programs in memory: one is staged while another is at work */
    size_t kept;  /* layers whose pooled rows are in memory, handed out or not */

    size_t stride[MC_BUFFERS_MAX];
    size_t offset[MC_BUFFERS_MAX]; /* of a scratch buffer inside a worker's buffers */
    size_t buffer_floats, scratch_bytes, key_width, value_width; /* of a worker */
    size_t history;     /* positions of the longest text that needs chunks; 0: there is none */
    size_t long_texts;  /* such texts that may be at work at once: each has its history */
    size_t sums;        /* of a mean: doubles */
    double wanted_rows; /* that the last block keeps */

    size_t   bytes;   /* of all that the pass allocates */
    uint64_t weights; /* bytes of the files that are widened */
    uint64_t window;  /* most of them in memory at once: a program's and the next one's */
    double   values;  /* numbers of matrices, that these hold */
} mc_cost;

/* Borrows model, plan and options. */
void mc_cost_measure(const mc_lowered *model, const mc_engine_options *options,
                     const mc_plan *plan, size_t workers, mc_cost *cost);

/* MC_ERR_ARGUMENT: the pass would begin behind its end. */
mc_status mc_cost_check(const mc_cost *cost, mc_error *err);

/* Lives through all blocks. */
bool mc_cost_is_global(const mc_lowered *model, int buffer);
/* 0: embedding; last_block + 1: final. */
const mc_program *mc_cost_program(const mc_cost *cost, int block);
/* What is kept behind a block; flags. */
unsigned mc_cost_keep(const mc_cost *cost, int block);
/* Floating-point operations of one program over all rows, and of all programs. */
double mc_cost_flop(const mc_cost *cost, int block);
double mc_cost_flop_of_all(const mc_cost *cost);
/* What is known before the pass; the seconds stay 0. */
mc_engine_stats mc_cost_stats(const mc_cost *cost);

#endif
