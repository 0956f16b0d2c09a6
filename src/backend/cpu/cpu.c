/* cpu.c - the fast backend: operations over packed weights, on the kernels of one tier.
 *
 * A staged matrix is [panel][k][16] (sixteen output columns side by side), followed by the
 * stacked biases; other weights are staged as plain vectors. */
#include "backend/cpu/cpu.h"

#include <string.h>

#include "backend/cpu/attention.h"
#include "backend/cpu/kernels.h"
#include "base/checked.h"

/* Columns of gate and up that are computed before they are activated: each one's part of a tile
 * is some 100 KiB. A multiple of what a micro-kernel takes; a cache line lies between rows, so
 * that they do not all fall into the same cache sets. */
enum { GATED_COLUMNS = 128, GATED_STRIDE = GATED_COLUMNS + MC_PANEL };

/* Floats between panels: k rows of sixteen, plus a cache line so that panels of a power-of-two
 * k do not all fall into the same cache sets. */
static size_t panel_stride(size_t k)
{
    return (k + 1) * MC_PANEL;
}

/* Gate and up each begin with a panel of their own. */
static size_t panel_count(const mc_op *op)
{
    return op->gated ? 2 * mc_panels(op->dst.width) : mc_panels(mc_op_stacked_rows(op));
}

static size_t padded(size_t floats)
{
    return mc_panels(floats) * MC_PANEL;
}

/* ---- staging ---- */

static size_t cpu_staged_size(const mc_op *op)
{
    switch (op->kind) {
    case MC_OP_MATMUL:
        return (panel_count(op) * panel_stride(op->weights[0].cols) +
                padded(mc_op_stacked_rows(op))) *
               sizeof(float);
    case MC_OP_NORM:
    case MC_OP_MUL:
        return (padded(op->weights[0].rows) + padded(op->biases[0].rows)) * sizeof(float);
    default: return 0;
    }
}

static size_t cpu_stage_jobs(const mc_op *op)
{
    if (op->kind == MC_OP_MATMUL) return panel_count(op) + 1;
    return cpu_staged_size(op) ? 1 : 0;
}

/* Panels are made of parts that stay in the nearest cache. The rows of a part are a cache line
 * more apart: otherwise they would fall into few of its sets. */
enum { PART_STRIDE = MC_WEIGHT_PART + MC_PANEL };

static size_t cpu_stage_scratch(const mc_op *op)
{
    return op->kind == MC_OP_MATMUL ? (size_t)PART_STRIDE * MC_PANEL : 0;
}

/* The area's rows of stacked weights, widened; rows beyond the end are zero. */
static void widen_stacked(const mc_weight *weights, size_t stack, mc_weight_area area,
                          float *rows)
{
    size_t done = 0, below = 0;

    for (size_t i = 0; i < stack; i++) {
        size_t row = area.first + done - below, end = weights[i].rows;
        if (done < area.count && row < end) {
            size_t many = end - row < area.count - done ? end - row : area.count - done;
            mc_weight_widen_area(&weights[i],
                                 (mc_weight_area){ row, many, area.at, area.columns },
                                 rows + done * PART_STRIDE, PART_STRIDE);
            done += many;
        }
        below += end;
    }
    for (; done < area.count; done++)
        memset(rows + done * PART_STRIDE, 0, area.columns * sizeof *rows);
}

/* Packs a panel as it lies in the file: false when it is not all of one tensor, of plain rows
 * of a type that the kernels know. */
static bool pack_stored(const mc_kernels *kernels, const mc_weight *weights, size_t stack,
                        size_t first, float *panel)
{
    const mc_weight *w = weights;
    const uint8_t   *rows;
    size_t           size;
    mc_pack         *pack;

    for (; stack > 1 && first >= w->rows; stack--, w++)
        first -= w->rows;
    switch (w->tensor->dtype) {
    case MC_DTYPE_F32: pack = kernels->pack_f32; break;
    case MC_DTYPE_F16: pack = kernels->pack_f16; break;
    case MC_DTYPE_BF16: pack = kernels->pack_bf16; break;
    default: return false;
    }
    if (first + MC_PANEL > w->rows) return false;
    rows = mc_weight_stored_rows(w, first, MC_PANEL);
    size = mc_dtype_get(w->tensor->dtype)->block_size;
    if (!rows || (uintptr_t)rows % size != 0) return false;
    pack(rows, w->cols * size, panel, w->cols);
    return true;
}

static void stage_panel(const mc_kernels *kernels, const mc_weight *weights, size_t stack,
                        size_t first, float *panel, float *scratch)
{
    size_t k = weights[0].cols;

    if (pack_stored(kernels, weights, stack, first, panel)) return;
    for (size_t at = 0; at < k; at += MC_WEIGHT_PART) {
        size_t columns = k - at < MC_WEIGHT_PART ? k - at : MC_WEIGHT_PART;
        widen_stacked(weights, stack, (mc_weight_area){ first, MC_PANEL, at, columns },
                      scratch);
        kernels->pack_f32(scratch, PART_STRIDE * sizeof *scratch, panel + at * MC_PANEL,
                          columns);
    }
}

static void stage_biases(const mc_op *op, float *out)
{
    for (size_t i = 0; i < op->stack; i++) {
        size_t rows = op->weights[i].rows;
        if (mc_weight_present(&op->biases[i]))
            mc_weight_widen_vector(&op->biases[i], out);
        else
            memset(out, 0, rows * sizeof *out);
        out += rows;
    }
}

static const mc_kernels *kernels_of(const mc_backend *backend)
{
    return backend->kernels;
}

static void cpu_stage(const mc_backend *backend, const mc_op *op, size_t job, void *staged,
                      float *scratch)
{
    float *out = staged;
    size_t panels, half;

    if (op->kind != MC_OP_MATMUL) {
        if (mc_weight_present(&op->weights[0])) mc_weight_widen_vector(&op->weights[0], out);
        if (mc_weight_present(&op->biases[0]))
            mc_weight_widen_vector(&op->biases[0], out + padded(op->weights[0].rows));
        return;
    }
    panels = panel_count(op);
    half   = panels / 2;
    out += job * panel_stride(op->weights[0].cols);
    if (job == panels)
        stage_biases(op, out);
    else if (op->gated)
        stage_panel(kernels_of(backend), &op->weights[job / half], 1, job % half * MC_PANEL,
                    out, scratch);
    else
        stage_panel(kernels_of(backend), op->weights, op->stack, job * MC_PANEL, out, scratch);
}

/* ---- operations ---- */

static int has_bias(const mc_op *op)
{
    for (size_t i = 0; i < op->stack; i++)
        if (mc_weight_present(&op->biases[i])) return 1;
    return 0;
}

static void run_embed(const mc_backend *backend, const mc_op *op, const void *staged,
                      mc_tile *tile)
{
    (void)backend;
    (void)staged;
    for (size_t row = 0; row < tile->rows; row++)
        mc_weight_widen(&op->weights[0], (size_t)tile->tokens[row], 1,
                        mc_tile_at(tile, op->dst, row), op->dst.width);
}

static void run_position(const mc_backend *backend, const mc_op *op, const void *staged,
                         mc_tile *tile)
{
    float *vector = tile->scratch;

    (void)staged;
    for (size_t row = 0; row < tile->rows; row++) {
        mc_weight_widen(&op->weights[0], tile->positions[row] + op->position_offset, 1, vector,
                        op->dst.width);
        kernels_of(backend)->add_scaled(1.0f, vector, mc_tile_at(tile, op->dst, row),
                                        op->dst.width);
    }
}

static void run_norm(const mc_backend *backend, const mc_op *op, const void *staged,
                     mc_tile *tile)
{
    const float *weight = mc_weight_present(&op->weights[0]) ? staged : NULL;
    const float *bias   = mc_weight_present(&op->biases[0])
                              ? (const float *)staged + padded(op->weights[0].rows)
                              : NULL;
    size_t       part   = op->src.width / op->norm.groups;

    for (size_t row = 0; row < tile->rows; row++)
        for (size_t g = 0; g < op->norm.groups; g++) {
            size_t w = op->weights[0].rows > part ? g * part : 0;
            size_t b = op->biases[0].rows > part ? g * part : 0;
            kernels_of(backend)->norm(op->norm.kind, op->norm.epsilon,
                                      mc_tile_at(tile, op->src, row) + g * part,
                                      weight ? weight + w : NULL, bias ? bias + b : NULL,
                                      mc_tile_at(tile, op->dst, row) + g * part, part);
        }
}

/* Gate and up by groups of columns, so that what the activation reads has not left the nearest
 * caches; `gemm` is the product with the gate's weights. */
static void run_gated(const mc_backend *backend, const mc_op *op, const mc_gemm *gemm,
                      float *scratch)
{
    const mc_kernels *kernels   = kernels_of(backend);
    const size_t      ffn       = op->dst.width;
    const float      *up_panels = gemm->b + mc_panels(ffn) * gemm->b_stride;
    mc_gemm           gate      = *gemm, up;

    gate.c        = scratch;
    gate.c_stride = GATED_STRIDE;
    for (size_t at = 0; at < ffn; at += GATED_COLUMNS) {
        gate.columns = ffn - at < GATED_COLUMNS ? ffn - at : GATED_COLUMNS;
        gate.b       = gemm->b + at / MC_PANEL * gemm->b_stride;
        gate.bias    = gemm->bias ? gemm->bias + at : NULL;
        up           = gate;
        up.b         = up_panels + at / MC_PANEL * gemm->b_stride;
        up.bias      = gemm->bias ? gemm->bias + ffn + at : NULL;
        up.c         = scratch + gemm->rows * GATED_STRIDE;
        kernels->gemm(&gate);
        kernels->gemm(&up);
        for (size_t row = 0; row < gemm->rows; row++)
            kernels->activate(op->activation, op->xielu, gate.c + row * GATED_STRIDE,
                              up.c + row * GATED_STRIDE, gemm->c + row * gemm->c_stride + at,
                              gate.columns);
    }
}

static void run_matmul(const mc_backend *backend, const mc_op *op, const void *staged,
                       mc_tile *tile)
{
    size_t       k      = op->weights[0].cols;
    const float *panels = staged;
    mc_gemm      gemm   = {
               .a        = mc_tile_at(tile, op->src, 0),
               .a_stride = tile->stride[op->src.buffer],
               .b        = panels,
               .b_stride = panel_stride(k),
               .c        = mc_tile_at(tile, op->dst, 0),
               .c_stride = tile->stride[op->dst.buffer],
               .bias     = has_bias(op) ? panels + panel_count(op) * panel_stride(k) : NULL,
               .rows     = tile->rows,
               .columns  = op->dst.width,
               .k        = k,
    };

    if (op->gated)
        run_gated(backend, op, &gemm, tile->scratch);
    else
        kernels_of(backend)->gemm(&gemm);
}

static void run_rope(const mc_backend *backend, const mc_op *op, const void *staged,
                     mc_tile *tile)
{
    (void)staged;
    for (size_t t = 0; t < tile->text_count; t++) {
        const mc_text_rows  *text  = &tile->texts[t];
        const mc_rope_table *table = text->ropes[op->rope];
        for (size_t i = 0; i < text->own; i++) {
            float *row = mc_tile_at(tile, op->dst, text->row + i) + op->rope_offset;
            size_t at  = (text->first + i) * table->pairs;
            for (size_t head = 0; head < op->heads; head++, row += op->head_dim)
                kernels_of(backend)->rotate(op->rope_kind, row, table->cosine + at,
                                            table->sine + at, table->pairs);
        }
    }
}

static void run_activate(const mc_backend *backend, const mc_op *op, const void *staged,
                         mc_tile *tile)
{
    (void)staged;
    for (size_t row = 0; row < tile->rows; row++)
        kernels_of(backend)->activate(op->activation, op->xielu, mc_tile_at(tile, op->src, row),
                                      NULL, mc_tile_at(tile, op->dst, row), op->dst.width);
}

static void run_add(const mc_backend *backend, const mc_op *op, const void *staged,
                    mc_tile *tile)
{
    (void)staged;
    for (size_t row = 0; row < tile->rows; row++)
        kernels_of(backend)->add_scaled(op->scale, mc_tile_at(tile, op->src, row),
                                        mc_tile_at(tile, op->dst, row), op->dst.width);
}

static void run_mul(const mc_backend *backend, const mc_op *op, const void *staged,
                    mc_tile *tile)
{
    for (size_t row = 0; row < tile->rows; row++) {
        float *dst = mc_tile_at(tile, op->dst, row), *src = mc_tile_at(tile, op->src, row);
        if (mc_weight_present(&op->weights[0]))
            kernels_of(backend)->multiply(src, staged, dst, op->dst.width);
        else
            kernels_of(backend)->multiply(dst, src, dst, op->dst.width);
    }
}

static void run_scale(const mc_backend *backend, const mc_op *op, const void *staged,
                      mc_tile *tile)
{
    (void)staged;
    for (size_t row = 0; row < tile->rows; row++)
        kernels_of(backend)->scale(op->scale, mc_tile_at(tile, op->src, row),
                                   mc_tile_at(tile, op->dst, row), op->dst.width);
}

static void run_scale_far(const mc_backend *backend, const mc_op *op, const void *staged,
                          mc_tile *tile)
{
    (void)staged;
    for (size_t row = 0; row < tile->rows; row++)
        kernels_of(backend)->scale((float)mc_scale_far(op, tile->positions[row]),
                                   mc_tile_at(tile, op->src, row),
                                   mc_tile_at(tile, op->dst, row), op->dst.width);
}

static void run_clip(const mc_backend *backend, const mc_op *op, const void *staged,
                     mc_tile *tile)
{
    (void)backend;
    (void)staged;
    for (size_t row = 0; row < tile->rows; row++) {
        const float *src = mc_tile_at(tile, op->src, row);
        float       *dst = mc_tile_at(tile, op->dst, row);
        for (size_t i = 0; i < op->dst.width; i++) {
            float x = src[i] > op->scale ? op->scale : src[i];
            dst[i]  = x < -op->scale ? -op->scale : x;
        }
    }
}

static size_t cpu_scratch_size(const mc_op *op, size_t rows, size_t longest)
{
    (void)longest;
    if (op->kind == MC_OP_ATTENTION) return mc_attention_cpu_scratch(op, rows);
    if (op->kind == MC_OP_MATMUL && op->gated) return 2 * rows * GATED_STRIDE * sizeof(float);
    if (op->kind == MC_OP_POSITION) return op->dst.width * sizeof(float);
    return 0;
}

/* ---- tiers ---- */

#define CPU_BACKEND(tier_name)                                                 \
    {                                                                          \
        .name = "cpu", .tier = #tier_name, .kernels = &mc_kernels_##tier_name, \
        .staged_size = cpu_staged_size, .stage_jobs = cpu_stage_jobs,          \
        .stage_scratch = cpu_stage_scratch, .stage = cpu_stage,                \
        .scratch_size = cpu_scratch_size,                                      \
        .run          = {                                                      \
                     [MC_OP_EMBED]     = run_embed,                            \
                     [MC_OP_POSITION]  = run_position,                         \
                     [MC_OP_NORM]      = run_norm,                             \
                     [MC_OP_MATMUL]    = run_matmul,                           \
                     [MC_OP_ROPE]      = run_rope,                             \
                     [MC_OP_ATTENTION] = mc_attention_cpu,                     \
                     [MC_OP_ACTIVATE]  = run_activate,                         \
                     [MC_OP_ADD]       = run_add,                              \
                     [MC_OP_MUL]       = run_mul,                              \
                     [MC_OP_SCALE]     = run_scale,                            \
                     [MC_OP_SCALE_FAR] = run_scale_far,                        \
                     [MC_OP_CLIP]      = run_clip,                             \
        },                                                                     \
    }

static int always(void)
{
    return 1;
}

static const mc_backend cpu_portable = CPU_BACKEND(portable);

#if defined(__x86_64__)
static const mc_backend cpu_avx2   = CPU_BACKEND(avx2);
static const mc_backend cpu_avx512 = CPU_BACKEND(avx512);

static int has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static int has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512dq");
}
#elif defined(__aarch64__)
static const mc_backend cpu_neon = CPU_BACKEND(neon); /* every 64-bit ARM has it */
#endif

const mc_cpu_tier mc_cpu_tiers[] = {
    { "portable", always, &cpu_portable },
#if defined(__x86_64__)
    { "avx2", has_avx2, &cpu_avx2 },
    { "avx512", has_avx512, &cpu_avx512 },
#elif defined(__aarch64__)
    { "neon", always, &cpu_neon },
#endif
    { NULL, NULL, NULL },
};
