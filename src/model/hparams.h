/* hparams.h - what is to be known of a model besides its weights: one struct, whatever file it
 * came from. An architecture's row gives what is the same for the family (arch_table.c); every
 * key of a configuration that changes the forward pass is read into it or refused by name. */
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
    MC_BIAS_QKV     = 1,
    MC_BIAS_O       = 2,
    MC_BIAS_UP      = 4, /* and gate */
    MC_BIAS_DOWN    = 8,
    MC_BIAS_NORM    = 16,
    MC_BIAS_QK_NORM = 32,
    MC_BIAS_ATTN    = MC_BIAS_QKV | MC_BIAS_O,
    MC_BIAS_FFN     = MC_BIAS_UP | MC_BIAS_DOWN
};

/* How one tensor holds q, k and v. */
typedef enum mc_fuse {
    MC_FUSE_NONE,
    MC_FUSE_STACKED,  /* all rows of q, then k, then v */
    MC_FUSE_HEADS,    /* each head's rows of q, k, v together */
    MC_FUSE_GROUPS,   /* each key-value head with the heads of q that share it, then k, v */
    MC_FUSE_QUARTERS, /* four times: a quarter of q, of v, of k */
    MC_FUSE_AS_TOLD   /* groups if new_decoder, stacked if multi_query, else heads */
} mc_fuse;

typedef enum mc_qk_norm {
    MC_QK_NORM_NONE,
    MC_QK_NORM_HEAD, /* each head by itself, one weight for all */
    MC_QK_NORM_OWN,  /* each head by itself with its own weight, in one tensor */
    MC_QK_NORM_EACH, /* the same, a tensor for each head */
    MC_QK_NORM_ROW   /* the whole of q, the whole of k */
} mc_qk_norm;

/* Which blocks slide (see only a window) when the configuration does not list them. */
typedef enum mc_window_rule {
    MC_WINDOW_NONE,
    MC_WINDOW_ALL,     /* all, if `sliding_window` is there; a list may not say otherwise */
    MC_WINDOW_LISTED,  /* the same, but a list may except some */
    MC_WINDOW_FROM,    /* with `use_sliding_window`, the blocks from `max_window_layers` on */
    MC_WINDOW_PATTERN, /* all but every n-th */
    MC_WINDOW_NO_ROPE, /* with `use_sliding_window`, the blocks without rope */
    MC_WINDOW_KINDS    /* `attention_types` must be there and tells */
} mc_window_rule;

/* Which blocks have no rotary embedding. */
typedef enum mc_nope_rule {
    MC_NOPE_NEVER,
    MC_NOPE_LISTED,        /* `no_rope_layers`, else every n-th */
    MC_NOPE_FULL,          /* those that do not slide */
    MC_NOPE_FULL_IF_WINDOW /* the same, if the model has a window at all */
} mc_nope_rule;

enum { MC_ROPES_MAX = 2, MC_ROPE_NONE = -1 };

typedef struct mc_layer {
    size_t kv_heads, head_dim, value_dim, ffn;
    bool   slides;
    size_t window;     /* 0: the whole text */
    int    rope;       /* index into ropes, or MC_ROPE_NONE */
    double attn_scale; /* of the scores */
    bool   v_is_k;     /* values are the keys before their norm and rope */
    bool   kv_kept;    /* later blocks use this one's keys and values */
    bool   kv_shared;  /* this one uses those of the last block of its kind that keeps them */
} mc_layer;

typedef struct mc_hparams {
    size_t hidden, layers, heads, kv_heads, head_dim, value_dim, vocabulary, context;
    size_t ffn, ffn_ratio; /* ffn 0: ffn_ratio * hidden */
    size_t embed_width;    /* 0: hidden; else the embedding is projected */

    mc_norm_kind norm;
    double       epsilon;
    unsigned     norms, biases;
    double       norm_add[MC_DIALECT_COUNT]; /* 1 where a file stores w and means 1 + w */
    bool         norm_plain;                 /* norms have neither weights nor biases */
    bool         post_norm;     /* x = norm(x + attention): norms follow the sums */
    bool         norm_residual; /* x = norm(x) before anything is added to it */
    bool         no_final_norm;
    bool         embed_norm;
    bool         parallel;       /* attention and feed-forward start from the same x */
    size_t       parallel_norms; /* 1: they share one; 0: one, or two if new_decoder */

    mc_qk_norm qk_norm;
    bool       qk_norm_off, qk_norm_late; /* late: after the rope */
    bool       qk_norm_optional;          /* in GGUF: there if the tensors are */

    mc_fuse       qkv_fuse[MC_DIALECT_COUNT];
    bool          new_decoder, multi_query; /* for MC_FUSE_AS_TOLD */
    bool          gate_up_fused[MC_DIALECT_COUNT];
    bool          transposed[MC_DIALECT_COUNT]; /* linear weights are stored [in, out] */
    bool          plain_ffn;                    /* up, activation, down; no gate */
    mc_activation activation;

    bool   positions; /* learned ones, added to the embedding */
    size_t position_offset;
    bool   alibi, alibi_scaled; /* scaled: like the scores, and rounded to bfloat16 before */

    mc_rope_kind rope_kind[MC_DIALECT_COUNT];
    double       rope_theta;    /* 0: no rotary embedding */
    bool         rope_fixed;    /* keys of ropes in config.json say nothing to the family */
    bool         rope_partial;  /* partial_rotary_factor is honoured; otherwise it must be 1 */
    bool         rope_own_keys; /* only the family's own keys for base and share count */
    double       rope_fraction;
    size_t       rope_columns;  /* rotated columns of a head; 0: by the fraction */
    double       rope_original; /* context before stretching that goes without saying */
    bool         rope_default;  /* without any rope keys, ropes[0] of the row holds */
    bool         rope_alpha; /* `dynamic` with an `alpha` stretches the base once and for all */
    bool         rope_long_only; /* no other stretched rope; older files call it yarn */
    bool         rope_local;     /* blocks that slide have a rope of their own, ropes[1] */
    double       rope_local_theta;
    mc_rope_spec ropes[MC_ROPES_MAX];
    size_t       rope_count;

    mc_window_rule window_rule;
    size_t         window, window_from, window_pattern;
    bool           use_window, last_is_full; /* the last block never slides */
    mc_nope_rule   nope_rule;
    size_t         nope_interval;

    double attn_scale; /* 0: 1 / sqrt(attn_scalar), or of head_dim when that is 0 */
    double attn_scalar;
    size_t attn_wide_layers; /* with so many blocks it is hidden / heads (GGUF does not say) */
    bool   attn_unscaled;    /* 1 */
    bool   attn_by_layer;    /* divided by the block's number, from 1 */
    double attn_softcap;     /* 0: none */
    double clip_qkv;         /* 0: none */
    double embed_scale;      /* 0: none */
    bool   embed_sqrt;       /* sqrt(hidden) */
    double residual_scale;   /* 0: none */
    bool   far_scale;        /* q grows with the position, see MC_OP_SCALE_FAR */
    double far_scale_beta, far_scale_original;

    /* Gemma 4: blocks that see everything have heads of their own, the last blocks share keys
     * and values, and every block gets an input of its own for each token. */
    size_t full_head_dim, full_kv_heads;
    bool   full_v_is_k;
    size_t shared_layers;
    bool   shared_double_ffn;
    bool   v_norm;
    bool   layer_scalar;
    size_t per_layer_width;      /* 0: no such inputs */
    size_t per_layer_vocabulary; /* 0: as many as its tensor has rows */

    mc_layer *layer; /* [layers], owned */
} mc_hparams;

/* Read the store's configuration. *arch is the table's row. Errors name file and key. */
mc_status mc_hparams_read(const mc_store *store, const mc_arch **arch, mc_hparams *hparams,
                          mc_error *err);
void      mc_hparams_clear(mc_hparams *hparams);

/* The language model's part of config.json (`text_config` of a multimodal model). */
mc_json_value mc_config_text_part(const mc_store *store);

#endif
