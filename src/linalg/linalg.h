/* linalg.h - the one door to BLAS and LAPACK.
 *
 * Matrices are dense, row-major and double unless a name says f32. OpenBLAS is held at one
 * thread, here and nowhere else: its results vary with the number of threads, and parallelism
 * comes from mc_pool. Functions may run on many threads at once. LAPACK's own workspace comes
 * from the arena. */
#ifndef MC_LINALG_LINALG_H
#define MC_LINALG_LINALG_H

#include <stddef.h>

#include "base/arena.h"

/* Hold OpenBLAS at one thread; called by every function below, cheap after the first time. */
void mc_linalg_init(void);
/* "OpenBLAS 0.3.21 ... Zen ...": which kernels make the numbers. Static. */
const char *mc_linalg_name(void);

/* g (n x n, both triangles) = x x^T, x (n x p). */
void mc_gram(double *g, const double *x, size_t n, size_t p);
/* c (m x n) = a b, a (m x k), b (k x n); _tn: a is given as (k x m), _nt: b is given as
 * (n x k). ld: elements from one row to the next. */
void mc_gemm_nn(double *c, const double *a, const double *b, size_t m, size_t n, size_t k);
void mc_gemm_tn(double *c, const double *a, const double *b, size_t m, size_t n, size_t k);
void mc_gemm_nt(double *c, const double *a, const double *b, size_t m, size_t n, size_t k);
void mc_gemm_tn_f32(float *c, size_t ldc, const float *a, size_t lda, const float *b,
                    size_t ldb, size_t m, size_t n, size_t k);

/* Eigenvalues of a symmetric a (n x n, destroyed), largest first, into values[n]; and, when
 * `vectors` is not NULL, eigenvector j as row j of vectors (n x n). */
mc_status mc_eigen(double *a, size_t n, double *values, double *vectors, mc_arena *scratch,
                   mc_error *err);

/* The largest eigenvalue of a symmetric a (n x n, destroyed) and its eigenvector. */
mc_status mc_eigen_largest(double *a, size_t n, double *value, double *vector,
                           mc_arena *scratch, mc_error *err);

/* Singular values of a (m x n, destroyed), largest first, into values[min(m, n)]; and, when not
 * NULL, the thin factors u (m x min) and vt (min x n). Both or none. */
mc_status mc_svd(double *a, size_t m, size_t n, double *values, double *u, double *vt,
                 mc_arena *scratch, mc_error *err);

/* Plain loops with a fixed order of sums, for vectors. */
double mc_dot(const double *a, const double *b, size_t n);
double mc_sum(const double *a, size_t n);
/* out (cols x rows) = a^T, a (rows x cols). */
void mc_transpose(double *out, const double *a, size_t rows, size_t cols);

#endif
