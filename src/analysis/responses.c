/* responses.c - the states of all layers in memory, from a run or from a file. */
#include "analysis/responses.h"

#include <string.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/file_map.h"

bool mc_responses_is_file(const char *source)
{
    char magic[4];

    if (!mc_path_is_file(source)) return false;
    return mc_file_start(source, magic, sizeof magic) < sizeof magic ||
           memcmp(magic, "GGUF", sizeof magic) != 0;
}

static mc_status create(mc_responses **out, mc_error *err)
{
    mc_responses *r = mc_calloc(1, sizeof *r);
    mc_status     status;

    if (!r) return mc_fail_memory(err, sizeof *r);
    status = mc_arena_create(&r->storage, err);
    if (status == MC_OK)
        *out = r;
    else
        mc_free(r);
    return status;
}

void mc_responses_close(mc_responses *responses)
{
    if (!responses) return;
    mc_crm_close(responses->crm);
    mc_arena_free(responses->storage);
    mc_free(responses);
}

static mc_status take(mc_responses *r, size_t count, size_t size, void *out, mc_error *err)
{
    void *block;

    MC_TRY(mc_arena_array(r->storage, count, size, &block, err));
    memcpy(out, &block, sizeof block);
    return MC_OK;
}

/* ---- from a run ---- */

typedef struct keeper {
    mc_responses         *r;
    const mc_capture_run *run;
    int                  *layers;
    mc_matrix            *states;
    float               **values; /* of the states */
} keeper;

/* Room for a layer when its first rows come. */
static mc_status find_layer(keeper *own, int layer, size_t width, size_t *index, mc_error *err)
{
    mc_responses *r = own->r;

    for (*index = 0; *index < r->layer_count; ++*index)
        if (own->layers[*index] == layer) return MC_OK;
    MC_TRY(take(r, r->rows * width, sizeof(float), &own->values[*index], err));
    own->layers[*index] = layer;
    own->states[*index] = (mc_matrix){ own->values[*index], r->rows, width, width };
    r->layer_count++;
    return MC_OK;
}

static mc_status keep_layer(void *context, int layer, size_t width,
                            const float *const parts[MC_CRM_PART_COUNT], mc_error *err)
{
    keeper           *own  = context;
    const mc_crm_rows rows = own->run->rows_at[0];
    size_t            index;

    MC_TRY(find_layer(own, layer, width, &index, err));
    memcpy(own->values[index] + rows.first * width, parts[MC_CRM_STATE],
           rows.count * width * sizeof(float));
    return MC_OK;
}

static mc_status copy_ids(mc_responses *r, const mc_capture_run *run, mc_error *err)
{
    const char **ids;

    MC_TRY(take(r, r->rows, sizeof *ids, &ids, err));
    for (size_t i = 0; i < r->rows; i++)
        MC_TRY(mc_arena_text(r->storage, run->probe_ids[i], &ids[i], err));
    r->probe_ids = ids;
    return MC_OK;
}

static mc_status run_into(mc_responses *r, mc_capture_run *run, mc_error *err)
{
    const mc_model_info *info  = mc_model_get_info(run->model);
    keeper               own   = { .r = r, .run = run };
    mc_engine_stats      stats = { 0 };

    r->block_count = (int)info->layer_count;
    r->pooling     = run->options->pooling;
    r->rows        = r->pooling == MC_POOLING_ALL
                         ? (size_t)mc_probe_tokens_part(&run->tokens, 0).token_count
                         : run->tokens.probe_count;
    MC_TRY(mc_arena_text(r->storage, info->name, &r->model, err));
    MC_TRY(mc_arena_text(r->storage, run->provenance, &r->provenance, err));
    if (r->pooling != MC_POOLING_ALL) MC_TRY(copy_ids(r, run, err));
    MC_TRY(take(r, run->layers.count, sizeof *own.layers, &own.layers, err));
    MC_TRY(take(r, run->layers.count, sizeof *own.states, &own.states, err));
    MC_TRY(take(r, run->layers.count, sizeof *own.values, &own.values, err));
    r->layers = own.layers;
    r->states = own.states;
    return mc_capture_layers(run, keep_layer, &own, &stats, err);
}

uint64_t mc_responses_memory(const mc_capture_run *run)
{
    const mc_model_info *info    = mc_model_get_info(run->model);
    const uint64_t       rows    = run->options->pooling == MC_POOLING_ALL
                                       ? (uint64_t)mc_probe_tokens_part(&run->tokens, 0).token_count
                                       : run->tokens.probe_count;
    uint64_t             columns = 0;

    for (size_t i = 0; i < info->layer_count + 2; i++)
        if (run->wanted[i])
            columns += i <= info->layer_count ? info->hidden_size : info->final_size;
    return columns * rows * sizeof(float);
}

mc_status mc_responses_run(mc_capture_run *run, mc_responses **responses, mc_error *err)
{
    mc_responses *r;
    mc_status     status;

    MC_TRY(create(&r, err));
    status = run_into(r, run, err);
    if (status == MC_OK)
        *responses = r;
    else
        mc_responses_close(r);
    return status;
}

/* ---- from a file ---- */

mc_status mc_responses_check(mc_pooling pooling, const mc_crm_build_options *o, mc_error *err)
{
    if (o->atlas || o->atlas_file || o->texts || o->probes || o->texts_per_probe)
        return mc_fail(err, MC_ERR_ARGUMENT, "give the model to run other texts",
                       "the file holds the states of its own texts");
    if (o->pooling != MC_POOLING_LAST && o->pooling != pooling)
        return mc_fail(err, MC_ERR_ARGUMENT, "give the model to pool in another way",
                       "the file is pooled by '%s'", mc_pooling_name(pooling));
    return MC_OK;
}

static mc_status choose_layers(mc_responses *r, const char *text, mc_error *err)
{
    const mc_crm_info *info   = mc_crm_get_info(r->crm);
    mc_layers          wanted = { 0 };
    int               *layers, last = 0;
    mc_matrix         *states;

    MC_TRY(take(r, info->layers.count, sizeof *layers, &layers, err));
    MC_TRY(take(r, info->layers.count, sizeof *states, &states, err));
    for (size_t i = 0; i < info->layers.count; i++)
        if (info->layers.items[i] != MC_LAYER_FINAL) last = info->layers.items[i];
    if (text)
        MC_TRY(mc_layers_parse(text, info->block_count >= 0 ? info->block_count : last, &wanted,
                               err));
    for (size_t i = 0; i < info->layers.count; i++) {
        const int layer = info->layers.items[i];
        bool      in    = !text;
        for (size_t k = 0; !in && k < wanted.count; k++)
            in = wanted.items[k] == layer;
        if (!in) continue;
        layers[r->layer_count]   = layer;
        states[r->layer_count++] = (mc_matrix){ mc_crm_values(r->crm, layer, MC_CRM_STATE),
                                                info->rows, info->hidden, info->hidden };
    }
    mc_layers_clear(&wanted);
    r->layers = layers;
    r->states = states;
    if (r->layer_count > 0) return MC_OK;
    return mc_fail(err, MC_ERR_LAYER, "mc geometry crm-show lists what the file holds",
                   "none of the layers asked for is in the file");
}

static mc_status read_into(mc_responses *r, const char *path, const mc_crm_build_options *o,
                           mc_error *err)
{
    const mc_crm_info *info;

    MC_TRY(mc_crm_open(path, &r->crm, err));
    info = mc_crm_get_info(r->crm);
    MC_TRY(mc_responses_check(info->pooling, o, err));
    r->model       = info->model;
    r->provenance  = info->provenance;
    r->block_count = info->block_count;
    r->pooling     = info->pooling;
    r->rows        = info->rows;
    r->probe_ids   = info->rows == info->probe_count ? info->probe_ids : NULL;
    r->notes       = info->notes;
    r->note_count  = info->note_count;
    return choose_layers(r, o->layers, err);
}

mc_status mc_responses_open(const char *source, const mc_crm_build_options *options,
                            mc_responses **responses, mc_error *err)
{
    mc_crm_build_options own = options ? *options : (mc_crm_build_options){ 0 };
    mc_capture_run       run = { 0 };
    mc_responses        *r;
    mc_status            status;

    if (mc_responses_is_file(source)) {
        MC_TRY(create(&r, err));
        status = read_into(r, source, &own, err);
        if (status == MC_OK)
            *responses = r;
        else
            mc_responses_close(r);
        return status == MC_OK ? status : mc_fail_about(err, status, "%s", source);
    }
    own.model       = source;
    own.control     = false;
    own.no_split    = true;
    status          = mc_capture_open(&own, &run, err);
    run.sink_memory = mc_responses_memory;
    if (status == MC_OK) status = mc_capture_identify(&run, err);
    if (status == MC_OK) status = mc_responses_run(&run, responses, err);
    mc_capture_close(&run);
    return status;
}
