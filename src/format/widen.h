/* widen.h - from stored blocks to float32, one function a type. `stored` may be unaligned;
 * `count` is a multiple of the type's block length. */
#ifndef MC_FORMAT_WIDEN_H
#define MC_FORMAT_WIDEN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef void mc_widen(const void *stored, float *values, size_t count);

mc_widen mc_widen_f32, mc_widen_f16, mc_widen_bf16, mc_widen_f64;
mc_widen mc_widen_i8, mc_widen_i16, mc_widen_i32, mc_widen_i64;
mc_widen mc_widen_f8_e4m3, mc_widen_f8_e5m2, mc_widen_f8_e8m0;
mc_widen mc_widen_q4_0, mc_widen_q4_1, mc_widen_q5_0, mc_widen_q5_1, mc_widen_q8_0,
    mc_widen_q8_1;
mc_widen mc_widen_q2_k, mc_widen_q3_k, mc_widen_q4_k, mc_widen_q5_k, mc_widen_q6_k,
    mc_widen_q8_k;
mc_widen mc_widen_iq1_s, mc_widen_iq1_m, mc_widen_iq2_xxs, mc_widen_iq2_xs, mc_widen_iq2_s,
    mc_widen_iq3_xxs, mc_widen_iq3_s, mc_widen_iq4_nl, mc_widen_iq4_xs;
mc_widen mc_widen_tq1_0, mc_widen_tq2_0, mc_widen_q1_0, mc_widen_q2_0, mc_widen_mxfp4,
    mc_widen_nvfp4;

extern const float mc_e2m1_values[16]; /* what four bits of E2M1 stand for */

/* A float of these bits. */
static inline float mc_float_of_bits(uint32_t bits)
{
    float value;

    memcpy(&value, &bits, sizeof value);
    return value;
}

/* All ones when value >= least, else 0; both below 2^31. Compilers make vector code of this,
 * but not of comparisons whose outcomes they can chain to branches. */
static inline uint32_t mc_mask_if(uint32_t value, uint32_t least)
{
    return 0u - ((value + (0x80000000u - least)) >> 31);
}

/* IEEE 754 binary16 to binary32, exact, subnormals and NaN included. Both cases are computed
 * and one is masked out; no subnormal float is ever computed with. */
static inline float mc_float_from_half(uint16_t half)
{
    uint32_t rest = (uint32_t)(half & 0x7fff) << 13; /* exponent and fraction in their places */
    uint32_t rebias =
        0x38000000u + (0x38000000u & mc_mask_if(rest, 0x0f800000u)); /* 31 to 255 */
    uint32_t normal = mc_mask_if(rest, 0x00800000u);
    float    tiny   = (float)(half & 0x7fff) * 0x1p-24f;
    uint32_t bits;

    memcpy(&bits, &tiny, sizeof bits);
    bits = (bits & ~normal) | ((rest + rebias) & normal) | (uint32_t)(half & 0x8000) << 16;
    return mc_float_of_bits(bits);
}

/* E4M3 (s eeee mmm, bias 7, no infinities; all ones is NaN) likewise. */
static inline float mc_float_from_e4m3(uint8_t byte)
{
    uint32_t rest   = (uint32_t)(byte & 0x7f) << 20;
    uint32_t rebias = 0x3c000000u + (0x3c000000u & mc_mask_if(rest, 0x07f00000u));
    uint32_t normal = mc_mask_if(rest, 0x00800000u);
    float    tiny   = (float)(byte & 0x7f) * 0x1p-9f;
    uint32_t bits;

    memcpy(&bits, &tiny, sizeof bits);
    bits = (bits & ~normal) | ((rest + rebias) & normal) | (uint32_t)(byte & 0x80) << 24;
    return mc_float_of_bits(bits);
}

/* E8M0: 2^(byte - 127); 255 is NaN. */
static inline float mc_float_from_e8m0(uint8_t byte)
{
    uint32_t bits = byte == 255 ? 0x7fc00000u : (uint32_t)byte << 23;

    return mc_float_of_bits(byte == 0 ? 0x00400000u : bits);
}

/* The eight bits of a byte as eight bytes of 0 or 1, the lowest bit first in memory. */
static inline uint64_t mc_spread_bits(unsigned byte)
{
    uint64_t ones = 0x0101010101010101u;

    return (((uint64_t)(byte & 255) * ones & 0x8040201008040201u) + 0x7f * ones) >> 7 & ones;
}

static inline uint16_t mc_load_u16(const uint8_t *bytes)
{
    uint16_t value;

    memcpy(&value, bytes, sizeof value); /* every supported machine is little-endian */
    return value;
}

static inline uint32_t mc_load_u32(const uint8_t *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, sizeof value);
    return value;
}

static inline float mc_load_half(const uint8_t *bytes)
{
    return mc_float_from_half(mc_load_u16(bytes));
}

#endif
