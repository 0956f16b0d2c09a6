/* memory.c - this process's memory, as the system counts it. */
#include <modelcypher/system.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A line "VmRSS:     1234 kB" of /proc/self/status. */
static uint64_t status_line(const char *name)
{
    FILE    *file = fopen("/proc/self/status", "re");
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
    return status_line("VmRSS");
}

uint64_t mc_memory_peak(void)
{
    return status_line("VmHWM");
}
