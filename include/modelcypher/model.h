/* model.h - a language model on disk: what it is, without running it.
 *
 *     mc_model *model;
 *     mc_error  err = { 0 };
 *
 *     if (mc_model_open("models/tiny", &model, &err) != MC_OK) ...
 *     printf("%zu blocks\n", mc_model_get_info(model)->layer_count);
 *     mc_model_close(model);
 *
 * Opening reads headers and configuration, maps the weights read-only, and checks that every
 * tensor the forward pass needs is there with the right shape and type. */
#ifndef MODELCYPHER_MODEL_H
#define MODELCYPHER_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <modelcypher/error.h>
#include <modelcypher/export.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mc_model mc_model;

/* Texts belong to the model and die with it. */
typedef struct mc_model_info {
    const char *path;         /* what was opened, a cache name resolved */
    const char *name;         /* repository, else folder, else the GGUF's stem */
    const char *format;       /* "safetensors", "gguf" */
    const char *architecture; /* "llama", as the configuration calls it */
    const char *title;        /* "Llama, and what is built like it" */
    size_t      layer_count;  /* L: there are states 0..L and `final` */
    size_t      hidden_size;  /* of states 0..L */
    size_t      final_size;   /* of `final` */
    size_t      heads, kv_heads, head_dim, ffn_size;
    size_t      vocabulary;   /* rows of the embedding: token ids must be below */
    size_t      context;      /* tokens; 0: not known */
    size_t      hard_context; /* longer texts cannot be run; 0: no such limit */
    uint64_t    parameters;   /* weights that the forward pass uses, each value once */
    uint64_t    bytes;        /* that these take in the files */
    const char *weight_type;  /* that holds most of them: "BF16", "Q4_K" */
} mc_model_info;

/* MODEL: a folder, a .gguf file, or a name of the local Hugging Face cache. Errors say which
 * file, key or tensor. */
MC_API mc_status mc_model_open(const char *model, mc_model **out, mc_error *err) MC_MUST_CHECK;
MC_API void      mc_model_close(mc_model *model); /* NULL is fine */

MC_API const mc_model_info *mc_model_get_info(const mc_model *model);

/* One way of storing among the weights that the forward pass reads. */
typedef struct mc_weight_kind {
    const char *name;    /* "Q4_K" */
    size_t      weights; /* matrices and vectors */
    uint64_t    parameters, bytes;
} mc_weight_kind;

enum { MC_WEIGHT_KINDS_MOST = 32 };

/* What lies in the files. Texts belong to the model. */
typedef struct mc_model_inventory {
    size_t   files, tensors;
    uint64_t file_bytes;
    uint64_t parameters, bytes; /* of what the forward pass reads, each value once */
    bool     has_head;          /* a matrix for the logits, which no state needs */
    uint64_t total_parameters;  /* with it */

    mc_weight_kind kinds[MC_WEIGHT_KINDS_MOST]; /* in the order of their first weight */
    size_t         kind_count;

    size_t      unused; /* tensors that neither reads: vision towers, buffers */
    uint64_t    unused_bytes;
    const char *unused_name; /* the first of them; NULL: none */

    const char *chat_template; /* where it was found; NULL: nowhere */
    size_t      chat_template_size;
} mc_model_inventory;

/* From headers alone. */
MC_API mc_status mc_model_take_inventory(const mc_model *model, mc_model_inventory *inventory,
                                         mc_error *err) MC_MUST_CHECK;

/* The tensors' content hash as 32 hex digits (XXH3-128 over names, types, shapes and bytes, in
 * the order of the names): the same model cut into other files has the same hash. Reads every
 * weight the first time; later calls are served from memory. Not for two threads at once. */
MC_API mc_status mc_model_hash(mc_model *model, const char **hash, mc_error *err) MC_MUST_CHECK;

/* The block programs as text: what is computed, in order, with which tensors. The caller frees
 * *text with mc_model_free_text(). */
MC_API mc_status mc_model_explain(const mc_model *model, char **text,
                                  mc_error *err) MC_MUST_CHECK;
MC_API void      mc_model_free_text(char *text);

/* The architectures that can be run, by number from 0; NULL ends them. `gguf` (may be NULL) is
 * set to the name that GGUF files use, or to NULL. */
MC_API const char *mc_model_architecture(size_t index, const char **gguf, const char **title);

/* The ways of storing weights that can be read, by number from 0; NULL ends them. "BF16",
 * "Q4_K", "GPTQ 4-bit". */
MC_API const char *mc_model_weight_type(size_t index);

#ifdef __cplusplus
}
#endif
#endif
