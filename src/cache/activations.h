/* activations.h - pooled states of texts: for each text, the last token's row and the mean over
 * its tokens, as the engine keeps them.
 *
 * One entry (entry.h) a model, layer and source of texts. Its payload, numbers little-endian:
 *
 *     0  8  texts
 *     8  8  width
 *    16     the texts' keys, 16 bytes each: hashes of their token ids
 *           float32 [texts, width]: last; then the same: mean
 *
 * A text's states depend on nothing but the model and its token ids, so any selection of texts,
 * either pooling, any batch size is served from the same file. */
#ifndef MC_CACHE_ACTIVATIONS_H
#define MC_CACHE_ACTIVATIONS_H

#include "cache/entry.h"

struct mc_text_key {
    mc_hash  key;
    uint32_t text; /* its place in a list */
};

/* The keys of a list in their own order, for the next function; freed with mc_free. */
mc_status mc_text_keys_sort(const mc_hash *keys, size_t count, struct mc_text_key **out,
                            mc_error *err);
/* A place in the list, or SIZE_MAX. */
size_t mc_text_keys_find(const struct mc_text_key *sorted, size_t count, mc_hash key);

/* All layers of a model over one source of texts. */
typedef struct mc_activation_group {
    const char *model;  /* its name */
    mc_hash     states; /* whatever decides the states: weights, configuration, arithmetic */
    mc_hash     source; /* where the texts come from: tells files apart, not texts */
    int64_t     age;    /* seconds after which a file is not used; 0: none */
} mc_activation_group;

/* An open file of a layer; an all-zero one holds no texts. */
typedef struct mc_activations {
    mc_cache_reader     reader;
    size_t              count, width;
    bool                means;  /* beside the last rows */
    mc_hash            *keys;   /* [count] */
    struct mc_text_key *sorted; /* [count], by key */
} mc_activations;

/* layer -1: final. False: there is none, or a damaged one that is now removed. */
bool mc_activations_open(const mc_activation_group *group, int layer, size_t width,
                         mc_activations *out);
void mc_activations_close(mc_activations *activations);
/* Where a text is, or SIZE_MAX. */
size_t    mc_activations_find(const mc_activations *activations, mc_hash key);
mc_status mc_activations_read(const mc_activations *activations, bool mean, size_t first,
                              size_t count, float *rows, mc_error *err);

/* Write a layer's file: these texts, and those of `old` (may be NULL) that are not among them.
 * Means are left out where `mean` is NULL or a text of `old` stays that has none.
 * `size` is what it takes on disk. */
mc_status mc_activations_put(const mc_activation_group *group, int layer, size_t width,
                             const mc_hash *keys, size_t count, const float *last,
                             const float *mean, const mc_activations *old, uint64_t *size,
                             mc_error *err);

#endif
