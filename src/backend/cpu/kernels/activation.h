/* activation.h - the activations, each with a loop of its own. */
#ifndef MC_BACKEND_CPU_KERNELS_ACTIVATION_H
#define MC_BACKEND_CPU_KERNELS_ACTIVATION_H

#include "backend/cpu/kernels/functions.h"
#include "backend/cpu/kernels/lanes.h"

/* x * sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3)): the tanh form, since 1 + tanh u = 2
 * sigmoid(2u). */
static inline v16 v16_gelu_tanh(v16 x)
{
    v16 cube  = v16_mul(v16_mul(x, x), x);
    v16 inner = v16_fma(v16_set1(0.044715f), cube, x);

    return v16_mul(x, v16_sigmoid(v16_mul(v16_set1(1.5957691216f), inner)));
}

/* xIELU (Huang & Schlag 2024, arXiv:2411.13010): x > 0: a_p x^2 + b x; else
 * a_n (expm1(min(x, eps)) - x) + b x. */
static inline v16 v16_xielu(v16 x, const float *parameters)
{
    const v16 ap = v16_set1(parameters[0]), an = v16_set1(parameters[1]);
    const v16 b = v16_set1(parameters[2]), eps = v16_set1(parameters[3]);
    v16       bx = v16_mul(b, x), low = v16_min(x, eps);
    v16       near, expm1, positive, negative;

    /* expm1 by its series where exp(x) - 1 would cancel */
    near  = v16_fma(low, v16_set1(1.0f / 720.0f), v16_set1(1.0f / 120.0f));
    near  = v16_fma(near, low, v16_set1(1.0f / 24.0f));
    near  = v16_fma(near, low, v16_set1(1.0f / 6.0f));
    near  = v16_fma(near, low, v16_set1(0.5f));
    near  = v16_fma(v16_mul(near, low), low, low);
    expm1 = v16_sub(v16_exp(low), v16_set1(1.0f));
    expm1 = v16_select_less(v16_negate(low), v16_set1(0.25f), near, expm1);

    positive = v16_fma(v16_mul(ap, x), x, bx);
    negative = v16_fma(an, v16_sub(expm1, x), bx);
    return v16_select_less(v16_set1(0.0f), x, positive, negative);
}

ALWAYS_INLINE v16 activation_of(mc_activation activation, const float *parameters, v16 x)
{
    const v16 zero = v16_set1(0.0f);

    switch (activation) {
    case MC_ACT_SILU: return v16_mul(x, v16_sigmoid(x));
    case MC_ACT_GELU: return v16_mul(x, v16_phi(x));
    case MC_ACT_GELU_TANH: return v16_gelu_tanh(x);
    case MC_ACT_GELU_QUICK: return v16_mul(x, v16_sigmoid(v16_mul(x, v16_set1(1.702f))));
    case MC_ACT_RELU: return v16_max(zero, x); /* in this order NaN stays NaN */
    case MC_ACT_RELU2: x = v16_max(zero, x); return v16_mul(x, x);
    case MC_ACT_XIELU: return v16_xielu(x, parameters);
    case MC_ACT_TANH: return v16_tanh(x);
    case MC_ACT_SIGMOID: return v16_sigmoid(x);
    case MC_ACT_COUNT: break;
    }
    return x;
}

/* `y` NULL: no factor. */
ALWAYS_INLINE void activate_all(const mc_activation activation, const float *parameters,
                                const float *x, const float *y, float *out, size_t n)
{
    for (size_t i = 0; i < n; i += 16) {
        v16 a = activation_of(activation, parameters, load_upto(x + i, n - i));
        if (y) a = v16_mul(a, load_upto(y + i, n - i));
        store_upto(out + i, a, n - i);
    }
}

/* One loop for each activation: the choice is made outside of it. */
static void activate(mc_activation activation, const float *parameters, const float *x,
                     const float *y, float *out, size_t n)
{
#define CASE(name) \
    case name: activate_all(name, parameters, x, y, out, n); break
    switch (activation) {
        CASE(MC_ACT_SILU);
        CASE(MC_ACT_GELU);
        CASE(MC_ACT_GELU_TANH);
        CASE(MC_ACT_GELU_QUICK);
        CASE(MC_ACT_RELU);
        CASE(MC_ACT_RELU2);
        CASE(MC_ACT_XIELU);
        CASE(MC_ACT_TANH);
        CASE(MC_ACT_SIGMOID);
    case MC_ACT_COUNT: break;
    }
#undef CASE
}

#endif
