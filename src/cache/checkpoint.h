/* checkpoint.h - the full state of a running build behind its last finished block, replaced as
 * it goes: what an interrupted build goes on from.
 *
 * One entry (entry.h) a model and set of texts. Its payload, numbers little-endian:
 *
 *     0  8  block
 *     8  8  texts
 *    16  8  width of a token's row
 *    24     the texts' keys, 16 bytes each, then their numbers of tokens, 8 bytes each
 *           float32 [tokens of all texts, width] */
#ifndef MC_CACHE_CHECKPOINT_H
#define MC_CACHE_CHECKPOINT_H

#include "cache/activations.h"

typedef struct mc_checkpoint_texts {
    const mc_hash *keys;    /* [count] */
    const size_t  *offsets; /* [count + 1] of their tokens */
    size_t         count;
} mc_checkpoint_texts;

/* Fill in [tokens of the text, width]. */
typedef void mc_checkpoint_rows(void *context, size_t text, float *rows);

/* `texts` of the group's whole build tell its checkpoint from those of others. */
mc_status mc_checkpoint_put(const mc_activation_group *group, mc_hash build, int block,
                            size_t width, const mc_checkpoint_texts *texts,
                            mc_checkpoint_rows *rows, void *context, mc_error *err);
void      mc_checkpoint_remove(const mc_activation_group *group, mc_hash build);

typedef struct mc_checkpoint {
    mc_cache_reader     reader;
    int                 block;
    size_t              count, width;
    uint64_t           *offsets; /* [count + 1] */
    struct mc_text_key *sorted;  /* [count], by key */
} mc_checkpoint;

bool mc_checkpoint_open(const mc_activation_group *group, mc_hash build, size_t width,
                        mc_checkpoint *out);
void mc_checkpoint_close(mc_checkpoint *checkpoint); /* an all-zero one is fine */
/* Where a text of so many tokens is, or SIZE_MAX. */
size_t    mc_checkpoint_find(const mc_checkpoint *checkpoint, mc_hash key, size_t tokens);
mc_status mc_checkpoint_read(const mc_checkpoint *checkpoint, size_t at, float *rows,
                             mc_error *err);

#endif
