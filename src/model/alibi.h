/* alibi.h - slopes of attention with linear biases. */
#ifndef MC_MODEL_ALIBI_H
#define MC_MODEL_ALIBI_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Press et al. 2022, "Train Short, Test Long", arXiv:2108.12409, section 3, and the authors'
 * code for numbers of heads that are no power of two. */
void mc_alibi_slopes(size_t heads, float *slopes);

/* The upper half of the bits, rounded to nearest even. */
static inline float mc_alibi_round(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    bits = (bits + 0x7fffu + (bits >> 16 & 1)) & 0xffff0000u;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* slope * position in bfloat16, for a slope that is one. */
static inline float mc_alibi_rounded(float slope, size_t position)
{
    return mc_alibi_round(slope * (float)position);
}

#endif
