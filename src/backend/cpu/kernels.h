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

typedef struct mc_gemm {
    const float *a; /* [rows, k], row-major */
    size_t       a_stride;
    const float *b;        /* panels: [(columns + 15) / 16][b_stride / 16][16] */
    size_t       b_stride; /* floats from one panel to the next */
    float       *c;        /* [rows, columns] */
    size_t       c_stride;
    const float *bias; /* [columns] added at the end; NULL: none */
    size_t       rows, columns, k;
    int          accumulate; /* add to c */
} mc_gemm;

typedef struct mc_kernels {
    const char *name;
    size_t      gemm_rows; /* rows that the widest micro-kernel takes at once */

    /* c = a * b (+ c) (+ bias): each element is the sum, in order, of chains of fused
     * multiply-adds over fixed parts of k. */
    void (*gemm)(const mc_gemm *gemm);
    /* One group of a row; `bias` and `weight` may be NULL. */
    void (*norm)(mc_norm_kind kind, float epsilon, const float *x, const float *weight,
                 const float *bias, float *out, size_t n);
    void (*activate)(mc_activation activation, const float *parameters, const float *x,
                     float *out, size_t n);
    void (*multiply)(const float *x, const float *y, float *out, size_t n);
    void (*add_scaled)(float scale, const float *x, float *out,
                       size_t n); /* out += scale * x */
    void (*scale)(float scale, const float *x, float *out, size_t n);
    /* scores[i] = cap * tanh(scores[i] / cap) */
    void (*softcap)(float cap, float *scores, size_t n);
    float (*largest)(const float *x, size_t n); /* n > 0 */
    /* x[i] = exp(x[i] - shift); returns the sum. */
    float (*exp_shifted)(float shift, float *x, size_t n);
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
