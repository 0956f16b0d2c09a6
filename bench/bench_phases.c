/* bench_phases.c - where the time of a pass goes, as JSON: processor time of each kind of
 * operation and of widening, and what the workers had no work in, as parts of all workers'
 * time.
 *
 *     bench_phases MODEL [texts] [tokens a text] [threads]
 *
 * The backend's operations are called through clocks of their own; the engine knows nothing of
 * it. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "backend/cpu/peak.h"
#include "base/alloc.h"
#include "base/log.h"
#include "base/pool.h"
#include "engine/engine.h"
#include "engine/op_profile.h"
#include "model/model.h"

static const mc_backend    *timed;                        /* what the clocks stand around */
static atomic_uint_fast64_t spent[MC_OP_COUNT], widening; /* nanoseconds, of all workers */

static uint64_t worker_clock(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void run_timed(const mc_backend *backend, const mc_op *op, const void *staged,
                      mc_tile *tile)
{
    uint64_t before = worker_clock();

    timed->run[op->kind](backend, op, staged, tile);
    atomic_fetch_add(&spent[op->kind], worker_clock() - before);
}

static void stage_timed(const mc_op *op, size_t job, void *staged, float *scratch)
{
    uint64_t before = worker_clock();

    timed->stage(op, job, staged, scratch);
    atomic_fetch_add(&widening, worker_clock() - before);
}

static mc_status ignore(void *context, const mc_states *states, mc_error *err)
{
    (void)context;
    (void)states;
    (void)err;
    return MC_OK;
}

static mc_status run_all(mc_model *model, size_t count, size_t length, size_t threads,
                         mc_engine_stats *stats, mc_error *err)
{
    const mc_lowered *program = mc_model_lowered(model);
    mc_backend        backend = *timed;
    int32_t          *tokens  = mc_calloc(count * length, sizeof *tokens);
    size_t           *offsets = mc_calloc(count + 1, sizeof *offsets);
    bool             *wanted  = mc_calloc(program->block_count + 2, sizeof *wanted);
    mc_engine_options options = { .backend    = &backend,
                                  .threads    = threads,
                                  .no_sharing = true,
                                  .keep       = MC_KEEP_LAST,
                                  .wanted     = wanted,
                                  .states     = ignore };
    mc_texts          texts   = { tokens, offsets, count };
    mc_status         status;

    if (!tokens || !offsets || !wanted) return mc_fail_memory(err, count * length);
    for (size_t i = 0; i < count * length; i++)
        tokens[i] = (int32_t)((i * 2654435761u >> 7) % program->vocabulary);
    for (size_t i = 0; i <= count; i++)
        offsets[i] = i * length;
    for (size_t i = 0; i < program->block_count + 2; i++)
        wanted[i] = true;
    for (size_t kind = 0; kind < MC_OP_COUNT; kind++)
        backend.run[kind] = run_timed;
    backend.stage = stage_timed;
    status        = mc_engine_run(program, mc_model_store(model), &texts, &options, stats, err);
    mc_free(tokens);
    mc_free(offsets);
    mc_free(wanted);
    return status;
}

static void print_phases(const mc_engine_stats *stats, double wall, double all)
{
    double rest = 1.0, part;

    printf("{\"tier\": \"%s\", \"threads\": %zu, \"tokens\": %zu, \"seconds\": %.4f, "
           "\"flopPerSecond\": %.0f, \"parts\": {",
           timed->tier, stats->threads, stats->tokens_computed, wall, stats->flop / wall);
    for (size_t kind = 0; kind < MC_OP_COUNT; kind++) {
        if (!spent[kind]) continue;
        part = (double)spent[kind] * 1e-9 / all;
        rest -= part;
        printf("\"%s\": %.5f, ", mc_op_name(kind), part);
    }
    part = (double)widening * 1e-9 / all;
    printf("\"widen\": %.5f, \"rest\": %.5f}, \"idle\": %.5f}\n", part, rest - part,
           1.0 - all / (wall * (double)stats->threads));
}

int main(int argc, char **argv)
{
    size_t          count  = argc > 2 ? (size_t)strtoull(argv[2], NULL, 10) : 600;
    size_t          length = argc > 3 ? (size_t)strtoull(argv[3], NULL, 10) : 12;
    mc_model       *model  = NULL;
    mc_engine_stats stats;
    mc_error        err = { 0 };
    double          started;
    clock_t         ticks;
    mc_status       status;

    if (argc < 2) {
        fprintf(stderr, "usage: bench_phases MODEL [texts] [tokens a text] [threads]\n");
        return 2;
    }
    status = mc_model_open(argv[1], &model, &err);
    if (status == MC_OK) status = mc_backend_find(NULL, &timed, &err);
    started = mc_clock();
    ticks   = clock();
    if (status == MC_OK)
        status = run_all(model, count, length,
                         argc > 4 ? (size_t)strtoull(argv[4], NULL, 10) : 0, &stats, &err);
    if (status == MC_OK)
        print_phases(&stats, mc_clock() - started, (double)(clock() - ticks) / CLOCKS_PER_SEC);
    else
        fprintf(stderr, "%s: %s\n", err.subject, err.reason);
    mc_model_close(model);
    return status != MC_OK;
}
