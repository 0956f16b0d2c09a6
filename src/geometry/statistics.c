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
static double select_kth(double *values, size_t n, size_t k)
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
    const double upper = n ? select_kth(values, n, n / 2) : NAN;
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

typedef struct keyed {
    uint64_t key;
    size_t   index;
} keyed;

/* The bits of a double in an order that unsigned comparison respects; -0 counts as 0. */
static uint64_t key_of(double value)
{
    uint64_t bits;

    value += 0.0;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | (UINT64_C(1) << 63);
}

/* Least significant digit first, one byte a pass; bytes that all keys share cost nothing. */
static keyed *radix_sort(keyed *from, keyed *to, size_t n)
{
    size_t counts[8][256];

    memset(counts, 0, sizeof counts);
    for (size_t i = 0; i < n; i++)
        for (size_t digit = 0; digit < 8; digit++)
            counts[digit][from[i].key >> (8 * digit) & 0xff]++;
    for (size_t digit = 0; digit < 8; digit++) {
        size_t *count = counts[digit], total = 0;
        if (count[from[0].key >> (8 * digit) & 0xff] == n) continue;
        for (size_t b = 0; b < 256; b++) {
            size_t own = count[b];
            count[b]   = total;
            total += own;
        }
        for (size_t i = 0; i < n; i++)
            to[count[from[i].key >> (8 * digit) & 0xff]++] = from[i];
        keyed *other = from;
        from         = to;
        to           = other;
    }
    return from;
}

mc_status mc_ranks(double *values, size_t n, mc_arena *scratch, mc_error *err)
{
    mc_arena_mark mark = mc_arena_save(scratch);
    void         *block;
    keyed        *items;

    if (n == 0) return MC_OK;
    MC_TRY(mc_arena_array(scratch, 2 * n, sizeof *items, &block, err));
    items = block;
    for (size_t i = 0; i < n; i++)
        items[i] = (keyed){ key_of(values[i]), i };
    items = radix_sort(items, items + n, n);
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && items[end].key == items[i].key;)
            end++;
        for (size_t j = i; j < end; j++)
            values[items[j].index] = ((double)i + 1 + (double)end) / 2;
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
