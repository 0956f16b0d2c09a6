/* memory.c - a process's memory, as the system counts it. */
#include <modelcypher/system.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/machine.h"

/* A line "VmRSS:     1234 kB" of /proc/<process>/status. */
static uint64_t status_line(const char *path, const char *name)
{
    FILE    *file = fopen(path, "re");
    char     line[256];
    size_t   length = strlen(name);
    uint64_t kib    = 0;

    if (!file) return 0;
    while (fgets(line, sizeof line, file))
        if (strncmp(line, name, length) == 0 && line[length] == ':') {
            if (sscanf(line + length + 1, "%" SCNu64, &kib) != 1) kib = 0;
            break;
        }
    fclose(file);
    return kib * 1024;
}

uint64_t mc_memory_active(void)
{
    return status_line("/proc/self/status", "VmRSS");
}

uint64_t mc_memory_peak(void)
{
    return status_line("/proc/self/status", "VmHWM");
}

uint64_t mc_process_memory(int64_t process)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/%" PRId64 "/status", process);
    return status_line(path, "VmRSS");
}
