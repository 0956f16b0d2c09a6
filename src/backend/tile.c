/* tile.c - what every backend does with a tile in the same way. */
#include <math.h>
#include <string.h>

#include "backend/backend.h"

double mc_scale_far(const mc_op *op, size_t position)
{
    size_t laps = op->position_offset ? position / op->position_offset : 0;

    return 1.0 + (double)op->scale * log1p((double)laps);
}

void mc_tile_remember(const mc_op *op, const mc_tile *tile)
{
    const mc_history *history = tile->history;

    if (!history) return;
    for (size_t row = 0; row < tile->rows; row++) {
        size_t position = tile->positions[row];
        memcpy(history->keys + position * history->key_stride, mc_tile_at(tile, op->src2, row),
               op->src2.width * sizeof(float));
        memcpy(history->values + position * history->value_stride,
               mc_tile_at(tile, op->src3, row), op->src3.width * sizeof(float));
    }
}
