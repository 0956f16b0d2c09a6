/* cgroup.c - walks from the process's group up to the root.
 *
 *     /proc/self/cgroup           version 2              version 1
 *     "0::/a/b"                   memory.max             memory.limit_in_bytes
 *     "7:memory:/a/b"             memory.current         memory.usage_in_bytes
 *                                 memory.stat            memory.stat
 *
 * In a container the root may be the container's own group, and the path that of the host: then
 * only the root is found, which is the one that counts. */
#include "base/cgroup.h"

#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

typedef struct version {
    const char *folder, *limit, *usage;
    const char *cached[2]; /* lines of memory.stat: page cache, given back when it is needed */
} version;

static const version unified = {
    "", "memory.max", "memory.current", { "inactive_file ", "active_file " }
};
static const version legacy = {
    "/memory",
    "memory.limit_in_bytes",
    "memory.usage_in_bytes",
    { "total_inactive_file ", "total_active_file " },
};

static FILE *open_in(const char *folder, const char *name)
{
    char path[PATH_MAX];
    int  length = snprintf(path, sizeof path, "%s/%s", folder, name);

    return length > 0 && (size_t)length < sizeof path ? fopen(path, "re") : NULL;
}

/* False when there is no such file, or it says "max". */
static bool read_number(const char *folder, const char *name, uint64_t *number)
{
    FILE *file = open_in(folder, name);
    bool  read = file && fscanf(file, "%" SCNu64, number) == 1;

    if (file) fclose(file);
    return read;
}

static uint64_t read_cached(const char *folder, const version *v)
{
    FILE    *file = open_in(folder, "memory.stat");
    char     line[256];
    uint64_t sum = 0, number;

    if (!file) return 0;
    while (fgets(line, sizeof line, file))
        for (int i = 0; i < 2; i++) {
            size_t length = strlen(v->cached[i]);
            if (strncmp(line, v->cached[i], length) == 0 &&
                sscanf(line + length, "%" SCNu64, &number) == 1)
                sum += number;
        }
    fclose(file);
    return sum;
}

/* Version 1 says "no limit" with the largest multiple of a page. */
static void add_group(const char *folder, const version *v, mc_cgroup_memory *memory)
{
    uint64_t limit, used = 0, cached, left;

    if (!read_number(folder, v->limit, &limit) || limit >= (uint64_t)INT64_MAX / 4096 * 4096)
        return;
    read_number(folder, v->usage, &used);
    cached = read_cached(folder, v);
    used -= cached < used ? cached : used;
    left = used < limit ? limit - used : 0;
    if (memory->limit == 0 || left < memory->available) memory->available = left;
    if (memory->limit == 0 || limit < memory->limit) memory->limit = limit;
}

static void add_line(const char *root, const version *v, const char *path,
                     mc_cgroup_memory *memory)
{
    char  folder[PATH_MAX];
    int   base   = snprintf(folder, sizeof folder, "%s%s", root, v->folder);
    int   length = snprintf(folder, sizeof folder, "%s%s%s", root, v->folder, path);
    char *slash  = folder;

    if (base < 0 || length < 0 || (size_t)length >= sizeof folder) return;
    while (slash) {
        add_group(folder, v, memory);
        slash = strrchr(folder + base, '/');
        if (slash) *slash = '\0';
    }
}

/* "memory" among the names that commas separate. */
static bool has_memory(const char *names)
{
    const char *at = strstr(names, "memory");

    return at && (at == names || at[-1] == ',') && (at[6] == '\0' || at[6] == ',');
}

mc_cgroup_memory mc_cgroup_memory_read(const char *groups, const char *root)
{
    mc_cgroup_memory memory = { 0 };
    FILE            *file   = fopen(groups, "re");
    char             line[PATH_MAX];

    if (!file) return memory;
    while (fgets(line, sizeof line, file)) {
        char *names = strchr(line, ':');
        char *path  = names ? strchr(names + 1, ':') : NULL;

        if (!path) continue;
        *path++                   = '\0';
        path[strcspn(path, "\n")] = '\0';
        if (names[1] == '\0')
            add_line(root, &unified, path, &memory);
        else if (has_memory(names + 1))
            add_line(root, &legacy, path, &memory);
    }
    fclose(file);
    return memory;
}
