/* machine.c - /proc/cpuinfo, /proc/meminfo, /proc/loadavg, and the limits of control groups and
 * of setrlimit(). */
#include "base/machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cgroup.h"
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

static uint64_t read_kib(const char *path, const char *name)
{
    char     value[64];
    uint64_t kib = 0;

    read_line(path, name, value, sizeof value);
    if (sscanf(value, "%" SCNu64, &kib) != 1) return 0;
    return kib * 1024;
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

static void lower_to(uint64_t *available, uint64_t left)
{
    if (left < *available) *available = left;
}

/* What setrlimit() leaves of address space or data, given what the process has of it. */
static void read_process_limit(mc_machine *machine, int resource, const char *line)
{
    struct rlimit limit;
    uint64_t      used;

    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return;
    used = read_kib("/proc/self/status", line);
    lower_to(&machine->memory_available, used < limit.rlim_cur ? limit.rlim_cur - used : 0);
}

static void read_limits(mc_machine *machine)
{
    mc_cgroup_memory group = mc_cgroup_memory_read("/proc/self/cgroup", "/sys/fs/cgroup");

    if (group.limit > 0 && group.limit < machine->memory_total) {
        machine->memory_limit = group.limit;
        lower_to(&machine->memory_available, group.available);
    }
    read_process_limit(machine, RLIMIT_AS, "VmSize");
    read_process_limit(machine, RLIMIT_DATA, "VmData");
}

mc_machine mc_machine_read(void)
{
    mc_machine machine = { .cores_usable = mc_usable_cores(), .load = read_load() };
    long       cores   = sysconf(_SC_NPROCESSORS_ONLN);

    machine.cores = cores > 0 ? (size_t)cores : 0;
    read_line("/proc/cpuinfo", "model name", machine.cpu, sizeof machine.cpu);
    machine.memory_total     = read_kib("/proc/meminfo", "MemTotal");
    machine.memory_available = read_kib("/proc/meminfo", "MemAvailable");
    read_limits(&machine);
    return machine;
}
