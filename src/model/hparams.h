/* hparams.h - what is to be known of a model besides its weights: one struct, whatever file it
 * came from. Every key of a configuration that changes the forward pass is read into it or
 * refused by name. */
#ifndef MC_MODEL_HPARAMS_H
#define MC_MODEL_HPARAMS_H

#include "format/format.h"
#include "model/program.h"
#include "model/rope.h"

typedef struct mc_arch mc_arch;

/* Norms of a block; bits. */
enum {
    MC_NORM_BEFORE_ATTN = 1,
    MC_NORM_AFTER_ATTN  = 2, /* on what is added */
    MC_NORM_BEFORE_FFN  = 4,
    MC_NORM_AFTER_FFN   = 8
};

/* Biases; bits. GGUF files do not say: there it is what the first block has. */
enum {
    MC_BIAS_QKV  = 1,
    MC_BIAS_O    = 2,
    MC_BIAS_UP   = 4, /* and gate */
    MC_BIAS_DOWN = 8,
    MC_BIAS_NORM = 16
};

/* How one tensor holds q, k and v. */
typedef enum mc_fuse {
    MC_FUSE_NONE,
    MC_FUSE_STACKED /* all rows of q, then k, then v */
} mc_fuse;

typedef enum mc_qk_norm {
    MC_QK_NORM_NONE,
    MC_QK_NORM_HEAD, /* each head by itself */
    MC_QK_NORM_ROW   /* the whole of q, the whole of k */
} mc_qk_norm;

/* Which blocks see only a window when the configuration has no `layer_types`. */
typedef enum mc_window_rule {
    MC_WINDOW_NONE,
    MC_WINDOW_ALL,  /* `sliding_window`, if any, holds for all */
    MC_WINDOW_FROM, /* with `use_sliding_window`, the blocks from `max_window_layers` on */
} mc_window_rule;

enum { MC_ROPES_MAX = 2, MC_ROPE_NONE = -1 };

typedef struct mc_layer {
    size_t kv_heads, ffn;
    size_t window; /* 0: the whole text */
    int    rope;   /* index into ropes, or MC_ROPE_NONE */
} mc_layer;

typedef struct mc_hparams {
    size_t hidden, layers, heads, kv_heads, head_dim, value_dim, ffn, vocabulary, context;

    mc_norm_kind norm;
    double       epsilon;
    unsigned     norms, biases;
    double       norm_add[MC_DIALECT_COUNT]; /* 1 where a file stores w and means 1 + w */
    mc_qk_norm   qk_norm;

    mc_fuse       qkv_fuse[MC_DIALECT_COUNT];
    bool          gate_up_fused[MC_DIALECT_COUNT];
    bool          plain_ffn; /* up, activation, down; no gate */
    mc_activation activation;

    mc_rope_kind rope_kind[MC_DIALECT_COUNT];
    double       rope_theta;
    bool         rope_partial; /* partial_rotary_factor is honoured; otherwise it must be 1 */
    double       rope_fraction;
    mc_rope_spec ropes[MC_ROPES_MAX];
    size_t       rope_count;

    mc_window_rule window_rule;
    size_t         window, window_from;
    bool           use_window;

    double attn_scale;  /* 0: 1 / sqrt(head_dim) */
    double embed_scale; /* 0: none */

    mc_layer *layer; /* [layers], owned */
} mc_hparams;

/* Read the store's configuration. *arch is the table's row. Errors name file and key. */
mc_status mc_hparams_read(const mc_store *store, const mc_arch **arch, mc_hparams *hparams,
                          mc_error *err);
void      mc_hparams_clear(mc_hparams *hparams);

/* The language model's part of config.json (`text_config` of a multimodal model). */
mc_json_value mc_config_text_part(const mc_store *store);

#endif
