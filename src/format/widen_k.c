/* widen_k.c - GGUF's blocks of 256 values: the K types, and the ternary ones.
 *
 * Each block is drawn above its function. d and dmin are binary16 numbers; codes of two bits
 * lie in runs of 32 bytes: value 128 c + 32 s + j is in byte 32 c + j, at bit 2 s. */
#include "format/widen.h"

enum { BLOCK = 256 };

/* So the loops below go over (c, s) as `run` 0..7, 32 values each, and in halves of 16 where
 * these have a scale of their own: such loops become vector instructions. */

/* | scales 16 | q 64 | d 2 | dmin 2 |  every 16 values: low four bits of a scale byte times d,
 * high four times dmin; value = d_16 * q - min_16 */
void mc_widen_q2_k(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;

    for (; count > 0; count -= BLOCK, block += 84, values += BLOCK) {
        float d = mc_load_half(block + 80), dmin = mc_load_half(block + 82);
        for (int half = 0; half < 16; half++) {
            const uint8_t *q     = block + 16 + half / 8 * 32 + half % 2 * 16;
            int            shift = half / 2 % 4 * 2;
            float          scale = d * (float)(block[half] & 15);
            float          least = dmin * (float)(block[half] >> 4);
            for (int j = 0; j < 16; j++)
                values[16 * half + j] = scale * (float)(q[j] >> shift & 3) - least;
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
        float d = mc_load_half(block + 108);
        for (int half = 0; half < 16; half++) {
            const uint8_t *q     = block + 32 + half / 8 * 32 + half % 2 * 16;
            const uint8_t *high  = block + half % 2 * 16;
            int            shift = half / 2 % 4 * 2, bit = half / 2;
            float          scale = d * (float)q3_scale(block + 96, half);
            for (int j = 0; j < 16; j++) {
                int code              = (q[j] >> shift & 3) + (high[j] >> bit & 1) * 4;
                values[16 * half + j] = scale * (float)(code - 4);
            }
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
 * bits: byte 64 c + j holds value 128 c + j and 128 c + 64 + j; high two: as above */
void mc_widen_q6_k(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;

    for (; count > 0; count -= BLOCK, block += 210, values += BLOCK) {
        float d = mc_load_half(block + 208);
        for (int half = 0; half < 16; half++) {
            const uint8_t *low  = block + half / 8 * 64 + half % 4 * 16;
            const uint8_t *high = block + 128 + half / 8 * 32 + half % 2 * 16;
            int            four = half / 4 % 2 * 4, two = half / 2 % 4 * 2;
            float          scale = d * (float)(int8_t)block[192 + half];
            for (int j = 0; j < 16; j++) {
                int code              = (low[j] >> four & 15) | (high[j] >> two & 3) << 4;
                values[16 * half + j] = scale * (float)(code - 32);
            }
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
        for (int run = 0; run < 8; run++)
            for (int j = 0; j < 32; j++) {
                int code             = block[run / 4 * 32 + j] >> run % 4 * 2 & 3;
                values[32 * run + j] = d * (float)(code - 1);
            }
    }
}
