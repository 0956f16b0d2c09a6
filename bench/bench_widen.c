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
    float   *row    = mc_alloc_aligned(COLUMNS * sizeof *row);
    uint8_t *stored = mc_alloc_aligned((size_t)ROWS * COLUMNS * 8);

    if (!row || !stored) return 1;
    fill(stored, (size_t)ROWS * COLUMNS * 8);
    printf("%-8s %12s %12s %12s %10s\n", "type", "bits/value", "Gvalues/s", "GB/s stored",
           "% of build");
    for (int type = 1; type < MC_DTYPE_COUNT; type++) {
        const mc_dtype_info *info  = mc_dtype_get((mc_dtype)type);
        double               bytes = (double)info->block_size / (double)info->block_length;
        double               seconds;

        if (!info->widen) continue;
        seconds = measure(info, stored, row);
        printf("%-8s %12.4g %12.2f %12.2f %10.2f\n", info->name, 8.0 * bytes,
               values / seconds * 1e-9, values * bytes / seconds * 1e-9,
               100.0 * seconds / (2.0 * TOKENS * values / peak));
    }
    mc_free_aligned(row, COLUMNS * sizeof *row);
    mc_free_aligned(stored, (size_t)ROWS * COLUMNS * 8);
    return 0;
}
