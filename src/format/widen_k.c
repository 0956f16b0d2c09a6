/* widen_k.c - GGUF's blocks of 256 values: the K types, and the ternary ones.
 *
 * Each block is drawn above its function. d and dmin are binary16 numbers; codes of two bits
 * lie in runs of 32 bytes: value 128 c + 32 s + j is in byte 32 c + j, at bit 2 s. */
#include "format/widen.h"

enum { BLOCK = 256 };

static int two_bits(const uint8_t *codes, int i)
{
    return codes[i / 128 * 32 + i % 32] >> i % 128 / 32 * 2 & 3;
}

/* | scales 16 | q 64 | d 2 | dmin 2 |  every 16 values: low four bits of a scale byte times d,
 * high four times dmin; value = d_16 * q - min_16 */
void mc_widen_q2_k(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;

    for (; count > 0; count -= BLOCK, block += 84, values += BLOCK) {
        float d = mc_load_half(block + 80), dmin = mc_load_half(block + 82);
        for (int i = 0; i < BLOCK; i++) {
            float scale = d * (float)(block[i / 16] & 15);
            float least = dmin * (float)(block[i / 16] >> 4);
            values[i]   = scale * (float)two_bits(block + 16, i) - least;
        }
    }
}

/* Scale k of 16, six bits: four in bytes 0..7 (low half first), two in bytes 8..11. */
static int q3_scale(const uint8_t *scales, int k)
{
    int low = k < 8 ? scales[k] & 15 : scales[k - 8] >> 4;

    return (low | (scales[8 + k % 4] >> k / 4 * 2 & 3) << 4) - 32;
}

/* | high 32 | q 64 | scales 12 | d 2 |  value = d * scale_16 * (q - (high bit ? 0 : 4)); the
 * high bit of value 32 s + j is bit s of byte j */
void mc_widen_q3_k(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;

    for (; count > 0; count -= BLOCK, block += 110, values += BLOCK) {
        float d = mc_load_half(block + 108), scale = 0.0f;
        for (int i = 0; i < BLOCK; i++) {
            int high = block[i % 32] >> i / 32 & 1;
            if (i % 16 == 0) scale = d * (float)q3_scale(block + 96, i / 16);
            values[i] = scale * (float)(two_bits(block + 32, i) - (high ? 0 : 4));
        }
    }
}

/* Scale and minimum b of 8, six bits each: 0..3 whole in bytes b and 4 + b, whose two top bits
 * belong to 4..7; their other four are in byte 8 + b. */
static void q4_scale(const uint8_t *s, int b, int *scale, int *least)
{
    if (b < 4) {
        *scale = s[b] & 63;
        *least = s[4 + b] & 63;
    } else {
        *scale = (s[4 + b] & 15) | s[b - 4] >> 6 << 4;
        *least = s[4 + b] >> 4 | s[b] >> 6 << 4;
    }
}

/* | d 2 | dmin 2 | scales 12 | q 128 |  every 32 values; byte 32 c + j holds value 64 c + j
 * (low) and 64 c + 32 + j */
void mc_widen_q4_k(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;

    for (; count > 0; count -= BLOCK, block += 144, values += BLOCK) {
        float d = mc_load_half(block), dmin = mc_load_half(block + 2);
        for (int b = 0; b < 8; b++) {
            const uint8_t *q = block + 16 + b / 2 * 32;
            int            scale, least;
            q4_scale(block + 4, b, &scale, &least);
            float wide = d * (float)scale, low = dmin * (float)least;
            for (int j = 0; j < 32; j++)
                values[32 * b + j] = wide * (float)(q[j] >> b % 2 * 4 & 15) - low;
        }
    }
}

/* | d 2 | dmin 2 | scales 12 | high 32 | q 128 |  as Q4_K, with a fifth bit: bit b of byte j */
void mc_widen_q5_k(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;

    for (; count > 0; count -= BLOCK, block += 176, values += BLOCK) {
        float d = mc_load_half(block), dmin = mc_load_half(block + 2);
        for (int b = 0; b < 8; b++) {
            const uint8_t *q = block + 48 + b / 2 * 32, *high = block + 16;
            int            scale, least;
            q4_scale(block + 4, b, &scale, &least);
            float wide = d * (float)scale, low = dmin * (float)least;
            for (int j = 0; j < 32; j++) {
                int code           = (q[j] >> b % 2 * 4 & 15) | (high[j] >> b & 1) << 4;
                values[32 * b + j] = wide * (float)code - low;
            }
        }
    }
}

/* | low 128 | high 64 | scales 16 signed | d 2 |  value = d * scale_16 * (q - 32); low four
 * bits: byte 64 c + j holds value 128 c + j and 128 c + 64 + j; high two: as two_bits() */
void mc_widen_q6_k(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;

    for (; count > 0; count -= BLOCK, block += 210, values += BLOCK) {
        float d = mc_load_half(block + 208), scale = 0.0f;
        for (int i = 0; i < BLOCK; i++) {
            int low  = block[i / 128 * 64 + i % 64] >> i % 128 / 64 * 4 & 15;
            int code = low | two_bits(block + 128, i) << 4;
            if (i % 16 == 0) scale = d * (float)(int8_t)block[192 + i / 16];
            values[i] = scale * (float)(code - 32);
        }
    }
}

/* | d binary32 4 | q 256 signed | sums 32 |  value = d * q */
void mc_widen_q8_k(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;

    for (; count > 0; count -= BLOCK, block += 292, values += BLOCK) {
        float d;
        memcpy(&d, block, sizeof d);
        for (int i = 0; i < BLOCK; i++)
            values[i] = d * (float)(int8_t)block[4 + i];
    }
}

/* Digit p of a byte that holds up to five base-3 digits as a fraction of 256. */
static int ternary(uint8_t byte, int p)
{
    static const uint8_t powers[] = { 1, 3, 9, 27, 81 };

    return ((uint8_t)(byte * powers[p]) * 3 >> 8) - 1;
}

/* | q 48 | q4 4 | d 2 |  five digits a byte: value 32 p + j in byte j < 32, value 160 + 16 p +
 * j in byte 32 + j; four digits: value 240 + 4 p + j in byte 48 + j */
void mc_widen_tq1_0(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;

    for (; count > 0; count -= BLOCK, block += 54, values += BLOCK) {
        float d = mc_load_half(block + 52);
        for (int i = 0; i < 160; i++)
            values[i] = d * (float)ternary(block[i % 32], i / 32);
        for (int i = 0; i < 80; i++)
            values[160 + i] = d * (float)ternary(block[32 + i % 16], i / 16);
        for (int i = 0; i < 16; i++)
            values[240 + i] = d * (float)ternary(block[48 + i % 4], i / 4);
    }
}

/* | q 64 | d 2 |  value = d * (q - 1) */
void mc_widen_tq2_0(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;

    for (; count > 0; count -= BLOCK, block += 66, values += BLOCK) {
        float d = mc_load_half(block + 64);
        for (int i = 0; i < BLOCK; i++)
            values[i] = d * (float)(two_bits(block, i) - 1);
    }
}
