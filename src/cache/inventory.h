/* inventory.h - what lies in the cache folders, and making room there. Files whose names are
 * not those of entries are never touched. */
#ifndef MC_CACHE_INVENTORY_H
#define MC_CACHE_INVENTORY_H

#include "cache/entry.h"
#include "cache/settings.h"

typedef struct mc_cache_item {
    char         *path;  /* owned */
    char         *model; /* as its name has it; owned */
    mc_cache_kind kind;
    mc_hash       key;
    uint64_t      size;          /* of the file */
    int64_t       written, used; /* seconds since 1970 */
} mc_cache_item;

typedef struct mc_cache_list {
    mc_cache_item *items; /* the least recently used first */
    size_t         count, capacity;
} mc_cache_list;

/* Every entry of every kind; a folder that is not there is empty. */
mc_status mc_cache_list_read(mc_cache_list *list, mc_error *err);
void      mc_cache_list_clear(mc_cache_list *list);

/* Read an entry through its checksum. MC_ERR_CORRUPT, MC_ERR_TRUNCATED: it is damaged;
 * MC_ERR_NOT_FOUND: it is gone. */
mc_status mc_cache_item_check(const mc_cache_item *item, mc_error *err);

typedef struct mc_cache_removed {
    size_t   expired, evicted, leftovers; /* files */
    uint64_t bytes;
} mc_cache_removed;

/* Remove activations and checkpoints that are past their age, then the least recently used ones
 * until `needed` more bytes keep within the size, and what killed writers left behind.
 * `removed` may be NULL. MC_ERR_DISK_FULL: `needed` is more than the size allows or the disk
 * has. */
mc_status mc_cache_make_room(const mc_cache_settings *settings, uint64_t needed,
                             mc_cache_removed *removed, mc_error *err);

#endif
