/* bench_hash.c - content hashes against reading the same files: GB a second, from the disk and
 * from memory, on one thread and on all.
 *
 *     bench_hash MODEL */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/pool.h"
#include "format/format.h"

enum { ROUNDS = 5, PIECE = 1 << 20 };

static uint64_t all_bytes(const mc_store *store)
{
    uint64_t bytes = 0;

    for (size_t i = 0; i < mc_store_file_count(store); i++)
        bytes += mc_store_file(store, i)->bytes.size;
    return bytes;
}

/* Pages that nobody maps or writes leave memory; a file system in memory keeps them. */
static void drop(const mc_store *store)
{
    for (size_t i = 0; i < mc_store_file_count(store); i++) {
        const mc_file_map *map = mc_store_file(store, i);
        mc_file_map_advise(map, map->bytes, MC_ADVICE_DONE);
        posix_fadvise(map->descriptor, 0, 0, POSIX_FADV_DONTNEED);
    }
}

static double read_files(const mc_store *store, char *buffer)
{
    double started = mc_clock();

    for (size_t i = 0; i < mc_store_file_count(store); i++) {
        off_t   at = 0;
        ssize_t got;
        while ((got = pread(mc_store_file(store, i)->descriptor, buffer, PIECE, at)) > 0)
            at += got;
    }
    return mc_clock() - started;
}

static double hash_files(const mc_store *store, size_t threads)
{
    char   text[33];
    double started = mc_clock();

    if (mc_store_hash(store, threads, text, NULL) != MC_OK) return -1.0;
    return mc_clock() - started;
}

/* threads SIZE_MAX: plain reading. */
static void measure(const mc_store *store, const char *name, size_t threads, char *buffer)
{
    double best[2] = { 1e30, 1e30 };

    for (int round = 0; round < ROUNDS; round++)
        for (int warm = 0; warm < 2; warm++) {
            double seconds;
            if (!warm) drop(store);
            seconds =
                threads == SIZE_MAX ? read_files(store, buffer) : hash_files(store, threads);
            if (seconds < best[warm]) best[warm] = seconds;
        }
    printf("%-32s%10.2f%12.2f\n", name, (double)all_bytes(store) / best[0] / 1e9,
           (double)all_bytes(store) / best[1] / 1e9);
}

int main(int argc, char **argv)
{
    mc_store *store  = NULL;
    char     *buffer = mc_alloc(PIECE);
    mc_error  err    = { 0 };
    char      name[64];

    if (argc != 2 || !buffer || mc_store_open(argv[1], &store, &err) != MC_OK) {
        fprintf(stderr, "bench_hash MODEL: %s\n", err.reason);
        return 1;
    }
    printf("%-32s%10s%12s\n", "GB a second, the best of 5", "from disk", "from memory");
    measure(store, "reading the files, 1 thread", SIZE_MAX, buffer);
    measure(store, "content hash, 1 thread", 1, buffer);
    snprintf(name, sizeof name, "content hash, %zu threads", mc_usable_cores());
    measure(store, name, 0, buffer);
    mc_store_close(store);
    mc_free(buffer);
    return 0;
}
