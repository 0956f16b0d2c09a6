/* hparams_config.c - config.json to mc_hparams.
 *
 * Two dialects of rotary parameters are read: `rope_theta` with `rope_scaling`, and
 * `rope_parameters`. An absent key means what it means to the reference implementation
 * (transformers): the architecture's default. */
#include <math.h>
#include <stdio.h>
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

/* A number of the rope's object, or `otherwise`. */
static double rope_number(mc_json_value rope, const char *key, double otherwise)
{
    double number;

    return mc_json_double(mc_json_get(rope, key), &number) ? number : otherwise;
}

/* null says as little as an absent member. */
static bool has_member(mc_json_value object, const char *key)
{
    return mc_json_type_of(mc_json_get(object, key)) > MC_JSON_NULL;
}

/* Numbers of a rope; the first few also stand beside its object. */
static const char *const rope_numbers[] = {
    "rope_theta",
    "rope_local_base_freq",
    "partial_rotary_factor",
    "original_max_position_embeddings",
    "factor",
    "alpha",
    "attention_factor",
    "beta_fast",
    "beta_slow",
    "mscale",
    "mscale_all_dim",
    "low_freq_factor",
    "high_freq_factor",
    "llama_4_scaling_beta",
};
enum { ROPE_NUMBERS_OUTSIDE = 4, ROPE_NUMBERS = MC_ARRAY_LEN(rope_numbers) };

/* What is written as something else must not count as absent. */
static mc_status check_rope_numbers(mc_json_value object, size_t count, mc_error *err)
{
    for (size_t i = 0; i < count; i++) {
        mc_json_value value = mc_json_get(object, rope_numbers[i]);
        mc_json_type  type  = mc_json_type_of(value);
        double        number;

        if (type != MC_JSON_NONE && type != MC_JSON_NULL && !mc_json_double(value, &number))
            return mc_fail(err, MC_ERR_CONFIG, "fetch the model's configuration again",
                           "'%s' is not a number", rope_numbers[i]);
    }
    return MC_OK;
}

/* An absent object, or null, means that the numbers beside it count. */
static mc_status check_rope_object(mc_json_value parent, const char *key, mc_error *err)
{
    mc_json_value object = mc_json_get(parent, key);
    mc_json_type  type   = mc_json_type_of(object);

    if (type != MC_JSON_NONE && type != MC_JSON_NULL && type != MC_JSON_OBJECT)
        return mc_fail(err, MC_ERR_CONFIG, "fetch the model's configuration again",
                       "'%s' is not an object", key);
    return check_rope_numbers(object, ROPE_NUMBERS, err);
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
    { "default", MC_ROPE_DEFAULT },
    { "mrope", MC_ROPE_DEFAULT }, /* text has one axis */
    { "linear", MC_ROPE_LINEAR },
    { "dynamic", MC_ROPE_DYNAMIC },
    { "yarn", MC_ROPE_YARN },
    { "longrope", MC_ROPE_LONGROPE },
    { "proportional", MC_ROPE_PROPORTIONAL },
    { "su", MC_ROPE_LONGROPE },
    { "llama3", MC_ROPE_LLAMA3 },
};

static bool find_rope_type(const char *name, size_t size, mc_rope_type *type)
{
    for (size_t i = 0; i < MC_ARRAY_LEN(rope_types); i++) {
        if (strlen(rope_types[i].name) != size || memcmp(rope_types[i].name, name, size) != 0)
            continue;
        *type = rope_types[i].type;
        return true;
    }
    return false;
}

static mc_status read_type(mc_json_value rope, const mc_hparams *hp, mc_rope_type *type,
                           mc_error *err)
{
    bool          factors = mc_json_type_of(mc_json_get(rope, "short_factor")) == MC_JSON_ARRAY;
    const char   *key     = has_member(rope, "rope_type") ? "rope_type" : "type";
    const char   *name    = "default";
    size_t        size    = strlen(name);
    mc_json_value word    = mc_json_get(rope, key);

    if (has_member(rope, key) && !mc_json_string(word, &name, &size))
        return mc_fail(err, MC_ERR_CONFIG, "fetch the model's configuration again",
                       "'%s' of the rope is not a text", key);
    if (!find_rope_type(name, size, type))
        return mc_fail(err, MC_ERR_UNSUPPORTED,
                       "known are: default, linear, dynamic, yarn, longrope, llama3, "
                       "proportional",
                       "unknown rope type '%.*s'", size < 60 ? (int)size : 60, name);
    if (factors && hp->rope_yarn_long && *type == MC_ROPE_YARN) *type = MC_ROPE_LONGROPE;
    if (factors && *type != MC_ROPE_LONGROPE)
        return mc_fail(err, MC_ERR_CONFIG,
                       "the configuration contradicts itself; fetch it again",
                       "the rope has short factors, but its type is '%.*s'",
                       size < 60 ? (int)size : 60, name);
    return MC_OK;
}

/* Where one rope's parameters come from; `object` may be the absent value: then `theta` alone
 * counts. */
typedef struct rope_source {
    mc_json_value config, object;
    double        theta;
    size_t        head_dim;
} rope_source;

/* The share of a head's columns that is rotated: the rope's own word, the configuration's, else
 * the architecture's. */
static mc_status read_fraction(const rope_source *from, const mc_hparams *hp,
                               const mc_rope_spec *spec, double *fraction, mc_error *err)
{
    const char *key   = "partial_rotary_factor";
    double      usual = hp->rope_fraction > 0.0 ? hp->rope_fraction : 1.0;

    if (spec->type == MC_ROPE_PROPORTIONAL && !hp->rope_partial)
        usual = 1.0; /* the family's share goes with its rope, when there are no keys */
    if (!hp->rope_own_share) {
        if (mc_json_type_of(mc_json_get(from->config, key)) == MC_JSON_NULL)
            usual = 1.0; /* to the reference null is no absent key: it means all columns */
        usual = rope_number(from->config, key, usual);
    }
    *fraction = rope_number(from->object, key, usual);
    if (*fraction > 0.0 && *fraction <= 1.0) return MC_OK;
    return mc_fail(err, MC_ERR_CONFIG, "fetch the model's configuration again", "'%s' is %g",
                   key, *fraction);
}

static mc_status read_rotary(const rope_source *from, const mc_hparams *hp, mc_rope_spec *spec,
                             mc_error *err)
{
    double fraction;

    MC_TRY(read_fraction(from, hp, spec, &fraction, err));
    if (spec->type == MC_ROPE_PROPORTIONAL) {
        spec->angles = (size_t)((double)from->head_dim * fraction) / 2;
        spec->rotary = from->head_dim;
        return MC_OK;
    }
    if (hp->rope_local && spec->type == MC_ROPE_DEFAULT && !hp->rope_partial) fraction = 1.0;
    if (fraction != 1.0 && !hp->rope_partial)
        return mc_fail(err, MC_ERR_UNSUPPORTED, "use another variant of the model",
                       "'partial_rotary_factor' is %g, which this architecture does not have",
                       fraction);
    spec->rotary = (size_t)((double)from->head_dim * fraction);
    if (hp->rope_columns > 0) spec->rotary = hp->rope_columns;
    return MC_OK;
}

/* The context before stretching: the configuration's own, else the rope's, else the context. */
static double read_original(mc_json_value config, mc_json_value rope, const mc_hparams *hp)
{
    double original =
        rope_number(rope, "original_max_position_embeddings", (double)hp->context);

    if (hp->rope_original > 0.0) original = hp->rope_original;
    return rope_number(config, "original_max_position_embeddings", original);
}

static mc_status read_yarn(mc_json_value rope, const mc_hparams *hp, mc_rope_spec *spec,
                           mc_error *err)
{
    bool truncate;

    spec->beta_fast = rope_number(rope, "beta_fast", 0.0);
    spec->beta_slow = rope_number(rope, "beta_slow", 0.0);
    if (spec->beta_fast == 0.0) spec->beta_fast = 32.0; /* 0 counts as absent */
    if (spec->beta_slow == 0.0) spec->beta_slow = 1.0;
    spec->mscale     = rope_number(rope, "mscale", 0.0);
    spec->mscale_all = rope_number(rope, "mscale_all_dim", 0.0);
    if (mc_json_bool(mc_json_get(rope, "truncate"), &truncate)) spec->no_truncate = !truncate;
    if (!spec->no_truncate || !hp->rope_local || spec->type != MC_ROPE_YARN) return MC_OK;
    /* The reference looks for it beside the two objects, where it would be of no rope. */
    return mc_fail(err, MC_ERR_UNSUPPORTED, "use another variant of the model",
                   "'truncate' is false in one of two ropes");
}

static mc_status read_attention_factor(mc_json_value rope, mc_rope_spec *spec, mc_error *err)
{
    double given;

    spec->attention_factor = 0.0;
    if (!mc_json_double(mc_json_get(rope, "attention_factor"), &given)) return MC_OK;
    spec->attention_factor = given;
    if (given > 0.0) return MC_OK;
    return mc_fail(err, MC_ERR_CONFIG, "fetch the model's configuration again",
                   "the rope's 'attention_factor' is %g", given);
}

static double default_factor(const mc_rope_spec *spec, double context)
{
    switch (spec->type) {
    case MC_ROPE_YARN:
    case MC_ROPE_LONGROPE: return spec->original > 0.0 ? context / spec->original : 0.0;
    case MC_ROPE_PROPORTIONAL: return 1.0;
    default: return 0.0;
    }
}

static mc_status read_rope(const rope_source *from, const mc_hparams *hp, mc_rope_spec *spec,
                           mc_error *err)
{
    mc_json_value rope    = from->object;
    double        context = (double)hp->context, alpha = rope_number(rope, "alpha", 0.0);

    MC_TRY(read_type(rope, hp, &spec->type, err));
    MC_TRY(read_rotary(from, hp, spec, err));
    spec->theta    = rope_number(rope, "rope_theta", from->theta);
    spec->original = read_original(from->config, rope, hp);
    if (spec->type == MC_ROPE_DYNAMIC && hp->rope_alpha && alpha > 0.0) {
        spec->theta *= pow(alpha, (double)spec->rotary / ((double)spec->rotary - 2.0));
        spec->type = MC_ROPE_DEFAULT;
    }
    if (spec->type == MC_ROPE_DYNAMIC) spec->original = context;
    spec->factor = rope_number(rope, "factor", 0.0);
    if (spec->factor == 0.0) spec->factor = default_factor(spec, context);
    MC_TRY(read_attention_factor(rope, spec, err));
    spec->low_freq  = rope_number(rope, "low_freq_factor", 0.0);
    spec->high_freq = rope_number(rope, "high_freq_factor", 0.0);
    MC_TRY(read_yarn(rope, hp, spec, err));
    if (spec->type == MC_ROPE_LONGROPE) {
        MC_TRY(read_factors(rope, "short_factor", spec->rotary / 2, &spec->short_factors, err));
        MC_TRY(read_factors(rope, "long_factor", spec->rotary / 2, &spec->long_factors, err));
    }
    return mc_rope_spec_check(spec, from->head_dim, err);
}

/* The object with the rope's parameters: an older `rope_scaling` wins, as in the reference. */
static mc_json_value rope_object(mc_json_value config)
{
    mc_json_value old = mc_json_get(config, "rope_scaling");

    if (mc_json_count(old) > 0) return old;
    return mc_json_get(config, "rope_parameters");
}

/* The reference once took the kind of such a rope from `type`, and now passes it over. */
static mc_status check_scaling_kind(mc_json_value config, mc_error *err)
{
    mc_json_value old = mc_json_get(config, "rope_scaling");

    if (!has_member(old, "type") || has_member(old, "rope_type")) return MC_OK;
    return mc_fail(err, MC_ERR_UNSUPPORTED, "say 'rope_type' instead",
                   "'rope_scaling' has a 'type', which this architecture does not know");
}

/* Two ropes: for the blocks that see everything, and for those that slide. */
static mc_status read_two_ropes(mc_json_value config, mc_hparams *hp, mc_error *err)
{
    mc_json_value nested = mc_json_get(config, "rope_parameters");
    rope_source   full   = { config, mc_json_get(nested, "full_attention"),
                             rope_number(config, "rope_theta", hp->rope_theta),
                             mc_hparams_head_dim(hp, false) };
    rope_source   local  = { config, mc_json_get(nested, "sliding_attention"),
                             rope_number(config, "rope_local_base_freq", hp->rope_local_theta),
                             mc_hparams_head_dim(hp, true) };

    hp->rope_count = 2;
    MC_TRY(check_scaling_kind(config, err));
    MC_TRY(check_rope_object(nested, "full_attention", err));
    MC_TRY(check_rope_object(nested, "sliding_attention", err));
    if (mc_json_count(mc_json_get(config, "rope_scaling")) > 0)
        full.object = rope_object(config);
    if (hp->rope_default && mc_json_count(full.object) == 0) {
        hp->ropes[0].rotary = full.head_dim;
        hp->ropes[0].angles = (size_t)((double)full.head_dim * hp->rope_fraction) / 2;
        MC_TRY(mc_rope_spec_check(&hp->ropes[0], full.head_dim, err));
    } else {
        MC_TRY(read_rope(&full, hp, &hp->ropes[0], err));
    }
    return read_rope(&local, hp, &hp->ropes[1], err);
}

/* Ministral 3: how fast q grows beyond the context before stretching. */
static mc_status read_far_scale(mc_json_value object, mc_hparams *hp, mc_error *err)
{
    if (!hp->far_scale) return MC_OK;
    hp->far_scale_beta     = rope_number(object, "llama_4_scaling_beta", hp->far_scale_beta);
    hp->far_scale_original = hp->ropes[0].original;
    if (hp->far_scale_original >= 1.0 && hp->far_scale_original < 1e12) return MC_OK;
    return mc_fail(err, MC_ERR_CONFIG, "fetch the model's configuration again",
                   "the context before the rope was stretched is %g", hp->far_scale_original);
}

static mc_status read_one_rope(mc_json_value config, mc_json_value object, mc_hparams *hp,
                               mc_error *err)
{
    rope_source from = { config, object, rope_number(config, "rope_theta", hp->rope_theta),
                         hp->head_dim };

    hp->rope_count = 1;
    if (hp->rope_default && mc_json_count(object) == 0) {
        hp->ropes[0].rotary = hp->head_dim;
        return mc_rope_spec_check(&hp->ropes[0], hp->head_dim, err);
    }
    return read_rope(&from, hp, &hp->ropes[0], err);
}

static mc_status read_ropes(mc_json_value config, mc_hparams *hp, mc_error *err)
{
    mc_json_value object = rope_object(config);

    if (hp->rope_theta == 0.0) return MC_OK; /* an architecture without rotary embedding */
    MC_TRY(check_rope_numbers(config, ROPE_NUMBERS_OUTSIDE, err));
    MC_TRY(check_rope_object(config, "rope_scaling", err));
    MC_TRY(check_rope_object(config, "rope_parameters", err));
    if (hp->rope_local) return read_two_ropes(config, hp, err);
    if (has_member(object, "full_attention") || has_member(object, "sliding_attention"))
        return mc_fail(err, MC_ERR_UNSUPPORTED, "use another variant of the model",
                       "'rope_parameters' differ between blocks, which this architecture does "
                       "not have");
    MC_TRY(read_one_rope(config, object, hp, err));
    return read_far_scale(object, hp, err);
}

static bool is_text(mc_json_value value, const char *wanted)
{
    const char *text;
    size_t      size;

    return mc_json_string(value, &text, &size) && size == strlen(wanted) &&
           memcmp(text, wanted, size) == 0;
}

/* The kind of a block, an entry of the list under `key`. */
static mc_status set_layer_type(const char *key, mc_json_value type, mc_hparams *hp,
                                mc_layer *layer, mc_error *err)
{
    bool        slides = is_text(type, "sliding_attention") || is_text(type, "local");
    const char *name   = "no text";

    (void)mc_json_string(type, &name, NULL);
    if (!slides && !is_text(type, "full_attention") && !is_text(type, "global"))
        return mc_fail(err, MC_ERR_UNSUPPORTED, "use another variant of the model",
                       "'%s' makes block %zu '%.60s', which is not supported", key,
                       (size_t)(layer - hp->layer) + 1, name);
    if (slides && (hp->window == 0 || hp->window_rule == MC_WINDOW_NONE))
        return mc_fail(err, MC_ERR_CONFIG, "fetch the model's configuration again",
                       "'%s' makes block %zu slide, but there is no size of a window", key,
                       (size_t)(layer - hp->layer) + 1);
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
    return read_ropes(config, hp, err);
}
