/* hparams_rope.c - config.json's rotary embeddings to mc_hparams.
 *
 * Two dialects are read: `rope_theta` with `rope_scaling`, and `rope_parameters`, which has a
 * rope for each kind of block where a family has two. */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "model/keys.h"

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
enum { ROPE_NUMBERS_OUTSIDE = 3, ROPE_NUMBERS = MC_ARRAY_LEN(rope_numbers) };

/* What is written as something else must not count as absent. */
static mc_status check_rope_numbers(mc_json_value object, size_t count, mc_error *err)
{
    for (size_t i = 0; i < count; i++) {
        double number;

        if (has_member(object, rope_numbers[i]) &&
            !mc_json_double(mc_json_get(object, rope_numbers[i]), &number))
            return mc_fail(err, MC_ERR_CONFIG, "fetch the model's configuration again",
                           "'%s' is not a number", rope_numbers[i]);
    }
    return MC_OK;
}

/* An absent object, or null, means that the numbers beside it count. */
static mc_status check_rope_object(mc_json_value parent, const char *key, mc_error *err)
{
    mc_json_value object = mc_json_get(parent, key);

    if (has_member(parent, key) && mc_json_type_of(object) != MC_JSON_OBJECT)
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

/* Whether the family has this type, and the factors go with it. */
static mc_status settle_type(mc_json_value rope, const mc_hparams *hp, mc_span name,
                             mc_rope_type *type, mc_error *err)
{
    bool        factors = mc_json_type_of(mc_json_get(rope, "short_factor")) == MC_JSON_ARRAY;
    int         size    = name.size < 60 ? (int)name.size : 60;
    const char *word    = (const char *)name.data;

    if (factors && hp->rope_long_only && *type == MC_ROPE_YARN) *type = MC_ROPE_LONGROPE;
    if (hp->rope_long_only && *type != MC_ROPE_DEFAULT && *type != MC_ROPE_LONGROPE)
        return mc_fail(err, MC_ERR_UNSUPPORTED, "use another variant of the model",
                       "the rope's type is '%.*s', and this architecture has longrope only",
                       size, word);
    if (!factors || *type == MC_ROPE_LONGROPE) return MC_OK;
    return mc_fail(err, MC_ERR_CONFIG, "the configuration contradicts itself; fetch it again",
                   "the rope has short factors, but its type is '%.*s'", size, word);
}

static mc_status read_type(mc_json_value rope, const mc_hparams *hp, mc_rope_type *type,
                           mc_error *err)
{
    const char   *key  = has_member(rope, "rope_type") ? "rope_type" : "type";
    const char   *name = "default";
    size_t        size = strlen(name);
    mc_json_value word = mc_json_get(rope, key);

    if (has_member(rope, key) && !mc_json_string(word, &name, &size))
        return mc_fail(err, MC_ERR_CONFIG, "fetch the model's configuration again",
                       "'%s' of the rope is not a text", key);
    if (!find_rope_type(name, size, type))
        return mc_fail(err, MC_ERR_UNSUPPORTED,
                       "known are: default, linear, dynamic, yarn, longrope, llama3, "
                       "proportional",
                       "unknown rope type '%.*s'", size < 60 ? (int)size : 60, name);
    return settle_type(rope, hp, (mc_span){ (const unsigned char *)name, size }, type, err);
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
    if (!hp->rope_own_keys) {
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

    spec->attention_factor = 0.0; /* without effect in the other types */
    if (spec->type != MC_ROPE_YARN && spec->type != MC_ROPE_LONGROPE) return MC_OK;
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

/* A family that never had one rope for all blocks wants both named, or none. */
static mc_status check_both_named(mc_json_value config, const mc_hparams *hp, mc_error *err)
{
    mc_json_value nested = mc_json_get(config, "rope_parameters");
    bool          slides = false;

    if (!hp->rope_default) return MC_OK;
    for (size_t i = 0; i < hp->layers; i++)
        slides = slides || hp->layer[i].slides;
    if (mc_json_count(mc_json_get(config, "rope_scaling")) == 0 &&
        (mc_json_count(nested) == 0 || (has_member(nested, "full_attention") &&
                                        (!slides || has_member(nested, "sliding_attention")))))
        return MC_OK;
    return mc_fail(err, MC_ERR_UNSUPPORTED, "use another variant of the model",
                   "the rope's parameters are not those of 'full_attention' and "
                   "'sliding_attention', which this architecture wants");
}

/* Two ropes: for the blocks that see everything, and for those that slide. */
static mc_status read_two_ropes(mc_json_value config, mc_hparams *hp, mc_error *err)
{
    mc_json_value nested = mc_json_get(config, "rope_parameters");
    rope_source   full   = { config, mc_json_get(nested, "full_attention"),
                             rope_number(config, "rope_theta", hp->rope_theta),
                             mc_hparams_head_dim(hp, false) };
    rope_source   local  = { config, mc_json_get(nested, "sliding_attention"),
                             hp->rope_local_theta, mc_hparams_head_dim(hp, true) };

    hp->rope_count = 2;
    MC_TRY(check_both_named(config, hp, err));
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

/* Ministral 3: how fast q grows beyond the context before stretching. The row's values go with
 * the row's rope; a rope of the file's own has its own. */
static mc_status read_far_scale(mc_json_value object, mc_hparams *hp, mc_error *err)
{
    const mc_rope_spec *rope  = &hp->ropes[0];
    bool                plain = rope->type == MC_ROPE_DEFAULT || rope->type == MC_ROPE_LINEAR ||
                 rope->type == MC_ROPE_DYNAMIC;

    if (!hp->far_scale) return MC_OK;
    hp->far_scale_original = rope->original;
    if (mc_json_count(object) > 0) {
        if (!has_member(object, "llama_4_scaling_beta"))
            return mc_fail(err, MC_ERR_CONFIG, "fetch the model's configuration again",
                           "the rope's 'llama_4_scaling_beta' is missing");
        hp->far_scale_beta     = rope_number(object, "llama_4_scaling_beta", 0.0);
        hp->far_scale_original = rope_number(object, "original_max_position_embeddings",
                                             plain ? 0.0 : rope->original);
    }
    if (hp->far_scale_original >= 1.0 && hp->far_scale_original < 1e12) return MC_OK;
    return mc_fail(err, MC_ERR_CONFIG, "fetch the model's configuration again",
                   "the context before the rope was stretched is %g", hp->far_scale_original);
}

static mc_status read_one_rope(mc_json_value config, mc_json_value object, mc_hparams *hp,
                               mc_error *err)
{
    rope_source from = { config, object, hp->rope_theta, hp->head_dim };

    if (!hp->rope_own_keys) from.theta = rope_number(config, "rope_theta", from.theta);
    hp->rope_count = 1;
    if (hp->rope_default && mc_json_count(object) == 0) {
        MC_TRY(read_rotary(&from, hp, &hp->ropes[0], err));
        return mc_rope_spec_check(&hp->ropes[0], hp->head_dim, err);
    }
    return read_rope(&from, hp, &hp->ropes[0], err);
}

mc_status mc_hparams_read_ropes(mc_json_value config, mc_hparams *hp, mc_error *err)
{
    mc_json_value object = rope_object(config);

    if (hp->rope_theta == 0.0) return MC_OK; /* an architecture without rotary embedding */
    if (hp->rope_fixed)
        return read_one_rope((mc_json_value){ 0 }, (mc_json_value){ 0 }, hp, err);
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
