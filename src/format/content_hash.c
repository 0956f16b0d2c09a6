/* content_hash.c - what the weights are, whatever the files they lie in; and what stands beside
 * them.
 *
 * One XXH3-128 per tensor over its bytes, joined with one over "name dtype shape", then all
 * joined in the order of the names. Tensors are read by all threads at once, the largest first,
 * in pieces, each asked for before the one ahead of it is hashed: as fast as the disk. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/hash.h"
#include "base/interrupt.h"
#include "base/pool.h"
#include "format/store.h"

_Static_assert(MC_HASH_TEXT == 33, "the public header promises 32 digits");

/* A tensor that others should not have to wait for at the end. */
#define LARGE ((size_t)64 << 20)

typedef struct hashed {
    const mc_tensor *tensor;
    mc_hash          bytes;
} hashed;

typedef struct hashing {
    const mc_store *store;
    hashed         *items;
    mc_hasher     **hashers; /* one a worker */
} hashing;

static int compare_names(const void *left, const void *right)
{
    const hashed *a = left, *b = right;

    return strcmp(a->tensor->name, b->tensor->name);
}

/* Large ones first, the others as they lie in the files. */
static int compare_places(const void *left, const void *right)
{
    const mc_tensor *a = ((const hashed *)left)->tensor, *b = ((const hashed *)right)->tensor;
    bool             large_a = a->bytes.size >= LARGE, large_b = b->bytes.size >= LARGE;

    if (large_a != large_b) return large_a ? -1 : 1;
    if (a->file != b->file) return a->file < b->file ? -1 : 1;
    return (a->bytes.data > b->bytes.data) - (a->bytes.data < b->bytes.data);
}

static mc_span piece_of(mc_span bytes, size_t at)
{
    size_t left = bytes.size - at;

    return (mc_span){ bytes.data + at, left < MC_HASH_PIECE ? left : MC_HASH_PIECE };
}

static void hash_tensor(void *context, size_t index, size_t worker)
{
    const hashing     *h      = context;
    hashed            *item   = &h->items[index];
    mc_hasher         *hasher = h->hashers[worker];
    mc_span            bytes  = item->tensor->bytes;
    const mc_file_map *map    = NULL;

    if (mc_store_file_count(h->store) > 0) map = mc_store_file(h->store, item->tensor->file);
    mc_hasher_reset(hasher);
    for (size_t at = 0; at < bytes.size && !mc_interrupted(); at += MC_HASH_PIECE) {
        mc_span piece = piece_of(bytes, at);
        if (map && bytes.size - at > MC_HASH_PIECE)
            mc_file_map_advise(map, piece_of(bytes, at + MC_HASH_PIECE), MC_ADVICE_WILL_NEED);
        mc_hasher_add(hasher, piece.data, piece.size);
        if (map) mc_file_map_advise(map, piece, MC_ADVICE_DONE);
    }
    item->bytes = mc_hasher_sum(hasher);
}

static mc_status hash_tensors(hashing *h, mc_pool *pool, mc_error *err)
{
    size_t    workers = mc_pool_size(pool);
    mc_status status  = MC_OK;

    h->hashers = mc_calloc(workers, sizeof *h->hashers);
    if (!h->hashers) return mc_fail_memory(err, workers * sizeof *h->hashers);
    for (size_t i = 0; status == MC_OK && i < workers; i++) {
        h->hashers[i] = mc_hasher_create();
        if (!h->hashers[i]) status = mc_fail_memory(err, MC_HASH_PIECE);
    }
    if (status == MC_OK) mc_pool_run(pool, mc_store_tensor_count(h->store), hash_tensor, h);
    for (size_t i = 0; i < workers; i++)
        mc_hasher_free(h->hashers[i]);
    mc_free(h->hashers);
    return status == MC_OK ? mc_interrupt_check(err) : status;
}

/* "name dtype shape" and the bytes of every tensor, in the order of the names. */
static mc_status join(const hashing *h, mc_hash *sum, mc_error *err)
{
    size_t count = mc_store_tensor_count(h->store);

    qsort(h->items, count, sizeof *h->items, compare_names);
    for (size_t i = 0; i < count; i++) {
        const mc_tensor *tensor = h->items[i].tensor;
        mc_buffer        head   = { 0 };
        mc_status        status;
        mc_buffer_printf(&head, "%s %s", tensor->name, mc_dtype_get(tensor->dtype)->name);
        for (int d = 0; d < tensor->rank; d++)
            mc_buffer_printf(&head, " %" PRIu64, tensor->shape[d]);
        status = mc_buffer_status(&head, err);
        if (status == MC_OK) *sum = mc_hash_join(*sum, mc_hash_bytes(head.data, head.size));
        mc_buffer_clear(&head);
        if (status != MC_OK) return status;
        *sum = mc_hash_join(*sum, h->items[i].bytes);
    }
    return MC_OK;
}

mc_status mc_store_hash(const mc_store *store, size_t threads, char text[33], mc_error *err)
{
    size_t    count = mc_store_tensor_count(store);
    hashing   h     = { .store = store, .items = mc_alloc_array(count, sizeof *h.items) };
    mc_pool  *pool  = NULL;
    mc_hash   sum   = { 0, 0 };
    mc_status status;

    if (!h.items) return mc_fail_memory(err, count * sizeof *h.items);
    for (size_t i = 0; i < count; i++)
        h.items[i] = (hashed){ .tensor = mc_store_tensor(store, i) };
    qsort(h.items, count, sizeof *h.items, compare_places);
    status = mc_pool_create(threads, &pool, err);
    if (status == MC_OK) status = hash_tensors(&h, pool, err);
    if (status == MC_OK) status = join(&h, &sum, err);
    if (status == MC_OK) status = mc_store_check(store, err);
    mc_pool_free(pool);
    mc_free(h.items);
    if (status == MC_OK) mc_hash_print(sum, text);
    return status;
}

mc_hash mc_store_config_hash(const mc_store *store)
{
    mc_hash       sum = store->config_sum;
    mc_span       key;
    mc_gguf_value value;

    for (size_t i = 0; i < mc_store_gguf_count(store); i++) {
        mc_store_gguf_pair(store, i, &key, &value);
        sum = mc_hash_join(sum, mc_hash_bytes(key.data, key.size));
        sum = mc_hash_join(sum, mc_hash_bytes(value.bytes.data, value.bytes.size));
    }
    return sum;
}
