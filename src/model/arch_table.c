/* arch_table.c - the known architectures. Adding one: docs/how-to/add-architecture.md. */
#include "model/arch.h"

#include <stddef.h>
#include <string.h>

#include "base/buffer.h"
#include "base/nearest.h"

#define FIELD(name) offsetof(mc_hparams, name)
#define SIZE(key, field, otherwise)               \
    {                                             \
        key, MC_KEY_SIZE, FIELD(field), otherwise \
    }
#define NUMBER(key, field, otherwise)               \
    {                                               \
        key, MC_KEY_NUMBER, FIELD(field), otherwise \
    }
#define FLAG(key, field, otherwise)               \
    {                                             \
        key, MC_KEY_FLAG, FIELD(field), otherwise \
    }
#define UNLESS(key, field, otherwise)            \
    {                                            \
        key, MC_KEY_NOT, FIELD(field), otherwise \
    }
#define BIASES(key, which, otherwise)                     \
    {                                                     \
        key, MC_KEY_BITS, FIELD(biases), otherwise, which \
    }
#define ACTIVATION(key, otherwise)                           \
    {                                                        \
        key, MC_KEY_ACTIVATION, FIELD(activation), otherwise \
    }
#define FIXED(key, value)           \
    {                               \
        key, MC_KEY_FIXED, 0, value \
    }

// clang-format off

/* Names of tensors, Hugging Face and GGUF. */

static const char *const model_prefixes[] = {
    "model.", "", "language_model.model.", "model.language_model.", "language_model.",
    "model.language_model.model.", "model.text_model.", NULL,
};
static const char *const transformer_prefixes[] = {
    "transformer.", "", "language_model.transformer.", "language_model.model.",
    "model.language_model.", "language_model.", NULL,
};
static const char *const neox_prefixes[]        = { "gpt_neox.", "", NULL };
static const char *const decoder_prefixes[]     = {
    "model.decoder.", "decoder.", "", "language_model.model.decoder.", NULL,
};

/* The feed-forward part and the four projections of attention, as most families call them. */
#define SPLIT_ATTENTION                                                   \
    [MC_ROLE_Q] = { "layers.%d.self_attn.q_proj", "blk.%d.attn_q" },      \
    [MC_ROLE_K] = { "layers.%d.self_attn.k_proj", "blk.%d.attn_k" },      \
    [MC_ROLE_V] = { "layers.%d.self_attn.v_proj", "blk.%d.attn_v" },      \
    [MC_ROLE_Q_NORM] = { "layers.%d.self_attn.q_norm|layers.%d.self_attn.q_layernorm|"    \
                         "layers.%d.self_attn.query_layernorm", "blk.%d.attn_q_norm" },   \
    [MC_ROLE_K_NORM] = { "layers.%d.self_attn.k_norm|layers.%d.self_attn.k_layernorm|"    \
                         "layers.%d.self_attn.key_layernorm", "blk.%d.attn_k_norm" }
#define GATED_FFN                                                         \
    [MC_ROLE_GATE] = { "layers.%d.mlp.gate_proj", "blk.%d.ffn_gate" },    \
    [MC_ROLE_UP]   = { "layers.%d.mlp.up_proj",   "blk.%d.ffn_up" },      \
    [MC_ROLE_DOWN] = { "layers.%d.mlp.down_proj", "blk.%d.ffn_down" },    \
    [MC_ROLE_GATE_UP] = { "layers.%d.mlp.gate_up_proj", "blk.%d.ffn_up" }
#define ENDS                                                              \
    [MC_ROLE_EMBED]      = { "embed_tokens", "token_embd" },              \
    [MC_ROLE_FINAL_NORM] = { "norm",         "output_norm" }

/* Llama's names, and those of what is built like it: norms before both halves. */
static const mc_names llama_names = { model_prefixes, {
    ENDS, SPLIT_ATTENTION, GATED_FFN,
    [MC_ROLE_QKV]       = { "layers.%d.self_attn.qkv_proj",        "blk.%d.attn_qkv" },
    [MC_ROLE_ATTN_NORM] = { "layers.%d.input_layernorm|layers.%d.attention_layernorm",
                            "blk.%d.attn_norm" },
    [MC_ROLE_FFN_NORM]  = { "layers.%d.post_attention_layernorm|layers.%d.feedforward_layernorm",
                            "blk.%d.ffn_norm|blk.%d.post_attention_norm" },
    [MC_ROLE_O]         = { "layers.%d.self_attn.o_proj",          "blk.%d.attn_output" },
    [MC_ROLE_XIELU]     = { "layers.%d.mlp.act_fn",                NULL },
} };

/* Norms around both halves, named by where they stand. */
static const mc_names gemma2_names = { model_prefixes, {
    ENDS, SPLIT_ATTENTION, GATED_FFN,
    [MC_ROLE_ATTN_NORM]      = { "layers.%d.input_layernorm",            "blk.%d.attn_norm" },
    [MC_ROLE_ATTN_POST_NORM] = { "layers.%d.post_attention_layernorm",
                                 "blk.%d.post_attention_norm" },
    [MC_ROLE_FFN_NORM]       = { "layers.%d.pre_feedforward_layernorm",  "blk.%d.ffn_norm" },
    [MC_ROLE_FFN_POST_NORM]  = { "layers.%d.post_feedforward_layernorm", "blk.%d.post_ffw_norm" },
    [MC_ROLE_O]              = { "layers.%d.self_attn.o_proj",           "blk.%d.attn_output" },
} };

static const mc_names gemma4_names = { model_prefixes, {
    ENDS, SPLIT_ATTENTION, GATED_FFN,
    [MC_ROLE_ATTN_NORM]      = { "layers.%d.input_layernorm",            "blk.%d.attn_norm" },
    [MC_ROLE_ATTN_POST_NORM] = { "layers.%d.post_attention_layernorm",
                                 "blk.%d.post_attention_norm" },
    [MC_ROLE_FFN_NORM]       = { "layers.%d.pre_feedforward_layernorm",  "blk.%d.ffn_norm" },
    [MC_ROLE_FFN_POST_NORM]  = { "layers.%d.post_feedforward_layernorm", "blk.%d.post_ffw_norm" },
    [MC_ROLE_QKV]            = { NULL,                                   "blk.%d.attn_qkv" },
    [MC_ROLE_O]              = { "layers.%d.self_attn.o_proj",           "blk.%d.attn_output" },
    [MC_ROLE_PER_LAYER_EMBED]   = { "embed_tokens_per_layer",              "per_layer_token_embd" },
    [MC_ROLE_PER_LAYER_PROJECT] = { "per_layer_model_projection",          "per_layer_model_proj" },
    [MC_ROLE_PER_LAYER_NORM]    = { "per_layer_projection_norm",           "per_layer_proj_norm" },
    [MC_ROLE_INPUT_GATE]        = { "layers.%d.per_layer_input_gate",      "blk.%d.inp_gate" },
    [MC_ROLE_INPUT_PROJECT]     = { "layers.%d.per_layer_projection",      "blk.%d.proj" },
    [MC_ROLE_INPUT_NORM]        = { "layers.%d.post_per_layer_input_norm", "blk.%d.post_norm" },
    [MC_ROLE_LAYER_SCALAR]      = { "layers.%d.layer_scalar",
                                    "blk.%d.layer_output_scale.weight" },
} };

static const mc_names glm4_names = { model_prefixes, {
    ENDS, SPLIT_ATTENTION, GATED_FFN,
    [MC_ROLE_ATTN_NORM]      = { "layers.%d.input_layernorm",          "blk.%d.attn_norm" },
    [MC_ROLE_ATTN_POST_NORM] = { "layers.%d.post_self_attn_layernorm", "blk.%d.post_attention_norm" },
    [MC_ROLE_FFN_NORM]       = { "layers.%d.post_attention_layernorm", "blk.%d.ffn_norm" },
    [MC_ROLE_FFN_POST_NORM]  = { "layers.%d.post_mlp_layernorm",       "blk.%d.post_ffw_norm" },
    [MC_ROLE_O]              = { "layers.%d.self_attn.o_proj",         "blk.%d.attn_output" },
} };

static const mc_names hyperclovax_names = { model_prefixes, {
    ENDS, SPLIT_ATTENTION, GATED_FFN,
    [MC_ROLE_ATTN_NORM]      = { "layers.%d.input_layernorm",          NULL },
    [MC_ROLE_ATTN_POST_NORM] = { "layers.%d.post_norm1",               NULL },
    [MC_ROLE_FFN_NORM]       = { "layers.%d.post_attention_layernorm", NULL },
    [MC_ROLE_FFN_POST_NORM]  = { "layers.%d.post_norm2",               NULL },
    [MC_ROLE_O]              = { "layers.%d.self_attn.o_proj",         NULL },
} };

static const mc_names stablelm_names = { model_prefixes, {
    ENDS, GATED_FFN,
    [MC_ROLE_ATTN_NORM] = { "layers.%d.input_layernorm",               "blk.%d.attn_norm" },
    [MC_ROLE_FFN_NORM]  = { "layers.%d.post_attention_layernorm",      "blk.%d.ffn_norm" },
    [MC_ROLE_Q]         = { "layers.%d.self_attn.q_proj",              "blk.%d.attn_q" },
    [MC_ROLE_K]         = { "layers.%d.self_attn.k_proj",              "blk.%d.attn_k" },
    [MC_ROLE_V]         = { "layers.%d.self_attn.v_proj",              "blk.%d.attn_v" },
    [MC_ROLE_Q_NORM]    = { "layers.%d.self_attn.q_layernorm.norms.%d", "blk.%d.attn_q_norm" },
    [MC_ROLE_K_NORM]    = { "layers.%d.self_attn.k_layernorm.norms.%d", "blk.%d.attn_k_norm" },
    [MC_ROLE_O]         = { "layers.%d.self_attn.o_proj",              "blk.%d.attn_output" },
} };

static const mc_names internlm2_names = { model_prefixes, {
    [MC_ROLE_EMBED]      = { "tok_embeddings",             "token_embd" },
    [MC_ROLE_FINAL_NORM] = { "norm",                       "output_norm" },
    [MC_ROLE_ATTN_NORM]  = { "layers.%d.attention_norm",   "blk.%d.attn_norm" },
    [MC_ROLE_FFN_NORM]   = { "layers.%d.ffn_norm",         "blk.%d.ffn_norm" },
    [MC_ROLE_QKV]        = { "layers.%d.attention.wqkv",   "blk.%d.attn_qkv" },
    [MC_ROLE_Q]          = { NULL,                         "blk.%d.attn_q" },
    [MC_ROLE_K]          = { NULL,                         "blk.%d.attn_k" },
    [MC_ROLE_V]          = { NULL,                         "blk.%d.attn_v" },
    [MC_ROLE_O]          = { "layers.%d.attention.wo",     "blk.%d.attn_output" },
    [MC_ROLE_GATE]       = { "layers.%d.feed_forward.w1",  "blk.%d.ffn_gate" },
    [MC_ROLE_UP]         = { "layers.%d.feed_forward.w3",  "blk.%d.ffn_up" },
    [MC_ROLE_DOWN]       = { "layers.%d.feed_forward.w2",  "blk.%d.ffn_down" },
} };

/* Phi-1, 1.5 and 2. */
static const mc_names phi_names = { model_prefixes, {
    [MC_ROLE_EMBED]      = { "embed_tokens",               "token_embd" },
    [MC_ROLE_FINAL_NORM] = { "final_layernorm",            "output_norm" },
    SPLIT_ATTENTION,
    [MC_ROLE_ATTN_NORM]  = { "layers.%d.input_layernorm",  "blk.%d.attn_norm" },
    [MC_ROLE_QKV]        = { NULL,                         "blk.%d.attn_qkv" },
    [MC_ROLE_O]          = { "layers.%d.self_attn.dense",  "blk.%d.attn_output" },
    [MC_ROLE_UP]         = { "layers.%d.mlp.fc1",          "blk.%d.ffn_up" },
    [MC_ROLE_DOWN]       = { "layers.%d.mlp.fc2",          "blk.%d.ffn_down" },
} };

static const mc_names persimmon_names = { model_prefixes, {
    [MC_ROLE_EMBED]      = { "embed_tokens",                         "token_embd" },
    [MC_ROLE_FINAL_NORM] = { "final_layernorm",                      "output_norm" },
    [MC_ROLE_ATTN_NORM]  = { "layers.%d.input_layernorm",            "blk.%d.attn_norm" },
    [MC_ROLE_FFN_NORM]   = { "layers.%d.post_attention_layernorm",   "blk.%d.ffn_norm" },
    [MC_ROLE_QKV]        = { "layers.%d.self_attn.query_key_value",  "blk.%d.attn_qkv" },
    [MC_ROLE_Q_NORM]     = { "layers.%d.self_attn.q_layernorm",      "blk.%d.attn_q_norm" },
    [MC_ROLE_K_NORM]     = { "layers.%d.self_attn.k_layernorm",      "blk.%d.attn_k_norm" },
    [MC_ROLE_O]          = { "layers.%d.self_attn.dense",            "blk.%d.attn_output" },
    [MC_ROLE_UP]         = { "layers.%d.mlp.dense_h_to_4h",          "blk.%d.ffn_up" },
    [MC_ROLE_DOWN]       = { "layers.%d.mlp.dense_4h_to_h",          "blk.%d.ffn_down" },
} };

static const mc_names starcoder2_names = { model_prefixes, {
    ENDS, SPLIT_ATTENTION,
    [MC_ROLE_ATTN_NORM] = { "layers.%d.input_layernorm",          "blk.%d.attn_norm" },
    [MC_ROLE_FFN_NORM]  = { "layers.%d.post_attention_layernorm", "blk.%d.ffn_norm" },
    [MC_ROLE_O]         = { "layers.%d.self_attn.o_proj",         "blk.%d.attn_output" },
    [MC_ROLE_UP]        = { "layers.%d.mlp.c_fc",                 "blk.%d.ffn_up" },
    [MC_ROLE_DOWN]      = { "layers.%d.mlp.c_proj",               "blk.%d.ffn_down" },
} };

/* GPT-2 and StarCoder 1. */
static const mc_names gpt2_names = { transformer_prefixes, {
    [MC_ROLE_EMBED]      = { "wte",               "token_embd" },
    [MC_ROLE_POSITION]   = { "wpe",               "position_embd" },
    [MC_ROLE_FINAL_NORM] = { "ln_f",              "output_norm" },
    [MC_ROLE_ATTN_NORM]  = { "h.%d.ln_1",         "blk.%d.attn_norm" },
    [MC_ROLE_FFN_NORM]   = { "h.%d.ln_2",         "blk.%d.ffn_norm" },
    [MC_ROLE_QKV]        = { "h.%d.attn.c_attn",  "blk.%d.attn_qkv" },
    [MC_ROLE_O]          = { "h.%d.attn.c_proj",  "blk.%d.attn_output" },
    [MC_ROLE_UP]         = { "h.%d.mlp.c_fc",     "blk.%d.ffn_up" },
    [MC_ROLE_DOWN]       = { "h.%d.mlp.c_proj",   "blk.%d.ffn_down" },
} };

static const mc_names gpt_neo_names = { transformer_prefixes, {
    [MC_ROLE_EMBED]      = { "wte",                           NULL },
    [MC_ROLE_POSITION]   = { "wpe",                           NULL },
    [MC_ROLE_FINAL_NORM] = { "ln_f",                          NULL },
    [MC_ROLE_ATTN_NORM]  = { "h.%d.ln_1",                     NULL },
    [MC_ROLE_FFN_NORM]   = { "h.%d.ln_2",                     NULL },
    [MC_ROLE_Q]          = { "h.%d.attn.attention.q_proj",    NULL },
    [MC_ROLE_K]          = { "h.%d.attn.attention.k_proj",    NULL },
    [MC_ROLE_V]          = { "h.%d.attn.attention.v_proj",    NULL },
    [MC_ROLE_O]          = { "h.%d.attn.attention.out_proj",  NULL },
    [MC_ROLE_UP]         = { "h.%d.mlp.c_fc",                 NULL },
    [MC_ROLE_DOWN]       = { "h.%d.mlp.c_proj",               NULL },
} };

/* GPT-J and CodeGen. */
static const mc_names gptj_names = { transformer_prefixes, {
    [MC_ROLE_EMBED]      = { "wte",                 NULL },
    [MC_ROLE_FINAL_NORM] = { "ln_f",                NULL },
    [MC_ROLE_ATTN_NORM]  = { "h.%d.ln_1",           NULL },
    [MC_ROLE_Q]          = { "h.%d.attn.q_proj",    NULL },
    [MC_ROLE_K]          = { "h.%d.attn.k_proj",    NULL },
    [MC_ROLE_V]          = { "h.%d.attn.v_proj",    NULL },
    [MC_ROLE_QKV]        = { "h.%d.attn.qkv_proj",  NULL },
    [MC_ROLE_O]          = { "h.%d.attn.out_proj",  NULL },
    [MC_ROLE_UP]         = { "h.%d.mlp.fc_in",      NULL },
    [MC_ROLE_DOWN]       = { "h.%d.mlp.fc_out",     NULL },
} };

static const mc_names neox_names = { neox_prefixes, {
    [MC_ROLE_EMBED]      = { "embed_in",                             "token_embd" },
    [MC_ROLE_FINAL_NORM] = { "final_layer_norm",                     "output_norm" },
    [MC_ROLE_ATTN_NORM]  = { "layers.%d.input_layernorm",            "blk.%d.attn_norm" },
    [MC_ROLE_FFN_NORM]   = { "layers.%d.post_attention_layernorm",   "blk.%d.ffn_norm" },
    [MC_ROLE_QKV]        = { "layers.%d.attention.query_key_value",  "blk.%d.attn_qkv" },
    [MC_ROLE_O]          = { "layers.%d.attention.dense",            "blk.%d.attn_output" },
    [MC_ROLE_UP]         = { "layers.%d.mlp.dense_h_to_4h",          "blk.%d.ffn_up" },
    [MC_ROLE_DOWN]       = { "layers.%d.mlp.dense_4h_to_h",          "blk.%d.ffn_down" },
} };

/* BLOOM and Falcon. */
static const mc_names bloom_names = { transformer_prefixes, {
    [MC_ROLE_EMBED]      = { "word_embeddings",                      "token_embd" },
    [MC_ROLE_EMBED_NORM] = { "word_embeddings_layernorm",            "token_embd_norm" },
    [MC_ROLE_FINAL_NORM] = { "ln_f",                                 "output_norm" },
    [MC_ROLE_ATTN_NORM]  = { "h.%d.input_layernorm|h.%d.ln_attn",
                             "blk.%d.attn_norm_2|blk.%d.attn_norm" },
    [MC_ROLE_FFN_NORM]   = { "h.%d.post_attention_layernorm|h.%d.ln_mlp",
                             "blk.%d.ffn_norm|blk.%d.attn_norm" },
    [MC_ROLE_QKV]        = { "h.%d.self_attention.query_key_value",  "blk.%d.attn_qkv" },
    [MC_ROLE_O]          = { "h.%d.self_attention.dense",            "blk.%d.attn_output" },
    [MC_ROLE_UP]         = { "h.%d.mlp.dense_h_to_4h",               "blk.%d.ffn_up" },
    [MC_ROLE_DOWN]       = { "h.%d.mlp.dense_4h_to_h",               "blk.%d.ffn_down" },
} };

static const mc_names mpt_names = { transformer_prefixes, {
    [MC_ROLE_EMBED]      = { "wte",                      "token_embd" },
    [MC_ROLE_FINAL_NORM] = { "norm_f",                   "output_norm" },
    [MC_ROLE_ATTN_NORM]  = { "blocks.%d.norm_1",         "blk.%d.attn_norm" },
    [MC_ROLE_FFN_NORM]   = { "blocks.%d.norm_2",         "blk.%d.ffn_norm" },
    [MC_ROLE_QKV]        = { "blocks.%d.attn.Wqkv",      "blk.%d.attn_qkv" },
    [MC_ROLE_O]          = { "blocks.%d.attn.out_proj",  "blk.%d.attn_output" },
    [MC_ROLE_UP]         = { "blocks.%d.ffn.up_proj",    "blk.%d.ffn_up" },
    [MC_ROLE_DOWN]       = { "blocks.%d.ffn.down_proj",  "blk.%d.ffn_down" },
} };

static const mc_names opt_names = { decoder_prefixes, {
    [MC_ROLE_EMBED]       = { "embed_tokens",                    NULL },
    [MC_ROLE_POSITION]    = { "embed_positions",                 NULL },
    [MC_ROLE_PROJECT_IN]  = { "project_in",                      NULL },
    [MC_ROLE_FINAL_NORM]  = { "final_layer_norm",                NULL },
    [MC_ROLE_ATTN_NORM]   = { "layers.%d.self_attn_layer_norm",  NULL },
    [MC_ROLE_FFN_NORM]    = { "layers.%d.final_layer_norm",      NULL },
    [MC_ROLE_Q]           = { "layers.%d.self_attn.q_proj",      NULL },
    [MC_ROLE_K]           = { "layers.%d.self_attn.k_proj",      NULL },
    [MC_ROLE_V]           = { "layers.%d.self_attn.v_proj",      NULL },
    [MC_ROLE_O]           = { "layers.%d.self_attn.out_proj",    NULL },
    [MC_ROLE_UP]          = { "layers.%d.fc1",                   NULL },
    [MC_ROLE_DOWN]        = { "layers.%d.fc2",                   NULL },
} };

/* Keys of config.json. */

#define BEFORE_BOTH (MC_NORM_BEFORE_ATTN | MC_NORM_BEFORE_FFN)
#define AFTER_BOTH (MC_NORM_AFTER_ATTN | MC_NORM_AFTER_FFN)

/* The sizes, each with what it is where it is absent: text parts of multimodal models often are
 * written without what is the family's default. */
#define SIZES(hidden_, layers_, heads_, ffn_, vocabulary_, context_) \
    SIZE("hidden_size", hidden, hidden_),                            \
    SIZE("num_hidden_layers", layers, layers_),                      \
    SIZE("num_attention_heads", heads, heads_),                      \
    SIZE("intermediate_size", ffn, ffn_),                            \
    SIZE("vocab_size", vocabulary, vocabulary_),                     \
    SIZE("max_position_embeddings", context, context_)
#define RMS_EPSILON(otherwise) NUMBER("rms_norm_eps", epsilon, otherwise)
#define SILU ACTIVATION("hidden_act", MC_ACT_SILU)
#define KV_HEADS(otherwise) SIZE("num_key_value_heads", kv_heads, otherwise)
#define HEAD_DIM(otherwise) SIZE("head_dim", head_dim, otherwise)
#define WINDOW(otherwise) SIZE("sliding_window", window, otherwise)

static const mc_key llama_keys[] = {
    SIZES(4096, 32, 32, 11008, 32000, 2048),
    KV_HEADS(0), HEAD_DIM(0), RMS_EPSILON(1e-6), SILU,
    BIASES("attention_bias", MC_BIAS_ATTN, 0),
    BIASES("mlp_bias", MC_BIAS_FFN, 0),
    { NULL },
};

static const mc_key ministral3_keys[] = {
    SIZES(4096, 34, 32, 14336, 131072, 262144),
    KV_HEADS(8), HEAD_DIM(128), RMS_EPSILON(1e-5), SILU, WINDOW(0),
    { NULL },
};

static const mc_key mistral_keys[] = {
    SIZES(4096, 32, 32, 14336, 32000, 131072),
    KV_HEADS(8), HEAD_DIM(0), RMS_EPSILON(1e-6), SILU, WINDOW(4096),
    { NULL },
};

#define QWEN_KEYS                                            \
    SIZES(4096, 32, 32, 22016, 151936, 32768),               \
    KV_HEADS(32), RMS_EPSILON(1e-6), SILU,                   \
    FLAG("use_sliding_window", use_window, 0), WINDOW(4096), \
    SIZE("max_window_layers", window_from, 28)

static const mc_key qwen2_keys[] = { QWEN_KEYS, HEAD_DIM(0), { NULL } };
static const mc_key qwen3_keys[] = {
    QWEN_KEYS, HEAD_DIM(128), BIASES("attention_bias", MC_BIAS_ATTN, 0), { NULL },
};

static const mc_key smollm3_keys[] = {
    SIZES(2048, 36, 16, 11008, 128256, 32768),
    KV_HEADS(4), HEAD_DIM(0), RMS_EPSILON(1e-6), SILU,
    FLAG("use_sliding_window", use_window, 0), WINDOW(0),
    SIZE("no_rope_layer_interval", nope_interval, 4),
    BIASES("attention_bias", MC_BIAS_ATTN, 0),
    BIASES("mlp_bias", MC_BIAS_FFN, 0),
    { NULL },
};

static const mc_key gemma_keys[] = {
    SIZES(3072, 28, 16, 24576, 256000, 8192),
    KV_HEADS(16), HEAD_DIM(256), RMS_EPSILON(1e-6),
    { "hidden_act", MC_KEY_GELU_TANH, FIELD(activation), MC_ACT_GELU_TANH },
    BIASES("attention_bias", MC_BIAS_ATTN, 0),
    { NULL },
};

#define GEMMA2_KEYS(vocabulary_, context_)                  \
    SIZES(2304, 26, 8, 9216, vocabulary_, context_),        \
    KV_HEADS(4), HEAD_DIM(256), RMS_EPSILON(1e-6),          \
    ACTIVATION("hidden_activation", MC_ACT_GELU_TANH),      \
    BIASES("attention_bias", MC_BIAS_ATTN, 0),              \
    NUMBER("query_pre_attn_scalar", attn_scalar, 256),      \
    WINDOW(4096)

static const mc_key gemma2_keys[] = {
    GEMMA2_KEYS(256000, 8192), NUMBER("attn_logit_softcapping", attn_softcap, 50), { NULL },
};
static const mc_key gemma3_keys[] = {
    GEMMA2_KEYS(262208, 131072), FIXED("attn_logit_softcapping", 0),
    SIZE("sliding_window_pattern", window_pattern, 6),
    NUMBER("rope_local_base_freq", rope_local_theta, MC_KEEP), { NULL },
};

static const mc_key gemma4_keys[] = {
    SIZES(2304, 30, 8, 9216, 262144, 131072),
    KV_HEADS(4), HEAD_DIM(256), RMS_EPSILON(1e-6), WINDOW(512),
    ACTIVATION("hidden_activation", MC_ACT_GELU_TANH),
    BIASES("attention_bias", MC_BIAS_ATTN, 0),
    SIZE("global_head_dim", full_head_dim, 512),
    SIZE("num_global_key_value_heads", full_kv_heads, 0),
    FLAG("attention_k_eq_v", full_v_is_k, 0),
    SIZE("num_kv_shared_layers", shared_layers, 0),
    FLAG("use_double_wide_mlp", shared_double_ffn, 0),
    SIZE("hidden_size_per_layer_input", per_layer_width, 256),
    SIZE("vocab_size_per_layer_input", per_layer_vocabulary, 262144),
    FIXED("enable_moe_block", 0),
    { NULL },
};

static const mc_key phi_keys[] = {
    SIZES(2048, 24, 32, 8192, 51200, 2048),
    KV_HEADS(0), HEAD_DIM(0), NUMBER("layer_norm_eps", epsilon, 1e-5),
    ACTIVATION("hidden_act", MC_ACT_GELU_TANH),
    UNLESS("qk_layernorm", qk_norm_off, 0),
    { NULL },
};

static const mc_key phi3_keys[] = {
    SIZES(3072, 32, 32, 8192, 32064, 4096),
    KV_HEADS(0), HEAD_DIM(0), RMS_EPSILON(1e-5), SILU, WINDOW(0), { NULL },
};

static const mc_key stablelm_keys[] = {
    SIZES(2560, 32, 32, 6912, 50304, 4096),
    KV_HEADS(32), NUMBER("layer_norm_eps", epsilon, 1e-5), SILU,
    BIASES("use_qkv_bias", MC_BIAS_QKV, 0),
    UNLESS("qk_layernorm", qk_norm_off, 0),
    FLAG("use_parallel_residual", parallel, 0),
    { NULL },
};

static const mc_key persimmon_keys[] = {
    SIZES(4096, 36, 64, 16384, 262144, 16384),
    NUMBER("layer_norm_eps", epsilon, 1e-5), ACTIVATION("hidden_act", MC_ACT_RELU2),
    UNLESS("qk_layernorm", qk_norm_off, 1),
    { NULL },
};

static const mc_key nemotron_keys[] = {
    SIZES(6144, 32, 48, 24576, 256000, 4096),
    KV_HEADS(0), HEAD_DIM(0), NUMBER("norm_eps", epsilon, 1e-5),
    ACTIVATION("hidden_act", MC_ACT_RELU2),
    BIASES("attention_bias", MC_BIAS_ATTN, 0),
    BIASES("mlp_bias", MC_BIAS_FFN, 0),
    { NULL },
};

/* GPT-2's words for the sizes; transformers also takes the usual ones. */
#define GPT_SIZES(hidden_, layers_, heads_, vocabulary_, context_) \
    SIZE("n_embd", hidden, hidden_),                   \
    SIZE("hidden_size", hidden, MC_KEEP),              \
    SIZE("n_layer", layers, layers_),                  \
    SIZE("num_hidden_layers", layers, MC_KEEP),        \
    SIZE("n_head", heads, heads_),                     \
    SIZE("num_attention_heads", heads, MC_KEEP),       \
    SIZE("n_inner", ffn, 0),                           \
    SIZE("vocab_size", vocabulary, vocabulary_),       \
    SIZE("n_positions", context, context_),            \
    SIZE("max_position_embeddings", context, MC_KEEP), \
    NUMBER("layer_norm_epsilon", epsilon, 1e-5)

static const mc_key gpt2_keys[] = {
    GPT_SIZES(768, 12, 12, 50257, 1024), ACTIVATION("activation_function", MC_ACT_GELU_TANH),
    UNLESS("scale_attn_weights", attn_unscaled, 1),
    FLAG("scale_attn_by_inverse_layer_idx", attn_by_layer, 0),
    { NULL },
};

static const mc_key bigcode_keys[] = {
    GPT_SIZES(768, 12, 12, 50257, 1024), ACTIVATION("activation_function", MC_ACT_GELU_TANH),
    UNLESS("scale_attn_weights", attn_unscaled, 1),
    FLAG("multi_query", multi_query, 1),
    { NULL },
};

static const mc_key gptj_keys[] = {
    GPT_SIZES(4096, 28, 16, 50400, 2048), ACTIVATION("activation_function", MC_ACT_GELU_TANH),
    SIZE("rotary_dim", rope_columns, 64),
    { NULL },
};

static const mc_key gpt_neo_keys[] = {
    SIZE("hidden_size", hidden, 2048),
    SIZE("num_layers", layers, 24),
    SIZE("num_hidden_layers", layers, MC_KEEP),
    SIZE("num_heads", heads, 16),
    SIZE("num_attention_heads", heads, MC_KEEP),
    SIZE("intermediate_size", ffn, 0),
    SIZE("vocab_size", vocabulary, 50257),
    SIZE("max_position_embeddings", context, 2048),
    SIZE("window_size", window, 256),
    NUMBER("layer_norm_epsilon", epsilon, 1e-5),
    ACTIVATION("activation_function", MC_ACT_GELU_TANH),
    { NULL },
};

static const mc_key neox_keys[] = {
    SIZES(6144, 44, 64, 24576, 50432, 2048),
    NUMBER("layer_norm_eps", epsilon, 1e-5), ACTIVATION("hidden_act", MC_ACT_GELU),
    FLAG("use_parallel_residual", parallel, 1),
    BIASES("attention_bias", MC_BIAS_ATTN, 1),
    NUMBER("rotary_emb_base", rope_theta, MC_KEEP),
    NUMBER("rotary_pct", rope_fraction, MC_KEEP),
    { NULL },
};

static const mc_key starcoder2_keys[] = {
    SIZES(3072, 30, 24, 12288, 49152, 4096),
    KV_HEADS(2), HEAD_DIM(0), NUMBER("norm_epsilon", epsilon, 1e-5),
    ACTIVATION("hidden_act", MC_ACT_GELU_TANH), WINDOW(0),
    BIASES("use_bias", MC_BIAS_ATTN | MC_BIAS_FFN, 1),
    { NULL },
};

static const mc_key opt_keys[] = {
    SIZE("hidden_size", hidden, 768),
    SIZE("num_hidden_layers", layers, 12),
    SIZE("num_attention_heads", heads, 12),
    SIZE("ffn_dim", ffn, 3072),
    SIZE("vocab_size", vocabulary, 50272),
    SIZE("max_position_embeddings", context, 2048),
    SIZE("word_embed_proj_dim", embed_width, 0),
    ACTIVATION("activation_function", MC_ACT_RELU),
    BIASES("enable_bias", MC_BIAS_ATTN | MC_BIAS_FFN, 1),
    UNLESS("layer_norm_elementwise_affine", norm_plain, 1),
    UNLESS("do_layer_norm_before", post_norm, 1),
    FLAG("_remove_final_layer_norm", no_final_norm, 0),
    { NULL },
};

static const mc_key bloom_keys[] = {
    SIZE("hidden_size", hidden, 64),
    SIZE("n_embed", hidden, MC_KEEP),
    SIZE("n_layer", layers, 2),
    SIZE("num_hidden_layers", layers, MC_KEEP),
    SIZE("n_head", heads, 8),
    SIZE("num_attention_heads", heads, MC_KEEP),
    SIZE("vocab_size", vocabulary, 250880),
    NUMBER("layer_norm_epsilon", epsilon, 1e-5),
    FLAG("apply_residual_connection_post_layernorm", norm_residual, 0),
    { NULL },
};

static const mc_key mpt_keys[] = {
    SIZE("d_model", hidden, 2048),
    SIZE("hidden_size", hidden, MC_KEEP),
    SIZE("n_layers", layers, 24),
    SIZE("num_hidden_layers", layers, MC_KEEP),
    SIZE("n_heads", heads, 16),
    SIZE("num_attention_heads", heads, MC_KEEP),
    SIZE("vocab_size", vocabulary, 50368),
    SIZE("max_seq_len", context, 2048),
    NUMBER("layer_norm_epsilon", epsilon, 1e-5),
    NUMBER("attn_config.clip_qkv", clip_qkv, 0),
    NUMBER("attn_config.softmax_scale", attn_scale, 0),
    FIXED("attn_config.alibi", 1),
    FIXED("attn_config.alibi_bias_max", 8),
    FIXED("attn_config.prefix_lm", 0),
    FIXED("attn_config.qk_ln", 0),
    FIXED("no_bias", 1),
    { NULL },
};

static const mc_key falcon_keys[] = {
    SIZE("hidden_size", hidden, 4544),
    SIZE("n_embed", hidden, MC_KEEP),
    SIZE("num_hidden_layers", layers, 32),
    SIZE("num_attention_heads", heads, 71),
    SIZE("num_kv_heads", kv_heads, 0),
    SIZE("ffn_hidden_size", ffn, 0),
    SIZE("vocab_size", vocabulary, 65024),
    SIZE("max_position_embeddings", context, 2048),
    NUMBER("layer_norm_epsilon", epsilon, 1e-5),
    ACTIVATION("activation", MC_ACT_GELU),
    FLAG("new_decoder_architecture", new_decoder, 0),
    FLAG("multi_query", multi_query, 1),
    FLAG("parallel_attn", parallel, 1),
    SIZE("num_ln_in_parallel_attn", parallel_norms, 0),
    BIASES("bias", MC_BIAS_ATTN | MC_BIAS_FFN, 0),
    FLAG("alibi", alibi, 0),
    { NULL },
};

static const mc_key olmo_keys[] = {
    SIZES(4096, 32, 32, 11008, 50304, 2048),
    KV_HEADS(0), HEAD_DIM(0), SILU,
    BIASES("attention_bias", MC_BIAS_ATTN, 0),
    NUMBER("clip_qkv", clip_qkv, 0),
    { NULL },
};

static const mc_key olmo2_keys[] = {
    SIZES(4096, 32, 32, 11008, 50304, 2048),
    KV_HEADS(0), HEAD_DIM(0), RMS_EPSILON(1e-5), SILU,
    BIASES("attention_bias", MC_BIAS_ATTN, 0),
    { NULL },
};

static const mc_key olmo3_keys[] = {
    SIZES(4096, 32, 32, 11008, 50304, 2048),
    KV_HEADS(0), HEAD_DIM(0), RMS_EPSILON(1e-5), SILU, WINDOW(4096),
    BIASES("attention_bias", MC_BIAS_ATTN, 0),
    { NULL },
};

static const mc_key granite_keys[] = {
    SIZES(4096, 32, 32, 11008, 32000, 2048),
    KV_HEADS(0), HEAD_DIM(0), RMS_EPSILON(1e-6), SILU,
    BIASES("attention_bias", MC_BIAS_ATTN, 0),
    BIASES("mlp_bias", MC_BIAS_FFN, 0),
    NUMBER("embedding_multiplier", embed_scale, 1),
    NUMBER("residual_multiplier", residual_scale, 1),
    NUMBER("attention_multiplier", attn_scale, 1),
    { NULL },
};

#define COHERE_KEYS                                                          \
    SIZES(8192, 40, 64, 22528, 256000, 8192),                                 \
    KV_HEADS(0), HEAD_DIM(0), NUMBER("layer_norm_eps", epsilon, 1e-5), SILU, \
    BIASES("attention_bias", MC_BIAS_ATTN, 0)

static const mc_key cohere_keys[] = {
    COHERE_KEYS, UNLESS("use_qk_norm", qk_norm_off, 0), { NULL },
};
static const mc_key cohere2_keys[] = {
    COHERE_KEYS, WINDOW(4096), SIZE("sliding_window_pattern", window_pattern, 4), { NULL },
};

static const mc_key glm_keys[] = {
    SIZES(4096, 40, 32, 13696, 151552, 131072),
    KV_HEADS(2), HEAD_DIM(128), RMS_EPSILON(1.5625e-7), SILU,
    BIASES("attention_bias", MC_BIAS_QKV, 1),
    { NULL },
};

static const mc_key exaone4_keys[] = {
    SIZES(4096, 32, 32, 16384, 102400, 2048),
    KV_HEADS(32), HEAD_DIM(0), RMS_EPSILON(1e-5), SILU, WINDOW(4096),
    { "sliding_window_pattern", MC_KEY_PATTERN, FIELD(window_pattern), 4 },
    { NULL },
};

static const mc_key internlm2_keys[] = {
    SIZES(4096, 32, 32, 11008, 103168, 2048),
    KV_HEADS(0), RMS_EPSILON(1e-6), SILU, BIASES("bias", MC_BIAS_ATTN, 0), { NULL },
};

static const mc_key internlm3_keys[] = {
    SIZES(4096, 48, 32, 10240, 128512, 32768),
    KV_HEADS(2), HEAD_DIM(128), RMS_EPSILON(1e-5), SILU,
    BIASES("qkv_bias", MC_BIAS_ATTN, 0),
    BIASES("attention_bias", MC_BIAS_ATTN, MC_KEEP),
    BIASES("bias", MC_BIAS_FFN, 0),
    BIASES("mlp_bias", MC_BIAS_FFN, MC_KEEP),
    { NULL },
};

static const mc_key seed_oss_keys[] = {
    SIZES(4096, 64, 80, 27648, 155136, 524288),
    KV_HEADS(8), HEAD_DIM(128), RMS_EPSILON(1e-6), SILU,
    BIASES("attention_bias", MC_BIAS_QKV, 1),
    BIASES("attention_out_bias", MC_BIAS_O, 0),
    BIASES("mlp_bias", MC_BIAS_FFN, 0),
    { NULL },
};

static const mc_key helium_keys[] = {
    SIZES(2560, 24, 20, 7040, 48000, 4096),
    KV_HEADS(20), HEAD_DIM(128), RMS_EPSILON(1e-8), SILU,
    BIASES("attention_bias", MC_BIAS_QKV, 0),
    BIASES("mlp_bias", MC_BIAS_FFN, 0),
    { NULL },
};

static const mc_key arcee_keys[] = {
    SIZES(2560, 32, 32, 18432, 32000, 4096),
    KV_HEADS(0), HEAD_DIM(0), RMS_EPSILON(1e-5), ACTIVATION("hidden_act", MC_ACT_RELU2),
    BIASES("attention_bias", MC_BIAS_ATTN, 0),
    BIASES("mlp_bias", MC_BIAS_FFN, 0),
    { NULL },
};

static const mc_key jais2_keys[] = {
    SIZES(3328, 32, 26, 26624, 150272, 8192),
    KV_HEADS(0), HEAD_DIM(0), NUMBER("layer_norm_eps", epsilon, 1e-5),
    ACTIVATION("hidden_act", MC_ACT_RELU2),
    BIASES("attention_bias", MC_BIAS_ATTN, 1),
    BIASES("mlp_bias", MC_BIAS_FFN, 1),
    { NULL },
};

static const mc_key hyperclovax_keys[] = {
    SIZES(4096, 32, 32, 11008, 32000, 2048),
    KV_HEADS(0), HEAD_DIM(0), RMS_EPSILON(1e-6), SILU,
    BIASES("attention_bias", MC_BIAS_ATTN, 0),
    BIASES("mlp_bias", MC_BIAS_FFN, 0),
    NUMBER("embedding_multiplier", embed_scale, 1),
    NUMBER("residual_multiplier", residual_scale, 1),
    NUMBER("attention_multiplier", attn_scale, 0),
    { "use_post_norm", MC_KEY_BITS, FIELD(norms), 1, AFTER_BOTH },
    { NULL },
};

static const mc_key iquestcoder_keys[] = {
    SIZES(5120, 80, 40, 27648, 76800, 131072),
    KV_HEADS(8), HEAD_DIM(128), RMS_EPSILON(1e-5), SILU,
    BIASES("attention_bias", MC_BIAS_ATTN, 0),
    BIASES("mlp_bias", MC_BIAS_FFN, 0),
    FIXED("clip_qkv", 0), FIXED("use_sliding_window", 0),
    { NULL },
};

static const mc_key apertus_keys[] = {
    SIZES(4096, 32, 32, 14336, 131072, 65536),
    KV_HEADS(0), HEAD_DIM(0), RMS_EPSILON(1e-5), ACTIVATION("hidden_act", MC_ACT_XIELU),
    BIASES("attention_bias", MC_BIAS_ATTN, 0),
    { NULL },
};

static const mc_key ernie_keys[] = {
    SIZES(1024, 18, 16, 3072, 103424, 131072),
    KV_HEADS(2), HEAD_DIM(128), RMS_EPSILON(1e-5), SILU,
    BIASES("use_bias", MC_BIAS_ATTN | MC_BIAS_FFN, 0),
    { NULL },
};

static const mc_key hunyuan_keys[] = {
    SIZES(4096, 32, 32, 11008, 290943, 2048),
    KV_HEADS(0), HEAD_DIM(0), RMS_EPSILON(1e-5), SILU,
    BIASES("attention_bias", MC_BIAS_ATTN, 0),
    { NULL },
};

/* Keys of GGUF's metadata beyond those that all have. */

static const mc_key gemma2_gguf[] = {
    SIZE("attention.sliding_window", window, 4096),
    NUMBER("attn_logit_softcapping", attn_softcap, 50), { NULL },
};
/* key_length is that of the blocks that see everything. */
static const mc_key gemma4_gguf[] = {
    SIZE("attention.key_length", full_head_dim, MC_REQUIRED),
    SIZE("attention.key_length_swa", head_dim, MC_REQUIRED),
    SIZE("attention.value_length_swa", value_dim, MC_REQUIRED),
    SIZE("attention.shared_kv_layers", shared_layers, 0),
    SIZE("embedding_length_per_layer_input", per_layer_width, 0),
    { NULL },
};
static const mc_key ministral3_gguf[] = {
    NUMBER("attention.temperature_scale", far_scale_beta, 0), { NULL },
};
static const mc_key parallel_gguf[] = { FLAG("use_parallel_residual", parallel, MC_KEEP), { NULL } };
static const mc_key mpt_gguf[] = {
    NUMBER("attention.clamp_kqv", clip_qkv, 0),
    { "attention.max_alibi_bias", MC_KEY_GIVEN, 0, 8 }, { NULL }, /* without it, no ALiBi */
};
static const mc_key olmo_gguf[] = { NUMBER("attention.clamp_kqv", clip_qkv, 0), { NULL } };
static const mc_key granite_gguf[] = {
    NUMBER("attention.scale", attn_scale, 0), NUMBER("embedding_scale", embed_scale, 0),
    NUMBER("residual_scale", residual_scale, 0),
    FIXED("rope.scaling.finetuned", 1), /* false stands for no rope at all */
    { NULL },
};

/* What the rows of a family have in common. */

#define LLAMA_LIKE .norm = MC_NORM_RMS, .norms = BEFORE_BOTH, .rope_theta = 10000.0
#define LAYER_NORM .norm = MC_NORM_LAYER, .norms = BEFORE_BOTH
#define PAIRS { MC_ROPE_PAIRS, MC_ROPE_PAIRS }
#define LLAMA_PAIRS { MC_ROPE_HALVES, MC_ROPE_PAIRS } /* rows of Q and K are permuted in GGUF */
#define FUSED(how) .qkv_fuse = { how, MC_FUSE_STACKED }
#define ALL_BIASES (MC_BIAS_ATTN | MC_BIAS_FFN | MC_BIAS_NORM)
#define GEMMA_LIKE LLAMA_LIKE, .norm_add = { 1.0, 0.0 }, .embed_sqrt = true
#define GPT_LIKE LAYER_NORM, .plain_ffn = true, .ffn_ratio = 4, .biases = ALL_BIASES

const mc_arch mc_arch_table[] = {
    { .name = "llama", .gguf = "llama", .title = "Llama 1 to 3, Yi, TinyLlama, SmolLM 1 and 2",
      .names = &llama_names, .keys = llama_keys,
      .base = { LLAMA_LIKE, .rope_kind = LLAMA_PAIRS } },
    { .name = "mistral", .title = "Mistral", .names = &llama_names, .keys = mistral_keys,
      .base = { LLAMA_LIKE, .window_rule = MC_WINDOW_ALL } },
    { .name = "ministral", .title = "Ministral", .names = &llama_names, .keys = mistral_keys,
      .base = { LLAMA_LIKE, .window_rule = MC_WINDOW_LISTED } },
    { .name = "ministral3", .gguf = "mistral3", .title = "Ministral 3", .names = &llama_names,
      .keys = ministral3_keys,
      .gguf_keys = ministral3_gguf,
      .base = { LLAMA_LIKE, .rope_kind = LLAMA_PAIRS, .window_rule = MC_WINDOW_ALL, .far_scale = true, .far_scale_beta = 0.1,
                .rope_default = true,
                .ropes = { { .type = MC_ROPE_YARN, .theta = 1000000.0, .factor = 16.0,
                             .original = 16384.0, .beta_fast = 32.0, .beta_slow = 1.0,
                             .mscale = 1.0, .mscale_all = 1.0 } } } },
    { .name = "qwen2", .gguf = "qwen2", .title = "Qwen 2 and 2.5",
      .names = &llama_names, .keys = qwen2_keys,
      .base = { LLAMA_LIKE, .biases = MC_BIAS_QKV, .window_rule = MC_WINDOW_FROM } },
    { .name = "qwen3", .gguf = "qwen3", .title = "Qwen 3",
      .names = &llama_names, .keys = qwen3_keys,
      .base = { LLAMA_LIKE, .qk_norm = MC_QK_NORM_HEAD, .window_rule = MC_WINDOW_FROM } },
    { .name = "smollm3", .gguf = "smollm3", .title = "SmolLM 3", .names = &llama_names, .keys = smollm3_keys,
      .base = { .norm = MC_NORM_RMS, .norms = BEFORE_BOTH, .rope_theta = 2000000.0,
                .rope_kind = LLAMA_PAIRS, .nope_interval = 4,
                .nope_rule = MC_NOPE_LISTED, .window_rule = MC_WINDOW_NO_ROPE } },

    { .name = "gemma", .gguf = "gemma", .title = "Gemma", .names = &llama_names, .keys = gemma_keys,
      .base = { GEMMA_LIKE, .activation = MC_ACT_GELU_TANH } },
    { .name = "gemma2", .gguf = "gemma2", .title = "Gemma 2", .names = &gemma2_names, .keys = gemma2_keys,
      .gguf_keys = gemma2_gguf,
      .base = { .norm = MC_NORM_RMS, .norms = BEFORE_BOTH | AFTER_BOTH, .rope_theta = 10000.0,
                .norm_add = { 1.0, 0.0 }, .embed_sqrt = true, .activation = MC_ACT_GELU_TANH,
                .window = 4096, .attn_wide_layers = 46,
                .window_rule = MC_WINDOW_PATTERN, .window_pattern = 2 } },
    { .name = "vaultgemma", .title = "VaultGemma", .names = &gemma2_names, .keys = gemma2_keys,
      .base = { GEMMA_LIKE, .activation = MC_ACT_GELU_TANH,
                .window_rule = MC_WINDOW_PATTERN, .window_pattern = 2 } },
    { .name = "gemma3_text", .gguf = "gemma3", .title = "Gemma 3", .names = &gemma2_names, .keys = gemma3_keys,
      .base = { .norm = MC_NORM_RMS, .norms = BEFORE_BOTH | AFTER_BOTH, .rope_theta = 1000000.0,
                .norm_add = { 1.0, 0.0 }, .embed_sqrt = true, .activation = MC_ACT_GELU_TANH,
                .window_pattern = 6, .attn_wide_layers = 62, .qk_norm = MC_QK_NORM_HEAD,
                .window_rule = MC_WINDOW_PATTERN, .rope_local = true,
                .rope_local_theta = 10000.0 } },

    { .name = "gemma4_text", .gguf = "gemma4", .title = "Gemma 4", .names = &gemma4_names, .keys = gemma4_keys,
      .gguf_keys = gemma4_gguf,
      .base = { .norm = MC_NORM_RMS, .norms = BEFORE_BOTH | AFTER_BOTH, .rope_theta = 1000000.0,
                .embed_sqrt = true, .activation = MC_ACT_GELU_TANH,
                .qk_norm = MC_QK_NORM_HEAD, .v_norm = true, .attn_unscaled = true,
                .layer_scalar = true, .window_rule = MC_WINDOW_PATTERN, .window_pattern = 6,
                .last_is_full = true, .rope_local = true,
                .rope_local_theta = 10000.0, .rope_default = true, .rope_fraction = 0.25,
                .ropes = { { .type = MC_ROPE_PROPORTIONAL, .theta = 1000000.0,
                             .factor = 1.0 } } } },

    { .name = "phi", .gguf = "phi2", .title = "Phi 1, 1.5 and 2", .names = &phi_names, .keys = phi_keys,
      .base = { .norm = MC_NORM_LAYER, .norms = MC_NORM_BEFORE_ATTN, .parallel = true,
                .plain_ffn = true, .activation = MC_ACT_GELU_TANH, .biases = ALL_BIASES | MC_BIAS_QK_NORM,
                .qk_norm = MC_QK_NORM_HEAD, .qk_norm_optional = true,
                .rope_theta = 10000.0, .rope_partial = true, .rope_fraction = 0.5 } },
    { .name = "phi3", .gguf = "phi3", .title = "Phi 3, 3.5 and 4", .names = &llama_names, .keys = phi3_keys,
      .base = { LLAMA_LIKE, FUSED(MC_FUSE_STACKED), .gate_up_fused = { true, true },
                .rope_partial = true, .rope_original = 4096.0, .rope_long_only = true,
                .window_rule = MC_WINDOW_ALL } },

    { .name = "stablelm", .gguf = "stablelm", .title = "StableLM", .names = &stablelm_names, .keys = stablelm_keys,
      .gguf_keys = parallel_gguf,
      .base = { LAYER_NORM, .biases = MC_BIAS_NORM, .parallel_norms = 1,
                .qk_norm = MC_QK_NORM_EACH, .qk_norm_optional = true,
                .rope_theta = 10000.0, .rope_partial = true, .rope_fraction = 0.25 } },
    { .name = "persimmon", .title = "Persimmon", .names = &persimmon_names,
      .keys = persimmon_keys,
      .base = { LAYER_NORM, FUSED(MC_FUSE_HEADS), .plain_ffn = true,
                .biases = ALL_BIASES | MC_BIAS_QK_NORM, .qk_norm = MC_QK_NORM_HEAD,
                .rope_theta = 10000.0, .rope_partial = true, .rope_fraction = 0.5 } },
    { .name = "nemotron", .gguf = "nemotron", .title = "Nemotron", .names = &llama_names, .keys = nemotron_keys,
      .base = { LAYER_NORM, .norm_add = { 1.0, 0.0 }, .biases = MC_BIAS_NORM, .plain_ffn = true,
                .activation = MC_ACT_RELU2,
                .rope_theta = 10000.0, .rope_partial = true, .rope_fraction = 0.5 } },

    { .name = "gpt2", .gguf = "gpt2", .title = "GPT-2", .names = &gpt2_names, .keys = gpt2_keys,
      .base = { GPT_LIKE, .activation = MC_ACT_GELU_TANH, FUSED(MC_FUSE_STACKED), .positions = true,
                .transposed = { true, false } } },
    { .name = "gpt_bigcode", .gguf = "starcoder", .title = "StarCoder, SantaCoder", .names = &gpt2_names,
      .keys = bigcode_keys,
      .base = { GPT_LIKE, .activation = MC_ACT_GELU_TANH, FUSED(MC_FUSE_AS_TOLD), .positions = true } },
    { .name = "gpt_neo", .title = "GPT-Neo", .names = &gpt_neo_names, .keys = gpt_neo_keys,
      .base = { LAYER_NORM, .plain_ffn = true, .ffn_ratio = 4, .positions = true,
                .biases = MC_BIAS_O | MC_BIAS_FFN | MC_BIAS_NORM, .attn_unscaled = true,
                .window_rule = MC_WINDOW_KINDS } },
    { .name = "gptj", .title = "GPT-J", .names = &gptj_names, .keys = gptj_keys,
      .base = { .norm = MC_NORM_LAYER, .norms = MC_NORM_BEFORE_ATTN, .parallel = true,
                .plain_ffn = true, .ffn_ratio = 4, .biases = MC_BIAS_FFN | MC_BIAS_NORM,
                .rope_theta = 10000.0, .rope_fixed = true, .rope_kind = PAIRS } },
    { .name = "codegen", .title = "CodeGen", .names = &gptj_names, .keys = gptj_keys,
      .base = { .norm = MC_NORM_LAYER, .norms = MC_NORM_BEFORE_ATTN, .parallel = true,
                .plain_ffn = true, .ffn_ratio = 4, .biases = MC_BIAS_FFN | MC_BIAS_NORM,
                FUSED(MC_FUSE_QUARTERS), .rope_theta = 10000.0, .rope_fixed = true, .rope_kind = PAIRS } },
    { .name = "gpt_neox", .gguf = "gptneox", .title = "GPT-NeoX, Pythia", .names = &neox_names, .keys = neox_keys,
      .gguf_keys = parallel_gguf,
      .base = { LAYER_NORM, FUSED(MC_FUSE_HEADS), .plain_ffn = true, .biases = ALL_BIASES,
                .activation = MC_ACT_GELU, .parallel = true,
                .parallel_norms = 2, .rope_theta = 10000.0, .rope_partial = true, .rope_own_keys = true,
                .rope_fraction = 0.25 } },
    { .name = "starcoder2", .gguf = "starcoder2", .title = "StarCoder 2", .names = &starcoder2_names,
      .keys = starcoder2_keys,
      .base = { LAYER_NORM, .plain_ffn = true, .activation = MC_ACT_GELU_TANH, .biases = MC_BIAS_NORM, .rope_theta = 10000.0,
                .window_rule = MC_WINDOW_ALL } },

    { .name = "opt", .title = "OPT", .names = &opt_names, .keys = opt_keys,
      .base = { LAYER_NORM, .epsilon = 1e-5, .plain_ffn = true, .biases = MC_BIAS_NORM,
                .positions = true, .position_offset = 2 } },
    { .name = "bloom", .gguf = "bloom", .title = "BLOOM", .names = &bloom_names, .keys = bloom_keys,
      .base = { GPT_LIKE, FUSED(MC_FUSE_HEADS), .activation = MC_ACT_GELU_TANH, .alibi = true,
                .embed_norm = true } },
    { .name = "mpt", .gguf = "mpt", .title = "MPT", .names = &mpt_names, .keys = mpt_keys,
      .gguf_keys = mpt_gguf,
      .base = { LAYER_NORM, FUSED(MC_FUSE_STACKED), .plain_ffn = true, .ffn_ratio = 4,
                .activation = MC_ACT_GELU, .alibi = true } },
    { .name = "falcon", .gguf = "falcon", .title = "Falcon", .names = &bloom_names, .keys = falcon_keys,
      .base = { LAYER_NORM, FUSED(MC_FUSE_AS_TOLD), .plain_ffn = true, .ffn_ratio = 4,
                .biases = MC_BIAS_NORM, .activation = MC_ACT_GELU, .parallel = true, .alibi_scaled = true, .rope_theta = 10000.0 } },

    { .name = "olmo", .gguf = "olmo", .title = "OLMo", .names = &llama_names, .keys = olmo_keys,
      .gguf_keys = olmo_gguf,
      .base = { LAYER_NORM, .epsilon = 1e-5, .norm_plain = true,
                .rope_kind = LLAMA_PAIRS, .rope_theta = 10000.0 } },
    { .name = "olmo2", .title = "OLMo 2", .names = &gemma2_names, .keys = olmo2_keys,
      .base = { .norm = MC_NORM_RMS, .norms = AFTER_BOTH, .rope_theta = 10000.0,
                .qk_norm = MC_QK_NORM_ROW } },
    { .name = "olmo3", .gguf = "olmo2", .title = "OLMo 3", .names = &gemma2_names, .keys = olmo3_keys,
      .base = { .norm = MC_NORM_RMS, .norms = AFTER_BOTH, .rope_theta = 500000.0,
                .qk_norm = MC_QK_NORM_ROW, .window_rule = MC_WINDOW_PATTERN,
                .window_pattern = 4, .rope_local = true, .rope_local_theta = 500000.0 } },
    { .name = "granite", .gguf = "granite", .title = "Granite", .names = &llama_names, .keys = granite_keys,
      .gguf_keys = granite_gguf,
      .base = { LLAMA_LIKE, .rope_kind = LLAMA_PAIRS } },
    { .name = "cohere", .gguf = "command-r", .title = "Command R", .names = &llama_names, .keys = cohere_keys,
      .base = { .norm = MC_NORM_LAYER, .norms = MC_NORM_BEFORE_ATTN, .parallel = true,
                .qk_norm = MC_QK_NORM_OWN, .qk_norm_optional = true, .rope_theta = 500000.0, .rope_kind = PAIRS } },
    { .name = "cohere2", .gguf = "cohere2", .title = "Command R7B, Command A", .names = &llama_names,
      .keys = cohere2_keys,
      .base = { .norm = MC_NORM_LAYER, .norms = MC_NORM_BEFORE_ATTN, .parallel = true,
                .rope_theta = 10000.0, .rope_kind = PAIRS, .nope_rule = MC_NOPE_FULL,
                .window_rule = MC_WINDOW_PATTERN, .window_pattern = 4 } },
    { .name = "glm", .gguf = "chatglm", .title = "GLM 4 (glm)", .names = &llama_names, .keys = glm_keys,
      .base = { LLAMA_LIKE, .gate_up_fused = { true, true }, .rope_kind = PAIRS,
                .rope_partial = true, .rope_fraction = 0.5 } },
    { .name = "glm4", .gguf = "glm4", .title = "GLM 4 (glm4)", .names = &glm4_names, .keys = glm_keys,
      .base = { .norm = MC_NORM_RMS, .norms = BEFORE_BOTH | AFTER_BOTH, .rope_theta = 10000.0,
                .gate_up_fused = { true, true }, .rope_kind = PAIRS, .rope_partial = true,
                .rope_fraction = 0.5 } },

    { .name = "exaone4", .gguf = "exaone4", .title = "EXAONE 4", .names = &gemma2_names, .keys = exaone4_keys,
      .base = { .norm = MC_NORM_RMS, .norms = AFTER_BOTH, .rope_theta = 10000.0,
                .qk_norm = MC_QK_NORM_HEAD, .window_rule = MC_WINDOW_PATTERN,
                .window_pattern = 4,
                .nope_rule = MC_NOPE_FULL_IF_WINDOW } },
    { .name = "internlm2", .gguf = "internlm2", .title = "InternLM 2", .names = &internlm2_names,
      .keys = internlm2_keys,
      .base = { LLAMA_LIKE, FUSED(MC_FUSE_GROUPS), .rope_kind = LLAMA_PAIRS } },
    { .name = "internlm3", .title = "InternLM 3", .names = &llama_names, .keys = internlm3_keys,
      .base = { LLAMA_LIKE } },
    { .name = "seed_oss", .gguf = "seed_oss", .title = "Seed-OSS", .names = &llama_names, .keys = seed_oss_keys,
      .base = { LLAMA_LIKE } },
    { .name = "helium", .title = "Helium", .names = &llama_names, .keys = helium_keys,
      .base = { .norm = MC_NORM_RMS, .norms = BEFORE_BOTH, .rope_theta = 100000.0,
                .rope_kind = PAIRS } },
    { .name = "arcee", .gguf = "arcee", .title = "Arcee", .names = &llama_names, .keys = arcee_keys,
      .base = { LLAMA_LIKE, .plain_ffn = true, .activation = MC_ACT_RELU2,
                .rope_kind = LLAMA_PAIRS } },
    { .name = "jais2", .gguf = "jais2", .title = "Jais 2", .names = &llama_names, .keys = jais2_keys,
      .base = { LAYER_NORM, .biases = ALL_BIASES, .plain_ffn = true,
                .activation = MC_ACT_RELU2, .rope_theta = 10000.0 } },
    { .name = "hyperclovax", .title = "HyperCLOVA X", .names = &hyperclovax_names,
      .keys = hyperclovax_keys,
      .base = { .norm = MC_NORM_RMS, .norms = BEFORE_BOTH | AFTER_BOTH, .rope_theta = 10000.0 } },
    { .name = "iquestcoder", .title = "IQuest-Coder", .names = &llama_names,
      .keys = iquestcoder_keys, .base = { LLAMA_LIKE } },
    { .name = "apertus", .gguf = "apertus", .title = "Apertus", .names = &llama_names, .keys = apertus_keys,
      .base = { .norm = MC_NORM_RMS, .norms = BEFORE_BOTH, .rope_theta = 12000000.0,
                .rope_default = true, .plain_ffn = true, .activation = MC_ACT_XIELU, .qk_norm = MC_QK_NORM_HEAD,
                .ropes = { { .type = MC_ROPE_LLAMA3, .theta = 12000000.0, .factor = 8.0,
                             .original = 8192.0, .low_freq = 1.0, .high_freq = 4.0 } } } },
    { .name = "ernie4_5", .gguf = "ernie4_5", .title = "ERNIE 4.5", .names = &llama_names, .keys = ernie_keys,
      .base = { .norm = MC_NORM_RMS, .norms = BEFORE_BOTH, .rope_theta = 500000.0,
                .rope_kind = PAIRS } },
    { .name = "hunyuan_v1_dense", .gguf = "hunyuan-dense", .title = "Hunyuan", .names = &llama_names,
      .keys = hunyuan_keys,
      .base = { LLAMA_LIKE, .qk_norm = MC_QK_NORM_HEAD, .qk_norm_late = true,
                .rope_alpha = true } },
    { .name = NULL },
};
// clang-format on

static const char *name_of(const mc_arch *arch, mc_dialect dialect)
{
    return dialect == MC_DIALECT_GGUF ? arch->gguf : arch->name;
}

const mc_arch *mc_arch_find(mc_dialect dialect, const char *name, size_t size)
{
    for (const mc_arch *arch = mc_arch_table; arch->name; arch++) {
        const char *known = name_of(arch, dialect);
        if (known && strlen(known) == size && memcmp(known, name, size) == 0) return arch;
    }
    return NULL;
}

mc_status mc_arch_fail(mc_dialect dialect, const char *name, size_t size, mc_error *err)
{
    char       typed[80] = "";
    mc_nearest nearest   = { .typed = typed };
    mc_buffer  hint      = { 0 };

    memcpy(typed, name, size < sizeof typed ? size : sizeof typed - 1);
    if (mc_arch_unread(name, size))
        return mc_fail(err, MC_ERR_ARCHITECTURE, "`mc model list` prints those that are",
                       "architecture '%s' is not supported: it is %s", typed,
                       mc_arch_unread(name, size));
    for (const mc_arch *arch = mc_arch_table; arch->name; arch++)
        if (name_of(arch, dialect)) mc_nearest_offer(&nearest, name_of(arch, dialect));
    if (nearest.best) mc_buffer_printf(&hint, "nearest is '%s'; ", nearest.best);
    mc_buffer_add_text(&hint, "known are:");
    for (const mc_arch *arch = mc_arch_table; arch->name; arch++)
        if (name_of(arch, dialect)) mc_buffer_printf(&hint, " %s", name_of(arch, dialect));
    mc_fail(err, MC_ERR_ARCHITECTURE,
            hint.data ? hint.data : "`mc model list` names the known ones",
            "unknown architecture '%s'", typed);
    mc_buffer_clear(&hint);
    return MC_ERR_ARCHITECTURE;
}
