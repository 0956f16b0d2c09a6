/* peak.h - nothing but fused multiply-adds, as many as there are. */
#ifndef MC_BACKEND_CPU_KERNELS_PEAK_H
#define MC_BACKEND_CPU_KERNELS_PEAK_H

#include "backend/cpu/kernels/lanes.h"

static double fma_rounds(size_t rounds, float *sink)
{
    v16       sum[GEMM_ROWS * GEMM_PANELS];
    const v16 x = v16_set1(0.999f), y = v16_set1(1e-3f);
    float     lanes[16]; /* all different, or the compiler would merge equal chains */

    for (int i = 0; i < 16; i++)
        lanes[i] = (float)i;
    UNROLL(32)
    for (int i = 0; i < GEMM_ROWS * GEMM_PANELS; i++)
        sum[i] = v16_add(v16_load(lanes), v16_set1((float)i));
    for (size_t round = 0; round < rounds; round++)
        UNROLL(32)
    for (int i = 0; i < GEMM_ROWS * GEMM_PANELS; i++)
        sum[i] = v16_fma(sum[i], x, y);
    for (int i = 1; i < GEMM_ROWS * GEMM_PANELS; i++)
        sum[0] = v16_add(sum[0], sum[i]);
    *sink = v16_sum(sum[0]);
    return 2.0 * 16.0 * GEMM_ROWS * GEMM_PANELS * (double)rounds;
}

#endif
