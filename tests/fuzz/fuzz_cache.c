/* fuzz_cache.c - any bytes as an entry of the cache, at the place where one is looked for. */
#define _GNU_SOURCE /* mkdtemp, nftw */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "cache/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char home[] = "/tmp/mc-fuzz-cache-XXXXXX";

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    return remove(path);
}

static void remove_home(void)
{
    nftw(home, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* An entry is made first, for the folder to be there. */
static const char *prepare(const mc_cache_id *id)
{
    static char *path;

    if (path) return path;
    if (!mkdtemp(home) || setenv("MODELCYPHER_HOME", home, 1) != 0) exit(2);
    atexit(remove_home);
    if (!mc_cache_put(id, "x", 1) || mc_cache_path(id, &path, NULL) != MC_OK) exit(2);
    return path;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const mc_cache_id id   = { .model = "fuzz", .key = { 1, 2 } };
    const char              *path = prepare(&id);
    int                      fd   = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    char                    *payload;
    size_t                   length, sum = 0;

    if (fd < 0 || write(fd, data, size) != (ssize_t)size || close(fd) != 0) exit(2);
    if (mc_cache_find(&id, &payload, &length)) {
        for (size_t i = 0; i < length; i++)
            sum += (unsigned char)payload[i];
        if (length != size - 64 || sum > 255 * length) abort();
        mc_free(payload);
    } else if (access(path, F_OK) == 0) {
        abort(); /* a damaged entry is removed */
    }
    return 0;
}
