/* widen.h - from stored blocks to float32, one function a type. `stored` may be unaligned;
 * `count` is a multiple of the type's block length. */
#ifndef MC_FORMAT_WIDEN_H
#define MC_FORMAT_WIDEN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef void mc_widen(const void *stored, float *values, size_t count);

mc_widen mc_widen_f32, mc_widen_f16, mc_widen_bf16, mc_widen_f64;
mc_widen mc_widen_f8_e4m3, mc_widen_f8_e5m2;
mc_widen mc_widen_q4_0, mc_widen_q4_1, mc_widen_q5_0, mc_widen_q5_1, mc_widen_q8_0;
mc_widen mc_widen_q2_k, mc_widen_q3_k, mc_widen_q4_k, mc_widen_q5_k, mc_widen_q6_k;
mc_widen mc_widen_q8_k, mc_widen_tq1_0, mc_widen_tq2_0;
mc_widen mc_widen_iq1_s, mc_widen_iq1_m, mc_widen_iq2_xxs, mc_widen_iq2_xs, mc_widen_iq2_s;
mc_widen mc_widen_iq3_xxs, mc_widen_iq3_s, mc_widen_iq4_nl, mc_widen_iq4_xs;
mc_widen mc_widen_mxfp4, mc_widen_nvfp4;

/* IEEE 754 binary16 to binary32, exact, subnormals and NaN included. */
static inline float mc_float_from_half(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
    uint32_t rest = (uint32_t)(half & 0x7fffu) << 13;
    uint32_t bits;
    float    value;

    /* Multiplying by 2^112 rebiases the exponent and normalises subnormals; infinity and NaN
     * keep their fraction. Without a branch, so that loops become vector instructions. */
    memcpy(&value, &rest, sizeof value);
    value *= 0x1p112f;
    memcpy(&bits, &value, sizeof bits);
    bits = sign | (rest >= 0x0f800000u ? rest | 0x7f800000u : bits);
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint16_t mc_load_u16(const uint8_t *bytes)
{
    uint16_t value;

    memcpy(&value, bytes, sizeof value); /* every supported machine is little-endian */
    return value;
}

static inline float mc_load_half(const uint8_t *bytes)
{
    return mc_float_from_half(mc_load_u16(bytes));
}

#endif
