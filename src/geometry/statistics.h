/* statistics.h - order statistics, ranks and the few distributions that intervals need. */
#ifndef MC_GEOMETRY_STATISTICS_H
#define MC_GEOMETRY_STATISTICS_H

#include <stddef.h>

#include "base/arena.h"

/* Ascending, in place. */
void mc_sort(double *values, size_t n);
/* The k-th smallest, from 0; afterwards nothing before it is larger, nothing behind smaller. */
double mc_select(double *values, size_t n, size_t k);
/* The median of values (reordered); the mean of the middle two when n is even. */
double mc_median(double *values, size_t n);
/* The quantile q of sorted values, linear between neighbours (R's type 7, numpy's default). */
double mc_quantile(const double *sorted, size_t n, double q);
/* Fewer resamples make no interval. */
enum { MC_RESAMPLES_LEAST = 20 };
/* Replace values by their ranks 1..n, ties by the average rank. */
mc_status mc_ranks(double *values, size_t n, mc_arena *scratch, mc_error *err);

double mc_mean(const double *values, size_t n);
/* Sample standard deviation (n - 1); NaN for n < 2. */
double mc_deviation(const double *values, size_t n);

/* The quantile of a chi-square distribution. */
double mc_chi_square_quantile(double probability, double degrees);

#endif
