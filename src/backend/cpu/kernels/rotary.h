/* rotary.h - rotary embedding, of halves and of neighbours. */
#ifndef MC_BACKEND_CPU_KERNELS_ROTARY_H
#define MC_BACKEND_CPU_KERNELS_ROTARY_H

#include "backend/cpu/kernels/lanes.h"

static void rotate_halves(float *x, const float *cosine, const float *sine, size_t pairs)
{
    for (size_t i = 0; i < pairs; i += 16) {
        size_t left = pairs - i;
        v16    a = load_upto(x + i, left), b = load_upto(x + pairs + i, left);
        v16    c = load_upto(cosine + i, left), s = load_upto(sine + i, left);
        store_upto(x + i, v16_sub(v16_mul(a, c), v16_mul(b, s)), left);
        store_upto(x + pairs + i, v16_add(v16_mul(b, c), v16_mul(a, s)), left);
    }
}

/* Eight pairs at once: (a, b) * c + (b, a) * (-s, s). */
static void rotate_pairs(float *x, const float *cosine, const float *sine, size_t pairs)
{
    static const float signs[16] = { -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1 };
    size_t             i         = 0;

    for (; i + 8 <= pairs; i += 8) {
        v16 both = v16_load(x + 2 * i);
        v16 s    = v16_mul(v16_load(signs), v16_load_twice(sine + i));
        v16_store(x + 2 * i, v16_add(v16_mul(both, v16_load_twice(cosine + i)),
                                     v16_mul(v16_swap(both), s)));
    }
    for (; i < pairs; i++) {
        float a = x[2 * i], b = x[2 * i + 1];
        x[2 * i]     = a * cosine[i] - b * sine[i];
        x[2 * i + 1] = b * cosine[i] + a * sine[i];
    }
}

static void rotate(mc_rope_kind kind, float *x, const float *cosine, const float *sine,
                   size_t pairs)
{
    if (kind == MC_ROPE_HALVES)
        rotate_halves(x, cosine, sine, pairs);
    else
        rotate_pairs(x, cosine, sine, pairs);
}

#endif
