/* linalg.c - row-major calls, column-major library.
 *
 * LAPACK sees the transpose of what the caller holds. Instead of copying, each function asks
 * for the decomposition of the transpose whose factors lie in memory as the caller wants them.
 */
#include "linalg/linalg.h"

#include <cblas.h>
#include <lapacke.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>

#include "base/profile.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void set_one_thread(void)
{
    openblas_set_num_threads(1);
}

void mc_linalg_init(void)
{
    pthread_once(&once, set_one_thread);
}

const char *mc_linalg_name(void)
{
    mc_linalg_init();
    return openblas_get_config();
}

/* ---- products ---- */

static mc_profile_mark begin_call(void)
{
    mc_linalg_init();
    return mc_profile_begin();
}

/* A call of which the profile says that it read and wrote `numbers`, `size` bytes each. `flop`
 * 0: it depends on the numbers (a decomposition). */
static void end_call(mc_profile_mark begun, const char *name, size_t numbers, size_t size,
                     double flop)
{
    mc_profile_end(begun, &(mc_profile_call){ .kind  = MC_PROFILE_OPERATION,
                                              .name  = name,
                                              .bytes = (double)numbers * (double)size,
                                              .flop  = flop });
}

static void end_product(mc_profile_mark begun, size_t m, size_t n, size_t k, size_t size)
{
    end_call(begun, size == sizeof(double) ? "product f64" : "product f32",
             m * n + m * k + k * n, size, 2.0 * (double)m * (double)n * (double)k);
}

void mc_gram(double *g, const double *x, size_t n, size_t p)
{
    const mc_profile_mark begun = begin_call();

    cblas_dsyrk(CblasRowMajor, CblasUpper, CblasNoTrans, (int)n, (int)p, 1.0, x, (int)p, 0.0, g,
                (int)n);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            g[i * n + j] = g[j * n + i];
    end_call(begun, "gram", n * n + n * p, sizeof(double),
             (double)n * (double)(n + 1) * (double)p);
}

void mc_gemm_nn(double *c, const double *a, const double *b, size_t m, size_t n, size_t k)
{
    const mc_profile_mark begun = begin_call();

    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)m, (int)n, (int)k, 1.0, a,
                (int)k, b, (int)n, 0.0, c, (int)n);
    end_product(begun, m, n, k, sizeof(double));
}

void mc_gemm_tn(double *c, const double *a, const double *b, size_t m, size_t n, size_t k)
{
    const mc_profile_mark begun = begin_call();

    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)m, (int)n, (int)k, 1.0, a, (int)m,
                b, (int)n, 0.0, c, (int)n);
    end_product(begun, m, n, k, sizeof(double));
}

void mc_gemm_nt(double *c, const double *a, const double *b, size_t m, size_t n, size_t k)
{
    const mc_profile_mark begun = begin_call();

    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)m, (int)n, (int)k, 1.0, a, (int)k,
                b, (int)k, 0.0, c, (int)n);
    end_product(begun, m, n, k, sizeof(double));
}

void mc_gemm_tn_f32(float *c, size_t ldc, const float *a, size_t lda, const float *b,
                    size_t ldb, size_t m, size_t n, size_t k)
{
    const mc_profile_mark begun = begin_call();

    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)m, (int)n, (int)k, 1.0F, a,
                (int)lda, b, (int)ldb, 0.0F, c, (int)ldc);
    end_product(begun, m, n, k, sizeof(float));
}

/* ---- decompositions ---- */

static mc_status no_convergence(mc_error *err, const char *what, size_t m, size_t n)
{
    return mc_fail(err, MC_ERR_NUMERIC, "are all values finite and of sensible size?",
                   "the %s of a %zu x %zu matrix did not converge", what, m, n);
}

static mc_status check_size(size_t m, size_t n, mc_error *err)
{
    if (m <= 30000 && n <= 30000) return MC_OK; /* 2 n^2 still fits LAPACK's int */
    return mc_fail(err, MC_ERR_ARGUMENT, "use fewer probes, or pool the tokens of each text",
                   "a decomposition of a %zu x %zu matrix is too large", m, n);
}

static void reverse(double *values, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        double swap       = values[i];
        values[i]         = values[n - 1 - i];
        values[n - 1 - i] = swap;
    }
}

/* dsytrd reduces to tridiagonal form by blocks of columns where it has this much room for each
 * row; with the least that dsyevd asks for it goes column by column, half as slow again. */
enum { REDUCTION_BLOCK = 64 };

/* Divide and conquer (dsyevd), which leaves the eigenvectors in `a`, ascending. */
mc_status mc_eigen(double *a, size_t n, double *values, double *vectors, mc_arena *scratch,
                   mc_error *err)
{
    const char      job   = vectors ? 'V' : 'N';
    const size_t    size  = vectors ? 1 + 6 * n + 2 * n * n : 2 * n + 1 + REDUCTION_BLOCK * n;
    const size_t    isize = vectors ? 3 + 5 * n : 1;
    mc_arena_mark   mark  = mc_arena_save(scratch);
    void           *work = NULL, *iwork = NULL;
    lapack_int      failed = 0;
    mc_profile_mark begun;

    MC_TRY(check_size(n, n, err));
    if (n == 0) return MC_OK;
    begun = begin_call();
    MC_TRY(mc_arena_array(scratch, size, sizeof(double), &work, err));
    MC_TRY(mc_arena_array(scratch, isize, sizeof(lapack_int), &iwork, err));
    failed = LAPACKE_dsyevd_work(LAPACK_COL_MAJOR, job, 'U', (lapack_int)n, a, (lapack_int)n,
                                 values, work, (lapack_int)size, iwork, (lapack_int)isize);
    end_call(begun, "eigenvalues", vectors ? 2 * n * n : n * n, sizeof(double), 0);
    mc_arena_reset(scratch, mark);
    if (failed) return no_convergence(err, "eigen-decomposition", n, n);
    reverse(values, n);
    for (size_t j = 0; vectors && j < n; j++)
        memcpy(vectors + j * n, a + (n - 1 - j) * n, n * sizeof(double));
    return MC_OK;
}

/* dsyevr over the one index n. */
mc_status mc_eigen_largest(double *a, size_t n, double *value, double *vector,
                           mc_arena *scratch, mc_error *err)
{
    const size_t    size = 64 * n, isize = 10 * n;
    mc_arena_mark   mark = mc_arena_save(scratch);
    void           *work = NULL, *iwork = NULL, *values = NULL;
    lapack_int      found, support[2], failed;
    mc_profile_mark begun;

    MC_TRY(check_size(n, n, err));
    begun = begin_call();
    MC_TRY(mc_arena_array(scratch, size, sizeof(double), &work, err));
    MC_TRY(mc_arena_array(scratch, isize, sizeof(lapack_int), &iwork, err));
    MC_TRY(mc_arena_array(scratch, n, sizeof(double), &values, err));
    failed = LAPACKE_dsyevr_work(LAPACK_COL_MAJOR, 'V', 'I', 'U', (lapack_int)n, a,
                                 (lapack_int)n, 0, 0, (lapack_int)n, (lapack_int)n, 0, &found,
                                 values, vector, (lapack_int)n, support, work, (lapack_int)size,
                                 iwork, (lapack_int)isize);
    *value = *(double *)values;
    end_call(begun, "largest eigenvalue", n * n, sizeof(double), 0);
    mc_arena_reset(scratch, mark);
    return failed || found != 1 ? no_convergence(err, "largest eigenvalue", n, n) : MC_OK;
}

/* The library sees a^T (n x m) = U' S V'^T; U' in its memory order is our vt, V'^T our u. */
mc_status mc_svd(double *a, size_t m, size_t n, double *values, double *u, double *vt,
                 mc_arena *scratch, mc_error *err)
{
    const size_t    least = m < n ? m : n;
    const char      job   = u ? 'S' : 'N';
    mc_arena_mark   mark  = mc_arena_save(scratch);
    double          wish = 0, none = 0;
    void           *work = NULL, *iwork = NULL;
    lapack_int      failed;
    mc_profile_mark begun;

    MC_TRY(check_size(m, n, err));
    if (least == 0) return MC_OK;
    begun = begin_call();
    MC_TRY(mc_arena_array(scratch, 8 * least, sizeof(lapack_int), &iwork, err));
    failed = LAPACKE_dgesdd_work(LAPACK_COL_MAJOR, job, (lapack_int)n, (lapack_int)m, a,
                                 (lapack_int)n, values, u ? vt : &none, (lapack_int)n,
                                 u ? u : &none, (lapack_int)least, &wish, -1, iwork);
    if (!failed) {
        MC_TRY(mc_arena_array(scratch, (size_t)wish, sizeof(double), &work, err));
        failed = LAPACKE_dgesdd_work(LAPACK_COL_MAJOR, job, (lapack_int)n, (lapack_int)m, a,
                                     (lapack_int)n, values, u ? vt : &none, (lapack_int)n,
                                     u ? u : &none, (lapack_int)least, work, (lapack_int)wish,
                                     iwork);
    }
    end_call(begun, "singular values", u ? m * n + least * (m + n) : m * n, sizeof(double), 0);
    mc_arena_reset(scratch, mark);
    return failed ? no_convergence(err, "singular value decomposition", m, n) : MC_OK;
}

/* Eight running sums: fixed order, and room for the compiler's vector registers. */
double mc_dot(const double *a, const double *b, size_t n)
{
    double s[8] = { 0 };
    size_t i    = 0;

    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            s[k] += a[i + k] * b[i + k];
    for (; i < n; i++)
        s[0] += a[i] * b[i];
    return ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]));
}

double mc_sum(const double *a, size_t n)
{
    double s[8] = { 0 };
    size_t i    = 0;

    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            s[k] += a[i + k];
    for (; i < n; i++)
        s[0] += a[i];
    return ((s[0] + s[4]) + (s[1] + s[5])) + ((s[2] + s[6]) + (s[3] + s[7]));
}

void mc_transpose(double *out, const double *a, size_t rows, size_t cols)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++)
            out[j * rows + i] = a[i * cols + j];
}
