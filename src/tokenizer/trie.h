/* trie.h - many spellings, walked byte by byte: added tokens, unigram pieces. */
#ifndef MC_TOKENIZER_TRIE_H
#define MC_TOKENIZER_TRIE_H

#include "tokenizer/vocab.h"

typedef struct mc_trie {
    mc_pair_map edges;  /* (node, byte) -> node */
    int32_t    *values; /* of a node; -1: no spelling ends here */
    size_t      count, capacity;
    uint32_t    root[256]; /* the first step; 0: none */
} mc_trie;

mc_status mc_trie_expect(mc_trie *trie, size_t nodes, mc_error *err);
void      mc_trie_clear(mc_trie *trie);
/* An empty spelling is never found. A spelling that is there already gets the new value. */
mc_status mc_trie_add(mc_trie *trie, const char *text, size_t size, int32_t value,
                      mc_error *err);

/* The node after `byte`; 0: there is none. Start from node 0. */
static inline uint32_t mc_trie_step(const mc_trie *trie, uint32_t node, unsigned char byte)
{
    const mc_pair *edge;

    if (node == 0) return trie->root[byte];
    edge = mc_pair_map_find(&trie->edges, node, byte);
    return edge ? edge->first : 0;
}

/* The longest spelling that `text` begins with: its size (0: none) and value. */
size_t  mc_trie_longest(const mc_trie *trie, const char *text, size_t size, int32_t *value);
int32_t mc_trie_find(const mc_trie *trie, const char *text, size_t size); /* -1: none */

#endif
