/* entry.h - one result in one file, checked when it is read.
 *
 *     0  8  "MCCACHE\n"
 *     8  4  version of this layout         (little-endian, as all numbers)
 *    12  4  kind
 *    16 16  key
 *    32  8  size of the payload
 *    40  8  when it was written, seconds since 1970
 *    48 16  XXH3-128 of bytes 0 to 47, joined with that of the payload
 *    64     payload
 *
 * The file's name is "<model>[-<label>]-<key>.<kind>", so that
 * `rm ~/.modelcypher/caches/fingerprints/<model>*` forgets a model, at any moment. It is
 * written under another name and renamed (fingerprints and hashes are also synced): readers and
 * writers in any number of processes see whole entries or none. A key is a hash of everything
 * the payload depends on, so what was changed never meets what was stored before.
 *
 * A cache never makes work fail: what cannot be read or written is a warning to the log, and
 * the caller computes it. */
#ifndef MC_CACHE_ENTRY_H
#define MC_CACHE_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"
#include "base/new_file.h"
#include "cache/home.h"

typedef struct mc_cache_id {
    mc_cache_kind kind;
    const char   *model; /* its name (mc_store_name) */
    const char   *label; /* for people, in the file's name; NULL: none */
    mc_hash       key;
} mc_cache_id;

/* The payload of an entry that is there and whole; the caller frees it with mc_free. A damaged
 * one is removed, with a warning. */
bool mc_cache_find(const mc_cache_id *id, char **payload, size_t *size);
/* Store a payload, in place of an older one. False, and a warning, when that is not possible.
 */
bool mc_cache_put(const mc_cache_id *id, const void *payload, size_t size);

/* The entry's file, allocated. MC_ERR_NOT_FOUND: there is no home. */
mc_status mc_cache_path(const mc_cache_id *id, char **path, mc_error *err);

/* ---- large payloads, in pieces ---- */

/* An entry that was whole when it was opened. It stays readable when it is removed or replaced.
 */
typedef struct mc_cache_reader {
    bool     is_open;
    int      descriptor;
    uint64_t size;    /* of the payload */
    int64_t  written; /* seconds since 1970 */
} mc_cache_reader;

/* Open an entry, reading all of it to check it; close what was opened. Entries written more
 * than `age` seconds ago are removed and not there; 0: there is no such age. */
bool      mc_cache_open(const mc_cache_id *id, int64_t age, mc_cache_reader *reader);
mc_status mc_cache_read(const mc_cache_reader *reader, uint64_t offset, void *bytes,
                        size_t size, mc_error *err);
void      mc_cache_close(mc_cache_reader *reader); /* an all-zero one is fine */
void      mc_cache_remove(const mc_cache_id *id);

/* Read a file through its checksum; only kind and key of `id` matter. MC_ERR_CORRUPT,
 * MC_ERR_TRUNCATED: it is damaged. */
mc_status mc_cache_check_file(const char *path, const mc_cache_id *id, mc_error *err);

typedef struct mc_cache_writer {
    mc_new_file file;
    mc_cache_id id;
    mc_hasher  *hasher;
    uint64_t    size;
} mc_cache_writer;

/* Finish or discard what was opened. */
mc_status mc_cache_writer_open(const mc_cache_id *id, mc_cache_writer *writer, mc_error *err);
mc_status mc_cache_writer_add(mc_cache_writer *writer, const void *bytes, size_t size,
                              mc_error *err);
mc_status mc_cache_writer_finish(mc_cache_writer *writer, mc_error *err);
void      mc_cache_writer_discard(mc_cache_writer *writer);

#endif
