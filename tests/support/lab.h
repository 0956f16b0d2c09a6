/* lab.h - what synthetic cases are made of: seeded numbers, and weights that lie in memory.
 *
 * Everything taken from a lab belongs to it and dies with it. Blocks have exactly the size that
 * was asked for, so that a sanitizer sees the first byte too many. */
#ifndef MC_TEST_LAB_H
#define MC_TEST_LAB_H

#include "model/weight.h"

typedef struct mc_test_lab {
    uint64_t seed;
    void   **blocks;
    size_t   count, capacity;
} mc_test_lab;

void  mc_test_lab_clear(mc_test_lab *lab);
void *mc_test_take(mc_test_lab *lab, size_t bytes); /* zeroed, aligned to 64 */

double   mc_test_uniform(mc_test_lab *lab);              /* in [-1, 1) */
uint32_t mc_test_below(mc_test_lab *lab, uint32_t most); /* 0 .. most - 1 */

/* `count` numbers in [-scale, scale). */
float *mc_test_floats(mc_test_lab *lab, size_t count, double scale);

/* Random weights over an F32 tensor; cols 1: a vector. */
mc_weight mc_test_weight(mc_test_lab *lab, size_t rows, size_t cols, double scale);

#endif
