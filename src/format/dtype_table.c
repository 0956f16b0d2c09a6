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
    [MC_DTYPE_I8]      = PLAIN("I8",   "I8",   24, 1, NULL),
    [MC_DTYPE_U8]      = PLAIN("U8",   "U8",   -1, 1, NULL),
    [MC_DTYPE_I16]     = PLAIN("I16",  "I16",  25, 2, NULL),
    [MC_DTYPE_U16]     = PLAIN("U16",  "U16",  -1, 2, NULL),
    [MC_DTYPE_I32]     = PLAIN("I32",  "I32",  26, 4, NULL),
    [MC_DTYPE_U32]     = PLAIN("U32",  "U32",  -1, 4, NULL),
    [MC_DTYPE_I64]     = PLAIN("I64",  "I64",  27, 8, NULL),
    [MC_DTYPE_U64]     = PLAIN("U64",  "U64",  -1, 8, NULL),
    [MC_DTYPE_C64]     = PLAIN("C64",  "C64",  -1, 8, NULL),
    [MC_DTYPE_F8_E8M0] = PLAIN("F8_E8M0", "F8_E8M0", -1, 1, NULL),
    [MC_DTYPE_Q4_0]    = BLOCKS("Q4_0", 2, 32, 18, mc_widen_q4_0),
    [MC_DTYPE_Q4_1]    = BLOCKS("Q4_1", 3, 32, 20, mc_widen_q4_1),
    [MC_DTYPE_Q8_0]    = BLOCKS("Q8_0", 8, 32, 34, mc_widen_q8_0),
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

int mc_dtype_row_size(mc_dtype dtype, uint64_t count, uint64_t *bytes)
{
    const mc_dtype_info *info = mc_dtype_get(dtype);

    if (count % info->block_length != 0) return 0;
    return !__builtin_mul_overflow(count / info->block_length, (uint64_t)info->block_size,
                                   bytes);
}
