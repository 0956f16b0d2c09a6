/* bench_engine.c - the forward pass alone on made-up token ids, against the peak measured
 * beside it.
 *
 *     bench_engine MODEL [texts] [tokens a text] [threads] [rounds]
 *
 * Two shares of the peak: by the wall clock, and by the processor time that was really had,
 * which says more on a machine that others use too. Medians last. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "backend/cpu/peak.h"
#include "base/alloc.h"
#include "base/log.h"
#include "engine/engine.h"
#include "median.h"
#include "model/model.h"

enum { ROUNDS_MAX = 99 };

typedef struct bench {
    mc_model         *model;
    const mc_lowered *program;
    const mc_backend *backend;
    mc_pool          *pool;
    int32_t          *tokens;
    size_t           *offsets;
    bool             *wanted;
    size_t            texts, length, threads;
    double            wall[ROUNDS_MAX], cpu[ROUNDS_MAX], speed[ROUNDS_MAX];
} bench;

static mc_status ignore(void *context, const mc_states *states, mc_error *err)
{
    (void)context;
    (void)states;
    (void)err;
    return MC_OK;
}

static mc_status open_bench(bench *b, const char *model, mc_error *err)
{
    size_t layers;

    if (mc_model_open(model, &b->model, err) != MC_OK) return err->status;
    if (mc_backend_find(NULL, &b->backend, err) != MC_OK) return err->status;
    if (mc_pool_create(b->threads, &b->pool, err) != MC_OK) return err->status;
    b->program = mc_model_lowered(b->model);
    layers     = b->program->block_count + 2;
    b->tokens  = mc_calloc(b->texts * b->length, sizeof *b->tokens);
    b->offsets = mc_calloc(b->texts + 1, sizeof *b->offsets);
    b->wanted  = mc_calloc(layers, sizeof *b->wanted);
    if (!b->tokens || !b->offsets || !b->wanted)
        return mc_fail_memory(err, b->texts * b->length);
    for (size_t i = 0; i < b->texts * b->length; i++)
        b->tokens[i] = (int32_t)((i * 2654435761u >> 7) % b->program->vocabulary);
    for (size_t i = 0; i <= b->texts; i++)
        b->offsets[i] = i * b->length;
    for (size_t i = 0; i < layers; i++)
        b->wanted[i] = true;
    return MC_OK;
}

static mc_status run_round(bench *b, size_t round, mc_error *err)
{
    mc_texts          texts   = { b->tokens, b->offsets, b->texts };
    mc_engine_options options = { .backend    = b->backend,
                                  .threads    = b->threads,
                                  .no_sharing = true,
                                  .keep       = MC_KEEP_LAST,
                                  .wanted     = b->wanted,
                                  .states     = ignore };
    mc_engine_stats   stats;
    double  peak = mc_cpu_fma_peak(b->backend, b->pool, 0.1), after, wall = mc_clock(), cpu;
    clock_t ticks = clock();

    if (mc_engine_run(b->program, mc_model_store(b->model), &texts, &options, &stats, err) !=
        MC_OK)
        return err->status;
    wall  = mc_clock() - wall;
    cpu   = (double)(clock() - ticks) / CLOCKS_PER_SEC / (double)mc_pool_size(b->pool);
    after = mc_cpu_fma_peak(b->backend, b->pool, 0.1);
    if (after > peak) peak = after;
    b->speed[round] = (double)stats.tokens_computed / wall;
    b->wall[round]  = stats.flop / wall / peak;
    b->cpu[round]   = stats.flop / cpu / peak;
    printf("%8.1f tokens/s  %6.1f GFLOP/s  peak %6.1f  wall %5.1f%%  cpu %5.1f%%  "
           "staging %.3f s  blocks %.3f s  %.1f MiB\n",
           b->speed[round], stats.flop / wall / 1e9, peak / 1e9, 100 * b->wall[round],
           100 * b->cpu[round], stats.seconds_stage, stats.seconds_compute,
           (double)stats.bytes / 1048576.0);
    return MC_OK;
}

static size_t number(int argc, char **argv, int index, size_t otherwise)
{
    return argc > index ? (size_t)strtoull(argv[index], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    bench     b      = { .texts   = number(argc, argv, 2, 1000),
                         .length  = number(argc, argv, 3, 11),
                         .threads = number(argc, argv, 4, 0) };
    size_t    rounds = number(argc, argv, 5, 5);
    mc_error  err    = { 0 };
    mc_status status;

    if (argc < 2 || rounds == 0 || rounds > ROUNDS_MAX) {
        fprintf(stderr,
                "usage: bench_engine MODEL [texts] [tokens a text] [threads] [rounds]\n");
        return 2;
    }
    status = open_bench(&b, argv[1], &err);
    for (size_t round = 0; round < rounds && status == MC_OK; round++)
        status = run_round(&b, round, &err);
    if (status == MC_OK)
        printf(
            "median: %.1f tokens/s, %.1f%% of the peak by the wall, %.1f%% by processor time\n",
            mc_median(b.speed, rounds), 100 * mc_median(b.wall, rounds),
            100 * mc_median(b.cpu, rounds));
    else
        fprintf(stderr, "%s: %s\n", err.subject, err.reason);
    mc_free(b.tokens);
    mc_free(b.offsets);
    mc_free(b.wanted);
    mc_pool_free(b.pool);
    mc_model_close(b.model);
    return status != MC_OK;
}
