/* runs.h - what is running now: a small file for each working process in <home>/runs/, so that
 * `mc system status --watch` in another terminal shows how far it is.
 *
 * A process is known by its id and the moment it started, so that an id used again is not
 * taken for it. What a killed process left behind is removed by whoever looks next. Telling
 * others is never a reason to fail: without a home folder, or with a read-only one, nothing is
 * told. */
#ifndef MC_CACHE_RUNS_H
#define MC_CACHE_RUNS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef struct mc_run {
    char     host[128]; /* the machine, or its container */
    char     boot[40];  /* a random id that the kernel drew when it started */
    char     space[24]; /* in which the process id means something */
    int64_t  process;
    uint64_t born;             /* when that process started, in clock ticks since the boot */
    char     command[64];      /* "geometry crm-build" */
    char     model[256];       /* as it was named; "": none */
    char     stage[64];        /* "block 3 of 30" */
    double   fraction;         /* 0 to 1 */
    double   tokens_a_second;  /* 0: not known */
    int64_t  started, updated; /* seconds since 1970 */
    uint64_t memory;           /* bytes, now */
} mc_run;

/* Tell that this process works. One at a time. */
void mc_run_begin(const char *command, const char *model);
/* How far it is; looked at by others at most twice a second, so more often is free. */
void mc_run_update(const char *stage, double fraction, double tokens_a_second);
void mc_run_end(void);

/* All that are running, oldest first; the caller frees *runs with mc_free. Those of another
 * machine or container that shares the home folder are believed for a day after their last
 * word. */
mc_status mc_runs_list(mc_run **runs, size_t *count, mc_error *err);

#endif
