/* attention.h - scores of a block of keys become weights, and the sums move along. */
#ifndef MC_BACKEND_CPU_KERNELS_ATTENTION_H
#define MC_BACKEND_CPU_KERNELS_ATTENTION_H

#include "backend/cpu/kernels/functions.h"
#include "backend/cpu/kernels/lanes.h"
#include "backend/cpu/kernels/rows.h"
#include "model/alibi.h"

/* The keys of a block that one query sees. */
typedef struct seen_keys {
    size_t from, last; /* last is the first that it does not */
    int    all;        /* and nothing is beside them */
} seen_keys;

static seen_keys keys_seen(const mc_fold *f, size_t query)
{
    size_t    next = f->first + query + 1;
    seen_keys seen = { .from = f->window && next > f->window ? next - f->window : 0,
                       .last = next < f->count ? next : f->count };

    seen.all = seen.from == 0 && seen.last % 16 == 0 && seen.last == f->count;
    return seen;
}

/* `value` at the keys `at` .. `at` + 15 that are seen, `otherwise` at the others. */
ALWAYS_INLINE v16 only_seen(seen_keys seen, v16 key, v16 value, v16 otherwise)
{
    value = v16_select_less(key, v16_set1((float)seen.last), value, otherwise);
    return v16_select_less(key, v16_set1((float)seen.from), otherwise, value);
}

ALWAYS_INLINE v16 numbers_from(size_t at)
{
    static const float numbers[16] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

    return v16_add(v16_load(numbers), v16_set1((float)at));
}

/* What softcap and slope make of a score. */
ALWAYS_INLINE v16 bend(float softcap, float slope, v16 distance, v16 s)
{
    if (softcap > 0.0f)
        s = v16_mul(v16_set1(softcap), v16_tanh(v16_mul(s, v16_set1(1.0f / softcap))));
    return v16_sub(s, v16_mul(v16_set1(slope), distance));
}

/* mc_alibi_rounded() of sixteen neighbouring keys. */
static v16 rounded_from(float slope, size_t at)
{
    float products[16];

    for (size_t i = 0; i < 16; i++)
        products[i] = mc_alibi_rounded(slope, at + i);
    return v16_load(products);
}

/* The largest score of a query's row; scores that are not what the product left are stored. */
static float largest_of(const mc_fold *f, size_t query, size_t head, seen_keys seen,
                        float *scores)
{
    const v16    none    = v16_set1(-INFINITY);
    const float  softcap = f->softcap * MC_LOG2_E, slope = f->slopes ? f->slopes[head] : 0.0f;
    const int    rounded = f->slope_unit > 0.0f, bent = softcap > 0.0f || slope != 0.0f;
    const float  unit  = (rounded ? f->slope_unit : slope) * MC_LOG2_E;
    const size_t place = f->first + query, count = f->count;
    const v16    own =
        v16_set1(rounded ? mc_alibi_rounded(slope, f->origin + place) : (float)place);
    v16 most = none;

    for (size_t i = 0; i < count; i += 16) {
        v16 s = v16_load(scores + i);
        if (bent) {
            v16 keys = rounded ? rounded_from(slope, f->origin + i) : numbers_from(i);
            s        = bend(softcap, unit, v16_sub(own, keys), s);
        }
        if (!seen.all) s = only_seen(seen, numbers_from(i), s, none);
        if (bent || !seen.all) v16_store(scores + i, s);
        most = v16_max(most, s);
    }
    return v16_largest(most);
}

/* Scores become weights; returns their sum. */
static float weigh(seen_keys seen, size_t count, float exponent, float *scores)
{
    const v16 zero = v16_set1(0.0f), most = v16_set1(exponent);
    v16       sum = zero;

    for (size_t i = 0; i < count; i += 16) {
        v16 e = v16_exp2(v16_sub(v16_load(scores + i), most));
        if (!seen.all) e = only_seen(seen, numbers_from(i), e, zero);
        v16_store(scores + i, e);
        sum = v16_add(sum, e);
    }
    return v16_sum(sum);
}

/* Beyond 2^22 a float is a whole number already, or half of one. */
static float whole_next_to(float x)
{
    return fabsf(x) < 0x1p22f ? x + V16_MAGIC - V16_MAGIC : x;
}

/* What a row has summed up so far is divided by a power of two; at its first key it is 0. */
static void raise_exponent(const mc_fold *f, size_t row, float to)
{
    if (f->exponent[row] > -INFINITY) {
        float factor[16], *output = f->output + row * f->width;
        v16_store(factor, v16_exp2(v16_set1(f->exponent[row] - to)));
        scale_by(factor[0], output, output, f->width);
        f->sum[row] *= factor[0];
    }
    f->exponent[row] = to;
}

static void fold_scores(const mc_fold *f)
{
    for (size_t query = 0, row = 0; query < f->queries; query++, row += f->heads) {
        const seen_keys seen   = keys_seen(f, query);
        float          *scores = f->scores + row * f->stride;
        for (size_t h = 0; h < f->heads; h++) {
            float most = largest_of(f, query, h, seen, scores + h * f->stride);
            most       = whole_next_to(most);
            if (most > f->exponent[row + h]) raise_exponent(f, row + h, most);
        }
        for (size_t h = 0; h < f->heads; h++)
            f->sum[row + h] +=
                weigh(seen, f->count, f->exponent[row + h], scores + h * f->stride);
    }
}

/* Weights of keys that a query does not see are 0, which can still turn a sum that underflowed
 * to -0 into 0: adding 0 makes them the same. */
static void finish(float sum, const float *x, float *out, size_t n)
{
    const v16 inverse = v16_set1(1.0f / sum), zero = v16_set1(0.0f);

    for (size_t i = 0; i < n; i += 16)
        store_upto(out + i, v16_add(v16_mul(inverse, load_upto(x + i, n - i)), zero), n - i);
}

#endif
