/* capture_cache.c - which states are kept already, which texts must run, and from which block;
 * what is computed goes to capture_store.c.
 *
 * A layer is whole when the cache has all texts of the run, else it is computed: for the texts
 * that some layer lacks. Layers leave in ascending order, so whole ones wait for those below
 * them. Files are held open from the first look on: removing them changes nothing. */
#include "analysis/capture_cache.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/capture_store.h"
#include "base/alloc.h"
#include "base/log.h"
#include "cache/content.h"
#include "model/model.h"

typedef struct cached_layer {
    int            layer; /* 0..L, or MC_ENGINE_FINAL */
    size_t         width;
    mc_activations file;  /* what is kept of it */
    bool           whole; /* that is all texts */
} cached_layer;

typedef struct cached_run {
    mc_capture_run     *run;
    mc_activation_group group;
    mc_hash            *keys; /* [texts] */
    cached_layer       *layers;
    size_t              layer_count, next; /* next to leave */

    size_t  *chosen; /* texts that run, ascending: places in the run's list */
    size_t  *place;  /* [texts] place among them, SIZE_MAX: served */
    size_t   chosen_count;
    mc_texts texts; /* those */
    mc_hash *chosen_keys;
    float   *rows; /* [texts, width] of a layer that is put together */
    bool    *wanted;

    mc_capture_store store;
    mc_checkpoint    from;
    size_t          *from_place; /* [chosen] */
} cached_run;

static size_t text_count(const cached_run *c)
{
    return c->run->tokens.text_count;
}

static size_t length_of(const cached_run *c, size_t text)
{
    return c->run->tokens.offsets[text + 1] - c->run->tokens.offsets[text];
}

/* ---- keys ---- */

/* Whatever decides a state beside the text: weights, configuration, arithmetic, backend. */
static mc_status identify(cached_run *c, mc_error *err)
{
    mc_capture_run *run   = c->run;
    const mc_store *store = mc_model_store(run->model);
    const char     *path  = mc_atlas_get_info(run->atlas)->path;
    char            full[PATH_MAX];
    mc_hash         sum;

    if (!run->model_hash[0])
        MC_TRY(mc_content_hash(store, run->options->threads, run->model_hash, NULL, err));
    sum = mc_hash_bytes(run->model_hash, strlen(run->model_hash));
    sum = mc_hash_join(sum, mc_store_config_hash(store));
    sum = mc_hash_join(sum, mc_hash_bytes(mc_engine_arithmetic, strlen(mc_engine_arithmetic)));
    sum = mc_hash_join(sum, mc_hash_bytes(run->backend->name, strlen(run->backend->name)));
    if (path[0] && realpath(path, full)) path = full;
    c->group = (mc_activation_group){ .model  = mc_model_get_info(run->model)->name,
                                      .states = sum,
                                      .source = mc_hash_bytes(path, strlen(path)),
                                      .age    = run->cache.age };
    return MC_OK;
}

static mc_status name_texts(cached_run *c, mc_error *err)
{
    const mc_probe_tokens *tokens = &c->run->tokens;
    size_t                 count  = text_count(c);

    c->keys = mc_alloc_array(count, sizeof *c->keys);
    if (!c->keys) return mc_fail_memory(err, count * sizeof *c->keys);
    for (size_t i = 0; i < count; i++)
        c->keys[i] = mc_hash_bytes(tokens->tokens + tokens->offsets[i],
                                   length_of(c, i) * sizeof *tokens->tokens);
    c->store.build = mc_hash_bytes(c->keys, count * sizeof *c->keys);
    return MC_OK;
}

/* ---- what is there ---- */

static bool has_all(const cached_run *c, const mc_activations *file)
{
    for (size_t i = 0; i < text_count(c); i++)
        if (mc_activations_find(file, c->keys[i]) == SIZE_MAX) return false;
    return true;
}

static mc_status open_layers(cached_run *c, mc_error *err)
{
    const mc_model_info *info = mc_model_get_info(c->run->model);
    bool                 mean = c->run->options->pooling == MC_POOLING_MEAN;

    c->layers = mc_calloc(info->layer_count + 2, sizeof *c->layers);
    if (!c->layers) return mc_fail_memory(err, info->layer_count * sizeof *c->layers);
    for (size_t i = 0; i < info->layer_count + 2; i++) {
        cached_layer *layer = &c->layers[c->layer_count];
        if (!c->run->wanted[i]) continue;
        layer->layer = i <= info->layer_count ? (int)i : MC_ENGINE_FINAL;
        layer->width = i <= info->layer_count ? info->hidden_size : info->final_size;
        if (mc_activations_open(&c->group, layer->layer, layer->width, &layer->file)) {
            if (mean && !layer->file.means) mc_activations_close(&layer->file);
            layer->whole = has_all(c, &layer->file);
        }
        c->layer_count++;
    }
    return MC_OK;
}

/* Texts that some layer lacks. */
static mc_status choose_texts(cached_run *c, mc_error *err)
{
    size_t count = text_count(c);

    c->chosen = mc_alloc_array(count, sizeof *c->chosen);
    c->place  = mc_alloc_array(count, sizeof *c->place);
    if (!c->chosen || !c->place) return mc_fail_memory(err, count * sizeof *c->chosen);
    for (size_t i = 0; i < count; i++) {
        bool lacking = false;
        for (size_t l = 0; l < c->layer_count && !lacking; l++)
            lacking = !c->layers[l].whole &&
                      mc_activations_find(&c->layers[l].file, c->keys[i]) == SIZE_MAX;
        c->place[i] = lacking ? c->chosen_count : SIZE_MAX;
        if (lacking) c->chosen[c->chosen_count++] = i;
    }
    return MC_OK;
}

/* The chosen texts back to back, as the engine takes them. */
static mc_status gather_texts(cached_run *c, mc_error *err)
{
    const mc_probe_tokens *all     = &c->run->tokens;
    size_t                *offsets = mc_calloc(c->chosen_count + 1, sizeof *offsets);
    int32_t               *tokens  = mc_alloc_array(all->token_count, sizeof *tokens);

    c->texts       = (mc_texts){ tokens, offsets, c->chosen_count };
    c->chosen_keys = mc_alloc_array(c->chosen_count, sizeof *c->chosen_keys);
    if (!offsets || !tokens || !c->chosen_keys)
        return mc_fail_memory(err, all->token_count * sizeof *tokens);
    for (size_t i = 0; i < c->chosen_count; i++) {
        size_t text       = c->chosen[i];
        offsets[i + 1]    = offsets[i] + length_of(c, text);
        c->chosen_keys[i] = c->keys[text];
        memcpy(tokens + offsets[i], all->tokens + all->offsets[text],
               length_of(c, text) * sizeof *tokens);
    }
    return MC_OK;
}

/* ---- layers leave ---- */

/* Rows of served texts out of a layer's file, neighbours at once. */
static mc_status read_served(cached_run *c, const cached_layer *layer, mc_error *err)
{
    bool mean = c->run->options->pooling == MC_POOLING_MEAN;

    for (size_t i = 0; i < text_count(c);) {
        size_t run = 1, at;
        if (c->place[i] != SIZE_MAX && !layer->whole) {
            i++;
            continue;
        }
        at = mc_activations_find(&layer->file, c->keys[i]);
        while (i + run < text_count(c) && (layer->whole || c->place[i + run] == SIZE_MAX) &&
               mc_activations_find(&layer->file, c->keys[i + run]) == at + run)
            run++;
        MC_TRY(
            mc_activations_read(&layer->file, mean, at, run, c->rows + i * layer->width, err));
        i += run;
    }
    return MC_OK;
}

/* `computed` (NULL of a whole layer) are the rows of the chosen texts. */
static mc_status emit(cached_run *c, const cached_layer *layer, const float *computed,
                      mc_error *err)
{
    size_t width = layer->width, served = text_count(c);

    if (computed) served -= c->chosen_count;
    c->run->reuse.served += served;
    if (served == 0) return mc_capture_emit(c->run, layer->layer, width, computed, err);
    for (size_t i = 0; computed && i < c->chosen_count; i++)
        memcpy(c->rows + c->chosen[i] * width, computed + i * width, width * sizeof(float));
    MC_TRY(read_served(c, layer, err));
    return mc_capture_emit(c->run, layer->layer, width, c->rows, err);
}

/* Whole layers below the next computed one, or all that are left. */
static mc_status emit_whole(cached_run *c, mc_error *err)
{
    for (; c->next < c->layer_count && c->layers[c->next].whole; c->next++) {
        MC_TRY(emit(c, &c->layers[c->next], NULL, err));
        mc_activations_close(&c->layers[c->next].file);
    }
    return MC_OK;
}

static size_t widest(const cached_run *c)
{
    size_t width = 0;

    for (size_t l = 0; l < c->layer_count; l++)
        if (c->layers[l].width > width) width = c->layers[l].width;
    return width;
}

static mc_status take_states(void *context, const mc_states *states, mc_error *err)
{
    cached_run  *c = context;
    const float *computed =
        c->run->options->pooling == MC_POOLING_MEAN ? states->mean : states->last;
    cached_layer *layer = &c->layers[c->next];

    while (layer->layer != states->layer)
        layer++;
    /* First: it is safe whatever becomes of the rest. */
    mc_capture_store_layer(&c->store, layer->layer, layer->width, &layer->file, states);
    MC_TRY(emit_whole(c, err));
    c->next = (size_t)(layer - c->layers) + 1;
    return emit(c, layer, computed, err);
}

/* ---- the engine's callbacks, and where it begins ---- */

static mc_checkpoint_need need_checkpoint(void *context, int block)
{
    return mc_capture_store_need(&((cached_run *)context)->store, block);
}

static mc_status keep_checkpoint(void *context, const mc_engine_state *state, mc_error *err)
{
    (void)err;
    mc_capture_store_checkpoint(&((cached_run *)context)->store, state);
    return MC_OK;
}

static mc_status restore(void *context, size_t text, float *rows, mc_error *err)
{
    const cached_run *c = context;

    return mc_checkpoint_read(&c->from, c->from_place[text], rows, err);
}

static void report_progress(void *context, const mc_engine_progress *progress)
{
    mc_capture_progress(((cached_run *)context)->run, progress);
}

/* The lowest layer that is computed, in blocks. */
static int first_computed(const cached_run *c)
{
    for (size_t l = 0; l < c->layer_count; l++)
        if (!c->layers[l].whole && c->layers[l].layer != MC_ENGINE_FINAL)
            return c->layers[l].layer;
    return (int)mc_model_get_info(c->run->model)->layer_count;
}

/* An interrupted build's state, if it lies below all that is to be computed and has all texts.
 */
static mc_status find_checkpoint(cached_run *c, mc_error *err)
{
    bool usable;

    if (!mc_checkpoint_open(&c->group, c->store.build, c->store.living, &c->from)) return MC_OK;
    c->from_place = mc_alloc_array(c->chosen_count, sizeof *c->from_place);
    if (!c->from_place) return mc_fail_memory(err, c->chosen_count * sizeof *c->from_place);
    usable = c->from.block < first_computed(c);
    for (size_t i = 0; i < c->chosen_count && usable; i++) {
        c->from_place[i] =
            mc_checkpoint_find(&c->from, c->chosen_keys[i], length_of(c, c->chosen[i]));
        usable = c->from_place[i] != SIZE_MAX;
    }
    if (!usable) mc_checkpoint_close(&c->from);
    return MC_OK;
}

/* ---- the run ---- */

static mc_status choose_layers(cached_run *c, mc_error *err)
{
    size_t blocks = mc_model_get_info(c->run->model)->layer_count;

    c->wanted = mc_calloc(blocks + 2, sizeof *c->wanted);
    if (!c->wanted) return mc_fail_memory(err, blocks + 2);
    for (size_t l = 0; l < c->layer_count; l++) {
        const cached_layer *layer = &c->layers[l];
        size_t at     = layer->layer == MC_ENGINE_FINAL ? blocks + 1 : (size_t)layer->layer;
        c->wanted[at] = !layer->whole;
    }
    return MC_OK;
}

/* What is kept behind the last block. With `--pool last` its means are left out, which would
 * need all of its rows, where no file has them so far; the checkpoint before it stays. */
static unsigned choose_end(cached_run *c)
{
    int  blocks = (int)mc_model_get_info(c->run->model)->layer_count, end = blocks;
    bool means = c->run->options->pooling == MC_POOLING_MEAN;

    while (end > 0 && !c->wanted[blocks + 1] && !c->wanted[end])
        end--;
    for (size_t l = 0; l < c->layer_count; l++)
        if (c->layers[l].layer == end || c->layers[l].layer == MC_ENGINE_FINAL)
            means = means || c->layers[l].file.means;
    if (means || end == 0) return MC_KEEP_LAST | MC_KEEP_MEAN;
    c->store.stays_behind = end - 1;
    return MC_KEEP_LAST;
}

static void begin_store(cached_run *c)
{
    const mc_lowered *model  = mc_model_lowered(c->run->model);
    size_t            tokens = c->texts.offsets[c->chosen_count];

    c->store.texts = (mc_checkpoint_texts){ c->chosen_keys, c->texts.offsets, c->chosen_count };
    c->store.widest = widest(c);
    mc_capture_store_begin(&c->store, &c->run->cache,
                           mc_capture_store_size(model, c->wanted, c->chosen_count, tokens));
}

static mc_status compute(cached_run *c, mc_engine_stats *stats, mc_error *err)
{
    mc_engine_options options = mc_capture_engine(c->run);
    mc_status         status;

    MC_TRY(gather_texts(c, err));
    MC_TRY(choose_layers(c, err));
    MC_TRY(find_checkpoint(c, err));
    options.keep_end   = choose_end(c);
    options.wanted     = c->wanted;
    options.states     = take_states;
    options.need       = need_checkpoint;
    options.checkpoint = keep_checkpoint;
    options.restore    = restore;
    options.progress   = report_progress;
    options.context    = c;
    if (c->from.reader.is_open) {
        c->run->reuse.resumed_behind = c->from.block;
        options.first_block          = c->from.block + 1;
        mc_log(MC_LOG_INFO, "going on behind block %d of an earlier build", c->from.block);
    }
    begin_store(c);
    status = mc_engine_run(mc_model_lowered(c->run->model), mc_model_store(c->run->model),
                           &c->texts, &options, stats, err);
    mc_capture_store_end(&c->store, status == MC_OK);
    c->run->reuse.stored += c->store.written;
    if (status == MC_ERR_INTERRUPTED && c->store.on)
        mc_fail(err, status, "the same command goes on from the last finished block",
                "stopped on request");
    return status == MC_OK ? status : mc_fail_about(err, status, "%s", c->run->options->model);
}

/* Room to put a layer together, if any is not computed whole. */
static mc_status create_rows(cached_run *c, mc_error *err)
{
    size_t floats = text_count(c) * widest(c);
    bool   serves = c->chosen_count < text_count(c);

    for (size_t l = 0; l < c->layer_count; l++)
        serves = serves || c->layers[l].whole;
    if (!serves) return MC_OK;
    c->rows = mc_alloc_array(floats, sizeof *c->rows);
    return c->rows ? MC_OK : mc_fail_memory(err, floats * sizeof *c->rows);
}

static mc_status run_all(cached_run *c, mc_engine_stats *stats, mc_error *err)
{
    MC_TRY(identify(c, err));
    MC_TRY(name_texts(c, err));
    MC_TRY(open_layers(c, err));
    MC_TRY(choose_texts(c, err));
    MC_TRY(create_rows(c, err));
    c->run->reuse.states += c->layer_count * text_count(c);
    if (c->chosen_count > 0) MC_TRY(compute(c, stats, err));
    return emit_whole(c, err);
}

static void clear(cached_run *c)
{
    for (size_t l = 0; l < c->layer_count; l++)
        mc_activations_close(&c->layers[l].file);
    mc_checkpoint_close(&c->from);
    mc_free(c->layers);
    mc_free(c->keys);
    mc_free(c->chosen);
    mc_free(c->place);
    mc_free((void *)(uintptr_t)c->texts.tokens);
    mc_free((void *)(uintptr_t)c->texts.offsets);
    mc_free(c->chosen_keys);
    mc_free(c->from_place);
    mc_free(c->wanted);
    mc_free(c->rows);
}

mc_status mc_capture_layers_cached(mc_capture_run *run, mc_engine_stats *stats, mc_error *err)
{
    cached_run c = { .run = run };
    mc_status  status;

    c.store = (mc_capture_store){ .group  = &c.group,
                                  .living = mc_engine_state_width(mc_model_lowered(run->model)),
                                  .stays_behind = -1 };
    status  = run_all(&c, stats, err);
    clear(&c);
    return status;
}

/* At most: a layer put together from what is served and what is computed, and what is on its
 * way to the disk; the means of `final`, where a file has them. */
uint64_t mc_capture_cache_memory(const mc_capture_run *run)
{
    const mc_lowered *model   = mc_model_lowered(run->model);
    const mc_texts    texts   = mc_capture_texts(run);
    const bool        final   = run->wanted[model->block_count + 1];
    size_t            longest = 0, width = model->hidden;

    for (size_t i = 0; i < texts.count; i++)
        if (texts.offsets[i + 1] - texts.offsets[i] > longest)
            longest = texts.offsets[i + 1] - texts.offsets[i];
    if (final && model->final_width > width) width = model->final_width;
    return mc_capture_store_memory(model, width, texts.count, longest) +
           (uint64_t)texts.count * (width + (final ? model->final_width : 0)) * sizeof(float);
}
