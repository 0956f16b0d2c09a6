/* pool.h - a fixed team of worker threads, pinned to cores, that share out numbered jobs.
 *
 * Jobs must not depend on which worker runs them or in which order: results have the same bits
 * for any number of threads. */
#ifndef MC_BASE_POOL_H
#define MC_BASE_POOL_H

#include <stddef.h>

#include "base/error.h"

typedef struct mc_pool mc_pool;

/* `worker` counts from 0 to mc_pool_size() - 1: an index for per-thread scratch. */
typedef void mc_pool_job(void *context, size_t job, size_t worker);

/* threads 0: one a usable core. The caller is worker 0 while a run lasts. */
mc_status mc_pool_create(size_t threads, mc_pool **pool, mc_error *err);
void      mc_pool_free(mc_pool *pool);
size_t    mc_pool_size(const mc_pool *pool);

/* Run jobs 0..count-1, each once, taken from an atomic counter; returns when all are done. */
void mc_pool_run(mc_pool *pool, size_t count, mc_pool_job *job, void *context);

/* Cores this process may use (affinity mask and cgroup quota). */
size_t mc_usable_cores(void);

#endif
