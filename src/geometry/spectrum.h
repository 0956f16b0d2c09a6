/* spectrum.h - the covariance spectrum of a cloud and how each probe pulls at it.
 *
 * Intervals of spectral numbers come from the infinitesimal jackknife (Efron 1982, CBMS-NSF 38,
 * ch. 6): with a weight on probe i the k-th eigenvalue l_k of the Gram matrix G = U diag(l) U^T
 * changes by n l_k (U_ik^2 - 1/n), to first order; the standard error of a number T is
 * sqrt(sum_i (dT_i)^2) / n. */
#ifndef MC_GEOMETRY_SPECTRUM_H
#define MC_GEOMETRY_SPECTRUM_H

#include "geometry/shape.h"

typedef struct mc_spectrum {
    size_t  count;  /* eigenvalues above rounding */
    double *values; /* largest first; of the Gram matrix: (n - 1) times the covariance's */
    double *axes;   /* count x n: U transposed; NULL: not made */
    double  total;
} mc_spectrum;

/* Without axes it takes half the time. */
mc_status mc_spectrum_make(const mc_cloud *cloud, bool with_axes, mc_arena *keep,
                           mc_spectrum *spectrum, mc_error *err);
/* The entropy of values / total, and (with axes, and when not NULL) its changes:
 * influence[n]. */
double mc_spectrum_entropy(const mc_spectrum *spectrum, const mc_cloud *cloud,
                           double *influence);
/* value * exp(-+ 1.96 se): the interval on the log scale, from influences on ln value. */
void mc_log_interval(double value, const double *influence, size_t n, double *low,
                     double *high);

#endif
