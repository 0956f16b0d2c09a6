/* functions.h - functions of one number: exponentials and what is made of them. */
#ifndef MC_BACKEND_CPU_KERNELS_FUNCTIONS_H
#define MC_BACKEND_CPU_KERNELS_FUNCTIONS_H

#include "backend/cpu/kernels/lanes.h"

/* 1.5 * 2^23 + 127: adding it to a small number rounds that to an integer, in the last bits, as
 * an exponent of two is written. */
#define V16_MAGIC 12583039.0f

/* exp by range reduction to |r| <= ln 2 / 2 and a polynomial of degree 7 (S. L. Moshier, Cephes
 * expf); within 2 units in the last place. Arguments are held to where the result is normal;
 * NaN, as the second operand of min and max, goes through. */
static inline v16 v16_exp(v16 x)
{
    const v16 magic = v16_set1(V16_MAGIC);
    v16       rounded, n, r, p;

    x       = v16_min(v16_set1(88.37626f), v16_max(v16_set1(-87.33654f), x));
    rounded = v16_fma(x, v16_set1(1.44269504f), magic);
    n       = v16_sub(rounded, magic);
    r       = v16_fma(n, v16_set1(-0.693359375f), x);
    r       = v16_fma(n, v16_set1(2.12194440e-4f), r);
    p       = v16_set1(1.9875691500e-4f);
    p       = v16_fma(p, r, v16_set1(1.3981999507e-3f));
    p       = v16_fma(p, r, v16_set1(8.3334519073e-3f));
    p       = v16_fma(p, r, v16_set1(4.1665795894e-2f));
    p       = v16_fma(p, r, v16_set1(1.6666665459e-1f));
    p       = v16_fma(p, r, v16_set1(5.0000001201e-1f));
    p       = v16_fma(p, v16_mul(r, r), v16_add(r, v16_set1(1.0f)));
    return v16_mul(p, v16_exp2_rounded(rounded));
}

/* 2^x for x up to 127, held to where the result is normal; NaN goes through. A polynomial of
 * degree 6 on |r| <= 1/2, its greatest relative error least (2e-9); with its roundings within
 * 1 unit in the last place. */
static inline v16 v16_exp2(v16 x)
{
    const v16 magic = v16_set1(V16_MAGIC);
    v16       rounded, r, p;

    x       = v16_max(v16_set1(-126.0f), x);
    rounded = v16_add(x, magic);
    r       = v16_sub(x, v16_sub(rounded, magic));
    p       = v16_set1(1.5353362e-4f);
    p       = v16_fma(p, r, v16_set1(1.33988739e-3f));
    p       = v16_fma(p, r, v16_set1(9.61843692e-3f));
    p       = v16_fma(p, r, v16_set1(5.55033237e-2f));
    p       = v16_fma(p, r, v16_set1(2.40226477e-1f));
    p       = v16_fma(p, r, v16_set1(6.93147182e-1f));
    p       = v16_fma(p, r, v16_set1(1.0f));
    return v16_mul(p, v16_exp2_rounded(rounded));
}

static inline v16 v16_negate(v16 x)
{
    return v16_sub(v16_set1(0.0f), x);
}

/* 1 / (1 + exp(-x)) */
static inline v16 v16_sigmoid(v16 x)
{
    const v16 one = v16_set1(1.0f);

    return v16_div(one, v16_add(one, v16_exp(v16_negate(x))));
}

/* Cephes tanhf: a polynomial near 0, 1 - 2 / (exp(2x) + 1) elsewhere. */
static inline v16 v16_tanh(v16 x)
{
    const v16 zero = v16_set1(0.0f), one = v16_set1(1.0f), two = v16_set1(2.0f);
    v16       size = v16_max(x, v16_negate(x)), z = v16_mul(x, x), p, far;

    p   = v16_set1(-5.70498872745e-3f);
    p   = v16_fma(p, z, v16_set1(2.06390887954e-2f));
    p   = v16_fma(p, z, v16_set1(-5.37397155531e-2f));
    p   = v16_fma(p, z, v16_set1(1.33314422036e-1f));
    p   = v16_fma(p, z, v16_set1(-3.33332819422e-1f));
    p   = v16_fma(v16_mul(p, z), x, x);
    far = v16_sub(one, v16_div(two, v16_add(v16_exp(v16_add(size, size)), one)));
    far = v16_select_less(x, zero, v16_negate(far), far);
    return v16_select_less(size, v16_set1(0.625f), p, far);
}

/* erfc(x) for x >= 1, Cephes erfcf: exp(-x^2) / x times a polynomial in 1 / x^2. */
static inline v16 v16_erfc_far(v16 x)
{
    const v16 q = v16_div(v16_set1(1.0f), x), y = v16_mul(q, q);
    v16       p = v16_set1(2.326819970068386e-2f), r = v16_set1(-1.047766399936249e+1f);

    p = v16_fma(p, y, v16_set1(-1.387039388740657e-1f));
    p = v16_fma(p, y, v16_set1(3.687424674597105e-1f));
    p = v16_fma(p, y, v16_set1(-5.824733027278666e-1f));
    p = v16_fma(p, y, v16_set1(6.210004621745983e-1f));
    p = v16_fma(p, y, v16_set1(-4.944515323274145e-1f));
    p = v16_fma(p, y, v16_set1(3.404879937665872e-1f));
    p = v16_fma(p, y, v16_set1(-2.741127028184656e-1f));
    p = v16_fma(p, y, v16_set1(5.638259427386472e-1f));
    r = v16_fma(r, y, v16_set1(1.297719955372516e+1f));
    r = v16_fma(r, y, v16_set1(-7.495518717768503e+0f));
    r = v16_fma(r, y, v16_set1(2.921019019210786e+0f));
    r = v16_fma(r, y, v16_set1(-1.015265279202700e+0f));
    r = v16_fma(r, y, v16_set1(4.218463358204948e-1f));
    r = v16_fma(r, y, v16_set1(-2.820767439740514e-1f));
    r = v16_fma(r, y, v16_set1(5.641895067754075e-1f));
    p = v16_select_less(x, v16_set1(2.0f), p, r);
    return v16_mul(v16_mul(v16_exp(v16_negate(v16_mul(x, x))), q), p);
}

/* The normal distribution function: 0.5 * erfc(-x / sqrt(2)). */
static inline v16 v16_phi(v16 x)
{
    const v16 half = v16_set1(0.5f), one = v16_set1(1.0f), zero = v16_set1(0.0f);
    v16       t = v16_mul(x, v16_set1(0.70710678f)), z = v16_mul(t, t);
    v16       size = v16_max(t, v16_negate(t)), p, far;

    p   = v16_set1(7.853861353153693e-5f); /* erf(t) = t p(t^2) for |t| < 1 */
    p   = v16_fma(p, z, v16_set1(-8.010193625184903e-4f));
    p   = v16_fma(p, z, v16_set1(5.188327685732524e-3f));
    p   = v16_fma(p, z, v16_set1(-2.685381193529856e-2f));
    p   = v16_fma(p, z, v16_set1(1.128358514861418e-1f));
    p   = v16_fma(p, z, v16_set1(-3.761262582423300e-1f));
    p   = v16_fma(p, z, v16_set1(1.128379165726710e+0f));
    p   = v16_mul(half, v16_fma(p, t, one));
    far = v16_mul(half, v16_erfc_far(v16_max(size, one)));
    far = v16_select_less(t, zero, far, v16_sub(one, far));
    return v16_select_less(size, one, p, far);
}

#endif
