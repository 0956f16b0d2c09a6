/* cmd_geometry_fingerprint_compare.c - mc geometry fingerprint compare: how far two models are
 * apart, and in what. */
#include <modelcypher/fingerprint.h>

#include "analysis/responses.h"
#include "cli/capture_options.h"
#include "cli/fingerprint_text.h"
#include "cli/output.h"

typedef struct compare_args {
    const char        *source[2], *fail_if;
    mc_capture_options capture;
    size_t             permutations, bootstrap;
    bool               cache;
} compare_args;

#define FIELD(name) offsetof(compare_args, name)

static const mc_option compare_options[] = {
    MC_CAPTURE_OPTIONS(compare_args, capture),
    { MC_OPT_SWITCH, '\0', "cache", NULL, "use what was computed before, and keep it", "yes",
      FIELD(cache) },
    { MC_OPT_COUNT, 'P', "permutations", "N", "draws of the null; 0: none", "1000",
      FIELD(permutations) },
    { MC_OPT_COUNT, 'B', "bootstrap", "N",
      "random halves of the probes for the interval; 0: none", "1000", FIELD(bootstrap) },
    { MC_OPT_TEXT, '\0', "fail-if", "CONDITION",
      "exit with 3 when it holds: 'distance>0.05' (names above)", NULL, FIELD(fail_if) },
    { .name = NULL },
};

static const mc_positional compare_operands[] = {
    { "A", "a model, a concept response matrix or a saved fingerprint", FIELD(source[0]),
      .required = true },
    { "B", "another", FIELD(source[1]), .required = true },
    { .name = NULL },
};

/* ---- the report ---- */

static const mc_field model_fields[] = {
    MC_TEXT_FIELD("source", "what was given"),
    MC_TEXT_FIELD("model", "its name"),
    MC_NULLABLE_TEXT("contentHash", "of its tensors"),
    { "cached", MC_VALUE_BOOL, "its fingerprint was read from the cache" },
    MC_COUNT_FIELD("layers", "in the fingerprint"),
    MC_COUNT_FIELD("probes", "in the fingerprint"),
    MC_TEXT_FIELD("pooling", "of the tokens of a text"),
    { 0 },
};
static const mc_field pair_fields[] = {
    MC_LAYER_FIELD("layerA", "of A"),
    MC_LAYER_FIELD("layerB", "of B"),
    MC_NULLABLE_NUMBER("cka", "debiased, of the two sketches"),
    { 0 },
};
static const mc_field difference_fields[] = {
    MC_TEXT_FIELD("quantity", "norm, anisotropy, firstDirection, dimension, effectiveRank, "
                              "participationRatio"),
    MC_TEXT_FIELD("kind", "ratio (B over A) or difference (B minus A)"),
    MC_COUNT_FIELD("pairs", "of layers of equal depth that have it"),
    MC_NULLABLE_NUMBER("median", "over these pairs"),
    { "layerA", MC_VALUE_INTEGER, "of the pair in which it is largest", MC_UNIT_ID,
      .flags = MC_FIELD_LAYER | MC_FIELD_NULLABLE },
    { "layerB", MC_VALUE_INTEGER, "of that pair", MC_UNIT_ID,
      .flags = MC_FIELD_LAYER | MC_FIELD_NULLABLE },
    MC_NULLABLE_NUMBER("valueA", "of A there"),
    MC_NULLABLE_NUMBER("valueB", "of B there"),
    MC_NULLABLE_COUNT("apart", "pairs whose 95 % intervals do not overlap; null: it has none"),
    { 0 },
};
static const mc_field fields[] = {
    { "a", MC_VALUE_OBJECT, "the first", .fields = model_fields },
    { "b", MC_VALUE_OBJECT, "the second", .fields = model_fields },
    { "sameModel", MC_VALUE_BOOL, "the tensors' content hashes are equal" },
    MC_COUNT_FIELD("probes", "that both sketches have: those compared"),
    MC_NULLABLE_NUMBER("distance", "1 - mean debiased CKA over the monotone correspondence"),
    MC_NULLABLE_NUMBER("low", "95 % interval from random halves of the probes"),
    MC_NULLABLE_NUMBER("high", "its other end"),
    MC_NULLABLE_NUMBER(
        "nullMean", "the distance with the probes of B in random order, layers matched anew"),
    MC_NULLABLE_NUMBER("nullSd", "its standard deviation"),
    MC_NULLABLE_NUMBER("p", "(1 + draws at least as close) / (1 + draws)"),
    MC_COUNT_FIELD("permutations", "draws of the null"),
    MC_COUNT_FIELD("halfSamples", "of the interval"),
    MC_LIST_FIELD("correspondence", "monotone, by CKA", pair_fields),
    MC_LIST_FIELD("equalDepth", "layers at the same fraction of the depth", pair_fields),
    MC_LIST_FIELD("differences", "over the pairs of equal depth", difference_fields),
    MC_NULLABLE_NUMBER("leastTypicalShared",
                       "of the 3 least typical probes of a layer, mean over pairs"),
    MC_NULLABLE_NUMBER("mostTypicalShared", "of the 3 most typical"),
    MC_NULLABLE_NUMBER("sharedByChance", "what random choices would share"),
    { 0 },
};
static const mc_schema schema = { "mc.geometry.fingerprint.compare.v1", fields };

static void add_model(mc_value *root, const char *key, const char *source,
                      const mc_fingerprint *f)
{
    mc_value *to = mc_value_add_object(root, key);

    mc_value_add_text(to, "source", source);
    mc_value_add_text(to, "model", f->model);
    mc_value_add_text_or_null(to, "contentHash", f->model_hash);
    mc_value_add_bool(to, "cached", f->cached);
    mc_value_add_count(to, "layers", f->layer_count);
    mc_value_add_count(to, "probes", f->probe_count);
    mc_value_add_text(to, "pooling", mc_pooling_name(f->pooling));
}

static void add_pairs(mc_value *root, const char *key, const mc_fingerprint_comparison *c,
                      const mc_fingerprint_pair *pairs, size_t count)
{
    mc_value *list = mc_value_add_array(root, key);

    for (size_t k = 0; k < count; k++) {
        mc_value *to = mc_value_add_object(list, NULL);
        mc_value_add_layer(to, "layerA", c->a->layers[pairs[k].a].layer);
        mc_value_add_layer(to, "layerB", c->b->layers[pairs[k].b].layer);
        mc_value_add_defined(to, "cka", pairs[k].cka);
    }
}

static void add_differences(mc_value *root, const mc_fingerprint_comparison *c)
{
    mc_value *list = mc_value_add_array(root, "differences");

    for (size_t q = 0; q < c->difference_count; q++) {
        const mc_fingerprint_difference *own = &c->differences[q];
        mc_value                        *to  = mc_value_add_object(list, NULL);
        mc_value_add_text(to, "quantity", own->name);
        mc_value_add_text(to, "kind", own->is_ratio ? "ratio" : "difference");
        mc_value_add_count(to, "pairs", own->pairs);
        mc_value_add_defined(to, "median", own->median);
        if (own->pairs > 0) {
            mc_value_add_layer(to, "layerA", c->a->layers[c->depth[own->largest].a].layer);
            mc_value_add_layer(to, "layerB", c->b->layers[c->depth[own->largest].b].layer);
        } else {
            mc_value_add_null(to, "layerA");
            mc_value_add_null(to, "layerB");
        }
        mc_value_add_defined(to, "valueA", own->value_a);
        mc_value_add_defined(to, "valueB", own->value_b);
        if (own->has_interval)
            mc_value_add_count(to, "apart", own->apart);
        else
            mc_value_add_null(to, "apart");
    }
}

static void add_all(mc_report *report, const compare_args *args,
                    const mc_fingerprint_comparison *c)
{
    mc_value *root = mc_report_root(report);

    add_model(root, "a", args->source[0], c->a);
    add_model(root, "b", args->source[1], c->b);
    mc_value_add_bool(root, "sameModel", c->same_model);
    mc_value_add_count(root, "probes", c->probes);
    mc_value_add_defined(root, "distance", c->distance);
    mc_value_add_defined(root, "low", c->low);
    mc_value_add_defined(root, "high", c->high);
    mc_value_add_defined(root, "nullMean", c->null_mean);
    mc_value_add_defined(root, "nullSd", c->null_sd);
    mc_value_add_defined(root, "p", c->p);
    mc_value_add_count(root, "permutations", c->permutations);
    mc_value_add_count(root, "halfSamples", c->half_samples);
    add_pairs(root, "correspondence", c, c->links, c->link_count);
    add_pairs(root, "equalDepth", c, c->depth, c->depth_count);
    add_differences(root, c);
    mc_value_add_defined(root, "leastTypicalShared", c->least_shared);
    mc_value_add_defined(root, "mostTypicalShared", c->most_shared);
    mc_value_add_defined(root, "sharedByChance", c->shared_by_chance);
    for (size_t i = 0; i < c->note_count; i++)
        mc_report_note(report, "%s", c->notes[i]);
}

/* ---- the command ---- */

static mc_status compare(mc_session *session, const compare_args *args,
                         mc_fingerprint *const sides[2], mc_error *err)
{
    const mc_text_style        style   = { mc_terminal_width(), mc_terminal_color() };
    mc_compare_options         options = MC_COMPARE_OPTIONS_DEFAULT;
    mc_status                  status  = MC_OK;
    mc_fingerprint_comparison *c;

    options.permutations = args->permutations;
    options.half_samples = args->bootstrap;
    options.threads      = session->globals.threads;
    options.seed         = session->globals.seed;
    MC_TRY(mc_fingerprint_compare(sides[0], sides[1], &options, &c, err));
    add_all(session->report, args, c);
    session->as_text = session->globals.format == MC_OUTPUT_TEXT;
    if (session->as_text) mc_fingerprint_compare_text(&session->text, c, style);
    if (args->fail_if) status = mc_fingerprint_condition_test(args->fail_if, c, err);
    mc_fingerprint_comparison_free(c);
    return status;
}

/* Texts and layers are for what is run; with two files there is nothing that they could mean.
 */
static mc_fingerprint_options options_of(const compare_args           *args,
                                         const mc_fingerprint_options *asked, size_t side)
{
    const bool             file  = mc_responses_is_file(args->source[side]);
    const bool             both  = file && mc_responses_is_file(args->source[1 - side]);
    mc_fingerprint_options plain = { .capture.threads = asked->capture.threads };

    return file && !both ? plain : *asked;
}

static mc_status run_compare(mc_session *session, const void *raw, mc_error *err)
{
    const compare_args    *args     = raw;
    mc_fingerprint_options asked    = { .no_cache = !args->cache };
    mc_fingerprint        *sides[2] = { NULL, NULL };
    mc_status status = mc_capture_options_fill(&args->capture, session, &asked.capture, err);

    if (status == MC_OK && args->fail_if)
        status = mc_fingerprint_condition_check(args->fail_if, err);
    for (size_t s = 0; status == MC_OK && s < 2; s++) {
        const mc_fingerprint_options options = options_of(args, &asked, s);
        status = mc_fingerprint_compute(args->source[s], &options, &sides[s], err);
    }
    mc_progress_end();
    if (status == MC_OK) status = compare(session, args, sides, err);
    mc_fingerprint_free(sides[0]);
    mc_fingerprint_free(sides[1]);
    return status;
}

static const char *const compare_examples[] = {
    "mc geometry fingerprint compare model.gguf models/tiny-llama --atlas semantic_primes",
    "mc geometry fingerprint compare tiny.crm.safetensors model.gguf --fail-if 'distance>0.05'",
    NULL,
};

const mc_command mc_cmd_geometry_fingerprint_compare = {
    .name    = "geometry fingerprint compare",
    .summary = "how far two models are apart, and in what, by their fingerprints",
    .details =
        "The distance is 1 - debiased CKA, the mean over the monotone correspondence of "
        "layers, "
        "by the probes that both sketches have (at most 128); its interval is from random "
        "halves "
        "of these probes. The null: the probes of B in random order, the layers matched anew "
        "each time. A small p says that the two treat the probes alike beyond chance; it does "
        "not say that they are equal.\n"
        "What differs is told at equal fractions of the depth: norms, cosines, the largest "
        "direction, dimension and ranks, typical probes. mc geometry crm-compare has all pairs "
        "of layers, other metrics, ceiling and control.\n"
        "Names in a --fail-if condition: distance, low and high (of its interval), p, least "
        "(CKA "
        "of the least alike of the corresponding layers), probes; norm, anisotropy, "
        "firstDirection, dimension, effectiveRank, participationRatio: the median pair, B over "
        "A "
        "(of anisotropy and firstDirection: B minus A). Several conditions are separated by "
        "commas; any of them suffices. An undefined number counts as a failure.",
    .operands  = compare_operands,
    .options   = compare_options,
    .examples  = compare_examples,
    .schema    = &schema,
    .uses      = MC_USES_ENGINE | MC_USES_RANDOM | MC_USES_PROGRESS,
    .args_size = sizeof(compare_args),
    .run       = run_compare,
};
