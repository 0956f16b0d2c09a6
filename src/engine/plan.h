/* plan.h - how texts are cut into tiles, and which rows they share. */
#ifndef MC_ENGINE_PLAN_H
#define MC_ENGINE_PLAN_H

#include "engine/engine.h"

/* Rows of a tile: enough that a weight panel is used often while it is in the nearest cache,
 * few enough that the tile's buffers stay in the last one. */
enum { MC_TILE_ROWS = 192 };

typedef struct mc_plan_text {
    size_t text;   /* index into mc_texts */
    size_t length; /* tokens */
    size_t shared; /* leading tokens whose rows belong to an earlier text of the tile */
    size_t row;    /* its first own row, in the tile */
    size_t path;   /* index into mc_plan.paths: rows of positions 0 .. length - 1 */
} mc_plan_text;

typedef struct mc_plan_tile {
    size_t first_text, text_count; /* into mc_plan.texts */
    size_t first_row, rows;        /* of the global matrix */
    bool   chunked;                /* one text that is longer than a tile: run in chunks */
} mc_plan_tile;

typedef struct mc_plan {
    mc_plan_text *texts; /* sorted by tokens, so that neighbours begin alike */
    mc_plan_tile *tiles;
    uint32_t     *paths;
    size_t        text_count, tile_count;
    size_t        rows;      /* of all tiles: the computed tokens */
    size_t        asked;     /* tokens of all texts */
    size_t        tile_rows; /* of the largest tile or chunk */
    size_t        longest;   /* tokens */
    int32_t      *tokens;    /* [rows] of the global matrix */
    uint32_t     *positions; /* [rows] */
} mc_plan;

/* `alone_above`: texts longer than this share nothing (their rotary angles may differ); 0:
 * none. */
mc_status mc_plan_create(const mc_texts *texts, const mc_engine_options *options,
                         size_t threads, size_t alone_above, mc_plan *plan, mc_error *err);
void      mc_plan_clear(mc_plan *plan);

#endif
