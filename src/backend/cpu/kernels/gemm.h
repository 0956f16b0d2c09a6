/* gemm.h - the matrix product: micro-kernels of registers, columns, blocks of k. */
#ifndef MC_BACKEND_CPU_KERNELS_GEMM_H
#define MC_BACKEND_CPU_KERNELS_GEMM_H

#include "backend/cpu/kernels/lanes.h"

/* Hints that change no result: an address that is not ours is passed over. */
#define PREFETCH(address) __builtin_prefetch(address, 0, 2)
#define PREFETCH_WRITE(address) __builtin_prefetch(address, 1, 3)

/* A sum over k is cut into chains of this many fused multiply-adds, each from zero, which are
 * then added up in order. One chain over all of k would lose three to four times as much to
 * rounding: a row with massive activations of SmolLM2 was off by 3e-5. */
enum { CHAIN = 192 };

/* k is also cut into blocks so that the tile's part of a stays in the second-level cache while
 * all panels of b pass over it; small models need no cut, and then c is not read back. A
 * multiple of CHAIN, so the bits do not notice. */
enum { K_BLOCK = 960 };

/* What all micro-kernels of a column have in common: rows of a meet one group of panels. */
typedef struct gemm_column {
    const float *b;
    size_t       a_stride, b_stride, c_stride, k;
    int          panels, accumulate;
    /* The panels whose turn comes next are fetched into the second-level cache meanwhile: with
     * each step of k some bytes of their row. */
    size_t next_bytes;
} gemm_column;

/* Pointers to every third row reach all rows with the strides that addresses can hold. With an
 * offset a row compilers run out of integer registers and keep some of them in vector
 * registers, where they queue behind the products. */
enum { ROW_POINTERS = (GEMM_ROWS + 2) / 3 };

/* Step `at` of k, from where the pointers are. */
ALWAYS_INLINE void gemm_step(const gemm_column *s, const float *const row[ROW_POINTERS],
                             const float *b, const size_t at, v16 sum[GEMM_ROWS][GEMM_PANELS],
                             const int rows, const int panels)
{
    v16 w[GEMM_PANELS];

    UNROLL(4)
    for (int p = 0; p < panels; p++)
        w[p] = v16_load(b + at * MC_PANEL + (size_t)p * s->b_stride);
    UNROLL(16)
    for (int i = 0; i < rows; i++) {
        v16 x = v16_set1(row[i / 3][at + (size_t)(i % 3) * s->a_stride]);
        UNROLL(4)
        for (int p = 0; p < panels; p++)
            sum[i][p] = v16_fma(x, w[p], sum[i][p]);
    }
}

/* One chain: `k` steps from zero, two at a time, held in registers throughout. */
ALWAYS_INLINE void gemm_chain(const gemm_column *s, const float *a, const float *b,
                              const char *next, size_t k, v16 sum[GEMM_ROWS][GEMM_PANELS],
                              const int rows, const int panels)
{
    const float *row[ROW_POINTERS];

    UNROLL(16)
    for (int i = 0; i < rows; i++)
        UNROLL(4)
    for (int p = 0; p < panels; p++)
        sum[i][p] = v16_set1(0.0f);
    UNROLL(4)
    for (int i = 0; 3 * i < rows; i++)
        row[i] = a + (size_t)i * 3 * s->a_stride;
    for (; k >= 2; k -= 2) {
        UNROLL(4)
        for (int p = 0; p < panels; p++)
            PREFETCH(next + (size_t)p * s->b_stride * sizeof *b);
        gemm_step(s, row, b, 0, sum, rows, panels);
        gemm_step(s, row, b, 1, sum, rows, panels);
        UNROLL(4)
        for (int i = 0; 3 * i < rows; i++)
            row[i] += 2;
        b += 2 * MC_PANEL;
        next += 2 * s->next_bytes;
    }
    if (k) gemm_step(s, row, b, 0, sum, rows, panels);
}

/* The sums of a chain go to c, or are added to what it holds. */
ALWAYS_INLINE void gemm_join(float *c, size_t c_stride, const int add,
                             v16 sum[GEMM_ROWS][GEMM_PANELS], const int rows, const int panels)
{
    float *row[ROW_POINTERS];

    UNROLL(4)
    for (int i = 0; 3 * i < rows; i++)
        row[i] = c + (size_t)i * 3 * c_stride;
    UNROLL(16)
    for (int i = 0; i < rows; i++)
        UNROLL(4)
    for (int p = 0; p < panels; p++) {
        float *to = row[i / 3] + (size_t)(i % 3) * c_stride + (size_t)p * MC_PANEL;
        v16_store(to, add ? v16_add(v16_load(to), sum[i][p]) : sum[i][p]);
    }
}

/* `rows` x (16 * panels) elements over one block of k: chain after chain, added up in order. c
 * holds what they come to, in the nearest cache. */
ALWAYS_INLINE void gemm_block(const gemm_column *s, const float *a, float *c, const char *next,
                              const int rows, const int panels)
{
    v16 sum[GEMM_ROWS][GEMM_PANELS];
    int add = s->accumulate;

    UNROLL(16)
    for (int i = 0; i < rows; i++)
        UNROLL(4)
    for (int p = 0; p < panels; p++)
        PREFETCH_WRITE(c + (size_t)i * s->c_stride + (size_t)p * MC_PANEL);
    for (size_t k = 0; k < s->k; k += CHAIN) {
        size_t steps = s->k - k < CHAIN ? s->k - k : CHAIN;
        gemm_chain(s, a + k, s->b + k * MC_PANEL, next + k * s->next_bytes, steps, sum, rows,
                   panels);
        if (add)
            gemm_join(c, s->c_stride, 1, sum, rows, panels);
        else
            gemm_join(c, s->c_stride, 0, sum, rows, panels);
        add = 1;
    }
}

/* The micro-kernels, one for each number of rows. What changes from one to the next comes in
 * integer registers: compilers put structures together in vector registers. */
typedef void gemm_kernel(const gemm_column *s, const float *a, float *c, const char *next);

#define GEMM_KERNEL(rows)                                                                     \
    static void gemm_##rows(const gemm_column *s, const float *a, float *c, const char *next) \
    {                                                                                         \
        if (s->panels == 1)                                                                   \
            gemm_block(s, a, c, next, rows, 1);                                               \
        else                                                                                  \
            gemm_block(s, a, c, next, rows, GEMM_PANELS);                                     \
    }
#define GEMM_ENTRY(rows) gemm_##rows,
#define GEMM_4(each) each(1) each(2) each(3) each(4)
#define GEMM_6(each) GEMM_4(each) each(5) each(6)
#define GEMM_12(each) GEMM_6(each) each(7) each(8) each(9) each(10) each(11) each(12)
#define GEMM_SIZES_OF(rows) GEMM_##rows
#define GEMM_SIZES(rows, each) GEMM_SIZES_OF(rows)(each)

GEMM_SIZES(GEMM_ROWS, GEMM_KERNEL)
static gemm_kernel *const gemm_kernels[] = { GEMM_SIZES(GEMM_ROWS, GEMM_ENTRY) };

/* Panels that end in a part of a panel: computed beside c. */
static void gemm_ragged(const gemm_column *s, gemm_kernel *kernel, const float *a, float *c,
                        const char *next, size_t rows, size_t columns)
{
    float       whole[GEMM_ROWS * GEMM_PANELS * MC_PANEL] = { 0 };
    gemm_column beside                                    = *s;

    beside.c_stride = GEMM_PANELS * MC_PANEL;
    if (s->accumulate)
        for (size_t i = 0; i < rows; i++)
            memcpy(whole + i * beside.c_stride, c + i * s->c_stride, columns * sizeof *c);
    kernel(&beside, a, whole, next);
    for (size_t i = 0; i < rows; i++)
        memcpy(c + i * s->c_stride, whole + i * beside.c_stride, columns * sizeof *c);
}

/* All rows over one group of panels and one block of k, in even shares: a few rows alone would
 * wait for latency. */
static void gemm_rows(const gemm_column *s, const float *a, float *c, size_t all,
                      size_t columns)
{
    size_t      calls = (all + GEMM_ROWS - 1) / GEMM_ROWS, each = all / calls;
    size_t      more = all % calls, bytes = s->k * s->next_bytes;
    const char *next = (const char *)(s->b + (size_t)s->panels * s->b_stride);

    for (size_t i = 0; i < calls; i++) {
        size_t       rows   = i < more ? each + 1 : each;
        gemm_kernel *kernel = gemm_kernels[rows - 1];
        if (columns % MC_PANEL)
            gemm_ragged(s, kernel, a, c, next, rows, columns);
        else
            kernel(s, a, c, next);
        a += rows * s->a_stride;
        c += rows * s->c_stride;
        next += bytes;
    }
}

/* The row of a panel that one step of k uses, shared out over the micro-kernels of a column. */
static size_t bytes_ahead(size_t rows)
{
    size_t calls = (rows + GEMM_ROWS - 1) / GEMM_ROWS, bytes = MC_PANEL * sizeof(float);

    return (bytes + calls - 1) / calls;
}

static void add_bias(const mc_gemm *g)
{
    for (size_t row = 0; row < g->rows; row++)
        for (size_t i = 0; i < g->columns; i += 16) {
            float *c    = g->c + row * g->c_stride + i;
            size_t left = g->columns - i;
            store_upto(c, v16_add(load_upto(c, left), load_upto(g->bias + i, left)), left);
        }
}

static void gemm(const mc_gemm *g)
{
    size_t blocks = (g->k + K_BLOCK - 1) / K_BLOCK;
    size_t chains = (g->k + CHAIN - 1) / CHAIN;
    size_t part   = blocks ? (chains + blocks - 1) / blocks * CHAIN : 0;

    if (g->rows == 0) return; /* a last block whose rows nobody wants */
    for (size_t at = 0; at < g->k; at += part) {
        size_t width;
        for (size_t column = 0; column < g->columns; column += width) {
            size_t      left   = g->columns - column;
            int         panels = left > MC_PANEL ? GEMM_PANELS : 1;
            gemm_column s      = {
                     .b          = g->b + column / MC_PANEL * g->b_stride + at * MC_PANEL,
                     .a_stride   = g->a_stride,
                     .b_stride   = g->b_stride,
                     .c_stride   = g->c_stride,
                     .k          = g->k - at < part ? g->k - at : part,
                     .panels     = panels,
                     .accumulate = g->accumulate || at > 0,
                     .next_bytes = bytes_ahead(g->rows),
            };
            width = left < (size_t)panels * MC_PANEL ? left : (size_t)panels * MC_PANEL;
            gemm_rows(&s, g->a + at, g->c + column, g->rows, width);
        }
    }
    if (g->bias) add_bias(g);
}

#endif
