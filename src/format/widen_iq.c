/* widen_iq.c - GGUF's types with code books, and those with 16 fixed values.
 *
 * A code is an entry of a book (iq_grids.h): the magnitudes of 8 values (4 in the IQ3 types).
 * Signs are a byte for 8 values, or 7 bits of it: then the eighth makes their number even. */
#include "format/iq_grids.h"
#include "format/widen.h"

enum { BLOCK = 256 };

static uint32_t load_u32(const uint8_t *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, sizeof value);
    return value;
}

static unsigned even_signs(unsigned seven)
{
    return seven | (unsigned)__builtin_parity(seven) << 7;
}

/* 8 values of a two-bit book. */
static void put_eight(float scale, unsigned entry, const int8_t *book, unsigned signs,
                      float *values)
{
    for (int i = 0; i < 8; i++) {
        float value = scale * (float)book[entry >> 2 * i & 3];
        values[i]   = signs >> i & 1 ? -value : value;
    }
}

/* 4 values of a three-bit book. */
static void put_four(float scale, unsigned entry, const int8_t *book, unsigned signs,
                     float *values)
{
    for (int i = 0; i < 4; i++) {
        float value = scale * (float)book[entry >> 3 * i & 7];
        values[i]   = signs >> i & 1 ? -value : value;
    }
}

/* | d 2 | 8 times: q 4, u32 of four 7-bit signs and a 4-bit scale | */
void mc_widen_iq2_xxs(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;

    for (; count > 0; count -= BLOCK, block += 66, values += BLOCK) {
        float d = mc_load_half(block);
        for (int g = 0; g < 32; g++) {
            const uint8_t *part  = block + 2 + g / 4 * 8;
            uint32_t       tail  = load_u32(part + 4);
            float          scale = d * (0.5f + (float)(tail >> 28)) * 0.25f;
            put_eight(scale, mc_iq2_xxs_grid[part[g % 4]], mc_iq2_xxs_values,
                      even_signs(tail >> 7 * (g % 4) & 127), values + 8 * g);
        }
    }
}

/* | d 2 | q 32 times u16: 9 bits of code, 7 of signs | scales 8, four bits for 16 values | */
void mc_widen_iq2_xs(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;

    for (; count > 0; count -= BLOCK, block += 74, values += BLOCK) {
        float d = mc_load_half(block);
        for (int g = 0; g < 32; g++) {
            unsigned code  = mc_load_u16(block + 2 + 2 * g);
            int      level = block[66 + g / 4] >> g / 2 % 2 * 4 & 15;
            float    scale = d * (0.5f + (float)level) * 0.25f;
            put_eight(scale, mc_iq2_xs_grid[code & 511], mc_iq2_xs_values,
                      even_signs(code >> 9), values + 8 * g);
        }
    }
}

/* | d 2 | q 32 | signs 32 | high 8, two bits a code | scales 8 | */
void mc_widen_iq2_s(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;

    for (; count > 0; count -= BLOCK, block += 82, values += BLOCK) {
        float d = mc_load_half(block);
        for (int g = 0; g < 32; g++) {
            unsigned high  = block[66 + g / 4] >> g % 4 * 2 & 3;
            int      level = block[74 + g / 4] >> g / 2 % 2 * 4 & 15;
            float    scale = d * (0.5f + (float)level) * 0.25f;
            put_eight(scale, mc_iq2_s_grid[block[2 + g] | high << 8], mc_iq2_s_values,
                      block[34 + g], values + 8 * g);
        }
    }
}

/* | d 2 | q 64 | 8 times u32 of four 7-bit signs and a 4-bit scale | */
void mc_widen_iq3_xxs(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;

    for (; count > 0; count -= BLOCK, block += 98, values += BLOCK) {
        float d = mc_load_half(block);
        for (int g = 0; g < 64; g++) {
            uint32_t tail  = load_u32(block + 66 + g / 8 * 4);
            float    scale = d * (0.5f + (float)(tail >> 28)) * 0.5f;
            unsigned signs = even_signs(tail >> 7 * (g / 2 % 4) & 127);
            put_four(scale, mc_iq3_xxs_grid[block[2 + g]], mc_iq3_xxs_values,
                     signs >> g % 2 * 4, values + 4 * g);
        }
    }
}

/* | d 2 | q 64 | high 8, one bit a code | signs 32 | scales 4, four bits for 32 values | */
void mc_widen_iq3_s(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;

    for (; count > 0; count -= BLOCK, block += 110, values += BLOCK) {
        float d = mc_load_half(block);
        for (int g = 0; g < 64; g++) {
            unsigned high  = block[66 + g / 8] >> g % 8 & 1;
            int      level = block[106 + g / 16] >> g / 8 % 2 * 4 & 15;
            put_four(d * (float)(1 + 2 * level), mc_iq3_s_grid[block[2 + g] | high << 8],
                     mc_iq3_s_values, (unsigned)block[74 + g / 2] >> g % 2 * 4, values + 4 * g);
        }
    }
}

/* 8 values -1, 0 or 1, each moved by delta. */
static void put_moved(float scale, unsigned entry, float delta, float *values)
{
    for (int i = 0; i < 8; i++)
        values[i] = scale * ((float)mc_iq1_values[entry >> 2 * i & 3] + delta);
}

/* | d 2 | q 32 | 8 times u16: four times 3 high bits, 3 of scale, sign of delta | */
void mc_widen_iq1_s(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;

    for (; count > 0; count -= BLOCK, block += 50, values += BLOCK) {
        float d = mc_load_half(block);
        for (int g = 0; g < 32; g++) {
            unsigned tail = mc_load_u16(block + 34 + g / 4 * 2);
            unsigned high = tail >> g % 4 * 3 & 7;
            put_moved(d * (float)(2 * (tail >> 12 & 7) + 1),
                      mc_iq1_grid[block[2 + g] | high << 8], tail & 0x8000 ? -0.125f : 0.125f,
                      values + 8 * g);
        }
    }
}

/* | q 32 | tail 16: half a byte a code, 3 high bits and the sign of delta | scales 8: 4 times
 * u16 with four times 3 bits for 16 values, and four bits of d | */
void mc_widen_iq1_m(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;

    for (; count > 0; count -= BLOCK, block += 56, values += BLOCK) {
        unsigned half = 0;
        float    d;
        for (int i = 0; i < 4; i++)
            half |= (unsigned)(mc_load_u16(block + 48 + 2 * i) >> 12) << 4 * i;
        d = mc_float_from_half((uint16_t)half);
        for (int g = 0; g < 32; g++) {
            unsigned tail  = block[32 + g / 2] >> g % 2 * 4 & 15;
            unsigned level = mc_load_u16(block + 48 + g / 8 * 2) >> g / 2 % 4 * 3 & 7;
            put_moved(d * (float)(2 * level + 1), mc_iq1_grid[block[g] | (tail & 7) << 8],
                      tail & 8 ? -0.125f : 0.125f, values + 8 * g);
        }
    }
}

static const int8_t iq4_values[16] = { -127, -104, -83, -65, -49, -35, -22, -10,
                                       1,    13,   25,  38,  53,  69,  89,  113 };

/* Twice the values of OCP's E2M1. */
static const int8_t fp4_values[16] = {
    0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12
};

/* `half` codes in the low, then in the high four bits of as many bytes. */
static void put_nibbles(float scale, const uint8_t *codes, int half, const int8_t *book,
                        float *values)
{
    for (int i = 0; i < half; i++) {
        values[i]        = scale * (float)book[codes[i] & 15];
        values[half + i] = scale * (float)book[codes[i] >> 4];
    }
}

/* | d 2 | q 16 |  32 values */
void mc_widen_iq4_nl(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;

    for (; count > 0; count -= 32, block += 18, values += 32)
        put_nibbles(mc_load_half(block), block + 2, 16, iq4_values, values);
}

/* | d 2 | high u16, two bits of 8 scales | low 4, four bits of each | q 128 | */
void mc_widen_iq4_xs(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;

    for (; count > 0; count -= BLOCK, block += 136, values += BLOCK) {
        float    d    = mc_load_half(block);
        unsigned high = mc_load_u16(block + 2);
        for (int b = 0; b < 8; b++) {
            int low   = block[4 + b / 2] >> b % 2 * 4 & 15;
            int scale = (low | (int)(high >> 2 * b & 3) << 4) - 32;
            put_nibbles(d * (float)scale, block + 8 + 16 * b, 16, iq4_values, values + 32 * b);
        }
    }
}

/* | exponent 1 | q 16 |  32 values; the scale is 2^(exponent - 128), since the book is doubled
 */
void mc_widen_mxfp4(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;

    for (; count > 0; count -= 32, block += 17, values += 32) {
        uint32_t bits = block[0] < 2 ? 0x00200000u << block[0] : (uint32_t)(block[0] - 1) << 23;
        float    scale;
        memcpy(&scale, &bits, sizeof scale);
        put_nibbles(scale, block + 1, 16, fp4_values, values);
    }
}

/* Unsigned E4M3, halved since the book is doubled; 0x7f is no number and counts as 0. */
static float half_e4m3(uint8_t code)
{
    int   exponent = code >> 3 & 15;
    float fraction = (float)(code & 7);

    if (code == 0x7f) return 0.0f;
    if (exponent == 0) return fraction * 0x1p-10f;
    return (8.0f + fraction) * (float)(1u << exponent) * 0x1p-11f;
}

/* | scales 4 | q 32 |  64 values, a scale for every 16 */
void mc_widen_nvfp4(const void *stored, float *values, size_t count)
{
    const uint8_t *block = stored;

    for (; count > 0; count -= 64, block += 36, values += 64)
        for (int b = 0; b < 4; b++)
            put_nibbles(half_e4m3(block[b]), block + 4 + 8 * b, 8, fp4_values, values + 16 * b);
}
