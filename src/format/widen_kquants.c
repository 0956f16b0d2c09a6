/* widen_kquants.c - GGUF's K types: superblocks of 256 values, whose sub-blocks have small
 * integer scales (and minima) that are themselves scaled by one binary16 number.
 *
 * A drawing gives the fields with their bytes. The arithmetic is that of the gguf package, one
 * rounding an operation: first the sub-block's scale (d * scale), then the value, so the
 * results equal to the bit. */
#include "format/widen.h"

enum { SUPER = 256 };

typedef struct block_q2_k {
    uint8_t scales[16], codes[64], d[2], least[2];
} block_q2_k;
typedef struct block_q3_k {
    uint8_t high[32], codes[64], scales[12], d[2];
} block_q3_k;
typedef struct block_q4_k {
    uint8_t d[2], least[2], scales[12], codes[128];
} block_q4_k;
typedef struct block_q5_k {
    uint8_t d[2], least[2], scales[12], high[32], codes[128];
} block_q5_k;
typedef struct block_q6_k {
    uint8_t low[128], high[64];
    int8_t  scales[16];
    uint8_t d[2];
} block_q6_k;
typedef struct block_q8_k {
    uint8_t d[4];
    int8_t  codes[256];
    uint8_t sums[32];
} block_q8_k;

_Static_assert(sizeof(block_q2_k) == 84, "Q2_K");
_Static_assert(sizeof(block_q3_k) == 110, "Q3_K");
_Static_assert(sizeof(block_q4_k) == 144, "Q4_K");
_Static_assert(sizeof(block_q5_k) == 176, "Q5_K");
_Static_assert(sizeof(block_q6_k) == 210, "Q6_K");
_Static_assert(sizeof(block_q8_k) == 292, "Q8_K");

/* q = `bits` (2 or 4) of each of 32 bytes, from bit `shift` up. Small functions with constant
 * arguments: the compiler makes byte-wise vector code of them. */
static inline void take_bits(const uint8_t *bytes, int shift, int bits, uint8_t *q)
{
    for (int i = 0; i < 32; i++)
        q[i] = (uint8_t)(bytes[i] >> shift) & (uint8_t)((1 << bits) - 1);
}

/* The same, put above the low bits that q has already. */
static inline void join_bits(const uint8_t *bytes, int shift, int bits, int above, uint8_t *q)
{
    for (int i = 0; i < 32; i++)
        q[i] |= (uint8_t)(((uint8_t)(bytes[i] >> shift) & (uint8_t)((1 << bits) - 1)) << above);
}

/* 256 two-bit codes: 32 bytes hold 128, bits 0-1 the first 32, bits 2-3 the next, and so on. */
static void take_pairs(const uint8_t codes[64], uint8_t q[SUPER])
{
    for (int half = 0; half < 2; half++, codes += 32, q += 128) {
        take_bits(codes, 0, 2, q);
        take_bits(codes, 2, 2, q + 32);
        take_bits(codes, 4, 2, q + 64);
        take_bits(codes, 6, 2, q + 96);
    }
}

/* 256 four-bit codes: 32 bytes hold 64, the low four bits the first 32. */
static void take_nibbles(const uint8_t codes[128], uint8_t q[SUPER])
{
    for (int part = 0; part < 4; part++, codes += 32, q += 64) {
        take_bits(codes, 0, 4, q);
        take_bits(codes, 4, 4, q + 32);
    }
}

/* Bit n of byte i becomes bit `above` of code 32 n + i. */
static void join_planes(const uint8_t high[32], int above, uint8_t q[SUPER])
{
    join_bits(high, 0, 1, above, q);
    join_bits(high, 1, 1, above, q + 32);
    join_bits(high, 2, 1, above, q + 64);
    join_bits(high, 3, 1, above, q + 96);
    join_bits(high, 4, 1, above, q + 128);
    join_bits(high, 5, 1, above, q + 160);
    join_bits(high, 6, 1, above, q + 192);
    join_bits(high, 7, 1, above, q + 224);
}

/* values = scale * (q - zero), 16 of them */
static inline void put_centred(const uint8_t *q, int zero, float scale, float *values)
{
    for (int i = 0; i < 16; i++)
        values[i] = scale * (float)(q[i] - zero);
}

/* values = scale * q - floor */
static inline void put_affine(const uint8_t *q, size_t count, float scale, float floor,
                              float *values)
{
    for (size_t i = 0; i < count; i++)
        values[i] = scale * (float)q[i] - floor;
}

/* | scales 16 | codes 64 | d 2 | least 2 |   16 sub-blocks of 16 values
 *
 * Scale byte s: low four bits the scale, high four the minimum. Value = d * scale * q - least *
 * minimum. A half of 128 values has 32 code bytes: bits 0-1 are the values 0..31, 2-3 the
 * values 32..63, and so on. */
void mc_widen_q2_k(const void *stored, float *values, size_t count)
{
    for (const block_q2_k *b = stored; count > 0; count -= SUPER, b++) {
        float   d = mc_load_half(b->d), least = mc_load_half(b->least);
        uint8_t q[SUPER];
        take_pairs(b->codes, q);
        for (int sub = 0; sub < 16; sub++, values += 16)
            put_affine(q + 16 * sub, 16, d * (float)(b->scales[sub] & 15),
                       least * (float)(b->scales[sub] >> 4), values);
    }
}

/* The 16 six-bit scales of Q3_K, each minus 32. Bytes 0..7 hold the low four bits of scales
 * 0..7 and, above them, of 8..15; bytes 8..11 hold the high two bits: byte 8 + i % 4, pair i
 * / 4. */
static void unpack_q3_scales(const uint8_t packed[12], int scales[16])
{
    for (int i = 0; i < 16; i++) {
        int low   = packed[i % 8] >> (i / 8 * 4) & 15;
        int high  = packed[8 + i % 4] >> (i / 4 * 2) & 3;
        scales[i] = (low | high << 4) - 32;
    }
}

/* | high 32 | codes 64 | scales 12 | d 2 |   16 sub-blocks of 16 values
 *
 * Value = d * scale * (q - 4), q of three bits, the highest in `high`. */
void mc_widen_q3_k(const void *stored, float *values, size_t count)
{
    for (const block_q3_k *b = stored; count > 0; count -= SUPER, b++) {
        float   d = mc_load_half(b->d);
        int     scales[16];
        uint8_t q[SUPER];
        unpack_q3_scales(b->scales, scales);
        take_pairs(b->codes, q);
        join_planes(b->high, 2, q);
        for (int sub = 0; sub < 16; sub++, values += 16)
            put_centred(q + 16 * sub, 4, d * (float)scales[sub], values);
    }
}

/* The eight six-bit scales and minima of Q4_K and Q5_K. Scales 0..3 are the low six bits of
 * bytes 0..3, minima 0..3 those of bytes 4..7. Byte 8 + i has the low four bits of scale 4 + i
 * and, above them, of minimum 4 + i; their high two bits are the top of bytes i and 4 + i. */
static void unpack_scales(const uint8_t packed[12], int scales[8], int minima[8])
{
    for (int i = 0; i < 4; i++) {
        scales[i]     = packed[i] & 63;
        minima[i]     = packed[4 + i] & 63;
        scales[4 + i] = (packed[8 + i] & 15) | packed[i] >> 6 << 4;
        minima[4 + i] = packed[8 + i] >> 4 | packed[4 + i] >> 6 << 4;
    }
}

/* | d 2 | least 2 | scales 12 | codes 128 |   8 sub-blocks of 32 values
 *
 * Value = d * scale * q - least * minimum. */
void mc_widen_q4_k(const void *stored, float *values, size_t count)
{
    for (const block_q4_k *b = stored; count > 0; count -= SUPER, b++) {
        float   d = mc_load_half(b->d), least = mc_load_half(b->least);
        int     scales[8], minima[8];
        uint8_t q[SUPER];
        unpack_scales(b->scales, scales, minima);
        take_nibbles(b->codes, q);
        for (int sub = 0; sub < 8; sub++, values += 32)
            put_affine(q + 32 * sub, 32, d * (float)scales[sub], least * (float)minima[sub],
                       values);
    }
}

/* | d 2 | least 2 | scales 12 | high 32 | codes 128 |   8 sub-blocks of 32 values
 *
 * As Q4_K with a fifth code bit in `high`. */
void mc_widen_q5_k(const void *stored, float *values, size_t count)
{
    for (const block_q5_k *b = stored; count > 0; count -= SUPER, b++) {
        float   d = mc_load_half(b->d), least = mc_load_half(b->least);
        int     scales[8], minima[8];
        uint8_t q[SUPER];
        unpack_scales(b->scales, scales, minima);
        take_nibbles(b->codes, q);
        join_planes(b->high, 4, q);
        for (int sub = 0; sub < 8; sub++, values += 32)
            put_affine(q + 32 * sub, 32, d * (float)scales[sub], least * (float)minima[sub],
                       values);
    }
}

/* | low 128 | high 64 | scales 16 signed | d 2 |   16 sub-blocks of 16 values
 *
 * Value = d * scale * (q - 32), q of six bits. A half of 128 values has 64 bytes of low bits:
 * byte i the values i (low four) and 64 + i; and 32 of high bits: byte i has two each of the
 * values i, 32 + i, 64 + i, 96 + i. */
void mc_widen_q6_k(const void *stored, float *values, size_t count)
{
    for (const block_q6_k *b = stored; count > 0; count -= SUPER, b++) {
        float   d = mc_load_half(b->d);
        uint8_t q[SUPER];
        for (int half = 0; half < 2; half++) {
            take_bits(b->low + 64 * half, 0, 4, q + 128 * half);
            take_bits(b->low + 64 * half + 32, 0, 4, q + 128 * half + 32);
            take_bits(b->low + 64 * half, 4, 4, q + 128 * half + 64);
            take_bits(b->low + 64 * half + 32, 4, 4, q + 128 * half + 96);
            join_bits(b->high + 32 * half, 0, 2, 4, q + 128 * half);
            join_bits(b->high + 32 * half, 2, 2, 4, q + 128 * half + 32);
            join_bits(b->high + 32 * half, 4, 2, 4, q + 128 * half + 64);
            join_bits(b->high + 32 * half, 6, 2, 4, q + 128 * half + 96);
        }
        for (int sub = 0; sub < 16; sub++, values += 16)
            put_centred(q + 16 * sub, 32, d * (float)b->scales[sub], values);
    }
}

/* | d 4 binary32 | codes 256 signed | sums 32 |   value = d * q; the sums serve dot products
 * only. The type is meant for activations, but nothing keeps it out of a file. */
void mc_widen_q8_k(const void *stored, float *values, size_t count)
{
    for (const block_q8_k *b = stored; count > 0; count -= SUPER, b++, values += SUPER) {
        float d;
        memcpy(&d, b->d, sizeof d);
        for (int i = 0; i < SUPER; i++)
            values[i] = d * (float)b->codes[i];
    }
}
