/* v16_avx512.h - sixteen floats as one AVX-512 register; same results as v16_portable.h. */
#ifndef MC_BACKEND_CPU_V16_H
#define MC_BACKEND_CPU_V16_H

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef __m512 v16;

static inline v16 v16_load(const float *from)
{
    return _mm512_loadu_ps(from);
}

static inline void v16_store(float *to, v16 a)
{
    _mm512_storeu_ps(to, a);
}

/* Past the caches, for what is not read again soon; `to` begins a cache line. Other threads see
 * it after v16_stream_end(). */
static inline void v16_stream(float *to, v16 a)
{
    _mm512_stream_ps(to, a);
}

static inline void v16_stream_end(void)
{
    _mm_sfence();
}

static inline v16 v16_load_f16(const void *from)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256(from));
}

/* bfloat16: the upper halves of floats. */
static inline v16 v16_load_bf16(const void *from)
{
    __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256(from));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}

/* rows[i] lane j to rows[j] lane i: squares of four within the registers' quarters, then the
 * quarters. */
static inline void v16_transpose(v16 rows[16])
{
    v16 four[16]; /* four[4 g + c], quarter q: column 4 q + c of rows 4 g .. 4 g + 3 */

    for (int i = 0; i < 16; i += 4) {
        v16 a = _mm512_unpacklo_ps(rows[i], rows[i + 1]);
        v16 b = _mm512_unpackhi_ps(rows[i], rows[i + 1]);
        v16 c = _mm512_unpacklo_ps(rows[i + 2], rows[i + 3]);
        v16 d = _mm512_unpackhi_ps(rows[i + 2], rows[i + 3]);

        four[i]     = _mm512_shuffle_ps(a, c, 0x44);
        four[i + 1] = _mm512_shuffle_ps(a, c, 0xee);
        four[i + 2] = _mm512_shuffle_ps(b, d, 0x44);
        four[i + 3] = _mm512_shuffle_ps(b, d, 0xee);
    }
    for (int i = 0; i < 4; i++) {
        v16 a = _mm512_shuffle_f32x4(four[i], four[4 + i], 0x88);
        v16 b = _mm512_shuffle_f32x4(four[i], four[4 + i], 0xdd);
        v16 c = _mm512_shuffle_f32x4(four[8 + i], four[12 + i], 0x88);
        v16 d = _mm512_shuffle_f32x4(four[8 + i], four[12 + i], 0xdd);

        rows[i]      = _mm512_shuffle_f32x4(a, c, 0x88);
        rows[4 + i]  = _mm512_shuffle_f32x4(b, d, 0x88);
        rows[8 + i]  = _mm512_shuffle_f32x4(a, c, 0xdd);
        rows[12 + i] = _mm512_shuffle_f32x4(b, d, 0xdd);
    }
}

static inline v16 v16_load_twice(const float *from)
{
    const __m512i order = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    return _mm512_permutexvar_ps(order, _mm512_castps256_ps512(_mm256_loadu_ps(from)));
}

static inline v16 v16_swap(v16 a)
{
    return _mm512_permute_ps(a, 0xB1);
}

static inline v16 v16_set1(float x)
{
    return _mm512_set1_ps(x);
}

static inline v16 v16_add(v16 a, v16 b)
{
    return _mm512_add_ps(a, b);
}

static inline v16 v16_sub(v16 a, v16 b)
{
    return _mm512_sub_ps(a, b);
}

static inline v16 v16_mul(v16 a, v16 b)
{
    return _mm512_mul_ps(a, b);
}

static inline v16 v16_div(v16 a, v16 b)
{
    return _mm512_div_ps(a, b);
}

static inline v16 v16_fma(v16 a, v16 b, v16 c)
{
    return _mm512_fmadd_ps(a, b, c);
}

static inline v16 v16_max(v16 a, v16 b)
{
    return _mm512_max_ps(a, b);
}

static inline v16 v16_min(v16 a, v16 b)
{
    return _mm512_min_ps(a, b);
}

static inline v16 v16_select_less(v16 a, v16 b, v16 x, v16 y)
{
    return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LT_OQ), y, x);
}

static inline v16 v16_exp2_rounded(v16 a)
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(a), 23));
}

static inline float v16_sum(v16 a)
{
    __m256 eight = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    __m128 four  = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two   = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
}

static inline float v16_largest(v16 a)
{
    __m256 eight = _mm256_max_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    __m128 four  = _mm_max_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
    __m128 two   = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
}

#endif
