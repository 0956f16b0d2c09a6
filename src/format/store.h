/* store.h (private to format) - what the readers of the formats fill. */
#ifndef MC_FORMAT_STORE_H
#define MC_FORMAT_STORE_H

#include "base/arena.h"
#include "base/hash.h"
#include "format/format.h"
#include "format/name_index.h"

/* A row of format_table.c. */
typedef struct mc_format {
    const char *name;
    mc_dialect  dialect;
    bool (*probe)(const char *path); /* does this row read what lies at `path`? */
    mc_status (*open)(mc_store *store, mc_error *err);
    /* One file's bytes into the store, for tests and fuzzing without a file system. */
    mc_status (*read)(mc_store *store, mc_span bytes, const char *path, mc_error *err);
} mc_format;

/* GGUF's metadata: keys and values borrow from the mapped file. */
typedef struct mc_gguf_table {
    mc_name_index  keys;
    mc_gguf_value *values; /* in the order of keys */
    size_t         capacity;
} mc_gguf_table;

void mc_gguf_table_clear(mc_gguf_table *table);
bool mc_gguf_find(const mc_gguf_table *table, const char *key, mc_gguf_value *value);
/* Bytes of a value; 0 for strings and arrays, whose length is stored with them. */
size_t mc_gguf_type_size(mc_gguf_type type);

extern const mc_format        mc_format_safetensors, mc_format_gguf;
extern const mc_format *const mc_format_table[]; /* ends with NULL */

struct mc_store {
    const mc_format *format;
    char            *path, *folder, *name;
    mc_file_map     *files;
    size_t           file_count, file_capacity;
    mc_tensor       *tensors; /* in the order of tensor_names */
    size_t           tensor_capacity;
    mc_name_index    tensor_names;
    mc_arena        *texts; /* the tensors' names, NUL-terminated */
    mc_json         *config;
    mc_hash          config_sum; /* of its bytes */
    mc_gguf_table    gguf;
};

/* The tensors of one file, with their places relative to the file's data section, before the
 * places have been checked. */
typedef struct mc_place {
    uint64_t begin, size;
    size_t   tensor;
} mc_place;

typedef struct mc_places {
    const char *path; /* for errors */
    uint32_t    file;
    mc_place   *items;
    size_t      count, capacity;
} mc_places;

/* Map a file; it becomes the store's last. */
mc_status mc_store_map(mc_store *store, const char *path, const mc_file_map **map,
                       mc_error *err);
/* Add a tensor (its name is copied, its bytes are set later); `size` follows from shape and
 * dtype, `begin` is where the file says it starts. */
mc_status mc_store_add(mc_store *store, mc_places *places, mc_span name,
                       const mc_tensor *tensor, uint64_t begin, mc_error *err);
/* Check that the tensors lie inside `data` and do not overlap, with `dense` also that they
 * cover it, and set their bytes. */
mc_status mc_places_settle(mc_places *places, mc_store *store, mc_span data, bool dense,
                           mc_error *err);

/* Elements of a shape and bytes of a tensor: false when they overflow, or the innermost
 * dimension is no whole number of blocks. */
bool mc_tensor_size(const mc_tensor *tensor, uint64_t *bytes);
/* Printable, not empty, no control bytes: a name that may appear in a message. */
bool mc_name_is_plain(mc_span name);

mc_status mc_safetensors_read(mc_store *store, mc_span bytes, const char *path, mc_error *err);

/* "<stem>-00002-of-00003.gguf", part of a split model; false for any other name. */
bool mc_gguf_parse_split_name(const char *path, size_t *stem, unsigned *parts);

/* A store of one file that lies in memory and outlives it. No path, no files. */
mc_status mc_store_open_bytes(const mc_format *format, mc_span bytes, mc_store **store,
                              mc_error *err);

/* "org/name" to the newest snapshot in the local Hugging Face cache, allocated. */
mc_status mc_hf_cache_find(const char *name, char **path, mc_error *err);
/* The "name" of .../models--org--name/snapshots/<revision>, allocated; NULL: another path. */
char *mc_hf_cache_name(const char *path);

#endif
