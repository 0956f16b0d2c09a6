/* hparams_config.c - config.json to mc_hparams.
 *
 * An absent key means what it means to the reference implementation (transformers): the
 * architecture's default. */
#include <stdio.h>
#include <string.h>

#include "model/keys.h"

/* Keys that any configuration may have and that would make another model of it. */
static const mc_key common_keys[] = {
    { "is_encoder_decoder", MC_KEY_FIXED, 0, 0.0 },
    { "add_cross_attention", MC_KEY_FIXED, 0, 0.0 },
    { "use_bidirectional_attention", MC_KEY_FIXED, 0, 0.0 },
    { NULL },
};

/* A key "a.b" is the member b of the object a. */
static mc_json_value find_key(mc_json_value config, const char *name)
{
    const char *dot = strchr(name, '.');
    char        outer[64];

    if (!dot || (size_t)(dot - name) >= sizeof outer) return mc_json_get(config, name);
    memcpy(outer, name, (size_t)(dot - name));
    outer[dot - name] = '\0';
    return mc_json_get(mc_json_get(config, outer), dot + 1);
}

static mc_status apply_keys(mc_json_value config, const mc_key *keys, mc_hparams *hp,
                            mc_error *err)
{
    for (const mc_key *key = keys; key->name; key++) {
        mc_setting setting = mc_setting_of_json(find_key(config, key->name));
        /* To the reference 0 is a factor like any other; here it stands for "none". */
        if (key->kind == MC_KEY_NUMBER && setting.kind == MC_SETTING_NUMBER &&
            setting.number == 0.0)
            return mc_fail(err, MC_ERR_CONFIG, "null is how to leave it out",
                           "'%s' is 0, which would silence a part of the model", key->name);
        MC_TRY(mc_key_apply(key, key->name, setting, hp, err));
    }
    return MC_OK;
}

/* The kind of a block, an entry of the list under `key`. */
static mc_status set_layer_type(const char *key, mc_json_value type, mc_hparams *hp,
                                mc_layer *layer, mc_error *err)
{
    bool slides =
        mc_json_string_is(type, "sliding_attention") || mc_json_string_is(type, "local");
    const char *name = "no text";

    (void)mc_json_string(type, &name, NULL);
    if (!slides && !mc_json_string_is(type, "full_attention") &&
        !mc_json_string_is(type, "global"))
        return mc_fail(err, MC_ERR_UNSUPPORTED, "use another variant of the model",
                       "'%s' makes block %zu '%.60s', which is not supported", key,
                       (size_t)(layer - hp->layer) + 1, name);
    if (slides && (hp->window == 0 || hp->window_rule == MC_WINDOW_NONE))
        return mc_fail(err, MC_ERR_CONFIG, "fetch the model's configuration again",
                       "'%s' makes block %zu slide, but there is no size of a window%s", key,
                       (size_t)(layer - hp->layer) + 1,
                       hp->window_rule == MC_WINDOW_NO_ROPE && !hp->use_window
                           ? " without 'use_sliding_window'"
                           : "");
    if (!slides && hp->window_rule == MC_WINDOW_ALL && hp->window > 0)
        return mc_fail(err, MC_ERR_UNSUPPORTED, "use another variant of the model",
                       "'layer_types' excepts blocks from the window, which this "
                       "architecture does not do");
    layer->slides = slides;
    return MC_OK;
}

static mc_status fail_count(const char *key, size_t count, const mc_hparams *hp, mc_error *err)
{
    return mc_fail(err, MC_ERR_CONFIG, "the configuration contradicts itself; fetch it again",
                   "'%s' has %zu entries for %zu blocks", key, count, hp->layers);
}

static bool has_list(mc_json_value config, const char *key)
{
    return mc_json_type_of(mc_json_get(config, key)) == MC_JSON_ARRAY;
}

/* A kind for each block. */
static mc_status read_kinds(mc_json_value config, const char *key, mc_hparams *hp,
                            mc_error *err)
{
    mc_json_value types = mc_json_get(config, key);
    size_t        i     = 0;

    if (mc_json_count(types) != hp->layers)
        return fail_count(key, mc_json_count(types), hp, err);
    for (mc_json_iter it = mc_json_iterate(types); mc_json_next(&it); i++)
        MC_TRY(set_layer_type(key, it.value, hp, &hp->layer[i], err));
    return MC_OK;
}

static mc_status read_layer_types(mc_json_value config, mc_hparams *hp, mc_error *err)
{
    if (!has_list(config, "layer_types")) return MC_OK;
    MC_TRY(read_kinds(config, "layer_types", hp, err));
    if (hp->window_rule == MC_WINDOW_NO_ROPE) hp->window_rule = MC_WINDOW_LISTED;
    return MC_OK;
}

/* GPT-Neo's [[["global", "local"], 12], ...]: each list of kinds so many times; or as a plain
 * list, which wins as in the reference. */
static mc_status read_attention_types(mc_json_value config, mc_hparams *hp, mc_error *err)
{
    mc_json_value types = mc_json_get(config, "attention_types");
    size_t        i     = 0;

    if (hp->window_rule != MC_WINDOW_KINDS) return MC_OK;
    if (has_list(config, "attention_layers"))
        return read_kinds(config, "attention_layers", hp, err);
    for (mc_json_iter it = mc_json_iterate(types); mc_json_next(&it);) {
        mc_json_value kinds = { 0 };
        int64_t       times = 0;
        for (mc_json_iter pair = mc_json_iterate(it.value); mc_json_next(&pair);)
            if (!mc_json_int64(pair.value, &times)) kinds = pair.value;
        for (; times > 0 && mc_json_count(kinds) > 0; times--)
            for (mc_json_iter kind = mc_json_iterate(kinds); mc_json_next(&kind); i++) {
                if (i >= hp->layers) return fail_count("attention_types", i + 1, hp, err);
                MC_TRY(set_layer_type("attention_types", kind.value, hp, &hp->layer[i], err));
            }
    }
    return i == hp->layers ? MC_OK : fail_count("attention_types", i, hp, err);
}

/* SmolLM3: a list with 1 for the blocks that have a rope, or all but every n-th. */
static mc_status read_no_rope(mc_json_value config, mc_hparams *hp, mc_error *err)
{
    mc_json_value list = mc_json_get(config, "no_rope_layers");
    size_t        i    = 0;

    if (hp->nope_rule != MC_NOPE_LISTED) return MC_OK;
    if (mc_json_type_of(list) != MC_JSON_ARRAY) return MC_OK;
    if (mc_json_count(list) != hp->layers)
        return fail_count("no_rope_layers", mc_json_count(list), hp, err);
    for (mc_json_iter it = mc_json_iterate(list); mc_json_next(&it); i++) {
        double has = 0.0;
        if (!mc_json_double(it.value, &has) || (has != 0.0 && has != 1.0))
            return mc_fail(err, MC_ERR_CONFIG, "fetch the model's configuration again",
                           "'no_rope_layers' holds something besides 0 and 1");
        hp->layer[i].rope = has == 1.0 ? 0 : MC_ROPE_NONE;
    }
    return MC_OK;
}

/* One block's own sizes; any other key in there is refused. */
static mc_status read_layer_config(mc_json_value object, mc_layer *layer, mc_error *err)
{
    for (mc_json_iter it = mc_json_iterate(object); mc_json_next(&it);) {
        uint64_t number;
        bool     is_dim = it.key_size == 8 && !memcmp(it.key, "head_dim", 8);
        bool     is_kv  = it.key_size == 19 && !memcmp(it.key, "num_key_value_heads", 19);

        if ((!is_dim && !is_kv) || !mc_json_uint64(it.value, &number) || number == 0 ||
            number > UINT16_MAX)
            return mc_fail(err, MC_ERR_UNSUPPORTED, "use another variant of the model",
                           "'per_layer_config' holds '%.*s', or no size for it",
                           it.key_size < 60 ? (int)it.key_size : 60, it.key);
        if (is_kv) layer->kv_heads = (size_t)number;
        if (is_dim) layer->head_dim = layer->value_dim = (size_t)number;
    }
    return MC_OK;
}

/* Gemma 4: sizes of single blocks, {"<block from 0>": {...}}, or of all that see everything. */
static mc_status read_block_sizes(mc_json_value config, mc_hparams *hp, mc_error *err)
{
    mc_json_value table = mc_json_get(config, "per_layer_config");
    char          name[32];

    for (size_t i = 0; hp->full_head_dim > 0 && i < hp->layers; i++) {
        snprintf(name, sizeof name, "%zu", i);
        MC_TRY(read_layer_config(mc_json_get(table, name), &hp->layer[i], err));
        if (mc_json_type_of(table) == MC_JSON_NONE)
            mc_hparams_set_full_heads(hp, &hp->layer[i]);
    }
    return MC_OK;
}

/* Families that have no such key have one size that fits. */
static mc_status check_head_dim(mc_json_value config, const mc_hparams *hp, mc_error *err)
{
    double given;

    if (!mc_json_double(mc_json_get(config, "head_dim"), &given) ||
        given == (double)hp->head_dim)
        return MC_OK;
    return mc_fail(err, MC_ERR_CONFIG, "the configuration contradicts itself; fetch it again",
                   "'head_dim' is %g, but heads of this architecture have %zu columns", given,
                   hp->head_dim);
}

/* Falcon: what its switches say together; the reference makes such models and cannot run them.
 */
static mc_status check_switches(const mc_hparams *hp, mc_error *err)
{
    const char *what = NULL;

    if (hp->qkv_fuse[MC_DIALECT_HF] != MC_FUSE_AS_TOLD) return MC_OK;
    if (hp->new_decoder && !hp->parallel)
        what = "'new_decoder_architecture' without 'parallel_attn'";
    if (!hp->new_decoder && hp->parallel && hp->parallel_norms > 1)
        what = "more than one norm in 'parallel_attn' without 'new_decoder_architecture'";
    if (!hp->new_decoder && !hp->multi_query && hp->kv_heads > 0 && hp->kv_heads != hp->heads)
        what = "'num_kv_heads' that differ from the heads, without 'multi_query' or "
               "'new_decoder_architecture'";
    if (!what) return MC_OK;
    return mc_fail(err, MC_ERR_CONFIG, "the configuration contradicts itself; fetch it again",
                   "there is %s", what);
}

/* To the reference a window of 0 is one in which nothing is seen; here 0 stands for none. */
static mc_status check_window(mc_json_value config, const mc_hparams *hp, mc_error *err)
{
    bool slides = hp->window_rule == MC_WINDOW_ALL || hp->window_rule == MC_WINDOW_LISTED ||
                  hp->window_rule == MC_WINDOW_PATTERN || hp->use_window;
    double window;

    if (!slides || !mc_json_double(mc_json_get(config, "sliding_window"), &window) ||
        window != 0.0)
        return MC_OK;
    return mc_fail(err, MC_ERR_CONFIG, "null is how to say that there is none",
                   "'sliding_window' is 0");
}

mc_status mc_hparams_read_config(mc_json_value config, const mc_arch *arch, mc_hparams *hp,
                                 mc_error *err)
{
    MC_TRY(apply_keys(config, common_keys, hp, err));
    MC_TRY(apply_keys(config, arch->keys, hp, err));
    MC_TRY(check_window(config, hp, err));
    MC_TRY(check_switches(hp, err));
    if (!hp->use_window &&
        (hp->window_rule == MC_WINDOW_FROM || hp->window_rule == MC_WINDOW_NO_ROPE))
        hp->window = 0;
    if (hp->vocabulary == 0)
        return mc_fail(err, MC_ERR_CONFIG, "fetch the model's configuration again",
                       "'vocab_size' is 0");
    MC_TRY(mc_hparams_derive(hp, err));
    MC_TRY(check_head_dim(config, hp, err));
    MC_TRY(read_layer_types(config, hp, err));
    MC_TRY(read_attention_types(config, hp, err));
    if (hp->last_is_full) hp->layer[hp->layers - 1].slides = false;
    MC_TRY(read_no_rope(config, hp, err));
    MC_TRY(read_block_sizes(config, hp, err));
    MC_TRY(mc_hparams_finish(hp, err));
    return mc_hparams_read_ropes(config, hp, err);
}
