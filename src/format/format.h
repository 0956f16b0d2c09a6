/* format.h - files to named tensors and metadata. One row a format in format_table.c.
 *
 * A store is what a model is read from: a Hugging Face folder or a GGUF file (of a split
 * one any part). Everything in it borrows from mapped files and dies with it. Files are
 * untrusted: every size, offset, count and name is checked before it is used. */
#ifndef MC_FORMAT_FORMAT_H
#define MC_FORMAT_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/file_map.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/span.h"
#include "format/dtype.h"

enum { MC_RANK_MAX = 6 }; /* patch embeddings of vision towers have 5 */

/* Which names, row orders and conventions the tensors follow. */
typedef enum mc_dialect { MC_DIALECT_HF, MC_DIALECT_GGUF, MC_DIALECT_COUNT } mc_dialect;

typedef struct mc_tensor {
    const char *name; /* borrowed from the store */
    mc_dtype    dtype;
    int         rank;
    uint64_t shape[MC_RANK_MAX]; /* outermost first, as Hugging Face prints it: a linear layer's
                                    weight is [out, in] in both dialects */
    mc_span  bytes;              /* row-major, in the mapped file */
    uint32_t file;               /* index into the store's files */
} mc_tensor;

/* "4096, 11008": a shape as messages show it. */
enum { MC_SHAPE_TEXT = 22 * MC_RANK_MAX };
void mc_tensor_print_shape(const mc_tensor *tensor, char text[MC_SHAPE_TEXT]);

/* GGUF key-value metadata. */
typedef enum mc_gguf_type {
    MC_GGUF_U8,
    MC_GGUF_I8,
    MC_GGUF_U16,
    MC_GGUF_I16,
    MC_GGUF_U32,
    MC_GGUF_I32,
    MC_GGUF_F32,
    MC_GGUF_BOOL,
    MC_GGUF_STRING,
    MC_GGUF_ARRAY,
    MC_GGUF_U64,
    MC_GGUF_I64,
    MC_GGUF_F64
} mc_gguf_type;

typedef struct mc_gguf_value {
    mc_gguf_type type;
    mc_gguf_type element; /* of an array */
    uint64_t     count;   /* elements of an array; 1 otherwise */
    mc_span      bytes;   /* the encoded value or elements; of a string without its length */
} mc_gguf_value;

typedef struct mc_store mc_store;

/* Open a folder, a .gguf file, or a Hugging Face cache name "org/name" (looked up in HF_HOME or
 * ~/.cache/huggingface, never fetched). Reads headers only. */
mc_status mc_store_open(const char *model, mc_store **store, mc_error *err);
void      mc_store_close(mc_store *store);
/* One safetensors file, whose bytes lie in memory and outlive the store; `path` is for errors.
 */
mc_status mc_safetensors_open(mc_span bytes, const char *path, mc_store **store, mc_error *err);

const char *mc_store_path(const mc_store *store); /* what was opened, after cache resolution */
const char *mc_store_format(const mc_store *store); /* "safetensors", "gguf" */
mc_dialect  mc_store_dialect(const mc_store *store);
/* The model's name: repository, else folder, else the GGUF's stem (without a part's number). */
const char *mc_store_name(const mc_store *store);

size_t           mc_store_tensor_count(const mc_store *store);
const mc_tensor *mc_store_tensor(const mc_store *store, size_t index);
/* By name, in constant time; NULL when there is none. */
const mc_tensor *mc_store_find(const mc_store *store, const char *name);

size_t             mc_store_file_count(const mc_store *store);
const mc_file_map *mc_store_file(const mc_store *store, size_t index);
/* Every mapped file is still what it was when it was opened. */
mc_status mc_store_check(const mc_store *store, mc_error *err);

/* What a thread that hashes has mapped at a time: enough that a disk works on long requests,
 * little enough that it is in memory in time. */
#define MC_HASH_PIECE ((size_t)8 << 20)
/* The content hash: XXH3-128 of the tensors' names, types, shapes and bytes, whatever files
 * they lie in and in which order; 32 hex digits. Reads all weights; threads 0: all usable
 * cores. */
mc_status mc_store_hash(const mc_store *store, size_t threads, char text[33], mc_error *err);
/* Of what says how the tensors are used: config.json's bytes, or all of GGUF's pairs. */
mc_hash mc_store_config_hash(const mc_store *store);

/* config.json of a folder; the absent value for GGUF. */
mc_json_value mc_store_config(const mc_store *store);
/* "<folder>/<name>" for a file beside the weights, allocated; NULL in *path when there is none.
 */
mc_status mc_store_beside(const mc_store *store, const char *name, char **path, mc_error *err);

/* `path` leads to a file that belongs to the model: weights, configuration, tokenizer. */
bool mc_store_owns(const mc_store *store, const char *path);

/* The pairs of GGUF's metadata by number. */
size_t mc_store_gguf_count(const mc_store *store);
void   mc_store_gguf_pair(const mc_store *store, size_t index, mc_span *key,
                          mc_gguf_value *value);
/* GGUF metadata; false when the key is absent or (for the typed forms) of another kind.
 * Integers of every width are accepted by get_uint; get_float takes floats and integers. */
bool mc_store_gguf(const mc_store *store, const char *key, mc_gguf_value *value);
bool mc_store_gguf_uint(const mc_store *store, const char *key, uint64_t *out);
bool mc_store_gguf_float(const mc_store *store, const char *key, double *out);
bool mc_store_gguf_bool(const mc_store *store, const char *key, bool *out);
bool mc_store_gguf_string(const mc_store *store, const char *key, mc_span *out);
/* Walk an array: strings one after another, or numbers by index. */
bool mc_gguf_next_string(mc_reader *elements, mc_span *out);
bool mc_gguf_number(const mc_gguf_value *array, uint64_t index, double *out);

#endif
