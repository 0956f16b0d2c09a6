/* vocab.c - open addressing with linear probing, at most two thirds full. */
#include "tokenizer/vocab.h"

#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"

static size_t slots_for(size_t count)
{
    size_t slots = 16;

    while (slots / 3 * 2 < count)
        slots *= 2;
    return slots;
}

static uint32_t hash_of(const char *text, size_t size)
{
    return (uint32_t)mc_hash_bytes(text, size).low;
}

void mc_vocab_clear(mc_vocab *vocab)
{
    mc_free(vocab->text);
    mc_free(vocab->entries);
    mc_free(vocab->slots);
    mc_free(vocab->by_id);
    *vocab = (mc_vocab){ 0 };
}

static mc_status grow_slots(mc_vocab *vocab, size_t count, mc_error *err)
{
    size_t         total = slots_for(count);
    mc_vocab_slot *slots;

    if (vocab->slots && total <= vocab->slot_mask + 1) return MC_OK;
    slots = mc_calloc(total, sizeof *slots);
    if (!slots) return mc_fail_memory(err, total * sizeof *slots);
    for (size_t i = 0; vocab->slots && i <= vocab->slot_mask; i++) {
        size_t at = vocab->slots[i].hash & (total - 1);

        if (!vocab->slots[i].entry) continue;
        while (slots[at].entry)
            at = (at + 1) & (total - 1);
        slots[at] = vocab->slots[i];
    }
    mc_free(vocab->slots);
    vocab->slots     = slots;
    vocab->slot_mask = total - 1;
    return MC_OK;
}

/* At least `wanted` elements; doubling keeps adding linear. */
static mc_status reserve(void **array, size_t *capacity, size_t wanted, size_t element,
                         mc_error *err)
{
    size_t total = *capacity ? *capacity : 64;
    void  *grown;

    if (wanted <= *capacity) return MC_OK;
    while (total < wanted)
        total *= 2;
    grown = mc_realloc_array(*array, total, element);
    if (!grown) return mc_fail_memory(err, total * element);
    *array    = grown;
    *capacity = total;
    return MC_OK;
}

mc_status mc_vocab_expect(mc_vocab *vocab, size_t count, size_t text_size, mc_error *err)
{
    if (count > MC_TOKEN_ID_LIMIT) count = MC_TOKEN_ID_LIMIT;
    MC_TRY(reserve((void **)&vocab->text, &vocab->text_capacity, text_size, 1, err));
    MC_TRY(reserve((void **)&vocab->entries, &vocab->capacity, count, sizeof *vocab->entries,
                   err));
    return grow_slots(vocab, count, err);
}

/* The slot of this spelling, or the free one where it belongs. */
static size_t find_slot(const mc_vocab *vocab, const char *text, size_t size, uint32_t hash)
{
    size_t at = hash & vocab->slot_mask;

    for (; vocab->slots[at].entry; at = (at + 1) & vocab->slot_mask) {
        const mc_vocab_entry *entry = &vocab->entries[vocab->slots[at].entry - 1];

        if (vocab->slots[at].hash == hash && entry->size == size &&
            memcmp(vocab->text + entry->start, text, size) == 0)
            break;
    }
    return at;
}

static mc_status set_by_id(mc_vocab *vocab, int32_t id, uint32_t entry, mc_error *err)
{
    size_t wanted = (size_t)id + 1;
    size_t before = vocab->id_capacity;

    MC_TRY(reserve((void **)&vocab->by_id, &vocab->id_capacity, wanted, sizeof *vocab->by_id,
                   err));
    if (vocab->id_capacity > before)
        memset(vocab->by_id + before, 0, (vocab->id_capacity - before) * sizeof *vocab->by_id);
    vocab->by_id[id] = entry + 1;
    if (wanted > vocab->id_count) vocab->id_count = wanted;
    return MC_OK;
}

static mc_status add_entry(mc_vocab *vocab, const char *text, size_t size, int32_t id,
                           mc_error *err)
{
    if (vocab->text_size + size > UINT32_MAX)
        return mc_fail(err, MC_ERR_TOKENIZER, "the file is damaged",
                       "the spellings take more than 4 GiB");
    /* One more, so that an empty spelling has a place as well. */
    MC_TRY(reserve((void **)&vocab->text, &vocab->text_capacity, vocab->text_size + size + 1, 1,
                   err));
    MC_TRY(reserve((void **)&vocab->entries, &vocab->capacity, vocab->count + 1,
                   sizeof *vocab->entries, err));
    if (size) memcpy(vocab->text + vocab->text_size, text, size);
    vocab->entries[vocab->count] =
        (mc_vocab_entry){ (uint32_t)vocab->text_size, (uint32_t)size, id };
    vocab->text_size += size;
    vocab->count++;
    return MC_OK;
}

mc_status mc_vocab_add(mc_vocab *vocab, const char *text, size_t size, int64_t id,
                       mc_error *err)
{
    uint32_t hash = hash_of(text, size);
    size_t   at;

    if (id < 0 || id >= MC_TOKEN_ID_LIMIT)
        return mc_fail(err, MC_ERR_TOKENIZER, "the file is probably damaged",
                       "token '%.*s' has id %lld; ids run from 0 to %d",
                       (int)(size < 64 ? size : 64), text, (long long)id,
                       MC_TOKEN_ID_LIMIT - 1);
    MC_TRY(grow_slots(vocab, vocab->count + 1, err));
    at = find_slot(vocab, text, size, hash);
    if (!vocab->slots[at].entry) {
        MC_TRY(add_entry(vocab, text, size, (int32_t)id, err));
        vocab->slots[at] = (mc_vocab_slot){ hash, (uint32_t)vocab->count };
    }
    vocab->entries[vocab->slots[at].entry - 1].id = (int32_t)id;
    return set_by_id(vocab, (int32_t)id, vocab->slots[at].entry - 1, err);
}

int32_t mc_vocab_find(const mc_vocab *vocab, const char *text, size_t size)
{
    size_t at;

    if (!vocab->slots) return -1;
    at = find_slot(vocab, text, size, hash_of(text, size));
    return vocab->slots[at].entry ? vocab->entries[vocab->slots[at].entry - 1].id : -1;
}

void mc_vocab_find_many(const mc_vocab *vocab, const char *const *texts, const size_t *sizes,
                        size_t count, int32_t *ids)
{
    uint32_t hashes[MC_FIND_MANY];

    for (size_t i = 0; i < count; i++)
        ids[i] = -1;
    if (!vocab->slots) return;
    for (size_t i = 0; i < count; i++) {
        hashes[i] = hash_of(texts[i], sizes[i]);
        __builtin_prefetch(&vocab->slots[hashes[i] & vocab->slot_mask]);
    }
    for (size_t i = 0; i < count; i++) {
        const mc_vocab_slot *slot = &vocab->slots[hashes[i] & vocab->slot_mask];
        if (slot->entry) __builtin_prefetch(&vocab->entries[slot->entry - 1]);
    }
    for (size_t i = 0; i < count; i++) {
        const mc_vocab_slot *slot = &vocab->slots[hashes[i] & vocab->slot_mask];
        if (slot->entry)
            __builtin_prefetch(vocab->text + vocab->entries[slot->entry - 1].start);
    }
    for (size_t i = 0; i < count; i++) {
        size_t at = find_slot(vocab, texts[i], sizes[i], hashes[i]);
        if (vocab->slots[at].entry) ids[i] = vocab->entries[vocab->slots[at].entry - 1].id;
    }
}

bool mc_vocab_get(const mc_vocab *vocab, int32_t id, const char **text, size_t *size)
{
    const mc_vocab_entry *entry;

    if (id < 0 || (size_t)id >= vocab->id_count || !vocab->by_id[id]) return false;
    entry = &vocab->entries[vocab->by_id[id] - 1];
    *text = vocab->text + entry->start;
    *size = entry->size;
    return true;
}

void mc_pair_map_clear(mc_pair_map *map)
{
    mc_free(map->pairs);
    *map = (mc_pair_map){ 0 };
}

static size_t free_slot(const mc_pair_map *map, uint32_t left, uint32_t right)
{
    size_t at = mc_pair_slot(map, left, right);

    while (map->pairs[at].second &&
           (map->pairs[at].left != left || map->pairs[at].right != right))
        at = (at + 1) & map->mask;
    return at;
}

mc_status mc_pair_map_expect(mc_pair_map *map, size_t count, mc_error *err)
{
    size_t      total = slots_for(count);
    mc_pair_map grown = { .mask = total - 1, .count = map->count };

    if (map->pairs && total <= map->mask + 1) return MC_OK;
    grown.pairs = mc_calloc(total, sizeof *grown.pairs);
    if (!grown.pairs) return mc_fail_memory(err, total * sizeof *grown.pairs);
    for (size_t i = 0; map->pairs && i <= map->mask; i++)
        if (map->pairs[i].second)
            grown.pairs[free_slot(&grown, map->pairs[i].left, map->pairs[i].right)] =
                map->pairs[i];
    mc_free(map->pairs);
    *map = grown;
    return MC_OK;
}

mc_status mc_pair_map_add(mc_pair_map *map, mc_pair pair, mc_error *err)
{
    size_t at;

    MC_TRY(mc_pair_map_expect(map, map->count + 1, err));
    at = free_slot(map, pair.left, pair.right);
    if (!map->pairs[at].second) map->count++;
    pair.second++;
    map->pairs[at] = pair;
    return MC_OK;
}
