/* disk.c - the file system under a folder that may not exist yet. */
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/machine.h"

mc_disk mc_disk_read(const char *path)
{
    struct statvfs system;
    char           part[4096];
    mc_disk        none = { 0, 0 };
    int            size = snprintf(part, sizeof part, "%s", path);

    if (size <= 0 || (size_t)size >= sizeof part) return none;
    while (statvfs(part, &system) != 0) {
        char *slash = strrchr(part, '/');
        if (!slash && strcmp(part, ".") == 0) return none;
        if (!slash) {
            strcpy(part, ".");
        } else if (slash == part) {
            if (!part[1]) return none;
            part[1] = '\0';
        } else {
            *slash = '\0';
        }
    }
    return (mc_disk){ (uint64_t)system.f_blocks * system.f_frsize,
                      (uint64_t)system.f_bavail * system.f_frsize };
}
