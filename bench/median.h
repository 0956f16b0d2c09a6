/* median.h - the middle of what was measured. */
#ifndef MC_BENCH_MEDIAN_H
#define MC_BENCH_MEDIAN_H

#include <stdlib.h>

static inline int mc_compare_double(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* Sorts the values. */
static inline double mc_median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, mc_compare_double);
    return values[count / 2];
}

#endif
