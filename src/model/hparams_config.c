/* hparams_config.c - config.json to mc_hparams.
 *
 * Two dialects of rotary parameters are read: `rope_theta` with `rope_scaling`, and
 * `rope_parameters`. An absent key means what it means to the reference implementation
 * (transformers): the architecture's default. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "model/keys.h"

/* Keys that any configuration may have and that would make another model of it. */
static const mc_key common_keys[] = {
    { "is_encoder_decoder", MC_KEY_FIXED, 0, 0.0 },
    { "add_cross_attention", MC_KEY_FIXED, 0, 0.0 },
    { "use_bidirectional_attention", MC_KEY_FIXED, 0, 0.0 },
    { NULL },
};

static mc_status apply_keys(mc_json_value config, const mc_key *keys, mc_hparams *hp,
                            mc_error *err)
{
    for (const mc_key *key = keys; key->name; key++)
        MC_TRY(mc_key_apply(key, key->name, mc_setting_of_json(mc_json_get(config, key->name)),
                            hp, err));
    return MC_OK;
}

/* A number of the rope's object, or `otherwise`. */
static double rope_number(mc_json_value rope, const char *key, double otherwise)
{
    double number;

    return mc_json_double(mc_json_get(rope, key), &number) ? number : otherwise;
}

static mc_status read_factors(mc_json_value rope, const char *key, size_t count, float **out,
                              mc_error *err)
{
    mc_json_value array = mc_json_get(rope, key);
    size_t        i     = 0;

    if (mc_json_type_of(array) != MC_JSON_ARRAY || mc_json_count(array) != count)
        return mc_fail(err, MC_ERR_CONFIG, "fetch the model's configuration again",
                       "'%s' of the rope is not a list of %zu numbers", key, count);
    *out = mc_alloc_array(count, sizeof **out);
    if (!*out) return mc_fail_memory(err, count * sizeof **out);
    for (mc_json_iter it = mc_json_iterate(array); mc_json_next(&it); i++) {
        double number = NAN;
        mc_json_double(it.value, &number);
        (*out)[i] = (float)number;
    }
    return MC_OK;
}

static const struct {
    const char  *name;
    mc_rope_type type;
} rope_types[] = {
    { "default", MC_ROPE_DEFAULT }, { "mrope", MC_ROPE_DEFAULT }, /* text has one axis */
    { "linear", MC_ROPE_LINEAR },   { "dynamic", MC_ROPE_DYNAMIC },
    { "yarn", MC_ROPE_YARN },       { "longrope", MC_ROPE_LONGROPE },
    { "su", MC_ROPE_LONGROPE },     { "llama3", MC_ROPE_LLAMA3 },
};

static mc_status read_type(mc_json_value rope, mc_rope_type *type, mc_error *err)
{
    const char *name = NULL;
    size_t      size = 0;

    *type = MC_ROPE_DEFAULT;
    if (!mc_json_string(mc_json_get(rope, "rope_type"), &name, &size) &&
        !mc_json_string(mc_json_get(rope, "type"), &name, &size))
        return MC_OK;
    for (size_t i = 0; i < MC_ARRAY_LEN(rope_types); i++) {
        if (strlen(rope_types[i].name) != size || memcmp(rope_types[i].name, name, size) != 0)
            continue;
        *type = rope_types[i].type;
        return MC_OK;
    }
    return mc_fail(err, MC_ERR_UNSUPPORTED,
                   "known are: default, linear, dynamic, yarn, longrope, llama3",
                   "unknown rope type '%.*s'", size < 60 ? (int)size : 60, name);
}

static mc_status read_rotary(mc_json_value config, mc_json_value rope, const mc_hparams *hp,
                             mc_rope_spec *spec, mc_error *err)
{
    double fraction = rope_number(config, "partial_rotary_factor", hp->rope_fraction);

    fraction = rope_number(rope, "partial_rotary_factor", fraction);
    if (fraction == 0.0) fraction = 1.0;
    if (!(fraction > 0.0 && fraction <= 1.0))
        return mc_fail(err, MC_ERR_CONFIG, "fetch the model's configuration again",
                       "'partial_rotary_factor' is %g", fraction);
    if (fraction != 1.0 && !hp->rope_partial)
        return mc_fail(err, MC_ERR_UNSUPPORTED, "use another variant of the model",
                       "'partial_rotary_factor' is %g, which this architecture does not have",
                       fraction);
    spec->rotary = (size_t)((double)hp->head_dim * fraction);
    return MC_OK;
}

/* `rope` may be the absent value: then the base alone counts. */
static mc_status read_rope(mc_json_value config, mc_json_value rope, const mc_hparams *hp,
                           mc_rope_spec *spec, mc_error *err)
{
    double context = (double)hp->context;

    MC_TRY(read_type(rope, &spec->type, err));
    MC_TRY(read_rotary(config, rope, hp, spec, err));
    spec->theta    = rope_number(config, "rope_theta", hp->rope_theta);
    spec->theta    = rope_number(rope, "rope_theta", spec->theta);
    spec->original = rope_number(rope, "original_max_position_embeddings", context);
    spec->original = rope_number(config, "original_max_position_embeddings", spec->original);
    if (spec->type == MC_ROPE_DYNAMIC) spec->original = context;
    spec->factor = rope_number(rope, "factor", 0.0);
    if (spec->factor == 0.0 && (spec->type == MC_ROPE_YARN || spec->type == MC_ROPE_LONGROPE) &&
        spec->original > 0.0)
        spec->factor = context / spec->original;
    spec->attention_factor = rope_number(rope, "attention_factor", 0.0);
    spec->beta_fast        = rope_number(rope, "beta_fast", 32.0);
    spec->beta_slow        = rope_number(rope, "beta_slow", 1.0);
    spec->mscale           = rope_number(rope, "mscale", 0.0);
    spec->mscale_all       = rope_number(rope, "mscale_all_dim", 0.0);
    spec->low_freq         = rope_number(rope, "low_freq_factor", 0.0);
    spec->high_freq        = rope_number(rope, "high_freq_factor", 0.0);
    if (mc_json_bool(mc_json_get(rope, "truncate"), &spec->no_truncate))
        spec->no_truncate = !spec->no_truncate;
    if (spec->type == MC_ROPE_LONGROPE) {
        MC_TRY(read_factors(rope, "short_factor", spec->rotary / 2, &spec->short_factors, err));
        MC_TRY(read_factors(rope, "long_factor", spec->rotary / 2, &spec->long_factors, err));
    }
    return mc_rope_spec_check(spec, hp->head_dim, err);
}

/* The object with the rope's parameters: an older `rope_scaling` wins, as in the reference. */
static mc_json_value rope_object(mc_json_value config)
{
    mc_json_value old = mc_json_get(config, "rope_scaling");

    if (mc_json_count(old) > 0) return old;
    return mc_json_get(config, "rope_parameters");
}

static mc_status read_ropes(mc_json_value config, mc_hparams *hp, mc_error *err)
{
    if (hp->rope_theta == 0.0) return MC_OK; /* an architecture without rotary embedding */
    hp->rope_count = 1;
    return read_rope(config, rope_object(config), hp, &hp->ropes[0], err);
}

static bool is_text(mc_json_value value, const char *wanted)
{
    const char *text;
    size_t      size;

    return mc_json_string(value, &text, &size) && size == strlen(wanted) &&
           memcmp(text, wanted, size) == 0;
}

static mc_status set_layer_type(mc_json_value type, mc_hparams *hp, mc_layer *layer,
                                mc_error *err)
{
    bool slides = is_text(type, "sliding_attention");

    if (!slides && !is_text(type, "full_attention"))
        return mc_fail(err, MC_ERR_UNSUPPORTED, "use another variant of the model",
                       "'layer_types' names a kind of attention that is not supported");
    if (slides && (hp->window == 0 || hp->window_rule == MC_WINDOW_NONE))
        return mc_fail(err, MC_ERR_CONFIG, "fetch the model's configuration again",
                       "'layer_types' asks for a window that has no size");
    if (!slides && hp->window_rule == MC_WINDOW_ALL && hp->window > 0)
        return mc_fail(err, MC_ERR_UNSUPPORTED, "use another variant of the model",
                       "'layer_types' excepts blocks from the window, which this "
                       "architecture does not do");
    layer->window = slides ? hp->window : 0;
    return MC_OK;
}

static mc_status read_layer_types(mc_json_value config, mc_hparams *hp, mc_error *err)
{
    mc_json_value types = mc_json_get(config, "layer_types");
    size_t        i     = 0;

    if (mc_json_type_of(types) != MC_JSON_ARRAY) return MC_OK;
    if (mc_json_count(types) != hp->layers)
        return mc_fail(
            err, MC_ERR_CONFIG, "the configuration contradicts itself; fetch it again",
            "'layer_types' has %zu entries for %zu blocks", mc_json_count(types), hp->layers);
    for (mc_json_iter it = mc_json_iterate(types); mc_json_next(&it); i++)
        MC_TRY(set_layer_type(it.value, hp, &hp->layer[i], err));
    return MC_OK;
}

/* How the weights are packed. */
static mc_status check_quantisation(mc_json_value config, mc_error *err)
{
    static const char *const keys[] = { "quantization_config", "quantization" };
    const char              *name   = "unnamed";
    size_t                   size   = 7;

    for (size_t i = 0; i < MC_ARRAY_LEN(keys); i++) {
        mc_json_value object = mc_json_get(config, keys[i]);
        if (mc_json_type_of(object) == MC_JSON_NONE || mc_json_type_of(object) == MC_JSON_NULL)
            continue;
        if (!mc_json_string(mc_json_get(object, "quant_method"), &name, &size))
            mc_json_string(mc_json_get(object, "mode"), &name, &size);
        return mc_fail(err, MC_ERR_UNSUPPORTED, "use the model in F32, F16 or BF16, or as GGUF",
                       "its weights are quantised by the scheme '%.*s' ('%s'), which is not "
                       "supported",
                       size < 60 ? (int)size : 60, name, keys[i]);
    }
    return MC_OK;
}

mc_status mc_hparams_read_config(mc_json_value config, const mc_arch *arch, mc_hparams *hp,
                                 mc_error *err)
{
    MC_TRY(apply_keys(config, common_keys, hp, err));
    MC_TRY(check_quantisation(config, err));
    MC_TRY(apply_keys(config, arch->keys, hp, err));
    hp->rope_count = hp->rope_theta != 0.0;
    if (hp->window_rule == MC_WINDOW_FROM && !hp->use_window) hp->window = 0;
    MC_TRY(mc_hparams_derive(hp, err));
    MC_TRY(read_ropes(config, hp, err));
    return read_layer_types(config, hp, err);
}
