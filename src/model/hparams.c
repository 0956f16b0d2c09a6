/* hparams.c - configuration to mc_hparams: what both dialects share. */
#include "model/hparams.h"

#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "model/arch.h"
#include "model/keys.h"

/* Far above any published model; what is beyond is damage, and would take memory before the
 * tensors could show it. */
enum { LAYERS_LIMIT = 10000, HEADS_LIMIT = 65536, HEAD_DIM_LIMIT = 65536 };

static const char contradicts[] = "the configuration contradicts itself; fetch it again";

static mc_status derive_heads(mc_hparams *hp, mc_error *err)
{
    if (hp->heads == 0 || hp->hidden == 0 || hp->layers == 0)
        return mc_fail(err, MC_ERR_CONFIG, "fetch the model's configuration again",
                       "a size is 0 (hidden %zu, blocks %zu, heads %zu)", hp->hidden,
                       hp->layers, hp->heads);
    if (hp->layers > LAYERS_LIMIT)
        return mc_fail(err, MC_ERR_CONFIG, contradicts, "has %zu blocks, more than %d",
                       hp->layers, LAYERS_LIMIT);
    if (hp->kv_heads == 0) hp->kv_heads = hp->heads;
    if (hp->heads % hp->kv_heads != 0)
        return mc_fail(err, MC_ERR_CONFIG, contradicts,
                       "%zu heads cannot share %zu key-value heads evenly", hp->heads,
                       hp->kv_heads);
    if (hp->head_dim == 0) {
        if (hp->hidden % hp->heads != 0)
            return mc_fail(err, MC_ERR_CONFIG, contradicts,
                           "hidden size %zu is no multiple of %zu heads", hp->hidden,
                           hp->heads);
        hp->head_dim = hp->hidden / hp->heads;
    }
    if (hp->value_dim == 0) hp->value_dim = hp->head_dim;
    if (hp->heads > HEADS_LIMIT || hp->head_dim > HEAD_DIM_LIMIT)
        return mc_fail(err, MC_ERR_CONFIG, contradicts,
                       "%zu heads of %zu columns are more than any model has", hp->heads,
                       hp->head_dim);
    return MC_OK;
}

/* Falcon and its kin say with two flags how q, k and v lie in one tensor. */
static void resolve_fuse(mc_hparams *hp, mc_fuse *fuse)
{
    if (*fuse != MC_FUSE_AS_TOLD) return;
    if (hp->new_decoder) {
        *fuse = MC_FUSE_GROUPS;
    } else {
        *fuse        = hp->multi_query ? MC_FUSE_STACKED : MC_FUSE_HEADS;
        hp->kv_heads = hp->multi_query ? 1 : hp->heads;
    }
}

static void resolve_switches(mc_hparams *hp)
{
    for (int i = 0; i < MC_DIALECT_COUNT; i++)
        resolve_fuse(hp, &hp->qkv_fuse[i]);
    if (hp->ffn == 0) hp->ffn = hp->ffn_ratio * hp->hidden;
    if (hp->embed_width == hp->hidden) hp->embed_width = 0;
    if (hp->parallel && hp->parallel_norms == 0) hp->parallel_norms = hp->new_decoder ? 2 : 1;
    if (hp->parallel && hp->parallel_norms == 1) hp->norms &= ~(unsigned)MC_NORM_BEFORE_FFN;
    if (hp->qk_norm_off) hp->qk_norm = MC_QK_NORM_NONE;
    if (hp->alibi) hp->rope_theta = 0.0;
    if (hp->norm_plain) hp->biases &= ~(unsigned)MC_BIAS_NORM;
    if (hp->embed_sqrt) hp->embed_scale = sqrt((double)hp->hidden);
}

static bool slides_by_rule(const mc_hparams *hp, size_t layer)
{
    switch (hp->window_rule) {
    case MC_WINDOW_NONE:
    case MC_WINDOW_KINDS:
    case MC_WINDOW_NO_ROPE: return false; /* once the kinds, the ropes are known */
    case MC_WINDOW_ALL:
    case MC_WINDOW_LISTED: return hp->window > 0;
    case MC_WINDOW_FROM: return hp->use_window && layer >= hp->window_from;
    case MC_WINDOW_PATTERN:
        return hp->window > 0 && hp->window_pattern > 0 &&
               (layer + 1) % hp->window_pattern != 0;
    }
    return false;
}

static double score_scale(const mc_hparams *hp, size_t layer)
{
    double scalar = hp->attn_scalar > 0.0 ? hp->attn_scalar : (double)hp->head_dim;
    double scale  = hp->attn_scale != 0.0 ? hp->attn_scale : 1.0 / sqrt(scalar);

    if (hp->attn_unscaled) scale = 1.0;
    return hp->attn_by_layer ? scale / (double)(layer + 1) : scale;
}

mc_status mc_hparams_derive(mc_hparams *hp, mc_error *err)
{
    resolve_switches(hp);
    MC_TRY(derive_heads(hp, err));
    if (!(hp->epsilon > 0.0) || hp->epsilon > 1.0)
        return mc_fail(err, MC_ERR_CONFIG, "fetch the model's configuration again",
                       "the norm's epsilon is %g", hp->epsilon);
    hp->layer = mc_calloc(hp->layers, sizeof *hp->layer);
    if (!hp->layer) return mc_fail_memory(err, hp->layers * sizeof *hp->layer);
    for (size_t i = 0; i < hp->layers; i++)
        hp->layer[i] = (mc_layer){ .kv_heads   = hp->kv_heads,
                                   .head_dim   = hp->head_dim,
                                   .value_dim  = hp->value_dim,
                                   .ffn        = hp->ffn,
                                   .slides     = slides_by_rule(hp, i),
                                   .attn_scale = score_scale(hp, i) };
    for (size_t i = 0; i < hp->layers; i++) {
        bool skips = hp->nope_rule == MC_NOPE_LISTED && hp->nope_interval > 0 &&
                     (i + 1) % hp->nope_interval == 0;
        if (hp->rope_theta == 0.0 || skips) hp->layer[i].rope = MC_ROPE_NONE;
    }
    return MC_OK;
}

void mc_hparams_set_full_heads(const mc_hparams *hp, mc_layer *layer)
{
    if (layer->slides || hp->full_head_dim == 0) return;
    layer->head_dim = layer->value_dim = hp->full_head_dim;
    if (hp->full_v_is_k && hp->full_kv_heads > 0) layer->kv_heads = hp->full_kv_heads;
}

size_t mc_hparams_head_dim(const mc_hparams *hp, bool slides)
{
    for (size_t i = 0; i < hp->layers; i++)
        if (hp->layer[i].slides == slides) return hp->layer[i].head_dim;
    return hp->head_dim;
}

static void finish_rope(const mc_hparams *hp, mc_layer *layer)
{
    if (layer->rope == MC_ROPE_NONE) return;
    layer->rope = hp->rope_local && layer->slides ? 1 : 0;
    if (hp->nope_rule == MC_NOPE_FULL && !layer->slides) layer->rope = MC_ROPE_NONE;
    if (hp->nope_rule == MC_NOPE_FULL_IF_WINDOW && hp->window > 0 && !layer->slides)
        layer->rope = MC_ROPE_NONE;
}

/* The last blocks take keys and values from the last one before them of the same kind. */
static mc_status finish_sharing(mc_hparams *hp, mc_error *err)
{
    size_t shared = hp->shared_layers;

    for (size_t i = hp->layers - shared; shared < hp->layers && i < hp->layers; i++) {
        size_t from = hp->layers - shared;
        while (from > 0 && hp->layer[from - 1].slides != hp->layer[i].slides)
            from--;
        if (from == 0) break;
        hp->layer[from - 1].kv_kept = true;
        hp->layer[i].kv_shared      = true;
        hp->layer[i].head_dim       = hp->layer[from - 1].head_dim;
        hp->layer[i].value_dim      = hp->layer[from - 1].value_dim;
        hp->layer[i].kv_heads       = hp->layer[from - 1].kv_heads;
        if (hp->shared_double_ffn) hp->layer[i].ffn *= 2;
    }
    if (shared == 0 || hp->layer[hp->layers - 1].kv_shared) return MC_OK;
    return mc_fail(err, MC_ERR_CONFIG, contradicts,
                   "%zu of %zu blocks share keys and values that no block before them makes",
                   shared, hp->layers);
}

mc_status mc_hparams_finish(mc_hparams *hp, mc_error *err)
{
    for (size_t i = 0; i < hp->layers; i++) {
        mc_layer *layer = &hp->layer[i];

        if (hp->window_rule == MC_WINDOW_NO_ROPE && hp->use_window && hp->window > 0)
            layer->slides = layer->slides || layer->rope == MC_ROPE_NONE;
        layer->window = layer->slides ? hp->window : 0;
        layer->v_is_k = hp->full_v_is_k && !layer->slides;
        finish_rope(hp, layer);
        if (hp->heads % layer->kv_heads != 0)
            return mc_fail(err, MC_ERR_CONFIG, contradicts,
                           "%zu heads cannot share the %zu key-value heads of block %zu evenly",
                           hp->heads, layer->kv_heads, i + 1);
    }
    return finish_sharing(hp, err);
}

static bool all_positive(const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!(values[i] > 0.0f) || !isfinite(values[i])) return false;
    return true;
}

mc_status mc_rope_spec_check(const mc_rope_spec *spec, size_t head_dim, mc_error *err)
{
    const char *hint  = contradicts;
    size_t      pairs = spec->rotary / 2;

    if (spec->rotary < 2 || spec->rotary % 2 != 0 || spec->rotary > head_dim)
        return mc_fail(err, MC_ERR_CONFIG, hint,
                       "%zu columns of a head of %zu are to be rotated%s", spec->rotary,
                       head_dim, spec->rotary % 2 ? ", but they turn in pairs" : "");
    if (!(spec->theta > 0.0) || !isfinite(spec->theta))
        return mc_fail(err, MC_ERR_CONFIG, hint, "the rope's base (rope_theta) is %g",
                       spec->theta);
    if (spec->type == MC_ROPE_DEFAULT && !spec->divisors) return MC_OK;
    if (spec->type != MC_ROPE_DEFAULT && (!(spec->factor > 0.0) || !isfinite(spec->factor)))
        return mc_fail(err, MC_ERR_CONFIG, hint, "the rope's factor is %s",
                       spec->factor == 0.0 ? "missing or 0" : "no positive number");
    if (spec->type != MC_ROPE_DEFAULT && spec->type != MC_ROPE_LINEAR &&
        spec->type != MC_ROPE_PROPORTIONAL && !(spec->original >= 1.0 && spec->original < 1e12))
        return mc_fail(err, MC_ERR_CONFIG, hint,
                       "the context before the rope was stretched is %g", spec->original);
    if (spec->type == MC_ROPE_DYNAMIC && spec->rotary < 4)
        return mc_fail(err, MC_ERR_CONFIG, hint, "dynamic rope needs more than one pair");
    if (spec->type == MC_ROPE_LLAMA3 &&
        !(spec->low_freq > 0.0 && spec->high_freq > spec->low_freq))
        return mc_fail(err, MC_ERR_CONFIG, hint,
                       "high_freq_factor %g is not above low_freq_factor %g", spec->high_freq,
                       spec->low_freq);
    if ((spec->short_factors && !all_positive(spec->short_factors, pairs)) ||
        (spec->long_factors && !all_positive(spec->long_factors, pairs)) ||
        (spec->divisors && !all_positive(spec->divisors, pairs)))
        return mc_fail(err, MC_ERR_CONFIG, hint, "a rope factor is not a positive number");
    return MC_OK;
}

void mc_hparams_clear(mc_hparams *hparams)
{
    for (size_t i = 0; i < MC_ROPES_MAX; i++)
        mc_rope_spec_clear(&hparams->ropes[i]);
    mc_free(hparams->layer);
    *hparams = (mc_hparams){ 0 };
}

mc_json_value mc_config_text_part(const mc_store *store)
{
    static const char *const parts[] = { "text_config", "llm_config", "language_config" };
    mc_json_value            config  = mc_store_config(store);

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        mc_json_value part = mc_json_get(config, parts[i]);
        if (mc_json_type_of(part) == MC_JSON_OBJECT) return part;
    }
    return config;
}

static mc_status read_folder(const mc_store *store, const mc_arch **arch, mc_hparams *hparams,
                             mc_error *err)
{
    mc_json_value config = mc_config_text_part(store);
    const char   *name;
    size_t        size;

    if (!mc_json_string(mc_json_get(config, "model_type"), &name, &size) &&
        !mc_json_string(mc_json_get(mc_store_config(store), "model_type"), &name, &size))
        return mc_fail(err, MC_ERR_CONFIG, "fetch the model's configuration again",
                       "'model_type' is missing: it names the architecture");
    *arch = mc_arch_find(MC_DIALECT_HF, name, size);
    if (!*arch) return mc_arch_fail(MC_DIALECT_HF, name, size, err);
    *hparams = (*arch)->base;
    return mc_hparams_read_config(config, *arch, hparams, err);
}

static mc_status read_gguf(const mc_store *store, const mc_arch **arch, mc_hparams *hparams,
                           mc_error *err)
{
    mc_span name;

    if (!mc_store_gguf_string(store, "general.architecture", &name))
        return mc_fail(err, MC_ERR_CONFIG, "fetch the file again",
                       "'general.architecture' is missing");
    *arch = mc_arch_find(MC_DIALECT_GGUF, (const char *)name.data, name.size);
    if (!*arch) return mc_arch_fail(MC_DIALECT_GGUF, (const char *)name.data, name.size, err);
    *hparams = (*arch)->base;
    return mc_hparams_read_gguf(store, *arch, hparams, err);
}

mc_status mc_hparams_read(const mc_store *store, const mc_arch **arch, mc_hparams *hparams,
                          mc_error *err)
{
    bool           is_folder = mc_store_dialect(store) == MC_DIALECT_HF;
    mc_hparams     result    = { 0 };
    const mc_arch *row       = NULL;
    mc_status      status    = is_folder ? read_folder(store, &row, &result, err)
                                         : read_gguf(store, &row, &result, err);

    if (status == MC_OK) {
        *arch    = row;
        *hparams = result;
        return MC_OK;
    }
    mc_hparams_clear(&result);
    return mc_fail_about(err, status, is_folder ? "%s/config.json" : "%s",
                         mc_store_path(store));
}
