/* new_file.h - a file that appears whole or not at all.
 *
 * It is written under a temporary name in the same folder, ".<name>.<process>-<n>.part",
 * synced, and renamed into place. The temporary file is locked while it is written: what a
 * killed process left behind is not, and is removed by the next one that writes the same file.
 */
#ifndef MC_BASE_NEW_FILE_H
#define MC_BASE_NEW_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/direct.h"
#include "base/error.h"

typedef struct mc_new_file {
    int        descriptor;
    char      *path;      /* where it goes, links followed; owned */
    char      *temporary; /* where it is now; owned */
    mc_direct *direct;    /* for large writes; NULL: none */
} mc_new_file;

/* A slip of the hand must not cost what a result is made from. MC_ERR_ARGUMENT: `path` leads to
 * the same file as `source`. */
mc_status mc_new_file_check_source(const char *path, const char *source, mc_error *err);
/* The refusal itself, for sources that are looked at in another way. */
mc_status mc_new_file_refuse_source(const char *path, mc_error *err);
/* Everything that can be known early fails here: no such folder, no permission, a folder or a
 * device in its place. Errors are about `path`. Finish or discard what was opened. */
mc_status mc_new_file_open(const char *path, mc_new_file *file, mc_error *err);
/* Get the disk space for a file of exactly this size. */
mc_status mc_new_file_reserve(mc_new_file *file, uint64_t size, mc_error *err);
/* MC_ERR_DISK_FULL when the disk has less left than this; takes nothing. */
mc_status mc_new_file_check_space(const mc_new_file *file, uint64_t size, mc_error *err);
/* From here on large writes go past the page cache, beside the caller's work: for files larger
 * than is worth keeping in memory, written from one thread, each byte once. A write may then
 * fail with what is wrong with an earlier one. A wish, too. */
void      mc_new_file_go_direct(mc_new_file *file);
mc_status mc_new_file_write(mc_new_file *file, uint64_t offset, const void *bytes, size_t size,
                            mc_error *err);
/* Let the disk begin with what was written so far, without waiting for it: a finish then has
 * less to wait for. A wish: where it cannot be, nothing happens. */
void mc_new_file_push(mc_new_file *file);
/* Sync and rename; the struct is then empty, as after a discard. */
mc_status mc_new_file_finish(mc_new_file *file, mc_error *err);
/* The same without waiting for the disk: after a loss of power the file may be damaged. For
 * what is checked when it is read, and can be made again. */
mc_status mc_new_file_finish_unsynced(mc_new_file *file, mc_error *err);
/* A whole file at once. What failed to be printed is not written. */
mc_status mc_new_file_save(const char *path, const mc_buffer *content, mc_error *err);
/* Remove the temporary file; what lay at `path` before stays. Fine for an empty
 * struct. */
void mc_new_file_discard(mc_new_file *file);
/* Remove what killed processes left behind in a folder, whatever its name; how many. */
size_t mc_new_file_sweep(const char *folder);

#endif
