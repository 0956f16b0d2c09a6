/* bench_attention.c - the attention operation alone against the measured peak: GFLOP/s and
 * share, by shape and tier, all cores busy, each on a tile of its own.
 *
 *     bench_attention [threads] [index of the only shape] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/cpu/peak.h"
#include "base/alloc.h"
#include "base/checked.h"
#include "base/log.h"

enum { ROWS = 192, OUT = 1, QKV = 3 };

/* Texts of `length` tokens side by side in a tile; or, where that is more than a tile, the
 * chunk of one text that ends at `length`, the rest in the history. */
typedef struct shape {
    const char *name;
    size_t      length, heads, kv_heads, head_dim, window;
} shape;

static const shape shapes[] = {
    { "texts of 12", 12, 9, 3, 64, 0 },         { "texts of 96", 96, 9, 3, 64, 0 },
    { "2,000 keys", 2000, 9, 3, 64, 0 },        { "16,000 keys", 16000, 9, 3, 64, 0 },
    { "2,000 keys", 2000, 32, 8, 128, 0 },      { "2,000 keys", 2000, 14, 2, 64, 0 },
    { "a window of 512", 2000, 8, 4, 256, 512 }
};

typedef struct job_context {
    const mc_backend *backend;
    const shape      *s;
    mc_op             op;
    mc_history        history;
    uint32_t         *path;
    float            *data;    /* [workers][ROWS, all of q, k, v and the output] */
    char             *scratch; /* [workers] */
    size_t            width, scratch_size;
} job_context;

static void attend_job(void *context, size_t job, size_t worker)
{
    job_context *x     = context;
    const shape *s     = x->s;
    float       *data  = x->data + worker * ROWS * x->width;
    const int    chunk = s->length > ROWS;
    mc_text_rows texts[ROWS];
    mc_tile      tile = { .rows       = chunk ? ROWS : ROWS / s->length * s->length,
                          .texts      = texts,
                          .text_count = chunk ? 1 : ROWS / s->length,
                          .history    = chunk ? &x->history : NULL,
                          .scratch    = x->scratch + worker * x->scratch_size };

    (void)job;
    for (size_t t = 0; t < tile.text_count; t++)
        texts[t] = (mc_text_rows){ .length = s->length,
                                   .first  = chunk ? s->length - ROWS : 0,
                                   .row    = t * s->length,
                                   .own    = chunk ? ROWS : s->length,
                                   .path   = chunk ? NULL : x->path + t * s->length };
    tile.data[OUT] = tile.data[QKV] = data;
    tile.stride[OUT] = tile.stride[QKV] = x->width;
    x->backend->run[MC_OP_ATTENTION](x->backend, &x->op, NULL, &tile);
}

static mc_op describe(const shape *s)
{
    size_t q = s->heads * s->head_dim, k = s->kv_heads * s->head_dim;
    mc_op  op = { .kind = MC_OP_ATTENTION };

    op.dst       = (mc_operand){ OUT, q + 2 * k, q };
    op.src       = (mc_operand){ QKV, 0, q };
    op.src2      = (mc_operand){ QKV, q, k };
    op.src3      = (mc_operand){ QKV, q + k, k };
    op.attention = (mc_attention_params){ .heads     = s->heads,
                                          .kv_heads  = s->kv_heads,
                                          .head_dim  = s->head_dim,
                                          .value_dim = s->head_dim,
                                          .scale     = 0.125f,
                                          .window    = s->window };
    return op;
}

/* Of all tiles of a round: two products for each key that a query sees. */
static double flop_of(const shape *s, size_t jobs)
{
    size_t rows = s->length > ROWS ? ROWS : ROWS / s->length * s->length, keys = 0;

    for (size_t i = 0; i < rows; i++) {
        size_t seen = s->length > ROWS ? s->length - ROWS + i + 1 : i % s->length + 1;
        keys += s->window && seen > s->window ? s->window : seen;
    }
    return 4.0 * (double)(jobs * keys) * (double)(s->heads * s->head_dim);
}

static float *numbers(size_t floats)
{
    float   *x    = mc_alloc_aligned(floats * sizeof *x);
    uint32_t seed = 1;

    for (size_t i = 0; x && i < floats; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = (float)(seed >> 8) * 0x1p-22f - 2.0f;
    }
    return x;
}

/* The best of short rounds: on a busy machine some have it for themselves. */
static double measure(job_context *x, mc_pool *pool)
{
    double flop = flop_of(x->s, 1), best = 0.0, begun = mc_clock(), started = begun;
    size_t jobs = mc_pool_size(pool) * (size_t)(1.0 + 2e8 / flop);

    while (started < begun + 0.4) {
        double now, rate;
        mc_pool_run(pool, jobs, attend_job, x);
        now     = mc_clock();
        rate    = (double)jobs * flop / (now - started);
        started = now;
        if (rate > best) best = rate;
    }
    return best;
}

static void try_shape(const mc_backend *backend, const shape *s, mc_pool *pool)
{
    job_context x       = { .backend = backend, .s = s, .op = describe(s) };
    size_t      workers = mc_pool_size(pool), kv = x.op.src2.width;
    size_t      positions = s->length > ROWS ? s->length : ROWS;
    double      rate, peak;

    x.width        = x.op.dst.offset + x.op.dst.width;
    x.scratch_size = (backend->scratch_size(&x.op, ROWS, s->length) + 63) / 64 * 64;
    x.data         = numbers(workers * ROWS * x.width);
    x.scratch      = mc_alloc_aligned(workers * x.scratch_size);
    x.history      = (mc_history){ numbers(positions * kv), numbers(positions * kv), kv, kv };
    x.path         = mc_alloc_array(ROWS, sizeof *x.path);
    for (uint32_t i = 0; i < ROWS; i++)
        x.path[i] = i;
    peak = mc_cpu_fma_peak(backend, pool, 0.05);
    rate = measure(&x, pool);
    printf("%-8s %-16s %5zu %5zu %5zu %9.1f %9.1f %5.1f%%\n", backend->tier, s->name, s->heads,
           s->kv_heads, s->head_dim, rate / 1e9, peak / 1e9, 100.0 * rate / peak);
    mc_free(x.path);
    mc_free_aligned(x.history.keys, positions * kv * sizeof(float));
    mc_free_aligned(x.history.values, positions * kv * sizeof(float));
    mc_free_aligned(x.scratch, workers * x.scratch_size);
    mc_free_aligned(x.data, workers * ROWS * x.width * sizeof(float));
}

int main(int argc, char **argv)
{
    mc_pool *pool = NULL;
    mc_error err  = { 0 };
    size_t   only;

    if (mc_pool_create(argc > 1 ? (size_t)atoi(argv[1]) : 0, &pool, &err) != MC_OK) return 1;
    only = argc > 2 ? (size_t)atoi(argv[2]) : MC_ARRAY_LEN(shapes);
    printf("%-8s %-16s %5s %5s %5s %9s %9s %6s\n", "tier", "what", "heads", "kv", "dim",
           "GFLOP/s", "peak", "share");
    for (size_t t = 0; mc_backend_cpu_tier_name(t); t++) {
        const mc_backend *backend = mc_backend_cpu_tier(mc_backend_cpu_tier_name(t));
        if (!backend || strcmp(backend->tier, "portable") == 0) continue;
        for (size_t i = 0; i < MC_ARRAY_LEN(shapes); i++)
            if (only == i || only == MC_ARRAY_LEN(shapes)) try_shape(backend, &shapes[i], pool);
    }
    mc_pool_free(pool);
    return 0;
}
