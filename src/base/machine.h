/* machine.h - what this computer has, and how much of it is free. Linux: /proc and cgroups; a
 * number that the system does not tell is 0. */
#ifndef MC_BASE_MACHINE_H
#define MC_BASE_MACHINE_H

#include <stddef.h>
#include <stdint.h>

typedef struct mc_machine {
    char     cpu[128];         /* as the processor calls itself; "" unknown */
    size_t   cores;            /* online */
    size_t   cores_usable;     /* by this process: affinity and cgroup quota */
    double   load;             /* runnable tasks, mean over the last minute */
    uint64_t memory_total;     /* bytes */
    uint64_t memory_available; /* without swapping, within the cgroup's limit */
    uint64_t memory_limit;     /* of the cgroup; 0: none */
} mc_machine;

mc_machine mc_machine_read(void);

#endif
