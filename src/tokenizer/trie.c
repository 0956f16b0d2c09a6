/* trie.c - edges in one hash table, so that a node costs no list of its own. */
#include "tokenizer/trie.h"

#include "base/alloc.h"

mc_status mc_trie_expect(mc_trie *trie, size_t nodes, mc_error *err)
{
    return mc_pair_map_expect(&trie->edges, nodes, err);
}

void mc_trie_clear(mc_trie *trie)
{
    mc_pair_map_clear(&trie->edges);
    mc_free(trie->values);
    *trie = (mc_trie){ 0 };
}

static mc_status add_node(mc_trie *trie, uint32_t *node, mc_error *err)
{
    MC_TRY(mc_grow((void **)&trie->values, &trie->capacity, trie->count, sizeof *trie->values,
                   err));
    *node                       = (uint32_t)trie->count;
    trie->values[trie->count++] = -1;
    return MC_OK;
}

mc_status mc_trie_add(mc_trie *trie, const char *text, size_t size, int32_t value,
                      mc_error *err)
{
    uint32_t node = 0;

    if (!trie->count) MC_TRY(add_node(trie, &node, err));
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        uint32_t      next = mc_trie_step(trie, node, byte);

        if (!next) {
            MC_TRY(add_node(trie, &next, err));
            if (node == 0)
                trie->root[byte] = next;
            else
                MC_TRY(mc_pair_map_add(&trie->edges, (mc_pair){ node, byte, next, 0 }, err));
        }
        node = next;
    }
    if (node) trie->values[node] = value;
    return MC_OK;
}

size_t mc_trie_longest(const mc_trie *trie, const char *text, size_t size, int32_t *value)
{
    uint32_t node = 0;
    size_t   best = 0;

    for (size_t i = 0; i < size; i++) {
        node = mc_trie_step(trie, node, (unsigned char)text[i]);
        if (!node) break;
        if (trie->values[node] < 0) continue;
        best   = i + 1;
        *value = trie->values[node];
    }
    return best;
}

int32_t mc_trie_find(const mc_trie *trie, const char *text, size_t size)
{
    int32_t value = -1;

    return size && mc_trie_longest(trie, text, size, &value) == size ? value : -1;
}
