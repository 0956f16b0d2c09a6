/* content_hash.c - what the weights are, whatever the files they lie in.
 *
 * One XXH3-128 per tensor over its bytes, joined with one over "name dtype shape", then all
 * joined in the order of the names. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/hash.h"
#include "model/model.h"

_Static_assert(MC_HASH_TEXT == 33, "the public header promises 32 digits");

static int compare_names(const void *left, const void *right)
{
    const mc_tensor *const *a = left, *const *b = right;

    return strcmp((*a)->name, (*b)->name);
}

static mc_status hash_tensor(const mc_store *store, const mc_tensor *tensor, mc_hash *sum,
                             mc_error *err)
{
    mc_buffer head = { 0 };
    mc_status status;

    mc_buffer_printf(&head, "%s %s", tensor->name, mc_dtype_get(tensor->dtype)->name);
    for (int i = 0; i < tensor->rank; i++)
        mc_buffer_printf(&head, " %" PRIu64, tensor->shape[i]);
    status = mc_buffer_status(&head, err);
    if (status == MC_OK) {
        *sum = mc_hash_join(*sum, mc_hash_bytes(head.data, head.size));
        *sum = mc_hash_join(*sum, mc_hash_bytes(tensor->bytes.data, tensor->bytes.size));
        if (mc_store_file_count(store) > 0)
            mc_file_map_advise(mc_store_file(store, tensor->file), tensor->bytes,
                               MC_ADVICE_DONE);
    }
    mc_buffer_clear(&head);
    return status;
}

mc_status mc_store_hash(const mc_store *store, char text[33], mc_error *err)
{
    size_t            count  = mc_store_tensor_count(store);
    const mc_tensor **sorted = mc_alloc_array(count, sizeof *sorted);
    mc_hash           sum    = { 0, 0 };
    mc_status         status = MC_OK;

    if (!sorted) return mc_fail_memory(err, count * sizeof *sorted);
    for (size_t i = 0; i < count; i++)
        sorted[i] = mc_store_tensor(store, i);
    qsort(sorted, count, sizeof *sorted, compare_names);
    for (size_t i = 0; status == MC_OK && i < count; i++)
        status = hash_tensor(store, sorted[i], &sum, err);
    mc_free(sorted);
    if (status == MC_OK) status = mc_store_check(store, err);
    if (status == MC_OK) mc_hash_print(sum, text);
    return status;
}
