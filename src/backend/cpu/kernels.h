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

/* What makes scores of products; see mc_attention_params. */
typedef struct mc_fold {
    float  scale, softcap, slope;
    size_t count;      /* keys of the block */
    size_t from, last; /* the query sees keys from .. last - 1 */
    size_t query;      /* its own place, counted like the keys */
} mc_fold;

typedef struct mc_kernels {
    const char *name;

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
    /* One head in place. */
    void (*rotate)(mc_rope_kind kind, float *x, const float *cosine, const float *sine,
                   size_t pairs);
    /* Products of a query with a block of keys become weights exp(score - largest), 0 where it
     * does not see the key; its running maximum and sum take them in. `products` has room for a
     * multiple of 16. Returns what its running output must be scaled by. */
    float (*fold_scores)(const mc_fold *fold, float *products, float *largest, float *sum);
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
