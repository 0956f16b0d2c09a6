/* widen_iquants.c - GGUF's IQ types: groups of 4 or 8 values are rows of a codebook
 * (iq_grids.c), or single values entries of a short uneven scale (IQ4).
 *
 * Superblocks of 256 values but for IQ4_NL. A drawing gives the fields with their bytes; the
 * arithmetic is that of the gguf package, one rounding an operation. Signs are applied to the
 * codebook's integers, which changes no rounding. */
#include "format/iq_grids.h"
#include "format/widen.h"

enum { SUPER = 256 };

typedef struct block_iq2_xxs {
    uint8_t d[2], codes[64];
} block_iq2_xxs;
typedef struct block_iq2_xs {
    uint8_t d[2], codes[64], scales[8];
} block_iq2_xs;
typedef struct block_iq2_s {
    uint8_t d[2], codes[32], signs[32], high[8], scales[8];
} block_iq2_s;
typedef struct block_iq3_xxs {
    uint8_t d[2], codes[64], signs[32];
} block_iq3_xxs;
typedef struct block_iq3_s {
    uint8_t d[2], codes[64], high[8], signs[32], scales[4];
} block_iq3_s;
typedef struct block_iq1_s {
    uint8_t d[2], codes[32], high[16];
} block_iq1_s;
typedef struct block_iq1_m {
    uint8_t codes[32], high[16], scales[8];
} block_iq1_m;
typedef struct block_iq4_nl {
    uint8_t d[2], codes[16];
} block_iq4_nl;
typedef struct block_iq4_xs {
    uint8_t d[2], scales_high[2], scales_low[4], codes[128];
} block_iq4_xs;

_Static_assert(sizeof(block_iq2_xxs) == 66, "IQ2_XXS");
_Static_assert(sizeof(block_iq2_xs) == 74, "IQ2_XS");
_Static_assert(sizeof(block_iq2_s) == 82, "IQ2_S");
_Static_assert(sizeof(block_iq3_xxs) == 98, "IQ3_XXS");
_Static_assert(sizeof(block_iq3_s) == 110, "IQ3_S");
_Static_assert(sizeof(block_iq1_s) == 50, "IQ1_S");
_Static_assert(sizeof(block_iq1_m) == 56, "IQ1_M");
_Static_assert(sizeof(block_iq4_nl) == 18, "IQ4_NL");
_Static_assert(sizeof(block_iq4_xs) == 136, "IQ4_XS");

/* Eight magnitudes (1..127, one a byte) with a minus where a bit of `signs` is set: such a byte
 * is complemented and gets 1, which cannot carry.
 */
static uint64_t negate(uint64_t magnitudes, unsigned signs)
{
    uint64_t bits = mc_spread_bits(signs);

    return (magnitudes ^ bits * 255) + bits;
}

/* Seven sign bits are stored; the eighth makes their number even. */
static unsigned even_signs(unsigned seven)
{
    return seven | (unsigned)__builtin_parity(seven) << 7;
}

/* values = scale * the bytes of `groups`, `count` a multiple of 16. */
static void put_groups(const uint64_t *groups, float scale, float *values, int count)
{
    int8_t q[32];

    memcpy(q, groups, (size_t)count);
    for (int i = 0; i < count; i++)
        values[i] = scale * (float)q[i];
}

/* | d 2 | 8 times: codes 4, signs and scale 4 |   8 sub-blocks of 32 values
 *
 * Each code byte is a row of 8. The second word has 4 times 7 sign bits and a 4-bit scale s on
 * top: value = d * (1/2 + s) * 1/4 * row. */
void mc_widen_iq2_xxs(const void *stored, float *values, size_t count)
{
    for (const block_iq2_xxs *b = stored; count > 0; count -= SUPER, b++) {
        float d = mc_load_half(b->d);
        for (int sub = 0; sub < 8; sub++, values += 32) {
            const uint8_t *codes = b->codes + sub * 8;
            uint32_t       extra = mc_load_u32(codes + 4);
            uint64_t       groups[4];
            for (int i = 0; i < 4; i++)
                groups[i] =
                    negate(mc_iq2_xxs_grid[codes[i]], even_signs(extra >> (7 * i) & 127));
            put_groups(groups, d * (0.5f + (float)(extra >> 28)) * 0.25f, values, 32);
        }
    }
}

/* | d 2 | codes 32 words of 16 bits | scales 8 |   16 sub-blocks of 16 values
 *
 * A word has a row (9 bits) and 7 sign bits; a scale byte serves two sub-blocks, low four bits
 * first. */
void mc_widen_iq2_xs(const void *stored, float *values, size_t count)
{
    for (const block_iq2_xs *b = stored; count > 0; count -= SUPER, b++) {
        float d = mc_load_half(b->d);
        for (int sub = 0; sub < 16; sub++, values += 16) {
            int      s = b->scales[sub / 2] >> (sub % 2 * 4) & 15;
            uint64_t groups[2];
            for (int i = 0; i < 2; i++) {
                unsigned word = mc_load_u16(b->codes + 4 * sub + 2 * i);
                groups[i]     = negate(mc_iq2_xs_grid[word & 511], even_signs(word >> 9));
            }
            put_groups(groups, d * (0.5f + (float)s) * 0.25f, values, 16);
        }
    }
}

/* | d 2 | codes 32 | signs 32 | high 8 | scales 8 |   16 sub-blocks of 16 values
 *
 * A row has ten bits: a code byte and two bits of `high`, whose byte serves four rows. */
void mc_widen_iq2_s(const void *stored, float *values, size_t count)
{
    for (const block_iq2_s *b = stored; count > 0; count -= SUPER, b++) {
        float d = mc_load_half(b->d);
        for (int sub = 0; sub < 16; sub++, values += 16) {
            int      s = b->scales[sub / 2] >> (sub % 2 * 4) & 15;
            uint64_t groups[2];
            for (int i = 0; i < 2; i++) {
                int      at   = 2 * sub + i;
                unsigned high = (unsigned)b->high[at / 4] >> (at % 4 * 2) & 3;
                groups[i]     = negate(mc_iq2_s_grid[b->codes[at] | high << 8], b->signs[at]);
            }
            put_groups(groups, d * (0.5f + (float)s) * 0.25f, values, 16);
        }
    }
}

static uint64_t join(uint32_t first, uint32_t second)
{
    return (uint64_t)second << 32 | first;
}

/* | d 2 | codes 64 | 8 times: signs and scale 4 |   8 sub-blocks of 32 values
 *
 * Each code byte is a row of 4; the word is that of IQ2_XXS: value = d * (1/2 + s) * 1/2 * row.
 */
void mc_widen_iq3_xxs(const void *stored, float *values, size_t count)
{
    for (const block_iq3_xxs *b = stored; count > 0; count -= SUPER, b++) {
        float d = mc_load_half(b->d);
        for (int sub = 0; sub < 8; sub++, values += 32) {
            const uint8_t *codes = b->codes + sub * 8;
            uint32_t       extra = mc_load_u32(b->signs + sub * 4);
            uint64_t       groups[4];
            for (int i = 0; i < 4; i++)
                groups[i] = negate(
                    join(mc_iq3_xxs_grid[codes[2 * i]], mc_iq3_xxs_grid[codes[2 * i + 1]]),
                    even_signs(extra >> (7 * i) & 127));
            put_groups(groups, d * (0.5f + (float)(extra >> 28)) * 0.5f, values, 32);
        }
    }
}

/* | d 2 | codes 64 | high 8 | signs 32 | scales 4 |   8 sub-blocks of 32 values
 *
 * A row of 4 has nine bits: a code byte and one bit of `high`, byte n for the eight rows of
 * sub-block n. Value = d * (1 + 2 s) * row. */
void mc_widen_iq3_s(const void *stored, float *values, size_t count)
{
    for (const block_iq3_s *b = stored; count > 0; count -= SUPER, b++) {
        float d = mc_load_half(b->d);
        for (int sub = 0; sub < 8; sub++, values += 32) {
            const uint8_t *codes = b->codes + sub * 8;
            unsigned       high  = b->high[sub];
            int            s     = b->scales[sub / 2] >> (sub % 2 * 4) & 15;
            uint64_t       groups[4];
            for (int i = 0; i < 4; i++, high >>= 2)
                groups[i] = negate(join(mc_iq3_s_grid[codes[2 * i] | (high & 1) << 8],
                                        mc_iq3_s_grid[codes[2 * i + 1] | (high & 2) << 7]),
                                   b->signs[sub * 4 + i]);
            put_groups(groups, d * (float)(1 + 2 * s), values, 32);
        }
    }
}

/* values = scale * (row + delta) for one row of 8. */
static void put_ternary(uint64_t row, float delta, float scale, float *values)
{
    int8_t q[8];

    memcpy(q, &row, sizeof q);
    for (int i = 0; i < 8; i++)
        values[i] = scale * ((float)q[i] + delta);
}

/* | d 2 | codes 32 | high 8 words of 16 bits |   8 sub-blocks of 32 values
 *
 * A row of 8 has eleven bits: a code byte and three of the sub-block's word, which also has a
 * three-bit scale s (bits 12-14) and the sign of delta (bit 15):
 * value = d * (2 s + 1) * (row + delta), delta = 1/8 or -1/8. */
void mc_widen_iq1_s(const void *stored, float *values, size_t count)
{
    for (const block_iq1_s *b = stored; count > 0; count -= SUPER, b++) {
        float d = mc_load_half(b->d);
        for (int sub = 0; sub < 8; sub++) {
            unsigned high  = mc_load_u16(b->high + 2 * sub);
            float    scale = d * (float)(2 * (high >> 12 & 7) + 1);
            float    delta = high & 0x8000 ? -0.125f : 0.125f;
            for (int i = 0; i < 4; i++, values += 8) {
                unsigned row = b->codes[4 * sub + i] | (high >> (3 * i) & 7) << 8;
                put_ternary(mc_iq1_grid[row], delta, scale, values);
            }
        }
    }
}

/* | codes 32 | high 16 | scales 4 words of 16 bits |   16 sub-blocks of 16 values
 *
 * The top four bits of the words, first word lowest, are d; below them each has four three-bit
 * scales s. Each half byte of `high` has three bits of a row and the sign of its delta. */
void mc_widen_iq1_m(const void *stored, float *values, size_t count)
{
    for (const block_iq1_m *b = stored; count > 0; count -= SUPER, b++) {
        unsigned words[4], d = 0;
        for (int i = 0; i < 4; i++) {
            words[i] = mc_load_u16(b->scales + 2 * i);
            d |= words[i] >> 12 << (4 * i);
        }
        for (int row = 0; row < 32; row++, values += 8) {
            unsigned s    = words[row / 8] >> (row / 2 % 4 * 3) & 7;
            unsigned high = (unsigned)b->high[row / 2] >> (row % 2 * 4) & 15;
            put_ternary(mc_iq1_grid[b->codes[row] | (high & 7) << 8],
                        high & 8 ? -0.125f : 0.125f,
                        mc_float_from_half((uint16_t)d) * (float)(2 * s + 1), values);
        }
    }
}

/* The scale that the codes of IQ4 are steps of. */
static const float iq4_steps[16] = { -127, -104, -83, -65, -49, -35, -22, -10,
                                     1,    13,   25,  38,  53,  69,  89,  113 };

static void put_iq4(const uint8_t codes[16], float scale, float values[32])
{
    for (int i = 0; i < 16; i++) {
        values[i]      = scale * iq4_steps[codes[i] & 15];
        values[i + 16] = scale * iq4_steps[codes[i] >> 4];
    }
}

/* | d 2 | codes 16 |   32 values: value i = d * step[code i], byte j codes j (low four bits)
 * and j + 16 */
void mc_widen_iq4_nl(const void *stored, float *values, size_t count)
{
    for (const block_iq4_nl *b = stored; count > 0; count -= 32, b++, values += 32)
        put_iq4(b->codes, mc_load_half(b->d), values);
}

/* | d 2 | scales_high 2 | scales_low 4 | codes 128 |   8 sub-blocks of 32 values
 *
 * Value = d * (s - 32) * step[code]; of s the low four bits are a half byte of scales_low, the
 * high two are in scales_high. */
void mc_widen_iq4_xs(const void *stored, float *values, size_t count)
{
    for (const block_iq4_xs *b = stored; count > 0; count -= SUPER, b++) {
        float    d    = mc_load_half(b->d);
        unsigned high = mc_load_u16(b->scales_high);
        for (int sub = 0; sub < 8; sub++, values += 32) {
            unsigned s = ((unsigned)b->scales_low[sub / 2] >> (sub % 2 * 4) & 15) |
                         (high >> (2 * sub) & 3) << 4;
            put_iq4(b->codes + 16 * sub, d * (float)((int)s - 32), values);
        }
    }
}
