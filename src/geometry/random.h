/* random.h - seeded numbers of our own: the same everywhere, and one stream per job, so that
 * results do not depend on which thread draws when.
 *
 * xoshiro256** (Blackman & Vigna 2021, ACM TOMS 47:36), seeded by splitmix64 (Steele, Lea &
 * Flood 2014) from (seed, purpose, job). */
#ifndef MC_GEOMETRY_RANDOM_H
#define MC_GEOMETRY_RANDOM_H

#include <stddef.h>
#include <stdint.h>

typedef struct mc_random {
    uint64_t state[4];
} mc_random;

/* What a stream is for: streams of different purposes are independent. */
enum {
    MC_STREAM_PERMUTATION = 1,
    MC_STREAM_HALF_SAMPLE,
    MC_STREAM_GROUP,
    MC_STREAM_RESAMPLE,
    MC_STREAM_SUBSAMPLE,
    MC_STREAM_DATA
};

mc_random mc_random_init(uint64_t seed, uint64_t purpose, uint64_t job);
uint64_t  mc_random_next(mc_random *random);
/* Uniform in 0 .. bound - 1, without bias (Lemire 2019). bound > 0. */
uint64_t mc_random_below(mc_random *random, uint64_t bound);
/* Uniform in [0, 1), 53 bits. */
double mc_random_uniform(mc_random *random);
/* Standard normal (Box-Muller, the cosine branch). */
double mc_random_normal(mc_random *random);
/* A uniformly random order of 0 .. n - 1 (Fisher-Yates). */
void mc_random_order(mc_random *random, size_t *order, size_t n);
/* `m` of 0 .. n - 1 without replacement, ascending. */
void mc_random_subset(mc_random *random, size_t n, size_t m, size_t *subset);

#endif
