/* file_map.h - a file mapped read-only.
 *
 * A mapped file may be cut short, or written to, while it is read. Then its bytes are zeros or
 * others than before (map_guard.h), never a crash: whoever has read something of it asks
 * mc_file_map_check() before a result is believed. */
#ifndef MC_BASE_FILE_MAP_H
#define MC_BASE_FILE_MAP_H

#include <stdint.h>

#include "base/error.h"
#include "base/map_guard.h"
#include "base/read_ahead.h"
#include "base/span.h"

typedef struct mc_file_map {
    mc_span        bytes; /* an empty file has size 0 and data NULL */
    int            descriptor;
    char          *path;        /* owned */
    int64_t        modified_ns; /* as at opening */
    uint64_t       inode;
    mc_map_guard  *guard;
    mc_read_ahead *reader;
} mc_file_map;

typedef enum mc_file_advice {
    MC_ADVICE_WILL_NEED, /* a thread reads them ahead, in the order of such advice */
    MC_ADVICE_DONE,  /* drop these pages: they stay in the system's cache while it has room */
    MC_ADVICE_FORGET /* from there too */
} mc_file_advice;

mc_status mc_file_map_open(const char *path, mc_file_map *map, mc_error *err);
void      mc_file_map_close(mc_file_map *map);
/* Hint only: never fails. The range is clipped to the file and rounded to pages. */
void mc_file_map_advise(const mc_file_map *map, mc_span range, mc_file_advice advice);
/* MC_ERR_IO when the file has been truncated or written to since it was opened, or a page of it
 * could not be read. A file that was replaced by renaming another one is still the old one. */
mc_status mc_file_map_check(const mc_file_map *map, mc_error *err);

/* A whole file (small ones: configuration, tokenizer) read into memory with a terminating NUL
 * beyond `size`; refuses anything over `limit` bytes. Freed with mc_free. */
mc_status mc_file_read(const char *path, size_t limit, char **text, size_t *size,
                       mc_error *err);

/* The first bytes of a regular file, at most `size`; returns how many, 0 when it is none or
 * cannot be read. */
size_t mc_file_start(const char *path, void *bytes, size_t size);

int mc_path_is_folder(const char *path);
int mc_path_is_file(const char *path); /* a regular one: not a pipe, not a device */
int mc_path_exists(const char *path);
/* Both are there and the same file, by whatever names. */
int mc_path_is_same(const char *a, const char *b);
/* "<folder>/<name>", allocated; NULL when there is no memory. */
char *mc_path_join(const char *folder, const char *name);
/* The same when something is there; NULL in *path when not. */
mc_status mc_path_find(const char *folder, const char *name, char **path, mc_error *err);

#endif
