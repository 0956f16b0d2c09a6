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

/* The codes of a block: byte j of 16 holds q_j (low four bits) and q_j+16. */
static void unpack_codes(const uint8_t *bytes, uint8_t q[BLOCK])
{
    for (int j = 0; j < BLOCK / 2; j++)
        q[j] = bytes[j] & 15;
    for (int j = 0; j < BLOCK / 2; j++)
        q[j + BLOCK / 2] = bytes[j] >> 4;
}

/* Bit i of `high` is the fifth bit of q_i. */
static void add_fifth_bits(const uint8_t high[4], uint8_t q[BLOCK])
{
    for (int j = 0; j < 4; j++) {
        uint64_t eight, bits = mc_spread_bits(high[j]) << 4;
        memcpy(&eight, q + 8 * j, sizeof eight);
        eight |= bits;
        memcpy(q + 8 * j, &eight, sizeof eight);
    }
}

/* values = d * (q - zero) */
static void put_centred(const uint8_t q[BLOCK], int zero, float d, float *values)
{
    for (int j = 0; j < BLOCK; j++)
        values[j] = d * (float)(q[j] - zero);
}

/* values = d * q + m */
static void put_affine(const uint8_t q[BLOCK], float d, float m, float *values)
{
    for (int j = 0; j < BLOCK; j++)
        values[j] = d * (float)q[j] + m;
}

/* | d 2 | q 16 |  value i = d * (q_i - 8); byte j holds q_j (low four bits) and q_j+16. */
void mc_widen_q4_0(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;
    uint8_t        q[BLOCK];

    for (; count > 0; count -= BLOCK, block += 18, values += BLOCK) {
        unpack_codes(block + 2, q);
        put_centred(q, 8, mc_load_half(block), values);
    }
}

/* | d 2 | m 2 | q 16 |  value i = d * q_i + m */
void mc_widen_q4_1(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;
    uint8_t        q[BLOCK];

    for (; count > 0; count -= BLOCK, block += 20, values += BLOCK) {
        unpack_codes(block + 4, q);
        put_affine(q, mc_load_half(block), mc_load_half(block + 2), values);
    }
}

/* | d 2 | h 4 | q 16 |  value i = d * (q_i + 16 h_i - 16), h_i is bit i of h */
void mc_widen_q5_0(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;
    uint8_t        q[BLOCK];

    for (; count > 0; count -= BLOCK, block += 22, values += BLOCK) {
        unpack_codes(block + 6, q);
        add_fifth_bits(block + 2, q);
        put_centred(q, 16, mc_load_half(block), values);
    }
}

/* | d 2 | m 2 | h 4 | q 16 |  value i = d * (q_i + 16 h_i) + m */
void mc_widen_q5_1(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;
    uint8_t        q[BLOCK];

    for (; count > 0; count -= BLOCK, block += 24, values += BLOCK) {
        unpack_codes(block + 8, q);
        add_fifth_bits(block + 4, q);
        put_affine(q, mc_load_half(block), mc_load_half(block + 2), values);
    }
}

/* | d 2 | s 2 | q 32 signed |  value i = d * q_i; s serves dot products only. The type is meant
 * for activations; its block is that of the current library (ggml), not the older one of 40. */
void mc_widen_q8_1(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;

    for (; count > 0; count -= BLOCK, block += 36, values += BLOCK) {
        float d = mc_load_half(block);
        for (int j = 0; j < BLOCK; j++)
            values[j] = d * (float)(int8_t)block[4 + j];
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
