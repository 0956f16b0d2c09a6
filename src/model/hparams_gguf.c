/* hparams_gguf.c - GGUF metadata to mc_hparams.
 *
 * Keys are "<architecture>.<name>". The names are a closed list: one that is not known here may
 * change the forward pass and is refused. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "model/keys.h"

enum { KEY_TEXT = 200 };

#define FIELD(name) offsetof(mc_hparams, name)

static const mc_key common_keys[] = {
    { "block_count", MC_KEY_SIZE, FIELD(layers), MC_REQUIRED },
    { "embedding_length", MC_KEY_SIZE, FIELD(hidden), MC_REQUIRED },
    { "attention.head_count", MC_KEY_SIZE, FIELD(heads), MC_REQUIRED },
    { "attention.key_length", MC_KEY_SIZE, FIELD(head_dim), 0.0 },
    { "attention.value_length", MC_KEY_SIZE, FIELD(value_dim), 0.0 },
    { "context_length", MC_KEY_SIZE, FIELD(context), 0.0 },
    { "attention.sliding_window", MC_KEY_SIZE, FIELD(window), 0.0 },
    { "rope.freq_base", MC_KEY_NUMBER, FIELD(rope_theta), MC_KEEP },
    { "attention.causal", MC_KEY_FIXED, 0, 1.0 },
    { "expert_count", MC_KEY_FIXED, 0, 0.0 },
    { "nextn_predict_layers", MC_KEY_FIXED, 0, 0.0 },
    { "expert_used_count", MC_KEY_FIXED, 0, 0.0 },
    { "pooling_type", MC_KEY_FIXED, 0, 0.0 },
    { NULL },
};

/* Read below, or without effect on hidden states. */
static const char *const other_keys[] = {
    "attention.layer_norm_rms_epsilon",
    "attention.layer_norm_epsilon",
    "attention.head_count_kv",
    "feed_forward_length",
    "rope.dimension_count",
    "rope.dimension_count_swa",
    "rope.scaling.type",
    "rope.scaling.factor",
    "rope.scale_linear",
    "rope.scaling.original_context_length",
    "rope.scaling.attn_factor",
    "rope.scaling.finetuned",
    "rope.scaling.yarn_log_multiplier",
    "rope.scaling.yarn_beta_fast",
    "rope.scaling.yarn_beta_slow",
    "rope.freq_base_swa",
    "attention.sliding_window_pattern",
    "vocab_size",
    "tensor_data_layout",
    "logit_scale",
    "final_logit_softcapping",
};

static void full_key(const mc_arch *arch, const char *name, char out[KEY_TEXT])
{
    snprintf(out, KEY_TEXT, "%s.%s", arch->gguf, name);
}

static mc_setting find(const mc_store *store, const mc_arch *arch, const char *name)
{
    char key[KEY_TEXT];

    full_key(arch, name, key);
    return mc_setting_of_gguf(store, key);
}

static double find_number(const mc_store *store, const mc_arch *arch, const char *name,
                          double otherwise)
{
    mc_setting setting = find(store, arch, name);

    return setting.kind == MC_SETTING_NUMBER ? setting.number : otherwise;
}

/* A size; an absent one and one that is a list (read_per_layer()) leave *out alone. */
static mc_status find_size(const mc_store *store, const mc_arch *arch, const char *name,
                           size_t *out, mc_error *err)
{
    mc_key     key     = { name, MC_KEY_SIZE, 0, MC_KEEP };
    mc_hparams holder  = { 0 };
    mc_setting setting = find(store, arch, name);
    char       text[KEY_TEXT];

    key.field = FIELD(hidden);
    full_key(arch, name, text);
    if (setting.kind == MC_SETTING_ABSENT || setting.kind == MC_SETTING_OTHER) return MC_OK;
    MC_TRY(mc_key_apply(&key, text, setting, &holder, err));
    *out = holder.hidden;
    return MC_OK;
}

static mc_status apply_keys(const mc_store *store, const mc_arch *arch, const mc_key *keys,
                            mc_hparams *hp, mc_error *err)
{
    for (const mc_key *key = keys; key && key->name; key++) {
        char name[KEY_TEXT];
        full_key(arch, key->name, name);
        MC_TRY(mc_key_apply(key, name, mc_setting_of_gguf(store, name), hp, err));
    }
    return MC_OK;
}

static bool is_known(const mc_arch *arch, const char *name, size_t size)
{
    for (const mc_key *key = common_keys; key->name; key++)
        if (strlen(key->name) == size && !memcmp(key->name, name, size)) return true;
    for (const mc_key *key = arch->gguf_keys; key && key->name; key++)
        if (strlen(key->name) == size && !memcmp(key->name, name, size)) return true;
    for (size_t i = 0; i < MC_ARRAY_LEN(other_keys); i++)
        if (strlen(other_keys[i]) == size && !memcmp(other_keys[i], name, size)) return true;
    return false;
}

static mc_status refuse_unknown(const mc_store *store, const mc_arch *arch, mc_error *err)
{
    size_t prefix = strlen(arch->gguf);

    for (size_t i = 0; i < mc_store_gguf_count(store); i++) {
        mc_span       key;
        mc_gguf_value value;
        mc_store_gguf_pair(store, i, &key, &value);
        if (key.size <= prefix + 1 || memcmp(key.data, arch->gguf, prefix) != 0 ||
            key.data[prefix] != '.' ||
            is_known(arch, (const char *)key.data + prefix + 1, key.size - prefix - 1))
            continue;
        return mc_fail(err, MC_ERR_UNSUPPORTED, "use another conversion of the model",
                       "the key '%.*s' is not known, and may change the model",
                       key.size < 120 ? (int)key.size : 120, (const char *)key.data);
    }
    return MC_OK;
}

/* A size that is one number, or a list with one for each block. */
static mc_status read_per_layer(const mc_store *store, const mc_arch *arch, const char *name,
                                mc_hparams *hp, size_t field, mc_error *err)
{
    char          key[KEY_TEXT];
    mc_gguf_value value;

    full_key(arch, name, key);
    if (!mc_store_gguf(store, key, &value) || value.type != MC_GGUF_ARRAY) return MC_OK;
    for (size_t i = 0; i < hp->layers; i++) {
        double number = 0.0;
        if (!mc_gguf_number(&value, i, &number) || !(number >= 1.0 && number < 1e9) ||
            number != floor(number))
            return mc_fail(err, MC_ERR_CONFIG, "fetch the file again",
                           "'%s' has no size for block %zu", key, i);
        *(size_t *)((char *)&hp->layer[i] + field) = (size_t)number;
    }
    return MC_OK;
}

/* Files of these families have no window: which blocks it would be for, the format leaves open.
 */
static mc_status check_window(const mc_arch *arch, const mc_hparams *hp, mc_error *err)
{
    mc_window_rule rule = hp->window_rule;

    if (hp->window == 0 || (rule != MC_WINDOW_NONE && rule != MC_WINDOW_FROM &&
                            rule != MC_WINDOW_NO_ROPE && rule != MC_WINDOW_KINDS))
        return MC_OK;
    return mc_fail(
        err, MC_ERR_UNSUPPORTED, "use another conversion of the model",
        "'%s.attention.sliding_window' is %zu, which this architecture does not have",
        arch->gguf, hp->window);
}

/* Which blocks slide: a list with a flag for each, or the n of "all but every n-th". */
static mc_status read_window_pattern(const mc_store *store, const mc_arch *arch, mc_hparams *hp,
                                     mc_error *err)
{
    char          key[KEY_TEXT];
    mc_gguf_value value;

    full_key(arch, "attention.sliding_window_pattern", key);
    if (!mc_store_gguf(store, key, &value) || hp->window == 0) return MC_OK;
    if (hp->window_rule != MC_WINDOW_PATTERN)
        return mc_fail(err, MC_ERR_UNSUPPORTED, "use another conversion of the model",
                       "'%s' is not supported for this architecture", key);
    if (value.type != MC_GGUF_ARRAY) return MC_OK; /* mc_hparams_derive() has used it */
    for (size_t i = 0; i < hp->layers; i++) {
        double slides = -1.0;
        if (!mc_gguf_number(&value, i, &slides) || (slides != 0.0 && slides != 1.0))
            return mc_fail(err, MC_ERR_CONFIG, "fetch the file again",
                           "'%s' does not say whether block %zu slides", key, i + 1);
        hp->layer[i].slides = slides == 1.0;
    }
    return MC_OK;
}

/* Blocks that see everything: their own heads; without a tensor of values theirs are the
 * keys. */
static void read_full_heads(const mc_store *store, mc_hparams *hp)
{
    char name[KEY_TEXT];

    for (size_t i = 0; hp->full_head_dim > 0 && i < hp->layers; i++) {
        mc_hparams_set_full_heads(hp, &hp->layer[i]);
        snprintf(name, sizeof name, "blk.%zu.attn_k.weight", i);
        if (hp->layer[i].slides || !mc_store_find(store, name)) continue;
        snprintf(name, sizeof name, "blk.%zu.attn_v.weight", i);
        hp->full_v_is_k = !mc_store_find(store, name);
    }
}

static mc_status read_vector(const mc_store *store, const char *name, size_t count, float **out,
                             mc_error *err)
{
    const mc_tensor *tensor = mc_store_find(store, name);

    if (!tensor || tensor->rank != 1 || tensor->shape[0] != count ||
        tensor->dtype != MC_DTYPE_F32) {
        mc_fail(
            err, tensor ? MC_ERR_TENSOR_SHAPE : MC_ERR_TENSOR_MISSING, "fetch the model again",
            tensor ? "should be %zu F32 numbers" : "is missing; it should be %zu F32 numbers",
            count);
        return mc_fail_about(err, tensor ? MC_ERR_TENSOR_SHAPE : MC_ERR_TENSOR_MISSING,
                             "%s: tensor '%s'", mc_store_path(store), name);
    }
    *out = mc_alloc_array(count, sizeof **out);
    if (!*out) return mc_fail_memory(err, count * sizeof **out);
    memcpy(*out, tensor->bytes.data, tensor->bytes.size);
    return MC_OK;
}

/* By how much positions are stretched, by the key or its older name; 0 stands for not at all.
 */
static double scale_of(const mc_store *store, const mc_arch *arch)
{
    double old   = find_number(store, arch, "rope.scale_linear", 1.0);
    double scale = find_number(store, arch, "rope.scaling.factor", old);

    return scale == 0.0 ? 1.0 : scale;
}

static mc_status read_rope_type(const mc_store *store, const mc_arch *arch, mc_rope_type *type,
                                mc_error *err)
{
    static const struct {
        const char  *name;
        mc_rope_type type;
    } types[]          = { { "none", MC_ROPE_DEFAULT },
                           { "linear", MC_ROPE_LINEAR },
                           { "yarn", MC_ROPE_YARN },
                           { "longrope", MC_ROPE_LONGROPE } };
    mc_setting setting = find(store, arch, "rope.scaling.type");

    *type = MC_ROPE_DEFAULT;
    if (setting.kind == MC_SETTING_ABSENT) {
        if (scale_of(store, arch) != 1.0) *type = MC_ROPE_LINEAR;
        if (mc_store_find(store, "rope_factors_long.weight")) *type = MC_ROPE_LONGROPE;
        return MC_OK;
    }
    for (size_t i = 0; setting.kind == MC_SETTING_TEXT && i < MC_ARRAY_LEN(types); i++) {
        if (strlen(types[i].name) != setting.size ||
            memcmp(types[i].name, setting.text, setting.size) != 0)
            continue;
        *type = types[i].type;
        return MC_OK;
    }
    return mc_fail(err, MC_ERR_UNSUPPORTED, "known are: none, linear, yarn, longrope",
                   "unknown rope type '%.*s'", setting.size < 60 ? (int)setting.size : 60,
                   setting.kind == MC_SETTING_TEXT ? setting.text : "");
}

/* What cos and sin are multiplied by: given for any rope, and in YaRN times its formula. */
static mc_status read_attention_factor(const mc_store *store, const mc_arch *arch,
                                       mc_rope_spec *spec, mc_error *err)
{
    mc_setting setting = find(store, arch, "rope.scaling.attn_factor");
    double     log_of  = spec->factor > 1.0 ? 0.1 * log(spec->factor) : 0.0;

    if (setting.kind == MC_SETTING_ABSENT) return MC_OK;
    if (setting.kind != MC_SETTING_NUMBER || !(setting.number > 0.0))
        return mc_fail(err, MC_ERR_CONFIG, "fetch the file again",
                       "'%s.rope.scaling.attn_factor' is not a number above 0", arch->gguf);
    spec->attention_factor = setting.number;
    if (spec->type == MC_ROPE_YARN)
        spec->attention_factor *= (1.0 + log_of) / (1.0 + log_of * spec->mscale_all);
    return MC_OK;
}

/* mscale_all: an attention factor over one for all dimensions. */
static void read_yarn(const mc_store *store, const mc_arch *arch, mc_rope_spec *spec)
{
    spec->beta_fast  = find_number(store, arch, "rope.scaling.yarn_beta_fast", 32.0);
    spec->beta_slow  = find_number(store, arch, "rope.scaling.yarn_beta_slow", 1.0);
    spec->mscale     = 1.0;
    spec->mscale_all = find_number(store, arch, "rope.scaling.yarn_log_multiplier", 0.0);
}

/* Tables of longrope beside another way to stretch the same rope. */
static mc_status check_one_scaling(const mc_store *store, const mc_arch *arch,
                                   const mc_rope_spec *spec, mc_error *err)
{
    if (!mc_store_find(store, "rope_factors_long.weight") ||
        (spec->type == MC_ROPE_LONGROPE && spec->factor == 1.0))
        return MC_OK;
    return mc_fail(err, MC_ERR_UNSUPPORTED, "use another conversion of the model",
                   "'rope_factors_long.weight' stretches the rope, and '%s.rope.scaling' too",
                   arch->gguf);
}

static mc_status read_rope(const mc_store *store, const mc_arch *arch, const mc_hparams *hp,
                           mc_rope_spec *spec, mc_error *err)
{
    MC_TRY(read_rope_type(store, arch, &spec->type, err));
    spec->theta  = hp->rope_theta;
    spec->rotary = hp->head_dim;
    MC_TRY(find_size(store, arch, "rope.dimension_count", &spec->rotary, err));
    spec->factor = scale_of(store, arch);
    MC_TRY(check_one_scaling(store, arch, spec, err));
    spec->original =
        find_number(store, arch, "rope.scaling.original_context_length", (double)hp->context);
    read_yarn(store, arch, spec);
    MC_TRY(read_attention_factor(store, arch, spec, err));
    if (spec->type == MC_ROPE_LONGROPE) {
        spec->factor = (double)hp->context / spec->original;
        MC_TRY(read_vector(store, "rope_factors_short.weight", spec->rotary / 2,
                           &spec->short_factors, err));
        MC_TRY(read_vector(store, "rope_factors_long.weight", spec->rotary / 2,
                           &spec->long_factors, err));
    }
    if (mc_store_find(store, "rope_freqs.weight"))
        MC_TRY(read_vector(store, "rope_freqs.weight", spec->rotary / 2, &spec->divisors, err));
    return mc_rope_spec_check(spec, mc_hparams_head_dim(hp, false), err);
}

/* What a file may say of the rope of blocks that slide, and no family does: another base where
 * all have one, other columns of a head of the same size, a factor of cos and sin for both. */
static mc_status check_near_rope(const mc_store *store, const mc_arch *arch,
                                 const mc_hparams *hp, mc_error *err)
{
    bool        own  = arch->base.rope_local_theta != arch->base.rope_theta;
    double      base = find_number(store, arch, "rope.freq_base_swa", hp->rope_theta);
    const char *what = NULL;

    if (hp->window == 0) return MC_OK;
    if (!hp->rope_local && base != hp->rope_theta) what = "freq_base_swa";
    if (hp->full_head_dim == 0 &&
        find(store, arch, "rope.dimension_count_swa").kind != MC_SETTING_ABSENT)
        what = "dimension_count_swa";
    if (hp->rope_local && own && hp->ropes[0].attention_factor > 0.0)
        what = "scaling.attn_factor";
    if (!what) return MC_OK;
    return mc_fail(err, MC_ERR_UNSUPPORTED, "use another conversion of the model",
                   "'%s.rope.%s' changes the rope of blocks that slide, which is not "
                   "supported for this architecture",
                   arch->gguf, what);
}

/* Blocks that slide have a plain rope, with a base of their own where the family has one. */
static mc_status read_ropes(const mc_store *store, const mc_arch *arch, mc_hparams *hp,
                            mc_error *err)
{
    bool         own  = arch->base.rope_local_theta != arch->base.rope_theta;
    double       base = own ? hp->rope_local_theta : hp->rope_theta;
    mc_rope_spec near = { .theta = find_number(store, arch, "rope.freq_base_swa", base) };
    size_t       dim  = mc_hparams_head_dim(hp, true);

    if (hp->rope_theta == 0.0) return MC_OK;
    hp->rope_count = 1;
    MC_TRY(read_rope(store, arch, hp, &hp->ropes[0], err));
    MC_TRY(check_near_rope(store, arch, hp, err));
    if (hp->far_scale) {
        hp->far_scale_original = hp->ropes[0].original;
        if (!(hp->far_scale_original >= 1.0 && hp->far_scale_original < 1e12))
            return mc_fail(err, MC_ERR_CONFIG, "fetch the file again",
                           "the context before the rope was stretched is %g",
                           hp->far_scale_original);
    }
    if (!hp->rope_local) return MC_OK;
    hp->rope_count = 2;
    near.rotary    = hp->full_head_dim > 0 ? dim : hp->ropes[0].rotary;
    MC_TRY(find_size(store, arch, "rope.dimension_count_swa", &near.rotary, err));
    hp->ropes[1] = near;
    return mc_rope_spec_check(&hp->ropes[1], dim, err);
}

static bool has_tensor(const mc_store *store, const char *name)
{
    return mc_store_find(store, name) != NULL;
}

/* What is not declared, the first block's tensors tell; lowering holds every other block to it:
 * biases, whether q, k and v lie in one tensor, optional norms. */
static void read_first_block(const mc_store *store, mc_hparams *hp)
{
    static const struct {
        const char *name;
        unsigned    bit;
    } rows[] = {
        { "blk.0.attn_q.bias", MC_BIAS_QKV },    { "blk.0.attn_qkv.bias", MC_BIAS_QKV },
        { "blk.0.attn_output.bias", MC_BIAS_O }, { "blk.0.ffn_up.bias", MC_BIAS_UP },
        { "blk.0.ffn_down.bias", MC_BIAS_DOWN }, { "blk.0.attn_q_norm.bias", MC_BIAS_QK_NORM },
    };
    const mc_tensor *norm = mc_store_find(store, "blk.0.attn_q_norm.weight");

    hp->biases &= MC_BIAS_NORM;
    for (size_t i = 0; i < MC_ARRAY_LEN(rows); i++)
        if (has_tensor(store, rows[i].name)) hp->biases |= rows[i].bit;
    hp->qkv_fuse[MC_DIALECT_GGUF] =
        has_tensor(store, "blk.0.attn_qkv.weight") ? MC_FUSE_STACKED : MC_FUSE_NONE;
    hp->qkv_fuse[MC_DIALECT_HF] = MC_FUSE_NONE; /* it may not decide about the heads */
    hp->gate_up_fused[MC_DIALECT_GGUF] =
        !hp->plain_ffn && !has_tensor(store, "blk.0.ffn_gate.weight");
    if (hp->qk_norm_optional) hp->qk_norm_off = norm == NULL;
    if (hp->qk_norm == MC_QK_NORM_EACH) hp->qk_norm = MC_QK_NORM_OWN; /* stacked */
    /* StableLM's files may say that halves are parallel which a norm of the second makes not
     * so. */
    if (hp->parallel_norms == 1) hp->parallel = !has_tensor(store, "blk.0.ffn_norm.weight");
    if (hp->parallel) hp->parallel_norms = 1;
    if (hp->parallel && (has_tensor(store, "blk.0.attn_norm_2.weight") ||
                         has_tensor(store, "blk.0.ffn_norm.weight")))
        hp->parallel_norms = 2;
}

static mc_status read_sizes(const mc_store *store, const mc_arch *arch, mc_hparams *hp,
                            mc_error *err)
{
    mc_key epsilon[] = { { hp->norm == MC_NORM_RMS ? "attention.layer_norm_rms_epsilon"
                                                   : "attention.layer_norm_epsilon",
                           MC_KEY_NUMBER, FIELD(epsilon),
                           hp->epsilon > 0.0 ? MC_KEEP : MC_REQUIRED },
                         { NULL } };

    MC_TRY(apply_keys(store, arch, epsilon, hp, err));
    MC_TRY(find_size(store, arch, "attention.head_count_kv", &hp->kv_heads, err));
    MC_TRY(find_size(store, arch, "feed_forward_length", &hp->ffn, err));
    MC_TRY(find_size(store, arch, "vocab_size", &hp->vocabulary, err));
    MC_TRY(
        find_size(store, arch, "attention.sliding_window_pattern", &hp->window_pattern, err));
    if (hp->attn_wide_layers > 0 && hp->layers == hp->attn_wide_layers && hp->heads > 0)
        hp->attn_scalar = (double)hp->hidden / (double)hp->heads;
    return MC_OK;
}

mc_status mc_hparams_read_gguf(const mc_store *store, const mc_arch *arch, mc_hparams *hp,
                               mc_error *err)
{
    MC_TRY(refuse_unknown(store, arch, err));
    if (hp->rope_theta != 0.0) hp->rope_theta = 10000.0; /* the format's own default */
    MC_TRY(apply_keys(store, arch, common_keys, hp, err));
    MC_TRY(apply_keys(store, arch, arch->gguf_keys, hp, err));
    if (arch->base.rope_theta == 0.0) hp->rope_theta = 0.0; /* a base is of no use there */
    if (arch->base.rope_theta != 0.0 && hp->rope_theta == 0.0)
        return mc_fail(err, MC_ERR_CONFIG, "fetch the file again", "'%s.rope.freq_base' is 0",
                       arch->gguf);
    MC_TRY(read_sizes(store, arch, hp, err));
    MC_TRY(check_window(arch, hp, err));
    read_first_block(store, hp);
    MC_TRY(mc_hparams_derive(hp, err));
    MC_TRY(read_window_pattern(store, arch, hp, err));
    read_full_heads(store, hp);
    MC_TRY(read_per_layer(store, arch, "attention.head_count_kv", hp,
                          offsetof(mc_layer, kv_heads), err));
    MC_TRY(
        read_per_layer(store, arch, "feed_forward_length", hp, offsetof(mc_layer, ffn), err));
    MC_TRY(mc_hparams_finish(hp, err));
    return read_ropes(store, arch, hp, err);
}
