/* peak.c - the fused multiply-add peak, all cores at once. */
#include "backend/cpu/peak.h"

#include "backend/cpu/kernels.h"
#include "base/log.h"

enum { ROUNDS = 200000, WORKERS_MAX = 1024 };

typedef struct burn {
    const mc_kernels *kernels;
    double            flop[WORKERS_MAX];
} burn;

static void burn_job(void *context, size_t job, size_t worker)
{
    burn *b = context;
    float sink;

    (void)worker;
    if (job < WORKERS_MAX) b->flop[job] = b->kernels->fma_rounds(ROUNDS, &sink);
}

double mc_cpu_fma_peak(const mc_backend *backend, mc_pool *pool, double seconds)
{
    burn   b       = { .kernels = backend->kernels };
    double started = mc_clock(), best = 0.0;
    size_t workers = mc_pool_size(pool) < WORKERS_MAX ? mc_pool_size(pool) : WORKERS_MAX;

    if (!b.kernels) return 0.0;
    do {
        double before = mc_clock(), flop = 0.0, took;
        mc_pool_run(pool, workers, burn_job, &b);
        took = mc_clock() - before;
        for (size_t i = 0; i < workers; i++)
            flop += b.flop[i];
        if (flop / took > best) best = flop / took;
    } while (mc_clock() - started < seconds);
    return best;
}
