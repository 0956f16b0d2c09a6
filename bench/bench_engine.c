/* bench_engine.c - the forward pass alone on random token ids: tokens/s, GFLOP/s and share of
 * the peak measured beside it, median of interleaved rounds.
 *
 *     bench_engine MODEL [texts] [tokens a text] [threads] [rounds] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/cpu/peak.h"
#include "base/log.h"
#include "engine/engine.h"
#include "model/model.h"

static mc_status ignore(void *context, const mc_states *states, mc_error *err)
{
    (void)context;
    (void)states;
    (void)err;
    return MC_OK;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static size_t number(int argc, char **argv, int index, size_t otherwise)
{
    return argc > index ? (size_t)strtoull(argv[index], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    size_t            texts = number(argc, argv, 2, 1000), length = number(argc, argv, 3, 11);
    size_t            threads = number(argc, argv, 4, 0), rounds = number(argc, argv, 5, 5);
    mc_error          err     = { 0 };
    mc_model         *model   = NULL;
    mc_pool          *pool    = NULL;
    const mc_backend *backend = NULL;

    if (argc < 2 || rounds == 0 || rounds > 99) return 2;
    if (mc_model_open(argv[1], &model, &err) != MC_OK ||
        mc_backend_find(NULL, &backend, &err) != MC_OK ||
        mc_pool_create(threads, &pool, &err) != MC_OK) {
        fprintf(stderr, "%s: %s\n", err.subject, err.reason);
        return 1;
    }
    const mc_lowered *program = mc_model_lowered(model);
    int32_t          *tokens  = calloc(texts * length, sizeof *tokens);
    size_t           *offsets = calloc(texts + 1, sizeof *offsets);
    bool             *wanted  = calloc(program->block_count + 2, sizeof *wanted);
    if (!tokens || !offsets || !wanted) return 1;
    for (size_t i = 0; i < texts * length; i++)
        tokens[i] = (int32_t)((i * 2654435761u >> 7) % program->vocabulary);
    for (size_t i = 0; i <= texts; i++)
        offsets[i] = i * length;
    for (size_t i = 0; i < program->block_count + 2; i++)
        wanted[i] = true;

    double share[99], rate[99], speed[99];
    for (size_t r = 0; r < rounds; r++) {
        mc_texts          list    = { tokens, offsets, texts };
        mc_engine_options options = { .backend    = backend,
                                      .threads    = threads,
                                      .no_sharing = true,
                                      .keep       = MC_KEEP_LAST,
                                      .wanted     = wanted,
                                      .states     = ignore };
        mc_engine_stats   stats;
        double  peak = mc_cpu_fma_peak(backend, pool, 0.1), started = mc_clock(), took;
        clock_t cpu = clock();
        if (mc_engine_run(program, mc_model_store(model), &list, &options, &stats, &err) !=
            MC_OK) {
            fprintf(stderr, "%s: %s\n", err.subject, err.reason);
            return 1;
        }
        took               = mc_clock() - started;
        double cpu_seconds = (double)(clock() - cpu) / CLOCKS_PER_SEC;
        speed[r]           = (double)stats.tokens_computed / took;
        rate[r]            = stats.flop / took;
        double after       = mc_cpu_fma_peak(backend, pool, 0.1);
        share[r]           = rate[r] / (peak > after ? peak : after);
        printf(
            "%7.1f tokens/s  %6.1f GFLOP/s  peak %6.1f  %5.1f%%  stage %.3f s  compute %.3f s  "
            "%.1f MiB\n",
            speed[r], rate[r] / 1e9, (peak > after ? peak : after) / 1e9, 100 * share[r],
            stats.seconds_stage, stats.seconds_compute, (double)stats.bytes / 1048576.0);
    }
    qsort(share, rounds, sizeof *share, compare);
    qsort(rate, rounds, sizeof *rate, compare);
    qsort(speed, rounds, sizeof *speed, compare);
    printf("median: %.1f tokens/s, %.1f GFLOP/s, %.1f%% of peak\n", speed[rounds / 2],
           rate[rounds / 2] / 1e9, 100 * share[rounds / 2]);
    free(tokens);
    free(offsets);
    free(wanted);
    mc_pool_free(pool);
    mc_model_close(model);
    return 0;
}
