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
    uint64_t memory_available; /* without swapping, within the limits of cgroups and process */
    uint64_t memory_limit;     /* of the cgroup; 0: none */
} mc_machine;

mc_machine mc_machine_read(void);

/* Bytes of another process in memory; 0: gone, or not ours to see. */
uint64_t mc_process_memory(int64_t process);

typedef struct mc_disk {
    uint64_t total, available; /* bytes; available to this user */
} mc_disk;

/* Of the file system that holds `path`, or the part of it that exists. Zeros: not known. */
mc_disk mc_disk_read(const char *path);

typedef struct mc_gpu {
    char     name[128];
    uint64_t memory_total, memory_used; /* bytes; 0: the driver does not say */
} mc_gpu;

/* What the drivers show under `root` ("" is this machine; tests have their own); at most `most`
 * are put into `gpus`. Returns how many there are. */
size_t mc_gpus_read(const char *root, mc_gpu *gpus, size_t most);

#endif
