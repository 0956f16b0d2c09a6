/* fingerprint.c - from the states of all layers to what is kept of them. */
#include "analysis/fingerprint.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/fingerprint_cache.h"
#include "analysis/responses.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/json.h"

/* ---- memory ---- */

mc_status mc_fingerprint_create(mc_fingerprint **fingerprint, mc_error *err)
{
    mc_fingerprint *f = mc_calloc(1, sizeof *f);
    mc_status       status;

    if (!f) return mc_fail_memory(err, sizeof *f);
    f->model = f->architecture = f->model_hash = f->tokenizer_hash = "";
    f->atlas_version = f->atlas_sha256 = f->created_at = f->provenance = "";
    status = mc_arena_create(&f->storage, err);
    if (status == MC_OK)
        *fingerprint = f;
    else
        mc_free(f);
    return status;
}

void mc_fingerprint_free(mc_fingerprint *fingerprint)
{
    if (!fingerprint) return;
    mc_arena_free(fingerprint->storage);
    mc_free(fingerprint);
}

mc_status mc_fingerprint_take(mc_fingerprint *fingerprint, size_t count, size_t size, void *out,
                              mc_error *err)
{
    void *block;

    MC_TRY(mc_arena_array(fingerprint->storage, count, size, &block, err));
    memcpy(out, &block, sizeof block);
    return MC_OK;
}

mc_status mc_fingerprint_keep(mc_fingerprint *fingerprint, const char *text, const char **out,
                              mc_error *err)
{
    return mc_arena_text(fingerprint->storage, text, out, err);
}

/* ---- identity ---- */

static mc_status keep_member(mc_fingerprint *f, mc_json_value object, const char *key,
                             const char **out, mc_error *err)
{
    const char *text;
    size_t      size;

    if (!mc_json_string(mc_json_get(object, key), &text, &size)) return MC_OK;
    return mc_fingerprint_keep(f, text, out, err);
}

mc_status mc_fingerprint_identify(mc_fingerprint *f, const char *provenance, mc_error *err)
{
    mc_json  *json;
    mc_status status;

    if (!provenance[0]) return MC_OK;
    MC_TRY(mc_json_parse(provenance, strlen(provenance), &json, err));
    const mc_json_value root = mc_json_root(json), model = mc_json_get(root, "model");
    const mc_json_value tokenizer = mc_json_get(root, "tokenizer");
    const mc_json_value atlas     = mc_json_get(root, "atlas");
    status                        = mc_fingerprint_keep(f, provenance, &f->provenance, err);
    if (status == MC_OK) status = keep_member(f, root, "createdAt", &f->created_at, err);
    if (status == MC_OK) status = keep_member(f, model, "architecture", &f->architecture, err);
    if (status == MC_OK) status = keep_member(f, model, "contentHash", &f->model_hash, err);
    if (status == MC_OK) status = keep_member(f, tokenizer, "hash", &f->tokenizer_hash, err);
    if (status == MC_OK) status = keep_member(f, atlas, "version", &f->atlas_version, err);
    if (status == MC_OK) status = keep_member(f, atlas, "sha256", &f->atlas_sha256, err);
    mc_json_free(json);
    return status;
}

/* ---- which probes are sketched ---- */

typedef struct hashed_row {
    mc_hash hash;
    size_t  row;
} hashed_row;

static int by_hash(const void *left, const void *right)
{
    const hashed_row *a = left, *b = right;

    if (a->hash.high != b->hash.high) return a->hash.high < b->hash.high ? -1 : 1;
    if (a->hash.low != b->hash.low) return a->hash.low < b->hash.low ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

static int by_size(const void *left, const void *right)
{
    const size_t a = *(const size_t *)left, b = *(const size_t *)right;

    return a < b ? -1 : a > b;
}

static mc_status choose_probes(mc_fingerprint *f, mc_error *err)
{
    const size_t n     = f->probe_count;
    const size_t count = n < MC_FINGERPRINT_SKETCH ? n : MC_FINGERPRINT_SKETCH;
    hashed_row  *rows  = mc_alloc_array(n, sizeof *rows);
    size_t      *chosen;
    mc_status    status;

    if (!rows) return mc_fail_memory(err, n * sizeof *rows);
    for (size_t i = 0; i < n; i++)
        rows[i] = (hashed_row){ mc_hash_bytes(f->probes[i], strlen(f->probes[i])), i };
    qsort(rows, n, sizeof *rows, by_hash);
    status = mc_fingerprint_take(f, count, sizeof *chosen, &chosen, err);
    for (size_t i = 0; status == MC_OK && i < count; i++)
        chosen[i] = rows[i].row;
    mc_free(rows);
    if (status != MC_OK) return status;
    qsort(chosen, count, sizeof *chosen, by_size);
    f->sketch_probes = chosen;
    f->sketch_count  = count;
    return MC_OK;
}

/* ---- layers ---- */

/* A layer whose profile or sketch is undefined says why; only other failures end the work. */
static mc_status sketch_layer(mc_fingerprint *f, const mc_matrix *states,
                              mc_fingerprint_layer *layer, mc_error *err)
{
    mc_error  own = { 0 };
    int16_t  *entries;
    mc_status status;

    layer->sketch_reason = layer->profile.reason;
    if (layer->profile.reason[0]) return MC_OK;
    MC_TRY(mc_fingerprint_take(f, mc_sketch_size(f->sketch_count), sizeof *entries, &entries,
                               err));
    layer->sketch.entries = entries;
    status = mc_sketch_make(*states, f->sketch_probes, f->sketch_count, &layer->sketch, &own);
    if (status == MC_OK) return MC_OK;
    layer->sketch.entries = NULL;
    if (status == MC_ERR_NUMERIC || status == MC_ERR_ARGUMENT)
        return mc_fingerprint_keep(f, own.reason, &layer->sketch_reason, err);
    if (err) *err = own;
    return status;
}

static mc_status profile_layers(mc_fingerprint *f, const mc_responses *r, size_t threads,
                                mc_error *err)
{
    mc_layer_profile     *profiles = mc_alloc_array(r->layer_count, sizeof *profiles);
    mc_fingerprint_layer *layers;
    mc_status             status;

    if (!profiles) return mc_fail_memory(err, r->layer_count * sizeof *profiles);
    status = mc_layer_profiles(r->states, r->layer_count, r->probe_ids, threads, profiles, err);
    if (status == MC_OK)
        status = mc_fingerprint_take(f, r->layer_count, sizeof *layers, &layers, err);
    for (size_t l = 0; status == MC_OK && l < r->layer_count; l++) {
        layers[l] = (mc_fingerprint_layer){ .layer = r->layers[l], .profile = profiles[l] };
        status    = sketch_layer(f, &r->states[l], &layers[l], err);
    }
    mc_free(profiles);
    if (status != MC_OK) return status;
    f->layers      = layers;
    f->layer_count = r->layer_count;
    return MC_OK;
}

static mc_status keep_texts(mc_fingerprint *f, const char *const *texts, size_t count,
                            const char *const **out, mc_error *err)
{
    const char **copy;

    MC_TRY(mc_fingerprint_take(f, count, sizeof *copy, &copy, err));
    for (size_t i = 0; i < count; i++)
        MC_TRY(mc_fingerprint_keep(f, texts[i], &copy[i], err));
    *out = copy;
    return MC_OK;
}

static mc_status refuse_tokens(mc_error *err)
{
    return mc_fail(err, MC_ERR_ARGUMENT, "pool by 'last' or 'mean'",
                   "the rows are tokens; a fingerprint is of probes");
}

static mc_status fill(mc_fingerprint *f, const mc_responses *r, size_t threads, mc_error *err)
{
    if (!r->probe_ids) return refuse_tokens(err);
    f->block_count = r->block_count;
    f->pooling     = r->pooling;
    f->probe_count = r->rows;
    f->note_count  = r->note_count;
    MC_TRY(mc_fingerprint_keep(f, r->model, &f->model, err));
    MC_TRY(mc_fingerprint_identify(f, r->provenance, err));
    MC_TRY(keep_texts(f, r->probe_ids, r->rows, &f->probes, err));
    MC_TRY(keep_texts(f, r->notes, r->note_count, &f->notes, err));
    MC_TRY(choose_probes(f, err));
    return profile_layers(f, r, threads, err);
}

/* ---- from a file, from a run, from the cache ---- */

static mc_status make(mc_responses *r, size_t threads, mc_fingerprint **fingerprint,
                      mc_error *err)
{
    mc_fingerprint *f;
    mc_status       status;

    MC_TRY(mc_fingerprint_create(&f, err));
    status = fill(f, r, threads, err);
    if (status == MC_OK)
        *fingerprint = f;
    else
        mc_fingerprint_free(f);
    return status;
}

/* What was saved is shown as it is, or refused. */
static mc_status of_saved(const char *path, const mc_crm_build_options *options,
                          mc_fingerprint **fingerprint, mc_error *err)
{
    mc_fingerprint *f;
    mc_status       status;

    MC_TRY(mc_fingerprint_open(path, &f, err));
    status = mc_responses_check(f->pooling, options, err);
    if (status == MC_OK && options->layers && strcmp(options->layers, "all") != 0)
        status = mc_fail(err, MC_ERR_ARGUMENT, "leave the layers out, or give the model",
                         "a fingerprint keeps the layers that it was made of");
    if (status == MC_OK)
        *fingerprint = f;
    else
        mc_fingerprint_free(f);
    return status == MC_OK ? status : mc_fail_about(err, status, "%s", path);
}

static mc_status of_file(const char *path, const mc_crm_build_options *options,
                         mc_fingerprint **fingerprint, mc_error *err)
{
    mc_responses *r;
    mc_status     status;

    MC_TRY(mc_responses_open(path, options, &r, err));
    status = make(r, options->threads, fingerprint, err);
    mc_responses_close(r);
    return status;
}

static mc_status of_run(mc_capture_run *run, bool no_cache, mc_fingerprint **fingerprint,
                        mc_error *err)
{
    mc_fingerprint *f = NULL;
    mc_responses   *r;
    mc_cache_id     id;
    mc_status       status;

    run->sink_memory = mc_responses_memory;
    MC_TRY(mc_capture_identify(run, err));
    MC_TRY(mc_fingerprint_cache_id(run, &id, err));
    if (!no_cache) mc_fingerprint_cache_find(&id, &f);
    if (!f) {
        MC_TRY(mc_responses_run(run, &r, err));
        status = make(r, run->options->threads, &f, err);
        mc_responses_close(r);
        if (status != MC_OK) return status;
        if (!no_cache) mc_fingerprint_cache_put(&id, f);
    }
    *fingerprint = f;
    return MC_OK;
}

mc_status mc_fingerprint_compute(const char *model, const mc_fingerprint_options *options,
                                 mc_fingerprint **fingerprint, mc_error *err)
{
    const bool           no_cache = options && options->no_cache;
    mc_crm_build_options own      = options ? options->capture : (mc_crm_build_options){ 0 };
    mc_capture_run       run      = { 0 };
    mc_status            status;

    if (own.pooling == MC_POOLING_ALL) return refuse_tokens(err);
    if (mc_fingerprint_is_file(model)) return of_saved(model, &own, fingerprint, err);
    if (mc_responses_is_file(model)) return of_file(model, &own, fingerprint, err);
    own.model    = model;
    own.control  = false;
    own.no_split = true;
    status       = mc_capture_open(&own, &run, err);
    if (status == MC_OK) status = of_run(&run, no_cache, fingerprint, err);
    mc_capture_close(&run);
    return status;
}
