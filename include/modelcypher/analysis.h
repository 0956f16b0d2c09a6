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

#include <modelcypher/capture.h>
#include <modelcypher/error.h>
#include <modelcypher/export.h>

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
    const char *output; /* NULL: ./<model-name>.crm.safetensors; *.json: the JSON form */
    const char *layers; /* as mc_layers_parse reads it; NULL: "all" */

    /* The texts: at most one of these; NULL all: the whole built-in atlas. */
    const char *atlas;      /* set names separated by commas */
    const char *atlas_file; /* schema mc.atlas.v1 */
    const char *texts;      /* one text a line */

    size_t     texts_per_probe; /* the first so many of each probe; 0: all */
    mc_pooling pooling;
    bool       control;  /* also run the matched control texts */
    bool       no_split; /* leave the halves for the noise ceiling out */

    const char *backend;    /* "cpu" (default), "ref" */
    size_t      threads;    /* 0: all usable cores */
    uint64_t    max_memory; /* bytes beside the mapped weights; 0: no bound */
    size_t      batch_size; /* texts worked on together; 0: chosen. Never changes a result */
    bool        no_prefix_sharing; /* compute common beginnings again for each text */

    mc_build_progress_function *progress; /* NULL: none */
    void                       *context;
} mc_crm_build_options;

typedef struct mc_crm_build_summary {
    char  *model, *architecture, *output; /* owned */
    char  *backend;                       /* "cpu (avx2)"; owned */
    size_t layer_count;                   /* kept, `final` counted */
    int    block_count, blocks_run;       /* L, and how many of them were needed */
    size_t hidden_size;
    size_t probes, texts;                  /* control texts counted */
    size_t tokens_asked, tokens_computed;  /* they differ by shared beginnings */
    double seconds_open, seconds_read;     /* model, tokenizer, texts; weights */
    double seconds_compute, seconds_write; /* blocks; the file */
    double seconds;                        /* all of it */
    double flop;                           /* of the computed tokens */
    double tokens_per_second,
        flop_per_second; /* asked tokens, computed flop: over read + compute */
    size_t   threads;
    uint64_t peak_memory; /* of the process so far, mapped pages included */
    uint64_t output_size;
    bool     has_split, has_control;
} mc_crm_build_summary;

/* Run the texts through the model and write the concept response matrix. Nothing is left behind
 * on failure; an older file of that name stays until the new one is complete. Every error of
 * the layers below; MC_ERR_INTERRUPTED. */
MC_API mc_status mc_crm_build(const mc_crm_build_options *options,
                              mc_crm_build_summary *summary, mc_error *err) MC_MUST_CHECK;
MC_API void      mc_crm_build_summary_clear(mc_crm_build_summary *summary);

#ifdef __cplusplus
}
#endif
#endif
