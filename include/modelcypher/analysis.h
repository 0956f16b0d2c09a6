/* analysis.h - questions answered: a model, an atlas and a measure in, a result out.
 *
 *     mc_crm_build_options options = { .model = "models/tiny", .output = "tiny.crm.safetensors"
 * }; mc_crm_build_summary summary;
 *
 *     if (mc_crm_build(&options, &summary, &err) == MC_OK)
 *         printf("%s: %zu tokens\n", summary.output, summary.tokens_asked);
 *     mc_crm_build_summary_clear(&summary); */
#ifndef MODELCYPHER_ANALYSIS_H
#define MODELCYPHER_ANALYSIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <modelcypher/atlas.h>
#include <modelcypher/capture.h>
#include <modelcypher/error.h>
#include <modelcypher/export.h>
#include <modelcypher/geometry.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How far a build is. Called on the caller's thread. */
typedef struct mc_build_progress {
    double fraction; /* of the arithmetic, 0 .. 1 */
    double seconds, seconds_left;
    double tokens_per_second;
    int    block, last_block; /* at work on; block 0 is the embedding */
} mc_build_progress;

typedef void mc_build_progress_function(void *context, const mc_build_progress *progress);

/* An all-zero struct with a model is the default build: the whole atlas, all layers, last
 * token. */
typedef struct mc_crm_build_options {
    const char *model;  /* a folder, a .gguf file, or a Hugging Face cache name */
    const char *output; /* NULL: ./<model-name><suffix>; *.json: the JSON form */
    const char *suffix; /* NULL: ".crm.safetensors" */
    const char *layers; /* as mc_layers_parse reads it; NULL: "all" */

    /* The texts: at most one of these; NULL all: the whole built-in atlas. */
    const char     *atlas;      /* set names separated by commas */
    const char     *atlas_file; /* schema mc.atlas.v1 */
    const char     *texts;      /* one text a line */
    const mc_atlas *probes;     /* open already, of strings perhaps; stays the caller's */

    size_t     texts_per_probe; /* the first so many of each probe; 0: all */
    mc_pooling pooling;
    bool       control;  /* also run the matched control texts */
    bool       no_split; /* leave the halves for the noise ceiling out */

    const char *backend;    /* "cpu" (default), "ref" */
    size_t      threads;    /* 0: all usable cores */
    uint64_t    max_memory; /* bytes beside the mapped weights; 0: what is available */
    size_t      batch_size; /* texts worked on together; 0: chosen. Never changes a result */
    bool cache_activations; /* keep pooled states, use those that are kept, go on where an
                               interrupted build stopped: docs/caches.md */
    bool no_prefix_sharing; /* compute common beginnings again for each text */

    mc_build_progress_function *progress; /* NULL: none */
    void                       *context;
} mc_crm_build_options;

typedef struct mc_crm_build_summary {
    char  *model, *architecture, *output; /* owned */
    char  *backend;                       /* "cpu (avx2)"; owned */
    size_t layer_count;                   /* kept, `final` counted */
    int    block_count, blocks_run;       /* L, and how many of them were needed */
    size_t hidden_size;
    size_t probes, texts;                 /* control texts counted */
    size_t tokens_asked, tokens_computed; /* they differ by shared beginnings */
    double seconds;                       /* all of it */
    double seconds_open;                  /* model, tokenizer, texts */
    /* Weights, blocks, file: means over the threads. Waiting for each other is none of these.
     */
    double seconds_read, seconds_compute, seconds_write;
    double flop; /* of the computed tokens */
    double tokens_per_second,
        flop_per_second; /* asked tokens, computed flop: over the seconds of the passes */
    size_t   threads;
    uint64_t pass_memory; /* as forecast: what a pass took beside the mapped weights; 0: none */
    uint64_t peak_memory; /* of the process so far, mapped pages included */
    size_t   passes;      /* 0: all from the cache; > 1: all texts were too many at once */
    bool     streamed;    /* large files: weights were not kept in the system's cache */
    uint64_t weights;     /* bytes of the files that were widened, all passes */
    uint64_t window;      /* most of them in memory at once: a block's and the next one's */
    uint64_t output_size;
    bool     has_split, has_control;

    /* With cache_activations, where the cache could be used; blocks, tokens computed and rates
     * above are then of what ran. */
    bool     cached;
    size_t   states, states_served; /* texts times layers; those that came from the cache */
    size_t   tokens_run;            /* of the texts that ran; without a cache: all */
    int      resumed_behind;        /* block of an earlier build; -1: none */
    uint64_t activations_stored;    /* bytes */
} mc_crm_build_summary;

/* Run the texts through the model and write the concept response matrix. Nothing is left behind
 * on failure; an older file of that name stays until the new one is complete. Every error of
 * the layers below; MC_ERR_INTERRUPTED. */
MC_API mc_status mc_crm_build(const mc_crm_build_options *options,
                              mc_crm_build_summary *summary, mc_error *err) MC_MUST_CHECK;
MC_API void      mc_crm_build_summary_clear(mc_crm_build_summary *summary);

/* What a build will take. Counts and bytes follow from headers and texts; seconds from what
 * this machine does at the moment: a product of the model's size and a few MiB of the weights
 * are timed. */
typedef struct mc_crm_forecast {
    size_t   layer_count, probes, texts;
    size_t   tokens_asked, tokens_computed;
    int      blocks_run;
    size_t   threads;
    double   flop;
    size_t   passes;      /* over the weights, so that one fits into max_memory */
    uint64_t weights;     /* bytes of the files that the blocks read, all passes */
    uint64_t pass_memory; /* what max_memory bounds */
    uint64_t memory;      /* the process at its peak, mapped file pages included */
    uint64_t output_size;
    uint64_t cache_size;       /* of cache_activations on disk, a checkpoint included */
    double   flop_per_second;  /* expected of the whole pass, all threads */
    double   bytes_per_second; /* of reading weights */
    double   seconds_open, seconds_read, seconds_compute, seconds_write, seconds;
} mc_crm_forecast;

/* Reads headers, the tokenizer and the texts; takes a fraction of a second. Fails where the
 * build would before it computes. `progress` is not looked at. */
MC_API mc_status mc_crm_build_forecast(const mc_crm_build_options *options,
                                       mc_crm_forecast *forecast, mc_error *err) MC_MUST_CHECK;

/* ---- States in memory -------------------------------------------------------------------- */

/* The states of a model's probes, one row each, for every layer; all of it owned. */
typedef struct mc_responses {
    const char *model;       /* its name; "": not known */
    const char *provenance;  /* a JSON object as text; "": a file without */
    int         block_count; /* L; -1: the file does not say */
    mc_pooling  pooling;
    size_t      rows;

    const char *const *probe_ids; /* of the rows; NULL: the rows are tokens */
    const int         *layers;    /* ascending, MC_LAYER_FINAL last */
    const mc_matrix   *states;    /* rows x width of the layer */
    size_t             layer_count;

    const char *const *notes; /* what a reader must know of a file, one sentence each */
    size_t             note_count;
    struct mc_arena   *storage; /* private */
    mc_crm            *crm;     /* private */
} mc_responses;

/* `source` is a model, as in mc_crm_build_options, which is run, or a CRM file, which is read.
 * Of the options `model`, `output`, `control` and `no_split` are ignored; NULL: the default
 * build. A file holds what was run: MC_ERR_ARGUMENT when the options name texts or a pooling
 * other than its own. MC_ERR_LAYER: none of the layers is there; every error of mc_crm_build()
 * and mc_crm_open(). */
MC_API mc_status mc_responses_open(const char *source, const mc_crm_build_options *options,
                                   mc_responses **responses, mc_error *err) MC_MUST_CHECK;
MC_API void      mc_responses_close(mc_responses *responses); /* NULL is fine */

#ifdef __cplusplus
}
#endif
#endif
