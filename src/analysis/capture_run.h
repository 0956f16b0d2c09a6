/* capture_run.h - an atlas through a model: what building a file, fingerprints and dimensions
 * share. Layers are handed to whoever wants them, pooled to probes, as their blocks end. */
#ifndef MC_ANALYSIS_CAPTURE_RUN_H
#define MC_ANALYSIS_CAPTURE_RUN_H

#include <modelcypher/analysis.h>

#include "analysis/probe_tokens.h"
#include "analysis/provenance.h"
#include "base/hash.h"
#include "cache/settings.h"
#include "capture/crm.h"
#include "engine/engine.h"

/* One layer: a pointer a part, contiguous rows of `width`; parts that the run does not have are
 * NULL. Borrowed for the call. */
typedef mc_status mc_layer_sink(void *context, int layer, size_t width,
                                const float *const parts[MC_CRM_PART_COUNT], mc_error *err);

typedef struct mc_capture_run mc_capture_run;

/* Bytes that a sink keeps of the run's layers and texts when all have come. */
typedef uint64_t mc_sink_memory(const mc_capture_run *run);

/* What the activation cache saved a run. */
typedef struct mc_capture_reuse {
    size_t   states, served; /* texts times layers; those that came from the cache */
    int      resumed_behind; /* block of an earlier build; -1: none */
    uint64_t stored;         /* bytes written to it, checkpoints not counted */
} mc_capture_reuse;

struct mc_capture_run {
    const mc_crm_build_options *options;
    mc_model                   *model;
    mc_tokenizer               *tokenizer;
    mc_atlas                   *own_atlas; /* closed with the run; NULL: the caller's */
    const mc_atlas             *atlas;
    const mc_backend           *backend;
    mc_probe_tokens             tokens;
    mc_layers                   layers;
    bool                       *wanted;    /* [L + 2] */
    const char                **probe_ids; /* [probes] */
    char                        model_hash[MC_HASH_TEXT];
    char                       *provenance;
    char                       *output; /* path of a build's file */
    char                        created_at[MC_TIME_TEXT];
    bool                        split;       /* every probe has texts for two halves */
    bool                        caches;      /* states are kept, and kept ones used */
    mc_cache_settings           cache;       /* where they are */
    mc_sink_memory             *sink_memory; /* NULL: nothing is kept */
    bool                        one_pass;    /* the sink wants all rows of a layer at once */
    const char                 *more_passes; /* what to ask for instead, for a hint; NULL: no */
    size_t                      passes;      /* mc_capture_fit() decides: groups of probes */
    size_t                     *pass_begins; /* [passes + 1] probes */
    uint64_t                    pass_memory; /* the most that one takes beside the weights */
    bool                        one_block;   /* widened in memory, for want of room */
    bool                        streams;     /* weights are not kept in the system's cache */
    mc_crm_rows      rows_at[2];          /* of the layer that is handed out, and of control */
    double           share_before, share; /* of all tokens: earlier passes, this one */
    double           seconds_before;      /* of earlier passes */
    mc_capture_reuse reuse;
    float           *rows; /* parts of a layer: means and halves, of states and control */
    mc_layer_sink   *sink;
    void            *context;
};

/* The texts that the options name. *owned is for mc_atlas_close(), NULL when the caller's. */
mc_status mc_capture_atlas_open(const mc_crm_build_options *options, mc_atlas **owned,
                                const mc_atlas **atlas, mc_error *err);

/* Model, tokenizer, atlas and token ids. Close it, failed or not. */
mc_status mc_capture_open(const mc_crm_build_options *options, mc_capture_run *run,
                          mc_error *err);
/* The model's hash and the provenance; reads all weights, once it is certain that the run fits
 * into memory (mc_capture_fit). */
mc_status mc_capture_identify(mc_capture_run *run, mc_error *err);
/* The same with a hash that is made up: what is as long, and needs no weight. */
mc_status mc_capture_describe(mc_capture_run *run, const char *model_hash, mc_error *err);
/* The file that a build writes to run->output. MC_ERR_UNSUPPORTED: `final` has another width.
 */
mc_status mc_capture_plan(const mc_capture_run *run, mc_crm_plan *plan, mc_error *err);

/* What the engine is given; the options without callbacks. */
mc_texts          mc_capture_texts(const mc_capture_run *run);
mc_engine_options mc_capture_engine(const mc_capture_run *run);
/* Floats of run->rows. */
size_t mc_capture_row_floats(const mc_capture_run *run);

/* Run the texts, or take their states from the cache where the options say so: each layer goes
 * to `sink` once a pass, in ascending order, `final` last; run->rows_at says which of its rows.
 */
mc_status mc_capture_layers(mc_capture_run *run, mc_layer_sink *sink, void *context,
                            mc_engine_stats *stats, mc_error *err);
/* What the engine will have done then (mc_engine_forecast), all passes, without a cache. */
mc_status mc_capture_forecast(mc_capture_run *run, mc_engine_stats *stats, mc_error *err);
/* The same for the texts of run->tokens in one pass. */
mc_status mc_capture_forecast_pass(const mc_capture_run *run, mc_engine_stats *stats,
                                   mc_error *err);
void      mc_capture_close(mc_capture_run *run);

/* Parts of it, for the run with a cache: one layer to the sink (`texts` [all texts, width], as
 * the pooling has them), and how far the engine is. */
mc_status mc_capture_emit(mc_capture_run *run, int layer, size_t width, const float *texts,
                          mc_error *err);
void      mc_capture_progress(mc_capture_run *run, const mc_engine_progress *progress);

#endif
