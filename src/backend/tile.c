/* tile.c - what every backend does with a tile in the same way. */
#include <string.h>

#include "backend/backend.h"

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
