/* rows.h - operations on rows: norms, products, sums. */
#ifndef MC_BACKEND_CPU_KERNELS_ROWS_H
#define MC_BACKEND_CPU_KERNELS_ROWS_H

#include "backend/cpu/kernels/lanes.h"

/* Sum over i of (x[i] - shift)^power, power 1 or 2, in sixteen lanes. */
static float sum_of(const float *x, size_t n, float shift, int power)
{
    v16    sum = v16_set1(0.0f), center = v16_set1(shift);
    size_t i = 0;

    for (; i + 16 <= n; i += 16) {
        v16 d = v16_sub(v16_load(x + i), center);
        sum   = power == 2 ? v16_fma(d, d, sum) : v16_add(sum, d);
    }
    if (i < n) {
        v16 d = v16_sub(load_tail(x + i, n - i, shift), center);
        sum   = power == 2 ? v16_fma(d, d, sum) : v16_add(sum, d);
    }
    return v16_sum(sum);
}

static void norm(mc_norm_kind kind, float epsilon, const float *x, const float *weight,
                 const float *bias, float *out, size_t n)
{
    float mean     = kind == MC_NORM_LAYER ? sum_of(x, n, 0.0f, 1) / (float)n : 0.0f;
    float variance = sum_of(x, n, mean, 2) / (float)n;
    v16   shift = v16_set1(mean), scale = v16_set1(1.0f / sqrtf(variance + epsilon));

    for (size_t i = 0; i < n; i += 16) {
        v16 y = v16_mul(v16_sub(load_upto(x + i, n - i), shift), scale);
        if (weight) y = v16_mul(y, load_upto(weight + i, n - i));
        if (bias) y = v16_add(y, load_upto(bias + i, n - i));
        store_upto(out + i, y, n - i);
    }
}

static void multiply(const float *x, const float *y, float *out, size_t n)
{
    for (size_t i = 0; i < n; i += 16)
        store_upto(out + i, v16_mul(load_upto(x + i, n - i), load_upto(y + i, n - i)), n - i);
}

static void add_scaled(float scale, const float *x, float *out, size_t n)
{
    const v16 s = v16_set1(scale);

    for (size_t i = 0; i < n; i += 16) {
        v16 term = v16_mul(s, load_upto(x + i, n - i));
        store_upto(out + i, v16_add(load_upto(out + i, n - i), term), n - i);
    }
}

static void scale_by(float scale, const float *x, float *out, size_t n)
{
    for (size_t i = 0; i < n; i += 16)
        store_upto(out + i, v16_mul(v16_set1(scale), load_upto(x + i, n - i)), n - i);
}

#endif
