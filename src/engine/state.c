/* state.c - living rows out of the plan's order into the order of the texts, and back. */
#include "engine/state.h"

#include <string.h>

#include "base/alloc.h"

/* Of a buffer that lives through all blocks, else 0. Blocks fill some, too: keys and values
 * that later ones share. */
static size_t width_of(const mc_lowered *model, int buffer)
{
    size_t width = model->embed.widths[buffer];

    if (buffer == MC_X) return model->hidden;
    if (!model->persistent[buffer]) return 0;
    for (size_t block = 0; block < model->block_count; block++)
        if (model->blocks[block].widths[buffer] > width)
            width = model->blocks[block].widths[buffer];
    return width;
}

size_t mc_engine_state_width(const mc_lowered *model)
{
    size_t width = 0;

    for (int b = 0; b < MC_BUFFERS_MAX; b++)
        width += width_of(model, b);
    return width;
}

int mc_engine_state_block(const mc_engine_state *state)
{
    return state->block;
}

mc_status mc_engine_state_create(mc_engine_state *state, mc_error *err)
{
    const mc_plan *plan = state->plan;

    for (int b = 0; b < MC_BUFFERS_MAX; b++)
        state->widths[b] = width_of(state->model, b);
    state->places = mc_alloc_array(plan->text_count, sizeof *state->places);
    if (!state->places) return mc_fail_memory(err, plan->text_count * sizeof *state->places);
    for (size_t i = 0; i < plan->tile_count; i++) {
        const mc_plan_tile *tile = &plan->tiles[i];
        for (size_t t = tile->first_text; t < tile->first_text + tile->text_count; t++)
            state->places[plan->texts[t].text] = (struct mc_text_place){ t, tile->first_row };
    }
    return MC_OK;
}

void mc_engine_state_clear(mc_engine_state *state)
{
    mc_free(state->places);
    state->places = NULL;
}

/* Where the row of a position lies; positions of a shared beginning have one row together. */
static size_t row_of(const mc_engine_state *state, size_t text, size_t position)
{
    const struct mc_text_place *place   = &state->places[text];
    const mc_plan_text         *planned = &state->plan->texts[place->planned];

    return place->first_row + state->plan->paths[planned->path + position];
}

static size_t length_of(const mc_engine_state *state, size_t text)
{
    return state->plan->texts[state->places[text].planned].length;
}

/* A pass that ends early knows nothing of buffers, or of their wider uses, behind its end. */
static size_t columns_of(const mc_engine_state *state, int buffer)
{
    size_t width = state->widths[buffer], stride = state->stride[buffer];

    if (!state->data[buffer]) return 0;
    return width < stride ? width : stride;
}

void mc_engine_state_read(const mc_engine_state *state, size_t text, float *rows)
{
    for (size_t position = 0; position < length_of(state, text); position++)
        for (int b = 0; b < MC_BUFFERS_MAX; b++) {
            size_t columns = columns_of(state, b), row = row_of(state, text, position);
            if (columns > 0)
                memcpy(rows, state->data[b] + row * state->stride[b], columns * sizeof *rows);
            memset(rows + columns, 0, (state->widths[b] - columns) * sizeof *rows);
            rows += state->widths[b];
        }
}

static void write_rows(const mc_engine_state *state, size_t text, const float *rows)
{
    for (size_t position = 0; position < length_of(state, text); position++)
        for (int b = 0; b < MC_BUFFERS_MAX; b++) {
            size_t columns = columns_of(state, b), row = row_of(state, text, position);
            if (columns > 0)
                memcpy(state->data[b] + row * state->stride[b], rows, columns * sizeof *rows);
            rows += state->widths[b];
        }
}

mc_status mc_engine_state_restore(const mc_engine_state *state, mc_restore_function *restore,
                                  void *context, mc_error *err)
{
    size_t    floats = state->plan->longest * mc_engine_state_width(state->model);
    float    *rows   = mc_alloc_array(floats, sizeof *rows);
    mc_status status = MC_OK;

    if (!rows) return mc_fail_memory(err, floats * sizeof *rows);
    for (size_t text = 0; status == MC_OK && text < state->plan->text_count; text++) {
        status = restore(context, text, rows, err);
        if (status == MC_OK) write_rows(state, text, rows);
    }
    mc_free(rows);
    return status;
}
