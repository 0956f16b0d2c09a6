/* panels.h - rows of a file, of queries or of keys into panels of sixteen columns. */
#ifndef MC_BACKEND_CPU_KERNELS_PANELS_H
#define MC_BACKEND_CPU_KERNELS_PANELS_H

#include "backend/cpu/kernels/lanes.h"

typedef v16 load16(const void *from);

static inline v16 load_f32(const void *from)
{
    return v16_load(from);
}

/* `columns` columns, at most sixteen. */
ALWAYS_INLINE void pack_square(load16 *load, const char *rows, size_t stride, float *panel,
                               size_t columns)
{
    v16 square[16];

    UNROLL(16)
    for (size_t row = 0; row < 16; row++)
        square[row] = load(rows + row * stride);
    v16_transpose(square);
    UNROLL(16)
    for (size_t column = 0; column < 16; column++)
        if (column < columns) v16_stream(panel + column * MC_PANEL, square[column]);
}

/* A block's panels are larger than the caches as a rule: written past them they are not first
 * read, which is half of what there is to move. */
ALWAYS_INLINE void pack_all(load16 *load, size_t size, const char *rows, size_t stride,
                            float *panel, size_t k)
{
    char last[16 * 16 * sizeof(float)] = { 0 };

    for (; k >= 16; k -= 16, rows += 16 * size, panel += (size_t)16 * MC_PANEL)
        pack_square(load, rows, stride, panel, 16);
    for (size_t row = 0; row < 16 && k > 0; row++)
        memcpy(last + row * 16 * size, rows + row * stride, k * size);
    if (k > 0) pack_square(load, last, 16 * size, panel, k);
    v16_stream_end();
}

static void pack_f32(const void *rows, size_t stride, float *panel, size_t k)
{
    pack_all(load_f32, sizeof(float), rows, stride, panel, k);
}

static void pack_f16(const void *rows, size_t stride, float *panel, size_t k)
{
    pack_all(v16_load_f16, sizeof(uint16_t), rows, stride, panel, k);
}

static void pack_bf16(const void *rows, size_t stride, float *panel, size_t k)
{
    pack_all(v16_load_bf16, sizeof(uint16_t), rows, stride, panel, k);
}

static void pack_rows(const float *const rows[MC_PANEL], size_t k, float *panel)
{
    for (size_t at = 0; at < k; at += 16) {
        v16 square[16];
        UNROLL(16)
        for (int i = 0; i < 16; i++)
            square[i] = rows[i] ? load_upto(rows[i] + at, k - at) : v16_set1(0.0f);
        v16_transpose(square);
        UNROLL(16)
        for (size_t i = 0; i < 16; i++)
            if (at + i < k) v16_store(panel + (at + i) * MC_PANEL, square[i]);
    }
}

static void pack_columns(const float *row, size_t n, float *panels, size_t stride)
{
    for (size_t i = 0; i < n; i += MC_PANEL, panels += stride)
        v16_store(panels, load_upto(row + i, n - i));
}

#endif
