/* bench_widen.c - weights made ready, type by type on one core: widened row by row into the
 * cache, and staged, that is widened and packed into panels in memory.
 *
 * What staging can reach at most is what the memory moves: the last column but one holds it
 * against a copy of as many bytes (memcpy, read and written). A build of T tokens spends 2 T
 * operations on each value that is staged once. The last column takes the measured peak of one
 * core and a build of 10,000 tokens at that peak: what staging adds to it at most. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "backend/cpu/peak.h"
#include "base/alloc.h"
#include "format/dtype.h"
#include "model/weight_schemes.h"

/* A block of weights, larger than the caches for every type. */
enum { ROWS = 4096, COLUMNS = 4096, TOKENS = 10000 };

/* Bytes that no number format reads as NaN or as huge. */
static void fill(uint8_t *bytes, size_t size)
{
    uint32_t state = 1;

    for (size_t i = 0; i < size; i++) {
        state    = state * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(state >> 24 & 0x3f);
    }
}

/* Of this thread's work: other programs on the machine do not count. */
static double cpu_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

typedef struct measured {
    double widen, stage; /* seconds, of the fastest of several passes */
} measured;

typedef struct machine {
    const mc_backend *backend;
    double            peak; /* of one core's fused multiply-adds */
    double            copy; /* bytes read and written a second */
    float            *staged, *scratch;
} machine;

static void keep_least(double *least, double seconds)
{
    if (*least == 0.0 || seconds < *least) *least = seconds;
}

static mc_op product_of(const mc_weight *weight)
{
    return (mc_op){ .kind    = MC_OP_MATMUL,
                    .stack   = 1,
                    .weights = { *weight },
                    .dst     = { .width = weight->rows } };
}

static measured measure(const machine *m, const mc_weight *weight)
{
    const mc_op op     = product_of(weight);
    measured    result = { 0 };

    for (int pass = 0; pass < 5; pass++) {
        double begin = cpu_seconds();
        for (size_t row = 0; row < ROWS; row += 16) /* always into the same place */
            mc_weight_widen(weight, row, 16, m->scratch, COLUMNS + 16);
        keep_least(&result.widen, cpu_seconds() - begin);
        begin = cpu_seconds();
        for (size_t job = 0; job < m->backend->stage_jobs(&op); job++)
            m->backend->stage(m->backend, &op, job, m->staged, m->scratch);
        keep_least(&result.stage, cpu_seconds() - begin);
    }
    return result;
}

static void print_row(const machine *m, const char *name, double bytes, measured took)
{
    double values = (double)ROWS * COLUMNS, moved = bytes + 4.0 * values;

    printf("%-22s %10.4g %12.2f %12.2f %9.0f %% %10.2f\n", name, 8.0 * bytes / values,
           values / took.widen * 1e-9, values / took.stage * 1e-9,
           100.0 * moved / m->copy / took.stage,
           100.0 * took.stage / (2.0 * TOKENS * values / m->peak));
}

static void measure_type(const machine *m, mc_dtype type, const uint8_t *stored)
{
    const mc_dtype_info *info   = mc_dtype_get(type);
    double               bytes  = (double)info->block_size / (double)info->block_length;
    mc_tensor            tensor = {
                   .dtype = type, .rank = 2, .shape = { ROWS, COLUMNS }, .bytes = { stored, 0 }
    };
    const mc_weight weight = { .tensor = &tensor, .rows = ROWS, .cols = COLUMNS };

    print_row(m, info->name, (double)ROWS * COLUMNS * bytes, measure(m, &weight));
}

/* The parts of a weight [ROWS, COLUMNS] in groups of 64, all from the same bytes. */
typedef struct example {
    mc_scheme_kind kind;
    size_t         bits;
    bool           ordered;
    const char    *note;
} example;

static const example examples[] = {
    { MC_SCHEME_MLX_AFFINE, 2, false, "" },  { MC_SCHEME_MLX_AFFINE, 3, false, "" },
    { MC_SCHEME_MLX_AFFINE, 4, false, "" },  { MC_SCHEME_MLX_AFFINE, 5, false, "" },
    { MC_SCHEME_MLX_AFFINE, 6, false, "" },  { MC_SCHEME_MLX_AFFINE, 8, false, "" },
    { MC_SCHEME_MLX_MXFP4, 4, false, "" },   { MC_SCHEME_MLX_MXFP8, 8, false, "" },
    { MC_SCHEME_GPTQ, 3, false, "" },        { MC_SCHEME_GPTQ, 4, false, "" },
    { MC_SCHEME_GPTQ, 4, true, " ordered" }, { MC_SCHEME_GPTQ, 8, false, "" },
    { MC_SCHEME_AWQ, 4, false, "" },         { MC_SCHEME_FP8_BLOCKS, 0, false, "" },
};

static void measure_scheme(const machine *m, const example *e, const uint8_t *stored)
{
    mc_tensor codes  = { .dtype = MC_DTYPE_F8_E4M3, .bytes = { stored, 0 } };
    mc_tensor scales = { .dtype = MC_DTYPE_F16,
                         .shape = { COLUMNS / 64, ROWS },
                         .bytes = { stored, 0 } };
    mc_tensor order  = { .bytes = { mc_calloc(COLUMNS, 4), 0 } }; /* all in the first group */
    mc_weight weight = { .tensor      = &codes,
                         .parts       = { &scales, &scales, e->ordered ? &order : NULL },
                         .scheme      = mc_weight_scheme_find(e->kind, e->bits),
                         .bits        = e->bits,
                         .group       = 64,
                         .block_rows  = 64,
                         .rows        = ROWS,
                         .cols        = COLUMNS,
                         .stored_rows = ROWS };
    double    bytes = (double)ROWS * COLUMNS * ((double)(e->bits ? e->bits : 8) / 8 + 2.0 / 64);
    char      name[64];

    if (!order.bytes.data) return;
    snprintf(name, sizeof name, "%s%s", weight.scheme->name, e->note);
    print_row(m, name, bytes, measure(m, &weight));
    mc_free((void *)(uintptr_t)order.bytes.data);
}

static double core_peak(const mc_backend *backend)
{
    mc_pool *pool = NULL;
    double   peak;

    if (mc_pool_create(1, &pool, NULL) != MC_OK) return 0.0;
    peak = mc_cpu_fma_peak(backend, pool, 0.2);
    mc_pool_free(pool);
    return peak;
}

/* Of stored bytes into the staged memory, as large as it is. */
static double copy_rate(const machine *m, const uint8_t *stored)
{
    size_t size  = (size_t)ROWS * COLUMNS * sizeof(float);
    double least = 0.0;

    for (int pass = 0; pass < 5; pass++) {
        double begin = cpu_seconds();
        memcpy(m->staged, stored, size);
        keep_least(&least, cpu_seconds() - begin);
    }
    return 2.0 * (double)size / least;
}

int main(void)
{
    size_t room     = (size_t)ROWS * (COLUMNS + 16) * sizeof(float);
    size_t rows     = (size_t)16 * (COLUMNS + 16) * sizeof(float),
           most     = (size_t)ROWS * COLUMNS * 8;
    machine  m      = { .staged = mc_alloc_aligned(room), .scratch = mc_alloc_aligned(rows) };
    uint8_t *stored = mc_alloc_aligned(most);

    if (!m.staged || !m.scratch || !stored) return 1;
    if (mc_backend_find("cpu", &m.backend, NULL) != MC_OK) return 1;
    fill(stored, most);
    m.peak = core_peak(m.backend);
    m.copy = copy_rate(&m, stored);
    printf("cpu %s, peak %.1f GFLOP/s, copying moves %.1f GB/s\n", m.backend->tier,
           m.peak * 1e-9, m.copy * 1e-9);
    printf("%-22s %10s %12s %12s %11s %10s\n", "type", "bits/value", "widen Gv/s", "stage Gv/s",
           "of a copy", "% of build");
    for (int type = 1; type < MC_DTYPE_COUNT; type++)
        if (mc_dtype_get((mc_dtype)type)->widen) measure_type(&m, (mc_dtype)type, stored);
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        measure_scheme(&m, &examples[i], stored);
    mc_free_aligned(m.staged, room);
    mc_free_aligned(m.scratch, rows);
    mc_free_aligned(stored, most);
    return 0;
}
