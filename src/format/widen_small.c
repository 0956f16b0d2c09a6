/* widen_small.c - eight-bit and smaller numbers: floating point of 8 and 4 bits with shared
 * exponents (OCP Microscaling Formats (MX) v1.0, 2023), ternary and binary codes, integers.
 *
 * A drawing gives the fields of a block with their bytes; d is a binary16 number. */
#include "format/widen.h"

#include <math.h>

typedef struct block_mxfp4 {
    uint8_t exponent, codes[16];
} block_mxfp4;
typedef struct block_nvfp4 {
    uint8_t scales[4], codes[32];
} block_nvfp4;
typedef struct block_tq1_0 {
    uint8_t codes[48], rest[4], d[2];
} block_tq1_0;
typedef struct block_tq2_0 {
    uint8_t codes[64], d[2];
} block_tq2_0;
typedef struct block_q1_0 {
    uint8_t d[2], codes[16];
} block_q1_0;

_Static_assert(sizeof(block_mxfp4) == 17, "MXFP4");
_Static_assert(sizeof(block_nvfp4) == 36, "NVFP4");
_Static_assert(sizeof(block_tq1_0) == 54, "TQ1_0");
_Static_assert(sizeof(block_tq2_0) == 66, "TQ2_0");
_Static_assert(sizeof(block_q1_0) == 18, "Q1_0, Q2_0");

/* What four bits s eem (sign, exponent, fraction) stand for: E2M1. */
const float mc_e2m1_values[16] = { 0.0f,  0.5f,  1.0f,  1.5f,  2.0f,  3.0f,  4.0f,  6.0f,
                                   -0.0f, -0.5f, -1.0f, -1.5f, -2.0f, -3.0f, -4.0f, -6.0f };

/* The same times two, as GGUF counts: integers, so that there is no negative zero. Its scales
 * are halved in turn. */
static const float doubled[16] = { 0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12 };

/* E4M3 without infinities: s eeee mmm, bias 7; all ones is NaN. */
void mc_widen_f8_e4m3(const void *stored, float *values, size_t count)
{
    const uint8_t *bytes = stored;

    for (size_t i = 0; i < count; i++)
        values[i] = mc_float_from_e4m3(bytes[i]);
}

/* E5M2: the upper byte of a binary16 number. */
void mc_widen_f8_e5m2(const void *stored, float *values, size_t count)
{
    const uint8_t *bytes = stored;

    for (size_t i = 0; i < count; i++)
        values[i] = mc_float_from_half((uint16_t)(bytes[i] << 8));
}

/* E8M0: a power of two, 2^(e - 127); all ones is NaN. */
void mc_widen_f8_e8m0(const void *stored, float *values, size_t count)
{
    const uint8_t *bytes = stored;

    for (size_t i = 0; i < count; i++)
        values[i] = mc_float_from_e8m0(bytes[i]);
}

/* | exponent 1 | codes 16 |   32 values: value i = 2^(exponent - 127) * e2m1[code i], byte j
 * codes j (low four bits) and j + 16. In GGUF the exponent 255 is 2^128, not NaN. */
void mc_widen_mxfp4(const void *stored, float *values, size_t count)
{
    for (const block_mxfp4 *b = stored; count > 0; count -= 32, b++, values += 32) {
        unsigned e    = b->exponent;
        uint32_t bits = e < 2 ? (uint32_t)0x200000 << e : (uint32_t)(e - 1) << 23;
        float    half;
        memcpy(&half, &bits, sizeof half);
        for (int i = 0; i < 16; i++) {
            values[i]      = half * doubled[b->codes[i] & 15];
            values[i + 16] = half * doubled[b->codes[i] >> 4];
        }
    }
}

/* | scales 4 | codes 32 |   64 values in 4 sub-blocks of 16: value i = scale * e2m1[code i],
 * byte j of a sub-block's 8 codes j (low four bits) and j + 8. Scales are E4M3 whose sign does
 * not count; GGUF reads its NaN 7f as 0. */
void mc_widen_nvfp4(const void *stored, float *values, size_t count)
{
    for (const block_nvfp4 *b = stored; count > 0; count -= 64, b++)
        for (int sub = 0; sub < 4; sub++, values += 16) {
            const uint8_t *codes = b->codes + 8 * sub;
            unsigned       e     = b->scales[sub];
            /* ff is 480, the number after 448. */
            float half = e == 0x7f   ? 0.0f
                         : e == 0xff ? 240.0f
                                     : 0.5f * mc_float_from_e4m3((uint8_t)(e & 0x7f));
            for (int i = 0; i < 8; i++) {
                values[i]     = half * doubled[codes[i] & 15];
                values[i + 8] = half * doubled[codes[i] >> 4];
            }
        }
}

/* Digit n of a byte that holds a fraction in base 3, times 256, rounded up: after n
 * multiplications by 3 (modulo 256) the next digit is what a further one carries out. */
static float trit(unsigned byte, unsigned power)
{
    return (float)((int)((byte * power & 255) * 3 >> 8) - 1);
}

/* | codes 48 | rest 4 | d 2 |   256 values: value = d * (digit - 1), five digits a byte. 32
 * bytes hold values 0..159 (digit n of byte i is value 32 n + i), 16 bytes the next 80 (16 n +
 * i), and `rest` the last 16 with four digits a byte (4 n + i). */
void mc_widen_tq1_0(const void *stored, float *values, size_t count)
{
    static const struct {
        int first, bytes, digits;
    } parts[]                       = { { 0, 32, 5 }, { 32, 16, 5 }, { 48, 4, 4 } };
    static const unsigned powers[5] = { 1, 3, 9, 27, 81 };

    for (const block_tq1_0 *b = stored; count > 0; count -= 256, b++) {
        float d = mc_load_half(b->d);
        for (int part = 0; part < 3; part++) {
            const uint8_t *codes =
                (const uint8_t *)b + parts[part].first; /* rest follows codes */
            for (int n = 0; n < parts[part].digits; n++, values += parts[part].bytes)
                for (int i = 0; i < parts[part].bytes; i++)
                    values[i] = d * trit(codes[i], powers[n]);
        }
    }
}

/* | codes 64 | d 2 |   256 values: value = d * (q - 1); 32 bytes hold 128 values, bits 0-1 the
 * first 32, bits 2-3 the next, and so on. */
void mc_widen_tq2_0(const void *stored, float *values, size_t count)
{
    for (const block_tq2_0 *b = stored; count > 0; count -= 256, b++) {
        float d = mc_load_half(b->d);
        for (int run = 0; run < 8; run++, values += 32)
            for (int i = 0; i < 32; i++)
                values[i] = d * (float)((b->codes[run / 4 * 32 + i] >> (run % 4 * 2) & 3) - 1);
    }
}

/* | d 2 | codes 16 |   128 values: d where the bit is set, else -d; lowest bit first. */
void mc_widen_q1_0(const void *stored, float *values, size_t count)
{
    for (const block_q1_0 *b = stored; count > 0; count -= 128, b++, values += 128) {
        float d = mc_load_half(b->d);
        for (int i = 0; i < 128; i += 8) {
            uint64_t bits = mc_spread_bits(b->codes[i / 8]);
            uint8_t  q[8];
            memcpy(q, &bits, sizeof q);
            for (int j = 0; j < 8; j++)
                values[i + j] = d * (float)(2 * q[j] - 1);
        }
    }
}

/* | d 2 | codes 16 |   64 values: d * (q - 1), two bits each, lowest first. */
void mc_widen_q2_0(const void *stored, float *values, size_t count)
{
    for (const block_q1_0 *b = stored; count > 0; count -= 64, b++, values += 64) {
        float d = mc_load_half(b->d);
        for (int i = 0; i < 16; i++)
            for (int j = 0; j < 4; j++)
                values[4 * i + j] = d * (float)((b->codes[i] >> (2 * j) & 3) - 1);
    }
}

/* Integers: the nearest float. */
#define WIDEN_INTEGER(name, type)                                   \
    void name(const void *stored, float *values, size_t count)      \
    {                                                               \
        const uint8_t *bytes = stored;                              \
                                                                    \
        for (size_t i = 0; i < count; i++) {                        \
            type value;                                             \
            memcpy(&value, bytes + i * sizeof value, sizeof value); \
            values[i] = (float)value;                               \
        }                                                           \
    }

WIDEN_INTEGER(mc_widen_i8, int8_t)
WIDEN_INTEGER(mc_widen_i16, int16_t)
WIDEN_INTEGER(mc_widen_i32, int32_t)
WIDEN_INTEGER(mc_widen_i64, int64_t)
