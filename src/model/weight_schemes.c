/* weight_schemes.c - quantised weights made of several tensors, one row a scheme and width.
 *
 * Values are float32 with one rounding an operation, in the order of the formula given at each
 * scheme: products of a code and a stored scale are exact for scales of 16 bits, so that an
 * affine value has one rounding in all. Shapes have been checked (quantization.c). */
#include "model/weight_schemes.h"

#include <string.h>

#include "base/checked.h"
#include "format/widen.h"

enum { UNPACK_MAX = 128 /* the longest group that MLX has */ };

/* Element `index` of a part, whatever float type it is stored in. */
static float part_value(const mc_tensor *part, size_t index)
{
    const mc_dtype_info *info = mc_dtype_get(part->dtype);
    float                value;

    info->widen(part->bytes.data + index * info->block_size, &value, 1);
    return value;
}

/* The eight half bytes of a word as bytes, lowest first: even and odd ones are each spread to
 * every second byte. */
static uint64_t spread_nibbles(uint32_t word)
{
    uint64_t x = word;

    x = (x | x << 16) & 0x0000ffff0000ffffu;
    x = (x | x << 8) & 0x00ff00ff00ff00ffu;
    return (x | x << 4) & 0x0f0f0f0f0f0f0f0fu;
}

/* `count` codes (a multiple of 8) of a little-endian bit stream. Eight codes take `bits` bytes.
 */
static void unpack_stream(const uint8_t *bytes, size_t bits, size_t count, uint8_t *codes)
{
    unsigned mask = (1u << bits) - 1;

    for (size_t i = 0; i < count; i += 8, bytes += bits) {
        uint64_t eight = 0;
        memcpy(&eight, bytes, bits);
        if (bits == 4) {
            eight = spread_nibbles((uint32_t)eight);
            memcpy(codes + i, &eight, 8);
            continue;
        }
        for (size_t k = 0; k < 8; k++)
            codes[i + k] = (uint8_t)(eight >> (k * bits) & mask);
    }
}

/* MLX: weight u32 [rows, cols * bits / 32] is a little-endian bit stream along each row; scales
 * and biases [rows, cols / group]. Value = scale * code + bias. */
static void widen_mlx_affine(const mc_weight *w, size_t first, size_t count, float *out,
                             size_t stride)
{
    size_t  groups = w->cols / w->group, group_size = w->group * w->bits / 8;
    uint8_t codes[UNPACK_MAX];

    for (size_t i = 0; i < count; i++, out += stride) {
        const uint8_t *bytes = w->tensor->bytes.data + (first + i) * groups * group_size;
        for (size_t g = 0; g < groups; g++, bytes += group_size) {
            float  scale  = part_value(w->parts[MC_PART_SCALES], (first + i) * groups + g);
            float  bias   = part_value(w->parts[MC_PART_ZEROS], (first + i) * groups + g);
            float *values = out + g * w->group;
            unpack_stream(bytes, w->bits, w->group, codes);
            for (size_t k = 0; k < w->group; k++)
                values[k] = scale * (float)codes[k] + bias;
        }
    }
}

/* MLX's floating-point modes: as affine, with scales u8 and no biases.
 *     mxfp4: 2^(scale - 127) * E2M1     mxfp8: 2^(scale - 127) * E4M3
 *     nvfp4: E4M3 of the scale * E2M1 */
static void widen_mlx_float(const mc_weight *w, size_t first, size_t count, float *out,
                            size_t stride, float (*scale_of)(uint8_t))
{
    size_t         groups = w->cols / w->group, group_size = w->group * w->bits / 8;
    const uint8_t *scales = w->parts[MC_PART_SCALES]->bytes.data + first * groups;
    const uint8_t *bytes  = w->tensor->bytes.data + first * groups * group_size;
    uint8_t        codes[UNPACK_MAX];

    for (size_t i = 0; i < count; i++, out += stride)
        for (size_t g = 0; g < groups; g++, scales++, bytes += group_size) {
            float  scale  = scale_of(*scales);
            float *values = out + g * w->group;
            if (w->bits == 8) {
                for (size_t k = 0; k < w->group; k++)
                    values[k] = scale * mc_float_from_e4m3(bytes[k]);
                continue;
            }
            unpack_stream(bytes, 4, w->group, codes);
            for (size_t k = 0; k < w->group; k++)
                values[k] = scale * mc_e2m1_values[codes[k]];
        }
}

static void widen_mlx_mx(const mc_weight *w, size_t first, size_t count, float *out,
                         size_t stride)
{
    widen_mlx_float(w, first, count, out, stride, mc_float_from_e8m0);
}

static void widen_mlx_nvfp4(const mc_weight *w, size_t first, size_t count, float *out,
                            size_t stride)
{
    widen_mlx_float(w, first, count, out, stride, mc_float_from_e4m3);
}

/* GPTQ and AWQ pack along columns of [in, out] matrices; a few of our rows (their columns) are
 * widened at a time, with the scales and zero points of all their groups at hand. */
enum { CHUNK = 16 };

typedef struct group_table {
    float scales[MC_SCHEME_GROUPS_MAX],
        zeros[MC_SCHEME_GROUPS_MAX]; /* [groups][CHUNK] or less */
    size_t rows;                     /* of a chunk */
} group_table;

static size_t chunk_rows(const mc_weight *w)
{
    size_t groups = (size_t)w->parts[MC_PART_SCALES]->shape[0];
    size_t rows   = MC_SCHEME_GROUPS_MAX / groups;

    return rows < CHUNK ? rows : CHUNK;
}

static uint32_t load_word(const mc_tensor *tensor, size_t index)
{
    return mc_load_u32(tensor->bytes.data + 4 * index);
}

/* Code `index` of column `column`: the column's words, `width` apart, are a bit stream. */
static unsigned stream_code(const mc_tensor *tensor, size_t width, size_t column, size_t index,
                            size_t bits)
{
    size_t   bit = index * bits, word = bit / 32, shift = bit % 32;
    uint64_t pair = load_word(tensor, word * width + column);

    if (shift + bits > 32)
        pair |= (uint64_t)load_word(tensor, (word + 1) * width + column) << 32;
    return (unsigned)(pair >> shift) & ((1u << bits) - 1);
}

/* The group that each column belongs to, when it is not simply column / group. */
static size_t group_of(const mc_weight *w, size_t column)
{
    const mc_tensor *order = w->parts[MC_PART_ORDER];

    return order ? load_word(order, column) : column / w->group;
}

/* qzeros [groups, out * bits / 32] is a bit stream along each row. In version 1 of the format
 * it holds zero - 1, and what would be -1 has wrapped around. */
static void gptq_table(const mc_weight *w, size_t first, size_t count, unsigned offset,
                       group_table *table)
{
    const mc_tensor *zeros  = w->parts[MC_PART_ZEROS];
    size_t           groups = (size_t)w->parts[MC_PART_SCALES]->shape[0], out = w->stored_rows;
    size_t           words = out * w->bits / 32;
    unsigned         mask  = (1u << w->bits) - 1;

    for (size_t g = 0; g < groups; g++)
        for (size_t j = 0; j < count; j++) {
            size_t   bit = (first + j) * w->bits, at = g * words + bit / 32;
            uint64_t pair = load_word(zeros, at);
            if (bit % 32 + w->bits > 32) pair |= (uint64_t)load_word(zeros, at + 1) << 32;
            table->zeros[g * count + j] =
                (float)(((unsigned)(pair >> bit % 32) & mask) + offset);
            table->scales[g * count + j] =
                part_value(w->parts[MC_PART_SCALES], g * out + first + j);
        }
}

/* One of our rows, which is column `row` of qweight [in * bits / 32, out]; `scales` and `zeros`
 * of its groups lie `step` apart. */
static void gptq_row(const mc_weight *w, size_t row, const float *scales, const float *zeros,
                     size_t step, float *out)
{
    bool simple = w->bits == 4 && !w->parts[MC_PART_ORDER] && w->group % 8 == 0;

    for (size_t i = 0; i < w->cols; i += 8) {
        uint8_t  codes[8];
        uint64_t eight = 0;
        if (w->bits == 4) {
            eight = spread_nibbles(load_word(w->tensor, i / 8 * w->stored_rows + row));
            memcpy(codes, &eight, 8);
        } else {
            for (size_t k = 0; k < 8; k++)
                codes[k] = (uint8_t)stream_code(w->tensor, w->stored_rows, row, i + k, w->bits);
        }
        if (simple) {
            float scale = scales[i / w->group * step], zero = zeros[i / w->group * step];
            for (size_t k = 0; k < 8; k++)
                out[i + k] = scale * ((float)codes[k] - zero);
            continue;
        }
        for (size_t k = 0; k < 8; k++) {
            size_t g   = group_of(w, i + k) * step;
            out[i + k] = scales[g] * ((float)codes[k] - zeros[g]);
        }
    }
}

/* GPTQ: qweight i32 [in * bits / 32, out] is a bit stream down each column, qzeros see above,
 * scales [groups, out], g_idx i32 [in] the group of each input (else input / group).
 * Value = scale * (code - zero). */
static void widen_gptq(const mc_weight *w, size_t first, size_t count, float *out,
                       size_t stride, unsigned offset)
{
    size_t      most = chunk_rows(w);
    group_table table;

    for (size_t done = 0; done < count;) {
        size_t rows = count - done < most ? count - done : most;
        gptq_table(w, first + done, rows, offset, &table);
        for (size_t j = 0; j < rows; j++)
            gptq_row(w, first + done + j, table.scales + j, table.zeros + j, rows,
                     out + (done + j) * stride);
        done += rows;
    }
}

static void widen_gptq_v1(const mc_weight *w, size_t first, size_t count, float *out,
                          size_t stride)
{
    widen_gptq(w, first, count, out, stride, 1);
}

static void widen_gptq_v2(const mc_weight *w, size_t first, size_t count, float *out,
                          size_t stride)
{
    widen_gptq(w, first, count, out, stride, 0);
}

/* `count` codes of row `row` of an AWQ matrix, from column `first`. A word holds eight
 * neighbouring columns in this order of half bytes: 0 2 4 6 1 3 5 7. */
static void awq_codes(const mc_tensor *tensor, size_t row, size_t width, size_t first,
                      size_t count, uint8_t *codes)
{
    static const uint8_t place[8] = { 0, 4, 1, 5, 2, 6, 3, 7 };

    for (size_t done = 0; done < count;) {
        size_t   column = first + done, within = column % 8;
        uint64_t eight = spread_nibbles(load_word(tensor, row * (width / 8) + column / 8));
        uint8_t  packed[8];
        memcpy(packed, &eight, sizeof packed);
        for (; within < 8 && done < count; within++)
            codes[done++] = packed[place[within]];
    }
}

/* Columns begin .. end - 1 of `rows` rows, which have one group: by small tiles, because rows
 * of whole matrices often lie a power of two apart and fall into the same lines of the cache.
 */
static void awq_group(const mc_weight *w, size_t at, size_t rows, const float *scales,
                      const uint8_t *zeros, size_t begin, size_t end, float *out, size_t stride)
{
    float   tile[CHUNK][CHUNK];
    uint8_t codes[CHUNK];

    for (size_t i = begin; i < end; i += CHUNK) {
        size_t many = end - i < CHUNK ? end - i : CHUNK;
        for (size_t k = 0; k < many; k++) {
            awq_codes(w->tensor, i + k, w->stored_rows, at, rows, codes);
            for (size_t j = 0; j < rows; j++)
                tile[j][k] = scales[j] * (float)((int)codes[j] - (int)zeros[j]);
        }
        for (size_t j = 0; j < rows; j++)
            memcpy(out + j * stride + i, tile[j], many * sizeof(float));
    }
}

/* AWQ ("gemm"): qweight i32 [in, out / 8], qzeros i32 [groups, out / 8], scales [groups, out].
 * Value = scale * (code - zero). */
static void widen_awq(const mc_weight *w, size_t first, size_t count, float *out, size_t stride)
{
    size_t  groups = (size_t)w->parts[MC_PART_SCALES]->shape[0], width = w->stored_rows;
    float   scales[CHUNK];
    uint8_t zeros[CHUNK];

    for (size_t done = 0; done < count; done += CHUNK) {
        size_t rows = count - done < CHUNK ? count - done : CHUNK, at = first + done;
        for (size_t g = 0; g < groups; g++) {
            size_t end = (g + 1) * w->group < w->cols ? (g + 1) * w->group : w->cols;
            for (size_t j = 0; j < rows; j++)
                scales[j] = part_value(w->parts[MC_PART_SCALES], g * width + at + j);
            awq_codes(w->parts[MC_PART_ZEROS], g, width, at, rows, zeros);
            awq_group(w, at, rows, scales, zeros, g * w->group, end, out + done * stride,
                      stride);
        }
    }
}

/* Float codes with a scale for each block of block_rows x group values, also at the edges:
 * scales [ceil(rows / block_rows), ceil(cols / group)]. Value = code * scale. */
static void widen_blocks(const mc_weight *w, size_t first, size_t count, float *out,
                         size_t stride)
{
    const mc_dtype_info *info  = mc_dtype_get(w->tensor->dtype);
    size_t               width = (w->cols + w->group - 1) / w->group;

    for (size_t i = 0; i < count; i++, out += stride) {
        size_t row = first + i;
        info->widen(w->tensor->bytes.data + row * w->cols * info->block_size, out, w->cols);
        for (size_t b = 0; b < width; b++) {
            size_t end  = (b + 1) * w->group < w->cols ? (b + 1) * w->group : w->cols;
            float scale = part_value(w->parts[MC_PART_SCALES], row / w->block_rows * width + b);
            for (size_t k = b * w->group; k < end; k++)
                out[k] *= scale;
        }
    }
}

/* Any type of the table, with one scale, or one for each row. Value = stored value * scale. */
static void widen_scaled(const mc_weight *w, size_t first, size_t count, float *out,
                         size_t stride)
{
    const mc_dtype_info *info   = mc_dtype_get(w->tensor->dtype);
    const mc_tensor     *scales = w->parts[MC_PART_SCALES];
    bool                 each   = scales->bytes.size > mc_dtype_get(scales->dtype)->block_size;
    size_t               row_size = w->cols / info->block_length * info->block_size;

    for (size_t i = 0; i < count; i++, out += stride) {
        float scale = part_value(scales, each ? first + i : 0);
        info->widen(w->tensor->bytes.data + (first + i) * row_size, out, w->cols);
        for (size_t k = 0; k < w->cols; k++)
            out[k] *= scale;
    }
}

static const struct {
    mc_scheme_kind   kind;
    size_t           bits;
    mc_weight_scheme scheme;
} schemes[] = {
    { MC_SCHEME_MLX_AFFINE, 2, { "MLX 2-bit", widen_mlx_affine } },
    { MC_SCHEME_MLX_AFFINE, 3, { "MLX 3-bit", widen_mlx_affine } },
    { MC_SCHEME_MLX_AFFINE, 4, { "MLX 4-bit", widen_mlx_affine } },
    { MC_SCHEME_MLX_AFFINE, 5, { "MLX 5-bit", widen_mlx_affine } },
    { MC_SCHEME_MLX_AFFINE, 6, { "MLX 6-bit", widen_mlx_affine } },
    { MC_SCHEME_MLX_AFFINE, 8, { "MLX 8-bit", widen_mlx_affine } },
    { MC_SCHEME_MLX_MXFP4, 4, { "MLX MXFP4", widen_mlx_mx } },
    { MC_SCHEME_MLX_MXFP8, 8, { "MLX MXFP8", widen_mlx_mx } },
    { MC_SCHEME_MLX_NVFP4, 4, { "MLX NVFP4", widen_mlx_nvfp4 } },
    { MC_SCHEME_GPTQ, 2, { "GPTQ 2-bit", widen_gptq_v1 } },
    { MC_SCHEME_GPTQ, 3, { "GPTQ 3-bit", widen_gptq_v1 } },
    { MC_SCHEME_GPTQ, 4, { "GPTQ 4-bit", widen_gptq_v1 } },
    { MC_SCHEME_GPTQ, 8, { "GPTQ 8-bit", widen_gptq_v1 } },
    { MC_SCHEME_GPTQ_V2, 2, { "GPTQ v2 2-bit", widen_gptq_v2 } },
    { MC_SCHEME_GPTQ_V2, 3, { "GPTQ v2 3-bit", widen_gptq_v2 } },
    { MC_SCHEME_GPTQ_V2, 4, { "GPTQ v2 4-bit", widen_gptq_v2 } },
    { MC_SCHEME_GPTQ_V2, 8, { "GPTQ v2 8-bit", widen_gptq_v2 } },
    { MC_SCHEME_AWQ, 4, { "AWQ 4-bit", widen_awq } },
    { MC_SCHEME_FP8_BLOCKS, 0, { "FP8 with block scales", widen_blocks } },
    { MC_SCHEME_FP8_SCALED, 0, { "FP8 with scales", widen_scaled } },
    { MC_SCHEME_GGUF_SCALED, 0, { "NVFP4 with scales", widen_scaled } },
};

const mc_weight_scheme *mc_weight_scheme_find(mc_scheme_kind kind, size_t bits)
{
    for (size_t i = 0; i < MC_ARRAY_LEN(schemes); i++)
        if (schemes[i].kind == kind && (schemes[i].bits == bits || schemes[i].bits == 0))
            return &schemes[i].scheme;
    return NULL;
}

const mc_weight_scheme *mc_weight_scheme_at(size_t index)
{
    return index < MC_ARRAY_LEN(schemes) ? &schemes[index].scheme : NULL;
}
