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

static inline v16 v8_zip(__m256 a, __m256 b)
{
    __m256 even = _mm256_unpacklo_ps(a, b), odd = _mm256_unpackhi_ps(a, b); /* by halves */

    return (v16){ _mm256_permute2f128_ps(even, odd, 0x20),
                  _mm256_permute2f128_ps(even, odd, 0x31) };
}

static inline void v16_zip(v16 *a, v16 *b)
{
    v16 low = v8_zip(a->low, b->low);

    *b = v8_zip(a->high, b->high);
    *a = low;
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
