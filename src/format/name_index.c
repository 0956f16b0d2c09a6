/* name_index.c - linear probing, at most half full. */
#include "format/name_index.h"

#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"

void mc_name_index_clear(mc_name_index *index)
{
    mc_free(index->names);
    mc_free(index->slots);
    *index = (mc_name_index){ 0 };
}

/* The slot that holds the name, or the empty one where it belongs. */
static size_t find_slot(const mc_name_index *index, mc_span name)
{
    size_t mask = index->slot_count - 1;
    size_t slot = (size_t)mc_hash_bytes(name.data, name.size).low & mask;

    for (; index->slots[slot] != 0; slot = (slot + 1) & mask) {
        mc_span known = index->names[index->slots[slot] - 1];
        if (known.size == name.size && memcmp(known.data, name.data, name.size) == 0) break;
    }
    return slot;
}

static mc_status widen_table(mc_name_index *index, mc_error *err)
{
    size_t    wanted = index->slot_count ? index->slot_count * 2 : 64;
    uint32_t *fresh  = mc_calloc(wanted, sizeof *fresh);

    if (!fresh) return mc_fail_memory(err, wanted * sizeof *fresh);
    mc_free(index->slots);
    index->slots      = fresh;
    index->slot_count = wanted;
    for (size_t i = 0; i < index->count; i++)
        fresh[find_slot(index, index->names[i])] = (uint32_t)i + 1;
    return MC_OK;
}

mc_status mc_name_index_add(mc_name_index *index, mc_span name, int *added, mc_error *err)
{
    size_t slot;

    if (index->count >= UINT32_MAX / 4)
        return mc_fail(err, MC_ERR_UNSUPPORTED, "", "has more than %zu names", index->count);
    if (2 * (index->count + 1) > index->slot_count) MC_TRY(widen_table(index, err));
    MC_TRY(
        mc_grow((void **)&index->names, &index->capacity, index->count, sizeof(mc_span), err));
    slot   = find_slot(index, name);
    *added = index->slots[slot] == 0;
    if (!*added) return MC_OK;
    index->names[index->count++] = name;
    index->slots[slot]           = (uint32_t)index->count;
    return MC_OK;
}

size_t mc_name_index_find(const mc_name_index *index, mc_span name)
{
    size_t slot;

    if (index->slot_count == 0) return MC_NAME_ABSENT;
    slot = find_slot(index, name);
    return index->slots[slot] ? index->slots[slot] - 1u : MC_NAME_ABSENT;
}
