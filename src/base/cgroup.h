/* cgroup.h - the memory that control groups leave to this process, version 1 or 2. */
#ifndef MC_BASE_CGROUP_H
#define MC_BASE_CGROUP_H

#include <stdint.h>

typedef struct mc_cgroup_memory {
    uint64_t limit;     /* the least of the groups this process is in, bytes; 0: none */
    uint64_t available; /* what is left of the tightest one: page cache counts as free */
} mc_cgroup_memory;

/* `groups` lists the process's groups ("/proc/self/cgroup"), `root` is where their file systems
 * are mounted ("/sys/fs/cgroup"). Every group above one's own limits too. */
mc_cgroup_memory mc_cgroup_memory_read(const char *groups, const char *root);

#endif
