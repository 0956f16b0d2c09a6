/* lanes.h - what all kernels are written with, beside v16: unrolling, and ends of rows. */
#ifndef MC_BACKEND_CPU_KERNELS_LANES_H
#define MC_BACKEND_CPU_KERNELS_LANES_H

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* The register blocks must be unrolled to live in registers; in plain C they are arrays anyway.
 */
#define PRAGMA(text) _Pragma(#text)
#if GEMM_ROWS > 4 && defined(__clang__)
#define UNROLL(times) PRAGMA(clang loop unroll(full))
#elif GEMM_ROWS > 4
#define UNROLL(times) PRAGMA(GCC unroll times)
#else
#define UNROLL(times)
#endif

static v16 load_tail(const float *from, size_t n, float fill)
{
    float padded[16];

    for (size_t i = 0; i < 16; i++)
        padded[i] = i < n ? from[i] : fill;
    return v16_load(padded);
}

static void store_tail(float *to, v16 a, size_t n)
{
    float padded[16];

    v16_store(padded, a);
    memcpy(to, padded, n * sizeof *to);
}

/* All of a row in steps of sixteen: the last step may have fewer left. */
ALWAYS_INLINE v16 load_upto(const float *from, size_t left)
{
    return left < 16 ? load_tail(from, left, 0.0f) : v16_load(from);
}

ALWAYS_INLINE void store_upto(float *to, v16 a, size_t left)
{
    if (left < 16)
        store_tail(to, a, left);
    else
        v16_store(to, a);
}

#endif
