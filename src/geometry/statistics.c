/* statistics.c - order statistics, ranks, the chi-square quantile. */
#include "geometry/statistics.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "linalg/linalg.h"

static int ascending(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;

    return (a > b) - (a < b);
}

void mc_sort(double *values, size_t n)
{
    qsort(values, n, sizeof *values, ascending);
}

/* Wirth's form of Hoare's selection: afterwards values[k] is in its sorted place and nothing
 * before it is larger. */
double mc_select(double *values, size_t n, size_t k)
{
    ptrdiff_t first = 0, last = (ptrdiff_t)n - 1, at = (ptrdiff_t)k;

    while (first < last) {
        const double pivot = values[k];
        ptrdiff_t    i = first, j = last;
        do {
            while (values[i] < pivot)
                i++;
            while (pivot < values[j])
                j--;
            if (i <= j) {
                const double swap = values[i];
                values[i++]       = values[j];
                values[j--]       = swap;
            }
        } while (i <= j);
        if (j < at) first = i;
        if (at < i) last = j;
    }
    return values[k];
}

double mc_median(double *values, size_t n)
{
    const double upper = n ? mc_select(values, n, n / 2) : NAN;
    double       lower = -INFINITY;

    if (n % 2 == 1 || n == 0) return upper;
    for (size_t i = 0; i < n / 2; i++)
        if (values[i] > lower) lower = values[i];
    return (lower + upper) / 2;
}

double mc_quantile(const double *sorted, size_t n, double q)
{
    const double at    = q * ((double)n - 1);
    const size_t below = n ? (size_t)at : 0;

    if (n == 0) return NAN;
    if (below + 1 >= n) return sorted[n - 1];
    return sorted[below] + (at - (double)below) * (sorted[below + 1] - sorted[below]);
}

double mc_mean(const double *values, size_t n)
{
    return n ? mc_sum(values, n) / (double)n : NAN;
}

double mc_deviation(const double *values, size_t n)
{
    const double mean  = mc_mean(values, n);
    double       total = 0;

    if (n < 2) return NAN;
    for (size_t i = 0; i < n; i++)
        total += (values[i] - mean) * (values[i] - mean);
    return sqrt(total / ((double)n - 1));
}

/* The bits of a float in an order that unsigned comparison respects; -0 counts as 0. */
static uint32_t key_of(double value)
{
    const float rounded = (float)(value + 0.0);
    uint32_t    bits;

    memcpy(&bits, &rounded, sizeof bits);
    return bits >> 31 ? ~bits : bits | (UINT32_C(1) << 31);
}

#define DIGIT_BITS 11
#define DIGITS 3
#define DIGIT_COUNT ((size_t)1 << DIGIT_BITS)

static size_t digit_of(uint64_t item, size_t digit)
{
    return (size_t)(item >> (32 + DIGIT_BITS * digit)) & (DIGIT_COUNT - 1);
}

/* Least significant digit first over the upper 32 bits; returns whichever array is sorted. */
static uint64_t *radix_sort(uint64_t *from, uint64_t *to, size_t n)
{
    uint32_t count[DIGIT_COUNT];

    for (size_t digit = 0; digit < DIGITS; digit++) {
        uint64_t *other = from;
        uint32_t  total = 0;
        memset(count, 0, sizeof count);
        for (size_t i = 0; i < n; i++)
            count[digit_of(from[i], digit)]++;
        for (size_t b = 0; b < DIGIT_COUNT; b++) {
            const uint32_t own = count[b];
            count[b]           = total;
            total += own;
        }
        for (size_t i = 0; i < n; i++)
            to[count[digit_of(from[i], digit)]++] = from[i];
        from = to;
        to   = other;
    }
    return from;
}

typedef struct indexed {
    double value;
    size_t index;
} indexed;

static int by_value(const void *left, const void *right)
{
    const indexed *a = left, *b = right;

    return (a->value > b->value) - (a->value < b->value);
}

/* Average ranks for equal values among items first .. end - 1, whose order is known. */
static void give_ranks(const indexed *items, size_t count, size_t first, double *values)
{
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && items[end].value == items[i].value;)
            end++;
        for (size_t j = i; j < end; j++)
            values[items[j].index] = (2 * (double)first + (double)i + 1 + (double)end) / 2;
    }
}

/* Sorted as float32 first; what float32 cannot tell apart is then sorted as double. */
mc_status mc_ranks(double *values, size_t n, mc_arena *scratch, mc_error *err)
{
    mc_arena_mark mark = mc_arena_save(scratch);
    void         *block;
    uint64_t     *keys;
    indexed      *run;

    if (n == 0) return MC_OK;
    if (n > UINT32_MAX) return mc_fail(err, MC_ERR_ARGUMENT, "", "too many values to rank");
    MC_TRY(mc_arena_array(scratch, 2 * n, sizeof *keys, &block, err));
    keys = block;
    MC_TRY(mc_arena_array(scratch, n, sizeof *run, &block, err));
    run = block;
    for (size_t i = 0; i < n; i++)
        keys[i] = (uint64_t)key_of(values[i]) << 32 | i;
    keys = radix_sort(keys, keys + n, n);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i; end < n && keys[end] >> 32 == keys[i] >> 32; end++) {
            const size_t index = (size_t)(keys[end] & UINT32_MAX);
            run[end - i]       = (indexed){ values[index], index };
        }
        if (end - i > 1) qsort(run, end - i, sizeof *run, by_value);
        give_ranks(run, end - i, i, values);
    }
    mc_arena_reset(scratch, mark);
    return MC_OK;
}

/* The regularised incomplete gamma function P(a, x): series for small x, Lentz's continued
 * fraction of Q for large x (Abramowitz & Stegun 6.5.29, 6.5.31). */
static double gamma_p(double a, double x)
{
    int          sign;
    const double front = exp(a * log(x) - x - lgamma_r(a, &sign));

    if (x <= 0) return 0;
    if (x < a + 1) {
        double term = 1 / a, sum = term;
        for (double k = a + 1; term > sum * 1e-17; k += 1)
            sum += term *= x / k;
        return front * sum;
    }
    double b = x + 1 - a, c = 1e300, d = 1 / b, h = d;
    for (int i = 1; i < 10000; i++) {
        const double an = -i * (i - a);
        b += 2;
        d = 1 / (an * d + b);
        c = b + an / c;
        h *= d * c;
        if (fabs(d * c - 1) < 1e-16) break;
    }
    return 1 - front * h;
}

/* Bisection on the distribution function: 200 halvings reach the last bit. */
double mc_chi_square_quantile(double probability, double degrees)
{
    double low = 0, high = degrees + 1;

    while (gamma_p(degrees / 2, high / 2) < probability)
        high *= 2;
    for (int i = 0; i < 200 && high - low > 1e-15 * high; i++) {
        const double middle = (low + high) / 2;
        if (gamma_p(degrees / 2, middle / 2) < probability)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}
