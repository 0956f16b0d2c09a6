/* fuzz_index.c - any bytes as the index of a sharded model, beside two shards that exist. The
 * files are those of a folder of their own, which is removed at the end. */
#define _GNU_SOURCE /* mkdtemp */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "format/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* One tensor each: "a", a float, and "b". */
#define SHARD(name)                                                                         \
    "\x38\0\0\0\0\0\0\0{\"" name "\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0," \
    "4]}} \0\0\0\0"
static const char shard_a[] = SHARD("a"), shard_b[] = SHARD("b");

static char folder[] = "/tmp/mc-fuzz-index-XXXXXX";

static void put(const char *name, const void *bytes, size_t size)
{
    char path[128];
    int  fd;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size || close(fd) != 0) exit(2);
}

static void remove_all(void)
{
    static const char *const names[] = { "a.safetensors", "b.safetensors", "config.json",
                                         "model.safetensors.index.json" };
    char                     path[128];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

static void prepare(void)
{
    static bool ready;

    if (ready) return;
    if (!mkdtemp(folder)) exit(2);
    atexit(remove_all);
    put("a.safetensors", shard_a, sizeof shard_a - 1);
    put("b.safetensors", shard_b, sizeof shard_b - 1);
    put("config.json", "{}", 2);
    ready = true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    mc_store *store = NULL;
    mc_error  err   = { 0 };
    mc_status status;

    prepare();
    put("model.safetensors.index.json", data, size);
    status = mc_store_open(folder, &store, &err);
    if (status == MC_OK) {
        if (mc_store_tensor_count(store) == 0) abort();
    } else if (!err.reason[0] || !err.subject[0] || err.status != status || store) {
        abort();
    }
    mc_store_close(store);
    return 0;
}
