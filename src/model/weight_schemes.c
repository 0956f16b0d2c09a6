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
static void widen_mlx_affine(const mc_weight *w, mc_weight_area area, float *out, size_t stride)
{
    size_t  groups = w->cols / w->group, group_size = w->group * w->bits / 8;
    uint8_t codes[UNPACK_MAX];

    for (size_t i = 0; i < area.count; i++, out += stride) {
        size_t         at    = (area.first + i) * groups + area.at / w->group;
        const uint8_t *bytes = w->tensor->bytes.data + at * group_size;
        for (size_t g = 0; g < area.columns / w->group; g++, bytes += group_size) {
            float  scale  = part_value(w->parts[MC_PART_SCALES], at + g);
            float  bias   = part_value(w->parts[MC_PART_ZEROS], at + g);
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
static void widen_mlx_float(const mc_weight *w, mc_weight_area area, float *out, size_t stride,
                            float (*scale_of)(uint8_t))
{
    size_t  groups = w->cols / w->group, group_size = w->group * w->bits / 8;
    uint8_t codes[UNPACK_MAX];

    for (size_t i = 0; i < area.count; i++, out += stride) {
        size_t         at     = (area.first + i) * groups + area.at / w->group;
        const uint8_t *scales = w->parts[MC_PART_SCALES]->bytes.data + at;
        const uint8_t *bytes  = w->tensor->bytes.data + at * group_size;
        for (size_t g = 0; g < area.columns / w->group; g++, bytes += group_size) {
            float  scale  = scale_of(scales[g]);
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
}

static void widen_mlx_mx(const mc_weight *w, mc_weight_area area, float *out, size_t stride)
{
    widen_mlx_float(w, area, out, stride, mc_float_from_e8m0);
}

static void widen_mlx_nvfp4(const mc_weight *w, mc_weight_area area, float *out, size_t stride)
{
    widen_mlx_float(w, area, out, stride, mc_float_from_e4m3);
}

/* GPTQ and AWQ pack along columns of [in, out] matrices: a few of our rows, their columns, are
 * widened side by side. */
enum { CHUNK = 16 };

/* One group of up to CHUNK rows. */
typedef struct row_group {
    float scales[CHUNK], zeros[CHUNK];
} row_group;

static uint32_t load_word(const mc_tensor *tensor, size_t index)
{
    return mc_load_u32(tensor->bytes.data + 4 * index);
}

/* Up to CHUNK of them, one after another. */
static void load_words(const mc_tensor *tensor, size_t index, size_t count, uint32_t *words)
{
    const uint8_t *from = tensor->bytes.data + 4 * index;

    if (count == CHUNK) /* a size that compilers know is no call */
        memcpy(words, from, CHUNK * sizeof *words);
    else
        memcpy(words, from, count * sizeof *words);
}

static void load_scales(const mc_weight *w, size_t g, size_t first, size_t count, float *scales)
{
    const mc_tensor     *part = w->parts[MC_PART_SCALES];
    const mc_dtype_info *info = mc_dtype_get(part->dtype);

    info->widen(part->bytes.data + (g * w->stored_rows + first) * info->block_size, scales,
                count);
}

/* The group that a column belongs to. An order was checked when it was opened: a file that has
 * changed since shall not lead out of the tables. */
static size_t group_of(const mc_weight *w, size_t column)
{
    const mc_tensor *order = w->parts[MC_PART_ORDER];
    size_t           group;

    if (!order) return column / w->group;
    group = load_word(order, column);
    return group < (size_t)w->parts[MC_PART_SCALES]->shape[0] ? group : 0;
}

/* qzeros [groups, out * bits / 32] is a bit stream along each row. In version 1 of the format
 * it holds zero - 1, of 0 therefore a code of ones. */
static void load_gptq_group(const mc_weight *w, size_t g, size_t first, size_t count,
                            unsigned offset, row_group *group)
{
    const mc_tensor *zeros = w->parts[MC_PART_ZEROS];
    size_t           words = w->stored_rows * w->bits / 32;
    unsigned         mask  = (1u << w->bits) - 1;

    load_scales(w, g, first, count, group->scales);
    for (size_t j = 0; j < count; j++) {
        size_t   bit = (first + j) * w->bits, at = g * words + bit / 32;
        uint64_t pair = load_word(zeros, at);
        if (bit % 32 + w->bits > 32) pair |= (uint64_t)load_word(zeros, at + 1) << 32;
        group->zeros[j] = (float)(((unsigned)(pair >> bit % 32) + offset) & mask);
    }
}

/* Codes of one input of `count` rows from `first`: a bit stream down each column of qweight. */
static void gptq_codes(const mc_weight *w, size_t input, size_t first, size_t count,
                       uint32_t codes[CHUNK])
{
    size_t   bit = input * w->bits, at = bit / 32 * w->stored_rows + first;
    unsigned shift = bit % 32, mask = (1u << w->bits) - 1;
    uint32_t high[CHUNK] = { 0 };

    load_words(w->tensor, at, count, codes);
    if (shift + w->bits > 32) {
        load_words(w->tensor, at + w->stored_rows, count, high);
        for (size_t j = 0; j < CHUNK; j++)
            codes[j] = (codes[j] >> shift | high[j] << (32 - shift)) & mask;
        return;
    }
    for (size_t j = 0; j < CHUNK; j++)
        codes[j] = codes[j] >> shift & mask;
}

/* GPTQ: qweight i32 [in * bits / 32, out] is a bit stream down each column, qzeros see above,
 * scales [groups, out], g_idx i32 [in] the group of each input (else input / group).
 * Value = scale * (code - zero). */
static void widen_gptq_chunk(const mc_weight *w, mc_weight_area area, float *out, size_t stride,
                             unsigned offset)
{
    row_group group        = { 0 };
    uint32_t  codes[CHUNK] = { 0 };
    float     values[CHUNK];
    size_t    now = SIZE_MAX;

    for (size_t i = 0; i < area.columns; i++) {
        size_t g = group_of(w, area.at + i);
        if (g != now) load_gptq_group(w, g, area.first, area.count, offset, &group);
        now = g;
        gptq_codes(w, area.at + i, area.first, area.count, codes);
        for (size_t j = 0; j < CHUNK; j++)
            values[j] = group.scales[j] * ((float)(int32_t)codes[j] - group.zeros[j]);
        for (size_t j = 0; j < area.count; j++)
            out[j * stride + i] = values[j];
    }
}

static void widen_gptq(const mc_weight *w, mc_weight_area area, float *out, size_t stride,
                       unsigned offset)
{
    for (size_t done = 0; done < area.count; done += CHUNK) {
        mc_weight_area chunk = { area.first + done, area.count - done, area.at, area.columns };
        if (chunk.count > CHUNK) chunk.count = CHUNK;
        widen_gptq_chunk(w, chunk, out + done * stride, stride, offset);
    }
}

static void widen_gptq_v1(const mc_weight *w, mc_weight_area area, float *out, size_t stride)
{
    widen_gptq(w, area, out, stride, 1);
}

static void widen_gptq_v2(const mc_weight *w, mc_weight_area area, float *out, size_t stride)
{
    widen_gptq(w, area, out, stride, 0);
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

/* Inputs begin .. end - 1 of `rows` rows, which have one group: by small tiles, because rows of
 * whole matrices often lie a power of two apart and fall into the same lines of the cache. */
static void awq_group(const mc_weight *w, size_t at, size_t rows, const float *scales,
                      const uint8_t *zeros, size_t begin, size_t end, float *out, size_t stride)
{
    float   tile[CHUNK][CHUNK];
    uint8_t codes[CHUNK];

    for (size_t i = begin; i < end; i += CHUNK, out += CHUNK) {
        size_t many = end - i < CHUNK ? end - i : CHUNK;
        for (size_t k = 0; k < many; k++) {
            awq_codes(w->tensor, i + k, w->stored_rows, at, rows, codes);
            for (size_t j = 0; j < rows; j++)
                tile[j][k] = scales[j] * (float)((int)codes[j] - (int)zeros[j]);
        }
        for (size_t j = 0; j < rows; j++)
            memcpy(out + j * stride, tile[j], many * sizeof(float));
    }
}

/* AWQ ("gemm"): qweight i32 [in, out / 8], qzeros i32 [groups, out / 8], scales [groups, out].
 * Value = scale * (code - zero). */
static void widen_awq(const mc_weight *w, mc_weight_area area, float *out, size_t stride)
{
    size_t  last = area.at + area.columns;
    float   scales[CHUNK];
    uint8_t zeros[CHUNK];

    for (size_t done = 0; done < area.count; done += CHUNK) {
        size_t rows  = area.count - done < CHUNK ? area.count - done : CHUNK;
        size_t first = area.first + done;
        for (size_t at = area.at, end; at < last; at = end) {
            size_t g = at / w->group;
            end      = (g + 1) * w->group < last ? (g + 1) * w->group : last;
            load_scales(w, g, first, rows, scales);
            awq_codes(w->parts[MC_PART_ZEROS], g, w->stored_rows, first, rows, zeros);
            awq_group(w, first, rows, scales, zeros, at, end,
                      out + done * stride + at - area.at, stride);
        }
    }
}

/* Float codes with a scale for each block of block_rows x group values, also at the edges:
 * scales [ceil(rows / block_rows), ceil(cols / group)]. Value = code * scale. */
static void widen_blocks(const mc_weight *w, mc_weight_area area, float *out, size_t stride)
{
    const mc_dtype_info *info = mc_dtype_get(w->tensor->dtype);
    size_t width = (w->cols + w->group - 1) / w->group, last = area.at + area.columns;

    for (size_t i = 0; i < area.count; i++, out += stride) {
        size_t row = area.first + i, scales = row / w->block_rows * width;
        info->widen(w->tensor->bytes.data + (row * w->cols + area.at) * info->block_size, out,
                    area.columns);
        for (size_t at = area.at, end; at < last; at = end) {
            float scale = part_value(w->parts[MC_PART_SCALES], scales + at / w->group);
            end         = (at / w->group + 1) * w->group;
            if (end > last) end = last;
            for (size_t k = at; k < end; k++)
                out[k - area.at] *= scale;
        }
    }
}

/* Any type of the table, with one scale, or one for each row. Value = stored value * scale. */
static void widen_scaled(const mc_weight *w, mc_weight_area area, float *out, size_t stride)
{
    const mc_dtype_info *info   = mc_dtype_get(w->tensor->dtype);
    const mc_tensor     *scales = w->parts[MC_PART_SCALES];
    bool                 each   = scales->bytes.size > mc_dtype_get(scales->dtype)->block_size;

    for (size_t i = 0; i < area.count; i++, out += stride) {
        size_t at    = (area.first + i) * w->cols + area.at;
        float  scale = part_value(scales, each ? area.first + i : 0);
        info->widen(w->tensor->bytes.data + at / info->block_length * info->block_size, out,
                    area.columns);
        for (size_t k = 0; k < area.columns; k++)
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
