/* dtype_table.c - every way a number is stored, once. A new type is a row here and a function
 * in a widen*.c file; block sizes are those of the formats' own definitions. */
#include "base/checked.h"
#include "format/dtype.h"
#include "format/widen.h"

#include <string.h>

#define PLAIN(text, in_safetensors, id, bytes, function)                                    \
    {                                                                                       \
        .name = text, .safetensors_name = in_safetensors, .gguf_id = id, .block_length = 1, \
        .block_size = bytes, .widen = function                                              \
    }
#define BLOCKS(text, id, length, bytes, function)                                 \
    {                                                                             \
        .name = text, .gguf_id = id, .block_length = length, .block_size = bytes, \
        .widen = function                                                         \
    }

// clang-format off
static const mc_dtype_info table[MC_DTYPE_COUNT] = {
    [MC_DTYPE_NONE]    = PLAIN("none", NULL,   -1, 0, NULL),
    [MC_DTYPE_F32]     = PLAIN("F32",  "F32",   0, 4, mc_widen_f32),
    [MC_DTYPE_F16]     = PLAIN("F16",  "F16",   1, 2, mc_widen_f16),
    [MC_DTYPE_BF16]    = PLAIN("BF16", "BF16", 30, 2, mc_widen_bf16),
    [MC_DTYPE_F64]     = PLAIN("F64",  "F64",  28, 8, mc_widen_f64),
    [MC_DTYPE_BOOL]    = PLAIN("BOOL", "BOOL", -1, 1, NULL),
    [MC_DTYPE_I8]      = PLAIN("I8",   "I8",   24, 1, mc_widen_i8),
    [MC_DTYPE_U8]      = PLAIN("U8",   "U8",   -1, 1, NULL),
    [MC_DTYPE_I16]     = PLAIN("I16",  "I16",  25, 2, mc_widen_i16),
    [MC_DTYPE_U16]     = PLAIN("U16",  "U16",  -1, 2, NULL),
    [MC_DTYPE_I32]     = PLAIN("I32",  "I32",  26, 4, mc_widen_i32),
    [MC_DTYPE_U32]     = PLAIN("U32",  "U32",  -1, 4, NULL),
    [MC_DTYPE_I64]     = PLAIN("I64",  "I64",  27, 8, mc_widen_i64),
    [MC_DTYPE_U64]     = PLAIN("U64",  "U64",  -1, 8, NULL),
    [MC_DTYPE_C64]     = PLAIN("C64",  "C64",  -1, 8, NULL),
    [MC_DTYPE_F8_E8M0] = PLAIN("F8_E8M0", "F8_E8M0", -1, 1, mc_widen_f8_e8m0),
    [MC_DTYPE_F8_E4M3] = PLAIN("F8_E4M3", "F8_E4M3", -1, 1, mc_widen_f8_e4m3),
    [MC_DTYPE_F8_E5M2] = PLAIN("F8_E5M2", "F8_E5M2", -1, 1, mc_widen_f8_e5m2),
    [MC_DTYPE_Q4_0]    = BLOCKS("Q4_0",     2,  32,  18, mc_widen_q4_0),
    [MC_DTYPE_Q4_1]    = BLOCKS("Q4_1",     3,  32,  20, mc_widen_q4_1),
    [MC_DTYPE_Q5_0]    = BLOCKS("Q5_0",     6,  32,  22, mc_widen_q5_0),
    [MC_DTYPE_Q5_1]    = BLOCKS("Q5_1",     7,  32,  24, mc_widen_q5_1),
    [MC_DTYPE_Q8_0]    = BLOCKS("Q8_0",     8,  32,  34, mc_widen_q8_0),
    [MC_DTYPE_Q8_1]    = BLOCKS("Q8_1",     9,  32,  36, mc_widen_q8_1),
    [MC_DTYPE_Q2_K]    = BLOCKS("Q2_K",    10, 256,  84, mc_widen_q2_k),
    [MC_DTYPE_Q3_K]    = BLOCKS("Q3_K",    11, 256, 110, mc_widen_q3_k),
    [MC_DTYPE_Q4_K]    = BLOCKS("Q4_K",    12, 256, 144, mc_widen_q4_k),
    [MC_DTYPE_Q5_K]    = BLOCKS("Q5_K",    13, 256, 176, mc_widen_q5_k),
    [MC_DTYPE_Q6_K]    = BLOCKS("Q6_K",    14, 256, 210, mc_widen_q6_k),
    [MC_DTYPE_Q8_K]    = BLOCKS("Q8_K",    15, 256, 292, mc_widen_q8_k),
    [MC_DTYPE_IQ1_S]   = BLOCKS("IQ1_S",   19, 256,  50, mc_widen_iq1_s),
    [MC_DTYPE_IQ1_M]   = BLOCKS("IQ1_M",   29, 256,  56, mc_widen_iq1_m),
    [MC_DTYPE_IQ2_XXS] = BLOCKS("IQ2_XXS", 16, 256,  66, mc_widen_iq2_xxs),
    [MC_DTYPE_IQ2_XS]  = BLOCKS("IQ2_XS",  17, 256,  74, mc_widen_iq2_xs),
    [MC_DTYPE_IQ2_S]   = BLOCKS("IQ2_S",   22, 256,  82, mc_widen_iq2_s),
    [MC_DTYPE_IQ3_XXS] = BLOCKS("IQ3_XXS", 18, 256,  98, mc_widen_iq3_xxs),
    [MC_DTYPE_IQ3_S]   = BLOCKS("IQ3_S",   21, 256, 110, mc_widen_iq3_s),
    [MC_DTYPE_IQ4_NL]  = BLOCKS("IQ4_NL",  20,  32,  18, mc_widen_iq4_nl),
    [MC_DTYPE_IQ4_XS]  = BLOCKS("IQ4_XS",  23, 256, 136, mc_widen_iq4_xs),
    [MC_DTYPE_TQ1_0]   = BLOCKS("TQ1_0",   34, 256,  54, mc_widen_tq1_0),
    [MC_DTYPE_TQ2_0]   = BLOCKS("TQ2_0",   35, 256,  66, mc_widen_tq2_0),
    [MC_DTYPE_Q1_0]    = BLOCKS("Q1_0",    41, 128,  18, mc_widen_q1_0),
    [MC_DTYPE_Q2_0]    = BLOCKS("Q2_0",    42,  64,  18, mc_widen_q2_0),
    [MC_DTYPE_MXFP4]   = BLOCKS("MXFP4",   39,  32,  17, mc_widen_mxfp4),
    [MC_DTYPE_NVFP4]   = BLOCKS("NVFP4",   40,  64,  36, mc_widen_nvfp4),
};
// clang-format on

const mc_dtype_info *mc_dtype_get(mc_dtype dtype)
{
    return &table[(unsigned)dtype < MC_DTYPE_COUNT ? dtype : MC_DTYPE_NONE];
}

mc_dtype mc_dtype_from_safetensors(const char *name, size_t length)
{
    for (int i = 1; i < MC_DTYPE_COUNT; i++) {
        const char *known = table[i].safetensors_name;
        if (known && strlen(known) == length && memcmp(known, name, length) == 0)
            return (mc_dtype)i;
    }
    return MC_DTYPE_NONE;
}

mc_dtype mc_dtype_from_gguf(uint32_t id)
{
    for (int i = 1; i < MC_DTYPE_COUNT; i++)
        if (table[i].gguf_id >= 0 && (uint32_t)table[i].gguf_id == id) return (mc_dtype)i;
    return MC_DTYPE_NONE;
}

int mc_dtype_is_code(mc_dtype dtype)
{
    switch (dtype) {
    case MC_DTYPE_I8:
    case MC_DTYPE_I16:
    case MC_DTYPE_I32:
    case MC_DTYPE_I64:
    case MC_DTYPE_F8_E8M0: return 1;
    default: return 0;
    }
}

int mc_dtype_row_size(mc_dtype dtype, uint64_t count, uint64_t *bytes)
{
    const mc_dtype_info *info = mc_dtype_get(dtype);

    if (count % info->block_length != 0) return 0;
    return !__builtin_mul_overflow(count / info->block_length, (uint64_t)info->block_size,
                                   bytes);
}
