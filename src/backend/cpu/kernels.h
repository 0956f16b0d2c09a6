/* kernels.h - the inner loops of the cpu backend, as one table an instruction set.
 *
 * The portable tier is the specification of the others: kernels_template.h is compiled once for
 * each over its v16_*.h, so all tiers do the same arithmetic in the same order and give the
 * same bits. */
#ifndef MC_BACKEND_CPU_KERNELS_H
#define MC_BACKEND_CPU_KERNELS_H

#include <stddef.h>

#include "model/program.h"

/* Columns of a packed panel: weights lie as [panel][k][16]. */
enum { MC_PANEL = 16 };

static inline size_t mc_panels(size_t columns)
{
    return (columns + MC_PANEL - 1) / MC_PANEL;
}

typedef struct mc_gemm {
    const float *a; /* [rows, k], row-major */
    size_t       a_stride;
    const float *b;        /* panels: [mc_panels(columns)][b_stride / 16][16] */
    size_t       b_stride; /* floats from one panel to the next */
    float       *c;        /* [rows, columns] */
    size_t       c_stride;
    const float *bias; /* [columns] added at the end; NULL: none */
    size_t       rows, columns, k;
    int          accumulate; /* add to c */
} mc_gemm;

/* Scores of attention are kept as powers of two. */
#define MC_LOG2_E 1.44269504f

/* Neighbouring queries, of all heads that share keys, and a block of these. A row is a query of
 * one head. What it has seen so far is its state: a weight is 2^(score - exponent), with a
 * whole number near the largest score, so that another exponent changes no digit of a sum. */
typedef struct mc_fold {
    float        softcap; /* see mc_attention_params */
    const float *slopes;  /* [heads]; NULL */
    float        slope_unit;
    size_t       origin;                /* place of the first key in its text */
    size_t       window;                /* 0: all */
    size_t       queries, heads, count; /* rows are queries x heads; keys of the block */
    size_t       first;                 /* place of the first query, counted like the keys */
    float       *scores; /* [rows, stride], times log2 e; room for a multiple of 16 */
    size_t       stride;
    float       *exponent; /* [rows] -INFINITY: no key seen yet */
    float       *sum;      /* [rows] of weights */
    float       *output;   /* [rows, width] sums of weighted values */
    size_t       width;
} mc_fold;

/* Sixteen rows of k stored values, `stride` bytes apart and aligned to their type, become a
 * panel [k][16], which begins a cache line. */
typedef void mc_pack(const void *rows, size_t stride, float *panel, size_t k);

typedef struct mc_kernels {
    const char *name;

    mc_pack *pack_f32, *pack_f16, *pack_bf16;

    /* c = a * b (+ c) (+ bias): each element is the sum, in order, of chains of fused
     * multiply-adds over fixed parts of k. */
    void (*gemm)(const mc_gemm *gemm);
    /* One group of a row; `bias` and `weight` may be NULL. */
    void (*norm)(mc_norm_kind kind, float epsilon, const float *x, const float *weight,
                 const float *bias, float *out, size_t n);
    /* out = activation(x) * y; `y` NULL: no factor. */
    void (*activate)(mc_activation activation, const float *parameters, const float *x,
                     const float *y, float *out, size_t n);
    void (*multiply)(const float *x, const float *y, float *out, size_t n);
    void (*add_scaled)(float scale, const float *x, float *out,
                       size_t n); /* out += scale * x */
    void (*scale)(float scale, const float *x, float *out, size_t n);
    /* A panel of up to sixteen rows of k, the others NULL: element i of all of them lies at
     * panel[i * 16]. */
    void (*pack_rows)(const float *const rows[MC_PANEL], size_t k, float *panel);
    /* A row of n spread over panels that lie `stride` floats apart. */
    void (*pack_columns)(const float *row, size_t n, float *panels, size_t stride);
    /* One head in place. */
    void (*rotate)(mc_rope_kind kind, float *x, const float *cosine, const float *sine,
                   size_t pairs);
    /* Scores become weights, 0 where a query does not see the key, and are added to `sum`; to
     * `output` the caller adds them. */
    void (*fold_scores)(const mc_fold *fold);
    void (*finish)(float sum, const float *x, float *out, size_t n); /* out = x / sum */
    /* `rounds` of independent fused multiply-adds in registers: what this core can do at most.
     * Returns the floating-point operations done; *sink keeps them from being removed. */
    double (*fma_rounds)(size_t rounds, float *sink);
} mc_kernels;

extern const mc_kernels mc_kernels_portable;
#if defined(__x86_64__)
extern const mc_kernels mc_kernels_avx2;
extern const mc_kernels mc_kernels_avx512;
#elif defined(__aarch64__)
extern const mc_kernels mc_kernels_neon;
#endif

#endif
