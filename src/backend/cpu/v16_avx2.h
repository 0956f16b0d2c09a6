/* v16_avx2.h - sixteen floats as two AVX registers; same results as v16_portable.h, to the bit.
 */
#ifndef MC_BACKEND_CPU_V16_H
#define MC_BACKEND_CPU_V16_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct v16 {
    __m256 low, high;
} v16;

static inline v16 v16_load(const float *from)
{
    return (v16){ _mm256_loadu_ps(from), _mm256_loadu_ps(from + 8) };
}

static inline void v16_store(float *to, v16 a)
{
    _mm256_storeu_ps(to, a.low);
    _mm256_storeu_ps(to + 8, a.high);
}

/* Past the caches, for what is not read again soon; `to` begins a cache line. Other threads see
 * it after v16_stream_end(). */
static inline void v16_stream(float *to, v16 a)
{
    _mm256_stream_ps(to, a.low);
    _mm256_stream_ps(to + 8, a.high);
}

static inline void v16_stream_end(void)
{
    _mm_sfence();
}

/* Every machine with fused multiply-adds has these conversions too. */
static inline v16 v16_load_f16(const void *from)
{
    __m256i all = _mm256_loadu_si256(from);
    return (v16){ _mm256_cvtph_ps(_mm256_castsi256_si128(all)),
                  _mm256_cvtph_ps(_mm256_extracti128_si256(all, 1)) };
}

/* bfloat16: the upper halves of floats. */
static inline v16 v16_load_bf16(const void *from)
{
    __m256i all  = _mm256_loadu_si256(from);
    __m256i low  = _mm256_cvtepu16_epi32(_mm256_castsi256_si128(all));
    __m256i high = _mm256_cvtepu16_epi32(_mm256_extracti128_si256(all, 1));
    return (v16){ _mm256_castsi256_ps(_mm256_slli_epi32(low, 16)),
                  _mm256_castsi256_ps(_mm256_slli_epi32(high, 16)) };
}

/* Squares of four within the registers' halves, then the halves. */
static inline void v8_transpose(__m256 rows[8])
{
    __m256 four[8];

    for (int i = 0; i < 8; i += 4) {
        __m256 a = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
        __m256 b = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
        __m256 c = _mm256_unpacklo_ps(rows[i + 2], rows[i + 3]);
        __m256 d = _mm256_unpackhi_ps(rows[i + 2], rows[i + 3]);

        four[i]     = _mm256_shuffle_ps(a, c, 0x44);
        four[i + 1] = _mm256_shuffle_ps(a, c, 0xee);
        four[i + 2] = _mm256_shuffle_ps(b, d, 0x44);
        four[i + 3] = _mm256_shuffle_ps(b, d, 0xee);
    }
    for (int i = 0; i < 4; i++) {
        rows[i]     = _mm256_permute2f128_ps(four[i], four[4 + i], 0x20);
        rows[4 + i] = _mm256_permute2f128_ps(four[i], four[4 + i], 0x31);
    }
}

/* rows[i] lane j to rows[j] lane i, by quarters. */
static inline void v16_transpose(v16 rows[16])
{
    __m256 a[8], b[8], c[8], d[8];

    for (int i = 0; i < 8; i++) {
        a[i] = rows[i].low;
        b[i] = rows[i].high;
        c[i] = rows[8 + i].low;
        d[i] = rows[8 + i].high;
    }
    v8_transpose(a);
    v8_transpose(b);
    v8_transpose(c);
    v8_transpose(d);
    for (int i = 0; i < 8; i++) {
        rows[i]     = (v16){ a[i], c[i] };
        rows[8 + i] = (v16){ b[i], d[i] };
    }
}

static inline __m256 v8_load_twice(const float *from)
{
    __m256 four = _mm256_broadcast_ps((const __m128 *)(const void *)from);
    return _mm256_permutevar_ps(four, _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3));
}

static inline v16 v16_load_twice(const float *from)
{
    return (v16){ v8_load_twice(from), v8_load_twice(from + 4) };
}

static inline v16 v16_swap(v16 a)
{
    return (v16){ _mm256_permute_ps(a.low, 0xB1), _mm256_permute_ps(a.high, 0xB1) };
}

static inline v16 v16_set1(float x)
{
    __m256 r = _mm256_set1_ps(x);
    return (v16){ r, r };
}

static inline v16 v16_add(v16 a, v16 b)
{
    return (v16){ _mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high) };
}

static inline v16 v16_sub(v16 a, v16 b)
{
    return (v16){ _mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high) };
}

static inline v16 v16_mul(v16 a, v16 b)
{
    return (v16){ _mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high) };
}

static inline v16 v16_div(v16 a, v16 b)
{
    return (v16){ _mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high) };
}

static inline v16 v16_fma(v16 a, v16 b, v16 c)
{
    return (v16){ _mm256_fmadd_ps(a.low, b.low, c.low),
                  _mm256_fmadd_ps(a.high, b.high, c.high) };
}

static inline v16 v16_max(v16 a, v16 b)
{
    return (v16){ _mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high) };
}

static inline v16 v16_min(v16 a, v16 b)
{
    return (v16){ _mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high) };
}

static inline v16 v16_select_less(v16 a, v16 b, v16 x, v16 y)
{
    __m256 low  = _mm256_cmp_ps(a.low, b.low, _CMP_LT_OQ);
    __m256 high = _mm256_cmp_ps(a.high, b.high, _CMP_LT_OQ);
    return (v16){ _mm256_blendv_ps(y.low, x.low, low), _mm256_blendv_ps(y.high, x.high, high) };
}

static inline __m256 v8_exp2_rounded(__m256 a)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(a), 23));
}

static inline v16 v16_exp2_rounded(v16 a)
{
    return (v16){ v8_exp2_rounded(a.low), v8_exp2_rounded(a.high) };
}

static inline float v16_sum(v16 a)
{
    __m256 eight = _mm256_add_ps(a.low, a.high);
    __m128 four  = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two   = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

static inline float v16_largest(v16 a)
{
    __m256 eight = _mm256_max_ps(a.low, a.high);
    __m128 four  = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two   = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
}

#endif
