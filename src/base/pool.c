/* pool.c - pinned workers and one atomic job counter. */
#define _GNU_SOURCE /* pthread_setaffinity_np, sched_getaffinity */
#include "base/pool.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/profile.h"
#include "base/spin.h"
#include "base/thread.h"

struct mc_pool {
    size_t          size;
    pthread_t      *threads; /* size - 1 of them: worker 0 is the caller */
    pthread_mutex_t mutex;
    pthread_cond_t  wake, done;
    atomic_size_t   generation; /* counts runs */
    atomic_size_t   next, running;
    size_t          count;
    mc_pool_job    *job;
    void           *context;
    atomic_int      closing;
};

typedef struct worker_start {
    mc_pool *pool;
    size_t   worker;
    int      core; /* -1: not pinned */
} worker_start;

static size_t cgroup_quota(void)
{
    FILE     *file = fopen("/sys/fs/cgroup/cpu.max", "re");
    long long quota, period;
    size_t    cores = 0;

    if (!file) return 0;
    if (fscanf(file, "%lld %lld", &quota, &period) == 2 && quota > 0 && period > 0)
        cores = (size_t)((quota + period - 1) / period);
    fclose(file);
    return cores;
}

size_t mc_usable_cores(void)
{
    cpu_set_t set;
    size_t    cores = 1, quota = cgroup_quota();

    if (sched_getaffinity(0, sizeof set, &set) == 0) cores = (size_t)CPU_COUNT(&set);
    if (quota > 0 && quota < cores) cores = quota;
    return cores ? cores : 1;
}

static void take_jobs(mc_pool *pool, size_t worker)
{
    for (;;) {
        size_t job = atomic_fetch_add(&pool->next, 1);
        if (job >= pool->count) return;
        pool->job(pool->context, job, worker);
    }
}

static void wait_for_run(mc_pool *pool, size_t seen)
{
    for (int i = 0; i < MC_SPINS; i++) {
        if (atomic_load_explicit(&pool->generation, memory_order_acquire) != seen) return;
        mc_spin();
    }
    pthread_mutex_lock(&pool->mutex);
    while (atomic_load(&pool->generation) == seen)
        pthread_cond_wait(&pool->wake, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}

static void end_wait(mc_profile_mark begun)
{
    mc_profile_end(begun, &(mc_profile_call){ .kind = MC_PROFILE_WAIT, .name = "wait" });
}

static void *work(void *argument)
{
    worker_start start = *(worker_start *)argument;
    mc_pool     *pool  = start.pool;
    size_t       seen  = 0;

    mc_free(argument);
    if (start.core >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET((unsigned)start.core, &set);
        pthread_setaffinity_np(pthread_self(), sizeof set, &set); /* a wish, not a need */
    }
    for (;;) {
        mc_profile_mark begun = mc_profile_begin();
        wait_for_run(pool, seen);
        end_wait(begun);
        seen++;
        if (atomic_load(&pool->closing)) break;
        take_jobs(pool, start.worker);
        if (atomic_fetch_sub(&pool->running, 1) == 1) {
            pthread_mutex_lock(&pool->mutex);
            pthread_cond_signal(&pool->done);
            pthread_mutex_unlock(&pool->mutex);
        }
    }
    mc_profile_leave();
    return NULL;
}

static void wait_for_others(mc_pool *pool)
{
    for (int i = 0; i < MC_SPINS && atomic_load(&pool->running) > 0; i++)
        mc_spin();
    pthread_mutex_lock(&pool->mutex);
    while (atomic_load(&pool->running) > 0)
        pthread_cond_wait(&pool->done, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}

static void wake_workers(mc_pool *pool)
{
    if (pool->size == 1) return;
    atomic_store(&pool->running, pool->size - 1);
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->generation, 1);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
}

void mc_pool_run(mc_pool *pool, size_t count, mc_pool_job *job, void *context)
{
    mc_profile_mark begun;

    if (count == 1) { /* not worth waking anybody */
        job(context, 0, 0);
        return;
    }
    pool->job     = job;
    pool->context = context;
    pool->count   = count;
    atomic_store(&pool->next, 0);
    if (count > 0) wake_workers(pool);
    take_jobs(pool, 0);
    if (atomic_load(&pool->running) == 0) return;
    begun = mc_profile_begin();
    wait_for_others(pool);
    end_wait(begun);
}

/* The core for a worker: the k-th of the usable ones, or -1 when there are more workers. */
static int core_of(size_t worker, size_t size)
{
    cpu_set_t set;
    size_t    found = 0;

    if (sched_getaffinity(0, sizeof set, &set) != 0 || (size_t)CPU_COUNT(&set) < size)
        return -1;
    for (int core = 0; core < CPU_SETSIZE; core++)
        if (CPU_ISSET((unsigned)core, &set) && found++ == worker) return core;
    return -1;
}

static int start_worker(mc_pool *pool, size_t worker, size_t size)
{
    worker_start *start = mc_alloc(sizeof *start);
    int           failed;

    if (!start) return -1;
    *start = (worker_start){ pool, worker, core_of(worker, size) };
    failed = mc_thread_start(&pool->threads[worker - 1], work, start);
    if (failed) mc_free(start);
    return failed;
}

mc_status mc_pool_create(size_t threads, mc_pool **pool, mc_error *err)
{
    size_t   size   = threads ? threads : mc_usable_cores();
    mc_pool *result = mc_calloc(1, sizeof *result);

    if (!result) return mc_fail_memory(err, sizeof *result);
    pthread_mutex_init(&result->mutex, NULL);
    pthread_cond_init(&result->wake, NULL);
    pthread_cond_init(&result->done, NULL);
    result->size    = 1;
    result->threads = mc_alloc_array(size, sizeof *result->threads);
    if (!result->threads) {
        mc_pool_free(result);
        return mc_fail_memory(err, size * sizeof(pthread_t));
    }
    for (; result->size < size; result->size++)
        if (start_worker(result, result->size, size) != 0) {
            mc_pool_free(result);
            return mc_fail(err, MC_ERR_MEMORY, "ask for fewer threads with --threads",
                           "cannot start %zu threads", size);
        }
    *pool = result;
    return MC_OK;
}

void mc_pool_free(mc_pool *pool)
{
    if (!pool) return;
    atomic_store(&pool->closing, 1);
    pthread_mutex_lock(&pool->mutex);
    atomic_fetch_add(&pool->generation, 1);
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
    for (size_t i = 1; i < pool->size; i++)
        pthread_join(pool->threads[i - 1], NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->mutex);
    mc_free(pool->threads);
    mc_free(pool);
}

size_t mc_pool_size(const mc_pool *pool)
{
    return pool->size;
}
