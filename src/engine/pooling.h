/* pooling.h - what is kept of a layer: the last row of each text, the mean, or every row. */
#ifndef MC_ENGINE_POOLING_H
#define MC_ENGINE_POOLING_H

#include "engine/plan.h"

typedef struct mc_pooled {
    unsigned keep;
    size_t   texts, tokens, width; /* width: of the widest layer */
    float   *last, *mean, *all;
} mc_pooled;

mc_status mc_pooled_create(unsigned keep, size_t texts, size_t tokens, size_t width,
                           mc_pooled *pooled, mc_error *err);
void      mc_pooled_clear(mc_pooled *pooled);
/* The same memory (borrowed), of which only these flags are used. */
mc_pooled mc_pooled_only(const mc_pooled *pooled, unsigned keep);
/* Of what its shape asks for, allocated or not. */
size_t mc_pooled_bytes(const mc_pooled *pooled);

/* Which rows of a text are needed: 1 for position `position`. */
int mc_pooled_needs(unsigned keep, size_t position, size_t length);

/* Rows of one text (or of a chunk of it), to be pooled. */
typedef struct mc_pool_rows {
    const float    *data; /* of the tile */
    size_t          stride, width;
    const uint32_t *place; /* row of the tile -> row of data; NULL: the same */
    size_t          begin; /* index of the text's first token among all tokens */
} mc_pool_rows;

/* Fold positions first .. first + count - 1, which lie in rows path[0 ..], into what is kept of
 * the text. A long text comes in chunks, in order; `sums` (width doubles) is carried between
 * them. */
void mc_pool_text(mc_pooled *pooled, const mc_plan_text *text, const mc_pool_rows *rows,
                  const uint32_t *path, size_t first, size_t count, double *sums);

#endif
