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

static const char *const model_prefixes[] = {
    "model.", "", "language_model.model.", "model.language_model.", "language_model.", NULL,
};

// clang-format off
static const mc_names llama_names = { model_prefixes, {
    [MC_ROLE_EMBED]      = { "embed_tokens",                       "token_embd" },
    [MC_ROLE_FINAL_NORM] = { "norm",                               "output_norm" },
    [MC_ROLE_ATTN_NORM]  = { "layers.%d.input_layernorm",          "blk.%d.attn_norm" },
    [MC_ROLE_FFN_NORM]   = { "layers.%d.post_attention_layernorm", "blk.%d.ffn_norm" },
    [MC_ROLE_Q]          = { "layers.%d.self_attn.q_proj",         "blk.%d.attn_q" },
    [MC_ROLE_K]          = { "layers.%d.self_attn.k_proj",         "blk.%d.attn_k" },
    [MC_ROLE_V]          = { "layers.%d.self_attn.v_proj",         "blk.%d.attn_v" },
    [MC_ROLE_Q_NORM]     = { "layers.%d.self_attn.q_norm",         "blk.%d.attn_q_norm" },
    [MC_ROLE_K_NORM]     = { "layers.%d.self_attn.k_norm",         "blk.%d.attn_k_norm" },
    [MC_ROLE_O]          = { "layers.%d.self_attn.o_proj",         "blk.%d.attn_output" },
    [MC_ROLE_GATE]       = { "layers.%d.mlp.gate_proj",            "blk.%d.ffn_gate" },
    [MC_ROLE_UP]         = { "layers.%d.mlp.up_proj",              "blk.%d.ffn_up" },
    [MC_ROLE_DOWN]       = { "layers.%d.mlp.down_proj",            "blk.%d.ffn_down" },
} };

#define SIZES                                        \
    SIZE("hidden_size", hidden, MC_REQUIRED),        \
    SIZE("num_hidden_layers", layers, MC_REQUIRED),  \
    SIZE("num_attention_heads", heads, MC_REQUIRED), \
    SIZE("intermediate_size", ffn, MC_REQUIRED),     \
    SIZE("vocab_size", vocabulary, MC_REQUIRED),     \
    SIZE("max_position_embeddings", context, 0)

static const mc_key llama_keys[] = {
    SIZES,
    SIZE("num_key_value_heads", kv_heads, 0),
    SIZE("head_dim", head_dim, 0),
    NUMBER("rms_norm_eps", epsilon, 1e-6),
    ACTIVATION("hidden_act", MC_ACT_SILU),
    BIASES("attention_bias", MC_BIAS_QKV | MC_BIAS_O, 0),
    BIASES("mlp_bias", MC_BIAS_UP | MC_BIAS_DOWN, 0),
    { NULL },
};

static const mc_key mistral_keys[] = {
    SIZES,
    SIZE("num_key_value_heads", kv_heads, 8),
    SIZE("head_dim", head_dim, 0),
    NUMBER("rms_norm_eps", epsilon, 1e-6),
    ACTIVATION("hidden_act", MC_ACT_SILU),
    SIZE("sliding_window", window, 4096),
    { NULL },
};

#define QWEN_KEYS                                   \
    SIZES,                                          \
    SIZE("num_key_value_heads", kv_heads, 32),      \
    NUMBER("rms_norm_eps", epsilon, 1e-6),          \
    ACTIVATION("hidden_act", MC_ACT_SILU),          \
    FLAG("use_sliding_window", use_window, 0),      \
    SIZE("sliding_window", window, 4096),           \
    SIZE("max_window_layers", window_from, 28)

static const mc_key qwen2_keys[] = { QWEN_KEYS, SIZE("head_dim", head_dim, 0), { NULL } };

static const mc_key qwen3_keys[] = {
    QWEN_KEYS,
    SIZE("head_dim", head_dim, 128),
    BIASES("attention_bias", MC_BIAS_QKV | MC_BIAS_O, 0),
    { NULL },
};

#define LLAMA_LIKE                                    \
    .norm       = MC_NORM_RMS,                        \
    .norms      = MC_NORM_BEFORE_ATTN | MC_NORM_BEFORE_FFN, \
    .activation = MC_ACT_SILU,                        \
    .rope_theta = 10000.0

const mc_arch mc_arch_table[] = {
    { .name = "llama", .gguf = "llama", .title = "Llama, and what is built like it",
      .names = &llama_names, .keys = llama_keys,
      .base = { LLAMA_LIKE, .rope_kind = { MC_ROPE_HALVES, MC_ROPE_PAIRS } } },
    { .name = "mistral", .title = "Mistral",
      .names = &llama_names, .keys = mistral_keys,
      .base = { LLAMA_LIKE, .window_rule = MC_WINDOW_ALL } },
    { .name = "qwen2", .gguf = "qwen2", .title = "Qwen 2 and 2.5",
      .names = &llama_names, .keys = qwen2_keys,
      .base = { LLAMA_LIKE, .biases = MC_BIAS_QKV, .window_rule = MC_WINDOW_FROM } },
    { .name = "qwen3", .gguf = "qwen3", .title = "Qwen 3",
      .names = &llama_names, .keys = qwen3_keys,
      .base = { LLAMA_LIKE, .qk_norm = MC_QK_NORM_HEAD, .window_rule = MC_WINDOW_FROM } },
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
