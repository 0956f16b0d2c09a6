/* inventory.c - listing the cache folders, checking, making room. */
#include "cache/inventory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file_map.h"
#include "base/log.h"

/* ---- names ---- */

static bool parse_key(const char *digits, mc_hash *key)
{
    uint64_t halves[2] = { 0, 0 };

    for (size_t i = 0; i < MC_HASH_TEXT - 1; i++) {
        const char *all = "0123456789abcdef", *at = digits[i] ? strchr(all, digits[i]) : NULL;
        if (!at) return false;
        halves[i / 16] = halves[i / 16] << 4 | (uint64_t)(at - all);
    }
    *key = (mc_hash){ .high = halves[0], .low = halves[1] };
    return true;
}

/* Before "-layer-012", "-layer-final" or "-state", which labels of large entries end in. */
static size_t without_label(const char *name, size_t length)
{
    size_t at = length;

    while (at > 0 && name[at - 1] != '-')
        at--;
    if (length - at == 5 && strncmp(name + at, "state", 5) == 0) return at - 1;
    if (at >= 7 && strncmp(name + at - 7, "-layer-", 7) == 0) return at - 7;
    return length;
}

/* "<model>[-<label>]-<key>.<kind>" */
static bool parse_name(const char *name, mc_cache_kind kind, size_t *model, mc_hash *key)
{
    const char *suffix = mc_cache_kind_name(kind);
    size_t      length = strlen(name), tail = strlen(suffix) + 1 + MC_HASH_TEXT;

    if (name[0] == '.' || length < tail || strcmp(name + length - strlen(suffix), suffix) != 0)
        return false;
    length -= tail;
    if (name[length] != '-' || name[length + MC_HASH_TEXT] != '.') return false;
    *model = kind == MC_CACHE_FINGERPRINT || kind == MC_CACHE_HASHES
                 ? length
                 : without_label(name, length);
    return parse_key(name + length + 1, key);
}

/* ---- listing ---- */

static mc_status add_item(mc_cache_list *list, const char *folder, const char *name,
                          const mc_cache_item *found, size_t model, mc_error *err)
{
    void *grown = list->items;

    MC_TRY(mc_grow(&grown, &list->capacity, list->count, sizeof *list->items, err));
    list->items                    = grown;
    list->items[list->count]       = *found;
    list->items[list->count].path  = mc_path_join(folder, name);
    list->items[list->count].model = mc_strndup(name, model);
    list->count++;
    if (list->items[list->count - 1].path && list->items[list->count - 1].model) return MC_OK;
    return mc_fail_memory(err, strlen(folder) + strlen(name));
}

static mc_status add_folder(mc_cache_list *list, DIR *folder, const char *path,
                            mc_cache_kind kind, mc_error *err)
{
    struct dirent *entry;

    while ((entry = readdir(folder))) {
        mc_cache_item item = { .kind = kind };
        struct stat   info;
        size_t        model;
        if (!parse_name(entry->d_name, kind, &model, &item.key)) continue;
        if (fstatat(dirfd(folder), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
        if (!S_ISREG(info.st_mode)) continue;
        item.size    = (uint64_t)info.st_size;
        item.written = info.st_mtim.tv_sec;
        item.used    = info.st_atim.tv_sec > item.written ? info.st_atim.tv_sec : item.written;
        MC_TRY(add_item(list, path, entry->d_name, &item, model, err));
    }
    return MC_OK;
}

static mc_status read_kind(mc_cache_list *list, mc_cache_kind kind, mc_error *err)
{
    char     *path;
    DIR      *folder;
    mc_status status = mc_cache_folder(kind, &path, err);

    if (status == MC_ERR_NOT_FOUND) return MC_OK; /* no home, no entries */
    if (status != MC_OK) return status;
    folder = opendir(path);
    if (folder)
        status = add_folder(list, folder, path, kind, err);
    else if (errno != ENOENT)
        status =
            mc_fail_about(err, mc_fail_errno(err, "", "cannot list the folder"), "%s", path);
    if (folder) closedir(folder);
    mc_free(path);
    return status;
}

static int compare_use(const void *left, const void *right)
{
    const mc_cache_item *a = left, *b = right;

    if (a->used != b->used) return a->used < b->used ? -1 : 1;
    return strcmp(a->path, b->path);
}

static bool is_large(mc_cache_kind kind)
{
    return kind == MC_CACHE_ACTIVATIONS || kind == MC_CACHE_CHECKPOINT;
}

static mc_status read_kinds(mc_cache_list *list, bool only_large, mc_error *err)
{
    mc_cache_list result = { 0 };
    mc_status     status = MC_OK;

    for (int kind = 0; status == MC_OK && kind < MC_CACHE_KIND_COUNT; kind++)
        if (!only_large || is_large((mc_cache_kind)kind))
            status = read_kind(&result, (mc_cache_kind)kind, err);
    if (status != MC_OK) {
        mc_cache_list_clear(&result);
        return status;
    }
    if (result.count > 0) qsort(result.items, result.count, sizeof *result.items, compare_use);
    *list = result;
    return MC_OK;
}

mc_status mc_cache_list_read(mc_cache_list *list, mc_error *err)
{
    return read_kinds(list, false, err);
}

void mc_cache_list_clear(mc_cache_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        mc_free(list->items[i].path);
        mc_free(list->items[i].model);
    }
    mc_free(list->items);
    *list = (mc_cache_list){ 0 };
}

mc_status mc_cache_item_check(const mc_cache_item *item, mc_error *err)
{
    mc_cache_id id = { .kind = item->kind, .key = item->key };

    return mc_cache_check_file(item->path, &id, err);
}

/* ---- making room ---- */

static void remove_item(mc_cache_item *item, size_t *counter, mc_cache_removed *removed)
{
    if (unlink(item->path) != 0) return; /* somebody else has, or nobody can */
    mc_log(MC_LOG_DEBUG, "removed '%s' from the cache", item->path);
    ++*counter;
    removed->bytes += item->size;
    item->size = 0;
}

/* What the clock has not reached yet was written under a clock that ran ahead: it ages from
 * now on. */
static void settle_time(mc_cache_item *item, int64_t now)
{
    struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, { .tv_nsec = UTIME_NOW } };

    if (item->written <= now + 1) return;
    (void)!utimensat(AT_FDCWD, item->path, times, AT_SYMLINK_NOFOLLOW);
    item->written = now;
}

static mc_status check_disk(uint64_t needed, mc_error *err)
{
    struct statvfs info;
    char          *path;
    uint64_t       left;
    int            failed;

    MC_TRY(mc_cache_folder(MC_CACHE_ACTIVATIONS, &path, err));
    failed = statvfs(path, &info);
    mc_free(path);
    if (failed || info.f_blocks == 0) return MC_OK; /* writing will tell */
    left = (uint64_t)info.f_bavail * info.f_frsize;
    if (left >= needed) return MC_OK;
    return mc_fail(err, MC_ERR_DISK_FULL, "",
                   "they need about %llu bytes, the disk has %llu left",
                   (unsigned long long)needed, (unsigned long long)left);
}

/* What killed writers left in the folders. */
static size_t sweep(void)
{
    size_t count = 0;

    for (int kind = 0; kind < MC_CACHE_KIND_COUNT; kind++) {
        char *path;
        if (mc_cache_folder((mc_cache_kind)kind, &path, NULL) != MC_OK) continue;
        count += mc_new_file_sweep(path);
        mc_free(path);
    }
    return count;
}

mc_status mc_cache_make_room(const mc_cache_settings *settings, uint64_t needed,
                             mc_cache_removed *removed, mc_error *err)
{
    mc_cache_list    list  = { 0 };
    mc_cache_removed gone  = { 0 };
    uint64_t         total = needed;
    int64_t          now   = (int64_t)time(NULL);

    if (settings->size > 0 && needed > settings->size)
        return mc_fail(err, MC_ERR_DISK_FULL, "raise MC_CACHE_SIZE",
                       "they need about %llu bytes, MC_CACHE_SIZE allows %llu",
                       (unsigned long long)needed, (unsigned long long)settings->size);
    MC_TRY(read_kinds(&list, true, err));
    for (size_t i = 0; i < list.count; i++) {
        mc_cache_item *item = &list.items[i];
        settle_time(item, now);
        if (settings->age > 0 && now - item->written > settings->age)
            remove_item(item, &gone.expired, &gone);
        total += item->size;
    }
    for (size_t i = 0; i < list.count && settings->size > 0 && total > settings->size; i++) {
        uint64_t size = list.items[i].size;
        remove_item(&list.items[i], &gone.evicted, &gone);
        total -= size - list.items[i].size;
    }
    mc_cache_list_clear(&list);
    gone.leftovers = sweep();
    if (removed) *removed = gone;
    return check_disk(needed, err);
}
