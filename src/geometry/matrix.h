/* matrix.h - checking a caller's matrix and making its Gram matrix. */
#ifndef MC_GEOMETRY_MATRIX_H
#define MC_GEOMETRY_MATRIX_H

#include <modelcypher/geometry.h>

#include "base/arena.h"

/* false and where, when a value is not finite. */
bool mc_matrix_is_finite(mc_matrix x, size_t *row, size_t *col);
/* true when all rows are equal. */
bool mc_matrix_is_constant(mc_matrix x);
/* MC_ERR_ARGUMENT when the matrix makes no sense (no data, stride < cols, no columns). */
mc_status mc_matrix_check(mc_matrix x, mc_error *err);

/* x (rows x cols, double) with its column means taken off. `rows` NULL: all `n`. */
void mc_matrix_centre(mc_matrix x, const size_t *rows, size_t n, double *out, double *mean);
/* G = centred X times its transpose, n x n. */
mc_status mc_matrix_gram(mc_matrix x, double *gram, mc_arena *scratch, mc_error *err);
/* The Gram matrix of a subset of the rows, centred over them (m x m); mean: m of scratch. */
void mc_gram_subset(const double *gram, size_t n, const size_t *rows, size_t m, double *out,
                    double *mean);
/* Take row and column means off a symmetric matrix, in place; mean: n of scratch. */
void mc_gram_centre(double *gram, size_t n, double *mean);

/* *out = a (n x cols) itself, or a copy in scratch with row i taken from row order[i]. */
mc_status mc_rows_in_order(const double *a, size_t cols, size_t n, const size_t *order,
                           mc_arena *scratch, const double **out, mc_error *err);

/* mc_arena_array() for the types that geometry uses. */
mc_status mc_take_doubles(mc_arena *arena, size_t count, double **out, mc_error *err);
mc_status mc_take_floats(mc_arena *arena, size_t count, float **out, mc_error *err);
mc_status mc_take_sizes(mc_arena *arena, size_t count, size_t **out, mc_error *err);

/* Let the arena hold this much in one chunk, so that a loop that marks, takes and resets does
 * not map and unmap memory every time round. Failure is found by the takes that follow. */
void mc_arena_reserve(mc_arena *arena, size_t bytes);

#endif
