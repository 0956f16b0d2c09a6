/* content.c - one small entry a model: its files as they were, and their hash. */
#include "cache/content.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/alloc.h"
#include "cache/entry.h"

/* Times of files are as coarse as 2 s (FAT), and a moment behind the clock elsewhere. */
#define COARSE_NS ((int64_t)2 * 1000000000)

typedef struct file_stamp {
    uint64_t device, inode, size;
    int64_t  modified, changed; /* nanoseconds since 1970 */
} file_stamp;

static int64_t nanoseconds(struct timespec time)
{
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static int64_t now(void)
{
    struct timespec time = { 0 };

    clock_gettime(CLOCK_REALTIME, &time);
    return nanoseconds(time);
}

/* The key of all files as they are, and their latest time. False: it cannot be told. */
static bool stamp_files(const mc_store *store, mc_hash *key, int64_t *latest)
{
    mc_hash sum = { 0, 0 };

    *latest = 0;
    for (size_t i = 0; i < mc_store_file_count(store); i++) {
        file_stamp  stamp;
        struct stat info;
        if (fstat(mc_store_file(store, i)->descriptor, &info) != 0) return false;
        stamp =
            (file_stamp){ (uint64_t)info.st_dev, (uint64_t)info.st_ino, (uint64_t)info.st_size,
                          nanoseconds(info.st_mtim), nanoseconds(info.st_ctim) };
        sum = mc_hash_join(sum, mc_hash_bytes(&stamp, sizeof stamp));
        if (stamp.modified > *latest) *latest = stamp.modified;
        if (stamp.changed > *latest) *latest = stamp.changed;
    }
    *key = sum;
    return mc_store_file_count(store) > 0;
}

static bool recall(const mc_cache_id *id, char text[33])
{
    char  *payload = NULL;
    size_t size    = 0;
    bool   good;

    if (!mc_cache_find(id, &payload, &size)) return false;
    good = size == MC_HASH_TEXT && payload[MC_HASH_TEXT - 1] == '\0';
    if (good) memcpy(text, payload, MC_HASH_TEXT);
    mc_free(payload);
    return good;
}

mc_status mc_content_hash(const mc_store *store, size_t threads, char text[33], bool *read,
                          mc_error *err)
{
    mc_cache_id id      = { .kind = MC_CACHE_HASHES, .model = mc_store_name(store) };
    int64_t     began   = now(), latest;
    bool        stamped = stamp_files(store, &id.key, &latest);
    mc_hash     after;

    if (read) *read = false;
    if (stamped && recall(&id, text)) return mc_store_check(store, err);
    if (read) *read = true;
    MC_TRY(mc_store_hash(store, threads, text, err));
    if (stamped && latest < began - COARSE_NS && stamp_files(store, &after, &latest) &&
        mc_hash_equal(after, id.key))
        mc_cache_put(&id, text, MC_HASH_TEXT);
    return MC_OK;
}

bool mc_content_is_known(const mc_store *store)
{
    mc_cache_id id = { .kind = MC_CACHE_HASHES, .model = mc_store_name(store) };
    int64_t     latest;
    char        text[MC_HASH_TEXT];

    return stamp_files(store, &id.key, &latest) && recall(&id, text);
}
