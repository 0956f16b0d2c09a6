/* dtype.h - how numbers are stored: one table of data types (dtype_table.c).
 *
 * A type stores `block_length` values in `block_size` bytes; values are widened to float32, the
 * values that the format's own definition gives, to the bit. */
#ifndef MC_FORMAT_DTYPE_H
#define MC_FORMAT_DTYPE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Stable small numbers of our own; the names of the formats map to them in the table. */
typedef enum mc_dtype {
    MC_DTYPE_NONE,
    MC_DTYPE_F32,
    MC_DTYPE_F16,
    MC_DTYPE_BF16,
    MC_DTYPE_F64,
    MC_DTYPE_I8,
    MC_DTYPE_U8,
    MC_DTYPE_I16,
    MC_DTYPE_I32,
    MC_DTYPE_U32,
    MC_DTYPE_I64,
    MC_DTYPE_Q8_0,
    MC_DTYPE_Q4_0,
    MC_DTYPE_Q4_1,
    MC_DTYPE_BOOL,
    MC_DTYPE_U16,
    MC_DTYPE_U64,
    MC_DTYPE_C64,
    MC_DTYPE_F8_E8M0,
    MC_DTYPE_F8_E4M3,
    MC_DTYPE_F8_E5M2,
    MC_DTYPE_Q5_0,
    MC_DTYPE_Q5_1,
    MC_DTYPE_Q8_1,
    MC_DTYPE_Q2_K,
    MC_DTYPE_Q3_K,
    MC_DTYPE_Q4_K,
    MC_DTYPE_Q5_K,
    MC_DTYPE_Q6_K,
    MC_DTYPE_Q8_K,
    MC_DTYPE_IQ1_S,
    MC_DTYPE_IQ1_M,
    MC_DTYPE_IQ2_XXS,
    MC_DTYPE_IQ2_XS,
    MC_DTYPE_IQ2_S,
    MC_DTYPE_IQ3_XXS,
    MC_DTYPE_IQ3_S,
    MC_DTYPE_IQ4_NL,
    MC_DTYPE_IQ4_XS,
    MC_DTYPE_TQ1_0,
    MC_DTYPE_TQ2_0,
    MC_DTYPE_Q1_0,
    MC_DTYPE_Q2_0,
    MC_DTYPE_MXFP4,
    MC_DTYPE_NVFP4,
    MC_DTYPE_COUNT /* more rows: before this line */
} mc_dtype;

typedef struct mc_dtype_info {
    const char *name;             /* as printed: "F32", "Q4_1" */
    const char *safetensors_name; /* NULL: does not occur there */
    int         gguf_id;          /* -1: does not occur there */
    size_t      block_length;     /* values in a block */
    size_t      block_size;       /* bytes in a block */
    /* Widen `count` values (a multiple of block_length) from `stored`, which may be unaligned.
     * NULL: a type that is no weight. */
    void (*widen)(const void *stored, float *values, size_t count);
} mc_dtype_info;

const mc_dtype_info *mc_dtype_get(mc_dtype dtype); /* never NULL for a valid dtype */
mc_dtype mc_dtype_from_safetensors(const char *name, size_t length); /* NONE: unknown */
mc_dtype mc_dtype_from_gguf(uint32_t id);                            /* NONE: unknown */

/* Integers and bare exponents: they widen, but mean little without a scheme that says what they
 * are codes of. */
int mc_dtype_is_code(mc_dtype dtype);

/* Bytes of a row of `count` values; false when count is no multiple of the block length or the
 * product overflows. */
int mc_dtype_row_size(mc_dtype dtype, uint64_t count, uint64_t *bytes);

#endif
