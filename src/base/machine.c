/* machine.c - /proc/cpuinfo, /proc/meminfo, /proc/loadavg, and the memory limit of cgroup v2
 * (memory.max) or v1. */
#include "base/machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/pool.h"

/* The text behind "name ... :" on the first line that begins with it. */
static void read_line(const char *path, const char *name, char *value, size_t size)
{
    FILE *file = fopen(path, "re");
    char  line[512];

    value[0] = '\0';
    if (!file) return;
    while (fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        if (strncmp(line, name, strlen(name)) != 0 || !colon) continue;
        colon += 1 + strspn(colon + 1, " \t");
        snprintf(value, size, "%.*s", (int)strcspn(colon, "\n"), colon);
        break;
    }
    fclose(file);
}

static uint64_t read_kib(const char *name)
{
    char     value[64];
    uint64_t kib = 0;

    read_line("/proc/meminfo", name, value, sizeof value);
    if (sscanf(value, "%" SCNu64, &kib) != 1) return 0;
    return kib * 1024;
}

/* A file of one number; 0 when there is none, or "max". */
static uint64_t read_number(const char *path)
{
    FILE    *file   = fopen(path, "re");
    uint64_t number = 0;

    if (!file) return 0;
    if (fscanf(file, "%" SCNu64, &number) != 1) number = 0;
    fclose(file);
    return number;
}

static double read_load(void)
{
    FILE  *file = fopen("/proc/loadavg", "re");
    double load = 0;

    if (!file) return 0;
    if (fscanf(file, "%lf", &load) != 1) load = 0;
    fclose(file);
    return load;
}

static void read_limit(mc_machine *machine)
{
    uint64_t limit = read_number("/sys/fs/cgroup/memory.max");
    uint64_t used  = read_number("/sys/fs/cgroup/memory.current");

    if (limit == 0) {
        limit = read_number("/sys/fs/cgroup/memory/memory.limit_in_bytes");
        used  = read_number("/sys/fs/cgroup/memory/memory.usage_in_bytes");
    }
    /* cgroup v1 says "no limit" with a huge number. */
    if (limit == 0 || limit >= machine->memory_total) return;
    machine->memory_limit = limit;
    if (limit > used && limit - used < machine->memory_available)
        machine->memory_available = limit - used;
}

mc_machine mc_machine_read(void)
{
    mc_machine machine = { .cores_usable = mc_usable_cores(), .load = read_load() };
    long       cores   = sysconf(_SC_NPROCESSORS_ONLN);

    machine.cores = cores > 0 ? (size_t)cores : 0;
    read_line("/proc/cpuinfo", "model name", machine.cpu, sizeof machine.cpu);
    machine.memory_total     = read_kib("MemTotal");
    machine.memory_available = read_kib("MemAvailable");
    read_limit(&machine);
    return machine;
}
