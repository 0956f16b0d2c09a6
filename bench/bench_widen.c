/* bench_widen.c - widening, type by type on one core: values a second, and the share of a build
 * that follows from it.
 *
 * A build of T tokens spends 2 T operations on each value that widening makes once. The last
 * column takes the measured peak of one core and a build of 10,000 tokens at that peak: what
 * the widening adds to it at most. */
#include <stdio.h>
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

/* Seconds of the fastest of seven passes over all rows, each row into the same place: that is
 * how panels are made. */
static double measure(const mc_dtype_info *info, const uint8_t *stored, float *row)
{
    size_t row_size = COLUMNS / info->block_length * info->block_size;
    double best     = 0.0;

    for (int pass = 0; pass < 7; pass++) {
        double begin = cpu_seconds(), took;
        for (size_t i = 0; i < ROWS; i++)
            info->widen(stored + i * row_size, row, COLUMNS);
        took = cpu_seconds() - begin;
        if (best == 0.0 || took < best) best = took;
    }
    return best;
}

static void print_row(const char *name, double bytes, double seconds, double peak)
{
    double values = (double)ROWS * COLUMNS;

    printf("%-22s %12.4g %12.2f %12.2f %10.2f\n", name, 8.0 * bytes / values,
           values / seconds * 1e-9, bytes / seconds * 1e-9,
           100.0 * seconds / (2.0 * TOKENS * values / peak));
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

static void measure_scheme(const example *e, const uint8_t *stored, float *rows, double peak)
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
    double    best  = 0.0;
    char      name[64];

    for (int pass = 0; pass < 3 && order.bytes.data; pass++) {
        double begin = cpu_seconds(), took;
        for (size_t row = 0; row < ROWS; row += 16) /* a panel, as backends ask for */
            mc_weight_widen(&weight, row, 16, rows, COLUMNS);
        took = cpu_seconds() - begin;
        if (best == 0.0 || took < best) best = took;
    }
    snprintf(name, sizeof name, "%s%s", weight.scheme->name, e->note);
    print_row(name, bytes, best, peak);
    mc_free((void *)(uintptr_t)order.bytes.data);
}

/* Of one core's fused multiply-adds. */
static double core_peak(void)
{
    const mc_backend *backend = NULL;
    mc_pool          *pool    = NULL;
    double            peak;

    if (mc_backend_find("cpu", &backend, NULL) != MC_OK) return 0.0;
    if (mc_pool_create(1, &pool, NULL) != MC_OK) return 0.0;
    peak = mc_cpu_fma_peak(backend, pool, 0.2);
    mc_pool_free(pool);
    return peak;
}

int main(void)
{
    double   values = (double)ROWS * COLUMNS, peak = core_peak();
    size_t   room   = (size_t)16 * COLUMNS * sizeof(float);
    float   *row    = mc_alloc_aligned(room);
    uint8_t *stored = mc_alloc_aligned((size_t)ROWS * COLUMNS * 8);

    if (!row || !stored) return 1;
    fill(stored, (size_t)ROWS * COLUMNS * 8);
    printf("%-22s %12s %12s %12s %10s\n", "type", "bits/value", "Gvalues/s", "GB/s stored",
           "% of build");
    for (int type = 1; type < MC_DTYPE_COUNT; type++) {
        const mc_dtype_info *info  = mc_dtype_get((mc_dtype)type);
        double               bytes = (double)info->block_size / (double)info->block_length;

        if (info->widen)
            print_row(info->name, values * bytes, measure(info, stored, row), peak);
    }
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        measure_scheme(&examples[i], stored, row, peak);
    mc_free_aligned(row, room);
    mc_free_aligned(stored, (size_t)ROWS * COLUMNS * 8);
    return 0;
}
