/* v16_portable.h - sixteen floats in plain C: the base tier of the kernels. */
#ifndef MC_BACKEND_CPU_V16_H
#define MC_BACKEND_CPU_V16_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "format/widen.h"

typedef struct v16 {
    float lane[16];
} v16;

/* Sanitizers check each element: inlined everywhere, that would take a compiler minutes. */
#if defined(__SANITIZE_ADDRESS__)
#define V16_FUNCTION static __attribute__((noinline, unused))
#else
#define V16_FUNCTION static inline
#endif

#define V16_EACH for (int lane = 0; lane < 16; lane++)

V16_FUNCTION v16 v16_load(const float *from)
{
    v16 r;
    memcpy(r.lane, from, sizeof r.lane);
    return r;
}

V16_FUNCTION void v16_store(float *to, v16 a)
{
    memcpy(to, a.lane, sizeof a.lane);
}

/* A store that may pass by the caches, for what is not read again soon: `to` begins a cache
 * line, and other threads see it after v16_stream_end(). */
V16_FUNCTION void v16_stream(float *to, v16 a)
{
    v16_store(to, a);
}

V16_FUNCTION void v16_stream_end(void)
{
}

/* Sixteen binary16 numbers; only the payload of a NaN may differ. */
V16_FUNCTION v16 v16_load_f16(const void *from)
{
    v16 r;
    mc_widen_f16(from, r.lane, 16);
    return r;
}

V16_FUNCTION v16 v16_load_bf16(const void *from)
{
    v16 r;
    mc_widen_bf16(from, r.lane, 16);
    return r;
}

/* rows[i] lane j to rows[j] lane i. */
V16_FUNCTION void v16_transpose(v16 rows[16])
{
    for (int i = 0; i < 16; i++)
        for (int lane = 0; lane < i; lane++) {
            float x            = rows[i].lane[lane];
            rows[i].lane[lane] = rows[lane].lane[i];
            rows[lane].lane[i] = x;
        }
}

/* Eight floats, each twice. */
V16_FUNCTION v16 v16_load_twice(const float *from)
{
    v16      r;
    V16_EACH r.lane[lane] = from[lane / 2];
    return r;
}

/* Neighbours change places. */
V16_FUNCTION v16 v16_swap(v16 a)
{
    v16      r;
    V16_EACH r.lane[lane] = a.lane[lane ^ 1];
    return r;
}

V16_FUNCTION v16 v16_set1(float x)
{
    v16      r;
    V16_EACH r.lane[lane] = x;
    return r;
}

V16_FUNCTION v16 v16_add(v16 a, v16 b)
{
    V16_EACH a.lane[lane] = a.lane[lane] + b.lane[lane];
    return a;
}

V16_FUNCTION v16 v16_sub(v16 a, v16 b)
{
    V16_EACH a.lane[lane] = a.lane[lane] - b.lane[lane];
    return a;
}

V16_FUNCTION v16 v16_mul(v16 a, v16 b)
{
    V16_EACH a.lane[lane] = a.lane[lane] * b.lane[lane];
    return a;
}

V16_FUNCTION v16 v16_div(v16 a, v16 b)
{
    V16_EACH a.lane[lane] = a.lane[lane] / b.lane[lane];
    return a;
}

/* a * b + c, rounded once. */
V16_FUNCTION v16 v16_fma(v16 a, v16 b, v16 c)
{
    V16_EACH c.lane[lane] = fmaf(a.lane[lane], b.lane[lane], c.lane[lane]);
    return c;
}

/* As the x86 instructions: the second operand where either is NaN. */
V16_FUNCTION v16 v16_max(v16 a, v16 b)
{
    V16_EACH a.lane[lane] = a.lane[lane] > b.lane[lane] ? a.lane[lane] : b.lane[lane];
    return a;
}

V16_FUNCTION v16 v16_min(v16 a, v16 b)
{
    V16_EACH a.lane[lane] = a.lane[lane] < b.lane[lane] ? a.lane[lane] : b.lane[lane];
    return a;
}

/* a < b ? x : y, lane by lane. */
V16_FUNCTION v16 v16_select_less(v16 a, v16 b, v16 x, v16 y)
{
    V16_EACH x.lane[lane] = a.lane[lane] < b.lane[lane] ? x.lane[lane] : y.lane[lane];
    return x;
}

/* 2^n of V16_MAGIC + n, for n in -126..127: the last bits of such a sum are its exponent. */
V16_FUNCTION v16 v16_exp2_rounded(v16 a)
{
    V16_EACH
    {
        uint32_t bits;
        memcpy(&bits, &a.lane[lane], sizeof bits);
        bits <<= 23;
        memcpy(&a.lane[lane], &bits, sizeof bits);
    }
    return a;
}

/* The one tree in which lanes are joined: 8 apart, 4, 2, 1. */
V16_FUNCTION float v16_sum(v16 a)
{
    for (int apart = 8; apart > 0; apart /= 2)
        for (int lane = 0; lane < apart; lane++)
            a.lane[lane] = a.lane[lane] + a.lane[lane + apart];
    return a.lane[0];
}

V16_FUNCTION float v16_largest(v16 a)
{
    for (int apart = 8; apart > 0; apart /= 2)
        for (int lane = 0; lane < apart; lane++)
            a.lane[lane] =
                a.lane[lane] > a.lane[lane + apart] ? a.lane[lane] : a.lane[lane + apart];
    return a.lane[0];
}

#endif
