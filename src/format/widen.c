/* widen.c - plain floating-point types, and GGUF's simple blocks of 32 values.
 *
 * Each block type is drawn above its function: d and m are binary16 numbers, q the codes. The
 * arithmetic is one rounding an operation, in the order of the format's definition, so that the
 * values equal to the bit what other readers of the format get. */
#include "format/widen.h"

#include <string.h>

enum { BLOCK = 32 };

void mc_widen_f32(const void *stored, float *values, size_t count)
{
    memcpy(values, stored, count * sizeof *values);
}

void mc_widen_f16(const void *stored, float *values, size_t count)
{
    const uint8_t *bytes = stored;

    for (size_t i = 0; i < count; i++)
        values[i] = mc_load_half(bytes + 2 * i);
}

void mc_widen_bf16(const void *stored, float *values, size_t count)
{
    const uint8_t *bytes = stored;

    for (size_t i = 0; i < count; i++) {
        uint32_t bits = (uint32_t)mc_load_u16(bytes + 2 * i) << 16;
        memcpy(values + i, &bits, sizeof bits);
    }
}

void mc_widen_f64(const void *stored, float *values, size_t count)
{
    const uint8_t *bytes = stored;

    for (size_t i = 0; i < count; i++) {
        double value;
        memcpy(&value, bytes + 8 * i, sizeof value);
        values[i] = (float)value;
    }
}

/* OCP's E4M3: four bits of exponent, no infinity, S1111111 is no number. */
void mc_widen_f8_e4m3(const void *stored, float *values, size_t count)
{
    const uint8_t *bytes = stored;

    for (size_t i = 0; i < count; i++) {
        uint32_t rest = (uint32_t)(bytes[i] & 0x7f) << 20, bits;
        float    value;
        memcpy(&value, &rest, sizeof value);
        value *= 0x1p120f; /* as in mc_float_from_half() */
        memcpy(&bits, &value, sizeof bits);
        bits = (rest == 0x7f00000u ? 0x7fc00000u : bits) | (uint32_t)(bytes[i] & 0x80) << 24;
        memcpy(values + i, &bits, sizeof bits);
    }
}

/* OCP's E5M2: the upper half of a binary16. */
void mc_widen_f8_e5m2(const void *stored, float *values, size_t count)
{
    const uint8_t *bytes = stored;

    for (size_t i = 0; i < count; i++)
        values[i] = mc_float_from_half((uint16_t)(bytes[i] << 8));
}

/* | d 2 | q 16 |  value i = d * (q_i - 8); byte j holds q_j (low four bits) and q_j+16. */
void mc_widen_q4_0(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;

    for (; count > 0; count -= BLOCK, block += 18, values += BLOCK) {
        float d = mc_load_half(block);
        for (int j = 0; j < BLOCK / 2; j++) {
            values[j]             = d * (float)((block[2 + j] & 15) - 8);
            values[j + BLOCK / 2] = d * (float)((block[2 + j] >> 4) - 8);
        }
    }
}

/* | d 2 | m 2 | q 16 |  value i = d * q_i + m */
void mc_widen_q4_1(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;

    for (; count > 0; count -= BLOCK, block += 20, values += BLOCK) {
        float d = mc_load_half(block);
        float m = mc_load_half(block + 2);
        for (int j = 0; j < BLOCK / 2; j++) {
            values[j]             = d * (float)(block[4 + j] & 15) + m;
            values[j + BLOCK / 2] = d * (float)(block[4 + j] >> 4) + m;
        }
    }
}

/* The five-bit code of value i: four bits as in Q4_0, the fifth is bit i of `high`. */
static int five_bits(const uint8_t *low, uint32_t high, int i)
{
    int four = i < BLOCK / 2 ? low[i] & 15 : low[i - BLOCK / 2] >> 4;

    return four | (int)(high >> i & 1) << 4;
}

/* | d 2 | high 4 | q 16 |  value i = d * (q_i - 16) */
void mc_widen_q5_0(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;

    for (; count > 0; count -= BLOCK, block += 22, values += BLOCK) {
        float    d = mc_load_half(block);
        uint32_t high;
        memcpy(&high, block + 2, sizeof high);
        for (int i = 0; i < BLOCK; i++)
            values[i] = d * (float)(five_bits(block + 6, high, i) - 16);
    }
}

/* | d 2 | m 2 | high 4 | q 16 |  value i = d * q_i + m */
void mc_widen_q5_1(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;

    for (; count > 0; count -= BLOCK, block += 24, values += BLOCK) {
        float    d = mc_load_half(block), m = mc_load_half(block + 2);
        uint32_t high;
        memcpy(&high, block + 4, sizeof high);
        for (int i = 0; i < BLOCK; i++)
            values[i] = d * (float)five_bits(block + 8, high, i) + m;
    }
}

/* | d 2 | q 32 signed |  value i = d * q_i */
void mc_widen_q8_0(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;

    for (; count > 0; count -= BLOCK, block += 34, values += BLOCK) {
        float d = mc_load_half(block);
        for (int j = 0; j < BLOCK; j++)
            values[j] = d * (float)(int8_t)block[2 + j];
    }
}
