/* bench_gemm.c - the matrix kernels against the measured peak: GFLOP/s and share, by shape and
 * tier, all cores busy, each on a tile of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/kernels.h"
#include "backend/cpu/peak.h"
#include "base/alloc.h"
#include "base/checked.h"
#include "base/log.h"

enum { ROWS = 192 };

typedef struct shape {
    size_t k, n;
} shape;

static const shape shapes[] = { { 576, 960 },  { 576, 576 },  { 576, 3072 },  { 1536, 576 },
                                { 896, 9728 }, { 4864, 896 }, { 4096, 4096 }, { 4096, 22016 } };

typedef struct job_context {
    const mc_kernels *kernels;
    shape             s;
    float            *a, *b, *c; /* a and c: one tile a worker */
    size_t            a_stride, c_stride;
} job_context;

static void multiply_job(void *context, size_t job, size_t worker)
{
    job_context *x    = context;
    mc_gemm      gemm = { .a        = x->a + worker * ROWS * x->a_stride,
                          .a_stride = x->a_stride,
                          .b        = x->b,
                          .b_stride = (x->s.k + 1) * MC_PANEL,
                          .c        = x->c + worker * ROWS * x->c_stride,
                          .c_stride = x->c_stride,
                          .rows     = ROWS,
                          .columns  = x->s.n,
                          .k        = x->s.k };

    (void)job;
    x->kernels->gemm(&gemm);
}

static double measure(const mc_kernels *kernels, shape s, mc_pool *pool)
{
    size_t      workers = mc_pool_size(pool), jobs = workers * 4;
    job_context x = { .kernels = kernels, .s = s, .a_stride = s.k + 16, .c_stride = s.n + 16 };
    size_t      a = workers * ROWS * x.a_stride * 4, c = workers * ROWS * x.c_stride * 4;
    size_t      b    = (s.n + 15) / 16 * (s.k + 1) * 16 * 4;
    double      best = 0.0, flop = 2.0 * (double)jobs * ROWS * (double)s.k * (double)s.n;

    x.a = mc_alloc_aligned(a);
    x.b = mc_alloc_aligned(b);
    x.c = mc_alloc_aligned(c);
    for (size_t i = 0; i < a / 4; i++)
        x.a[i] = (float)(i % 7) - 3.0f;
    for (size_t i = 0; i < b / 4; i++)
        x.b[i] = (float)(i % 5) - 2.0f;
    for (int round = 0; round < 12; round++) {
        double started = mc_clock(), rate;
        mc_pool_run(pool, jobs, multiply_job, &x);
        rate = flop / (mc_clock() - started);
        if (rate > best) best = rate;
    }
    mc_free_aligned(x.a, a);
    mc_free_aligned(x.b, b);
    mc_free_aligned(x.c, c);
    return best;
}

int main(int argc, char **argv)
{
    mc_pool *pool = NULL;
    mc_error err  = { 0 };

    if (mc_pool_create(argc > 1 ? (size_t)atoi(argv[1]) : 0, &pool, &err) != MC_OK) return 1;
    printf("%-9s %6s %6s %9s %9s %6s\n", "tier", "k", "n", "GFLOP/s", "peak", "share");
    for (size_t t = 0; mc_backend_cpu_tier_name(t); t++) {
        const mc_backend *backend = mc_backend_cpu_tier(mc_backend_cpu_tier_name(t));
        if (!backend || strcmp(backend->tier, "portable") == 0) continue;
        for (size_t i = 0; i < MC_ARRAY_LEN(shapes); i++) {
            double peak = mc_cpu_fma_peak(backend, pool, 0.05);
            double rate = measure(backend->kernels, shapes[i], pool);
            printf("%-9s %6zu %6zu %9.1f %9.1f %5.1f%%\n", backend->tier, shapes[i].k,
                   shapes[i].n, rate / 1e9, peak / 1e9, 100.0 * rate / peak);
        }
    }
    mc_pool_free(pool);
    return 0;
}
