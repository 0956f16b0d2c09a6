/* capture_store.c - the thread that writes layers, and when a checkpoint is worth its time. */
#include "analysis/capture_store.h"

#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "base/thread.h"
#include "cache/inventory.h"

/* A checkpoint is written when that takes at most this part of the time since the last one. */
#define CHECKPOINT_SHARE 0.01
/* Bytes a second that writing is expected to manage until it has been seen. */
#define CHECKPOINT_RATE 5e8

static void give_up(mc_capture_store *store, const mc_error *err)
{
    if (store->on)
        mc_log(MC_LOG_WARN, "activations are not kept: %s%s%s", err->subject,
               err->subject[0] ? ": " : "", err->reason);
    store->on = false;
}

/* ---- sizes ---- */

uint64_t mc_capture_store_size(const mc_lowered *model, const bool *wanted, size_t texts,
                               size_t tokens)
{
    uint64_t columns = 0, row = 2 * sizeof(float);

    for (size_t i = 0; i < model->block_count + 2; i++)
        if (wanted[i]) columns += i <= model->block_count ? model->hidden : model->final_width;
    return columns * texts * row +
           (uint64_t)tokens * mc_engine_state_width(model) * sizeof(float);
}

/* The copy of a layer, and the rows of one text on their way into a checkpoint. */
uint64_t mc_capture_store_memory(const mc_lowered *model, size_t widest, size_t texts,
                                 size_t longest)
{
    return ((uint64_t)2 * texts * widest + (uint64_t)longest * mc_engine_state_width(model)) *
           sizeof(float);
}

void mc_capture_store_begin(mc_capture_store *store, const mc_cache_settings *settings,
                            uint64_t needed)
{
    mc_error     err    = { 0 };
    const size_t tokens = store->texts.offsets[store->texts.count];

    store->on       = true;
    store->marked   = mc_clock();
    store->expected = (double)tokens * (double)store->living * sizeof(float) / CHECKPOINT_RATE;
    mc_log(MC_LOG_INFO, "the activations of this run take about %.1f MiB on disk",
           (double)needed / 1048576.0);
    if (mc_cache_make_room(settings, needed, NULL, &err) != MC_OK) give_up(store, &err);
}

/* ---- layers ---- */

static void *write_layer(void *context)
{
    mc_capture_store       *store = context;
    struct mc_layer_writer *w     = &store->writer;

    w->size = 0;
    w->status =
        mc_activations_put(store->group, w->layer, w->width, store->texts.keys,
                           store->texts.count, w->last, w->mean, w->old, &w->size, &w->err);
    return NULL;
}

static void finish_layer(mc_capture_store *store)
{
    struct mc_layer_writer *w = &store->writer;

    if (!w->pending) return;
    if (w->has_thread) pthread_join(w->thread, NULL);
    if (w->status != MC_OK) give_up(store, &w->err);
    store->written += w->size;
    mc_activations_close(w->old);
    w->pending = false;
}

void mc_capture_store_layer(mc_capture_store *store, int layer, size_t width,
                            mc_activations *old, const mc_states *states)
{
    struct mc_layer_writer *w      = &store->writer;
    const size_t            floats = store->texts.count * width;
    const size_t            most   = 2 * store->texts.count * store->widest;

    finish_layer(store);
    if (!store->on) return;
    if (!w->rows) w->rows = mc_alloc_array(most, sizeof *w->rows);
    if (!w->rows) {
        (void)mc_fail_memory(&w->err, most * sizeof *w->rows);
        give_up(store, &w->err);
        return;
    }
    w->layer = layer;
    w->width = width;
    w->old   = old;
    w->last  = memcpy(w->rows, states->last, floats * sizeof *w->rows);
    w->mean =
        states->mean ? memcpy(w->rows + floats, states->mean, floats * sizeof *w->rows) : NULL;
    w->pending    = true;
    w->has_thread = mc_thread_start(&w->thread, write_layer, store) == 0;
    if (!w->has_thread) write_layer(store);
}

/* ---- checkpoints ---- */

static void copy_rows(void *context, size_t text, float *rows)
{
    mc_engine_state_read(*(const mc_engine_state **)context, text, rows);
}

mc_checkpoint_need mc_capture_store_need(const mc_capture_store *store, int block)
{
    if (!store->on) return MC_CHECKPOINT_NEVER;
    if (block == store->stays_behind) return MC_CHECKPOINT_NOW;
    return store->expected > CHECKPOINT_SHARE * (mc_clock() - store->marked)
               ? MC_CHECKPOINT_LATER
               : MC_CHECKPOINT_NOW;
}

void mc_capture_store_checkpoint(mc_capture_store *store, const mc_engine_state *state)
{
    const int block   = mc_engine_state_block(state);
    double    started = mc_clock();
    mc_error  err     = { 0 };

    if (!store->on) return;
    finish_layer(store); /* what lies below a checkpoint must be whole */
    if (mc_checkpoint_put(store->group, store->build, block, store->living, &store->texts,
                          copy_rows, &state, &err) != MC_OK)
        give_up(store, &err);
    store->marked   = mc_clock();
    store->expected = store->marked - started;
    mc_log(MC_LOG_DEBUG, "checkpoint behind block %d: %.4f s", block, store->expected);
}

void mc_capture_store_end(mc_capture_store *store, bool done)
{
    finish_layer(store);
    mc_free(store->writer.rows);
    store->writer.rows = NULL;
    if (done && store->stays_behind < 0) mc_checkpoint_remove(store->group, store->build);
}
