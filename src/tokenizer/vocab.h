/* vocab.h - spellings to ids and back, and pairs of numbers to pairs of numbers: the two hash
 * tables that a tokenizer is made of. Both are built once and then only read. */
#ifndef MC_TOKENIZER_VOCAB_H
#define MC_TOKENIZER_VOCAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Ids beyond this are taken for damage: the table by id would be larger than any vocabulary. */
enum { MC_TOKEN_ID_LIMIT = 1 << 24 };

typedef struct mc_vocab_entry {
    uint32_t start; /* in `text` */
    uint32_t size;
    int32_t  id;
} mc_vocab_entry;

typedef struct mc_vocab_slot {
    uint32_t hash;
    uint32_t entry; /* index + 1; 0: free */
} mc_vocab_slot;

typedef struct mc_vocab {
    char           *text; /* all spellings, one after another */
    size_t          text_size, text_capacity;
    mc_vocab_entry *entries; /* distinct spellings, in the order of adding */
    size_t          count, capacity;
    mc_vocab_slot  *slots;
    size_t          slot_mask;
    uint32_t       *by_id; /* entry index + 1; 0: no token has this id */
    size_t          id_count, id_capacity;
} mc_vocab;

/* An all-zero vocabulary is empty and valid. The expectations save growing, no more. */
mc_status mc_vocab_expect(mc_vocab *vocab, size_t count, size_t text_size, mc_error *err);
void      mc_vocab_clear(mc_vocab *vocab);
/* A spelling that is there already gets the new id. */
mc_status mc_vocab_add(mc_vocab *vocab, const char *text, size_t size, int64_t id,
                       mc_error *err);
int32_t   mc_vocab_find(const mc_vocab *vocab, const char *text, size_t size); /* -1: none */
/* Many at once, several times as fast: the memory is asked for before it is waited for. */
enum { MC_FIND_MANY = 96 }; /* `count` at most */
void mc_vocab_find_many(const mc_vocab *vocab, const char *const *texts, const size_t *sizes,
                        size_t count, int32_t *ids);
bool mc_vocab_get(const mc_vocab *vocab, int32_t id, const char **text, size_t *size);

/* (left, right) -> (first, second); of two additions of one pair the later one counts. */
typedef struct mc_pair {
    uint32_t left, right;
    uint32_t first;
    uint32_t second; /* + 1; 0: free */
} mc_pair;

typedef struct mc_pair_map {
    mc_pair *pairs;
    size_t   count, mask;
} mc_pair_map;

mc_status mc_pair_map_expect(mc_pair_map *map, size_t count, mc_error *err);
void      mc_pair_map_clear(mc_pair_map *map);
mc_status mc_pair_map_add(mc_pair_map *map, mc_pair pair, mc_error *err);

static inline size_t mc_pair_slot(const mc_pair_map *map, uint32_t left, uint32_t right)
{
    uint64_t key = ((uint64_t)left << 32 | right) * UINT64_C(0x9e3779b97f4a7c15);

    return (size_t)(key ^ key >> 32) & map->mask;
}

/* NULL: no such pair. */
static inline const mc_pair *mc_pair_map_find(const mc_pair_map *map, uint32_t left,
                                              uint32_t right)
{
    if (!map->pairs) return NULL;
    for (size_t i = mc_pair_slot(map, left, right); map->pairs[i].second;
         i        = (i + 1) & map->mask)
        if (map->pairs[i].left == left && map->pairs[i].right == right) return &map->pairs[i];
    return NULL;
}

#endif
