/* fingerprint_form.c - a fingerprint as a report: its schema, and writing it. */
#include "analysis/fingerprint_form.h"

#include <string.h>

#include "base/json.h"
#include "report/json_value.h"
#include "report/write.h"

/* ---- the numbers of a profile: X(group, kind, key, member, help) ---- */

// clang-format off
#define NORM(X)                                                                              \
    X("norm", NUMBER, "mean", norm_mean, "over the probes")                                  \
    X("norm", NUMBER, "sd", norm_sd, "standard deviation over the probes")                   \
    X("norm", NUMBER, "least", norm_least, "of the shortest state")                          \
    X("norm", NUMBER, "median", norm_median, "of the middle one")                            \
    X("norm", NUMBER, "most", norm_most, "of the longest")                                   \
    X("norm", NUMBER, "medianMagnitude", median_magnitude, "of single activations")
#define ANISOTROPY(X)                                                                        \
    X("anisotropy", NUMBER, "raw", anisotropy, "mean cosine of all pairs of probes")         \
    X("anisotropy", NUMBER, "centred", anisotropy_centred, "with the mean state taken off")
#define SPECTRUM(X)                                                                          \
    X("spectrum", NUMBER, "variance", variance, "total, of the covariance")                  \
    X("spectrum", COUNT, "directionsHalf", directions_half, "directions that hold half")     \
    X("spectrum", COUNT, "directions90", directions_90, "that hold 90 %")                    \
    X("spectrum", COUNT, "directions99", directions_99, "that hold 99 %")
#define ESTIMATES(X)                                                                         \
    X("dimension", dimension, "intrinsic dimension from neighbours (twonn-mle)")             \
    X("participationRatio", participation_ratio, "(sum l)^2 / sum l^2 of the spectrum l")    \
    X("effectiveRank", effective_rank, "exponential of the spectrum's entropy")              \
    X("stableRank", stable_rank, "total over the largest variance")

#define AS_NUMBER       MC_NULLABLE_NUMBER
#define AS_COUNT        MC_COUNT_FIELD
#define IS_COUNT_NUMBER false
#define IS_COUNT_COUNT  true
#define AS_FIELD(group, kind, key, member, help) AS_##kind(key, help),
#define AS_MEMBER(group, kind, key, member, help) \
    { group, key, IS_COUNT_##kind, offsetof(mc_layer_profile, member) },
#define AS_ESTIMATE(key, member, help) { key, offsetof(mc_layer_profile, member) },
#define AS_ESTIMATE_FIELD(key, member, help) \
    { key, MC_VALUE_OBJECT, help, .fields = estimate_fields, .flags = MC_FIELD_OPTIONAL },
// clang-format on

const mc_profile_member   mc_profile_members[]   = { NORM(AS_MEMBER) ANISOTROPY(AS_MEMBER)
                                                         SPECTRUM(AS_MEMBER){ 0 } };
const mc_profile_estimate mc_profile_estimates[] = { ESTIMATES(AS_ESTIMATE){ 0 } };

/* ---- the schema ---- */

static const mc_field norm_fields[]       = { NORM(AS_FIELD){ 0 } };
static const mc_field anisotropy_fields[] = { ANISOTROPY(AS_FIELD){ 0 } };
static const mc_field spectrum_fields[]   = {
      SPECTRUM(AS_FIELD){ "shares", MC_VALUE_ARRAY, "of the largest directions",
                          .element = MC_VALUE_NUMBER },
      { 0 },
};
static const mc_field estimate_fields[] = {
    MC_NULLABLE_NUMBER("value", "null: see reason"),
    MC_NULLABLE_NUMBER("low", "95 % interval"),
    MC_NULLABLE_NUMBER("high", "its other end"),
    MC_COUNT_FIELD("n", "probes that entered"),
    MC_COUNT_FIELD("duplicates", "probes that equal another"),
    MC_NULLABLE_TEXT("reason", "why there is no value"),
    { 0 },
};
static const mc_field unit_fields[] = {
    { "unit", MC_VALUE_INTEGER, "of the hidden state", MC_UNIT_ID },
    { "varianceShare", MC_VALUE_NUMBER, "of the layer's variance" },
    { "largest", MC_VALUE_NUMBER, "magnitude over the probes" },
    MC_TEXT_FIELD("probe", "that has it"),
    { "massive", MC_VALUE_BOOL, "above 100 and above 1,000 times the median magnitude" },
    { 0 },
};
static const mc_field probe_fields[] = {
    MC_TEXT_FIELD("probe", "full id"),
    { "distance", MC_VALUE_NUMBER, "from the mean state, in root mean square distances" },
    { 0 },
};
static const mc_field sketch_fields[] = {
    { "largest", MC_VALUE_NUMBER, "entry of the U-centred Gram matrix of unit norm" },
    MC_TEXT_FIELD("entries", "its upper triangle by rows, in units of largest / 32767: four "
                             "hexadecimal digits each, two's complement"),
    { 0 },
};

#define OPTIONAL_OBJECT(key, help, table)                                         \
    {                                                                             \
        key, MC_VALUE_OBJECT, help, .fields = (table), .flags = MC_FIELD_OPTIONAL \
    }
#define OPTIONAL_LIST(key, help, table)                                           \
    {                                                                             \
        key, MC_VALUE_ARRAY, help, .element = MC_VALUE_OBJECT, .fields = (table), \
                                   .flags = MC_FIELD_OPTIONAL                     \
    }
static const mc_field layer_fields[] = {
    MC_LAYER_FIELD("layer", "0 is the embedding"),
    MC_NULLABLE_TEXT("reason", "why there is nothing but this; null: there is"),
    MC_COUNT_FIELD("units", "width of a state"),
    { "distinct", MC_VALUE_INTEGER, "probes, with those of equal states counted once",
      MC_UNIT_COUNT, .flags = MC_FIELD_OPTIONAL },
    OPTIONAL_OBJECT("norm", "length of the states", norm_fields),
    OPTIONAL_OBJECT("anisotropy", "do all states point the same way?", anisotropy_fields),
    OPTIONAL_OBJECT("spectrum", "of the covariance", spectrum_fields),
    ESTIMATES(AS_ESTIMATE_FIELD){ "massiveUnits", MC_VALUE_INTEGER,
                                  "units with a massive activation", MC_UNIT_COUNT,
                                  .flags = MC_FIELD_OPTIONAL },
    OPTIONAL_OBJECT("largestUnit", "with the largest activation", unit_fields),
    OPTIONAL_LIST("widestUnits", "with the largest variance", unit_fields),
    OPTIONAL_LIST("mostTypical", "probes nearest to the mean state", probe_fields),
    OPTIONAL_LIST("leastTypical", "probes furthest from it", probe_fields),
    { "sketch", MC_VALUE_OBJECT, "how the probes lie to each other", .fields = sketch_fields,
      .flags = MC_FIELD_OPTIONAL | MC_FIELD_NULLABLE },
    MC_NULLABLE_TEXT("sketchReason", "why there is no sketch"),
    { 0 },
};
static const mc_field fields[] = {
    MC_TEXT_FIELD("model", "its name"),
    { "cached", MC_VALUE_BOOL, "it was computed before, and read from the cache" },
    MC_NULLABLE_COUNT("blocks", "transformer blocks; null: not known"),
    MC_TEXT_FIELD("pooling", "of the tokens of a text"),
    { "probes", MC_VALUE_ARRAY, "full ids, one a row of a state", .element = MC_VALUE_TEXT },
    { "sketchProbes", MC_VALUE_ARRAY, "which of them the sketches are of, from 0",
      .element = MC_VALUE_INTEGER },
    MC_LIST_FIELD("layers", "what each layer looks like", layer_fields),
    { "provenance", MC_VALUE_OBJECT,
      "program, model and its content hash, tokenizer hash, atlas version and SHA-256, "
      "conventions; null: the file did not say",
      .flags = MC_FIELD_FREE | MC_FIELD_NULLABLE },
    { 0 },
};
const mc_schema mc_fingerprint_schema = { MC_FINGERPRINT_SCHEMA, fields };

/* ---- writing ---- */

static mc_value *add_group(mc_value *row, const char *group, const mc_layer_profile *profile)
{
    mc_value *to = mc_value_add_object(row, group);

    for (const mc_profile_member *m = mc_profile_members; m->group; m++) {
        const char *at = (const char *)profile + m->offset;
        if (strcmp(m->group, group) != 0) continue;
        if (m->is_count)
            mc_value_add_count(to, m->key, *(const size_t *)(const void *)at);
        else
            mc_value_add_defined(to, m->key, *(const double *)(const void *)at);
    }
    return to;
}

static void add_estimates(mc_value *row, const mc_layer_profile *profile)
{
    for (const mc_profile_estimate *e = mc_profile_estimates; e->key; e++) {
        const mc_estimate *own =
            (const mc_estimate *)(const void *)((const char *)profile + e->offset);
        mc_value *to = mc_value_add_object(row, e->key);
        mc_value_add_defined(to, "value", own->value);
        mc_value_add_defined(to, "low", own->low);
        mc_value_add_defined(to, "high", own->high);
        mc_value_add_count(to, "n", own->n);
        mc_value_add_count(to, "duplicates", own->duplicates);
        mc_value_add_text_or_null(to, "reason", own->reason);
    }
}

static void fill_unit(mc_value *to, const mc_fingerprint *f, const mc_unit_profile *unit)
{
    mc_value_add_count(to, "unit", unit->unit);
    mc_value_add_defined(to, "varianceShare", unit->variance_share);
    mc_value_add_defined(to, "largest", unit->largest);
    mc_value_add_text(to, "probe", f->probes[unit->largest_probe]);
    mc_value_add_bool(to, "massive", unit->is_massive);
}

static void add_units(mc_value *row, const mc_fingerprint *f, const mc_layer_profile *profile)
{
    mc_value *list;

    mc_value_add_count(row, "massiveUnits", profile->massive_count);
    fill_unit(mc_value_add_object(row, "largestUnit"), f, &profile->largest_unit);
    list = mc_value_add_array(row, "widestUnits");
    for (size_t u = 0; u < profile->unit_count; u++)
        fill_unit(mc_value_add_object(list, NULL), f, &profile->units[u]);
}

static void add_probes(mc_value *row, const char *key, const mc_fingerprint *f,
                       const mc_probe_profile *probes, size_t count)
{
    mc_value *list = mc_value_add_array(row, key);

    for (size_t i = 0; i < count; i++) {
        mc_value *to = mc_value_add_object(list, NULL);
        mc_value_add_text(to, "probe", f->probes[probes[i].probe]);
        mc_value_add_defined(to, "distance", probes[i].distance);
    }
}

static void add_sketch(mc_value *row, const mc_fingerprint_layer *layer)
{
    static const char digits[] = "0123456789abcdef";
    mc_buffer         text     = { 0 };
    mc_value         *to;

    if (!layer->sketch.entries) {
        mc_value_add_null(row, "sketch");
        return;
    }
    for (size_t k = 0; k < mc_sketch_size(layer->sketch.probes); k++) {
        const unsigned entry = (uint16_t)layer->sketch.entries[k];
        for (int shift = 12; shift >= 0; shift -= 4)
            mc_buffer_add_char(&text, digits[entry >> shift & 15]);
    }
    to = mc_value_add_object(row, "sketch");
    mc_value_add_number(to, "largest", layer->sketch.largest);
    mc_value_add_span(to, "entries", text.data, text.size);
    mc_buffer_clear(&text);
}

static void add_layer(mc_value *list, const mc_fingerprint *f,
                      const mc_fingerprint_layer *layer)
{
    const mc_layer_profile *profile = &layer->profile;
    mc_value               *row     = mc_value_add_object(list, NULL), *spectrum;

    mc_value_add_layer(row, "layer", layer->layer);
    mc_value_add_text_or_null(row, "reason", profile->reason);
    mc_value_add_count(row, "units", profile->cols);
    if (!profile->reason[0]) {
        mc_value_add_count(row, "distinct", profile->distinct);
        add_group(row, "norm", profile);
        add_group(row, "anisotropy", profile);
        spectrum = mc_value_add_array(add_group(row, "spectrum", profile), "shares");
        for (size_t k = 0; k < profile->spectrum_count; k++)
            mc_value_add_number(spectrum, NULL, profile->spectrum[k]);
        add_estimates(row, profile);
        add_units(row, f, profile);
        add_probes(row, "mostTypical", f, profile->most_typical, profile->top_count);
        add_probes(row, "leastTypical", f, profile->least_typical, profile->top_count);
        add_sketch(row, layer);
    }
    mc_value_add_text_or_null(row, "sketchReason", layer->sketch_reason);
}

/* Null when there is none, or somebody else wrote what is no JSON. */
static mc_status add_provenance(mc_value *root, const mc_fingerprint *f, mc_error *err)
{
    mc_json  *json   = NULL;
    mc_error  why    = { 0 };
    mc_status status = MC_ERR_NOT_FOUND;

    if (f->provenance[0])
        status = mc_json_parse(f->provenance, strlen(f->provenance), &json, &why);
    if (status == MC_ERR_MEMORY) {
        if (err) *err = why;
        return status;
    }
    if (status == MC_OK)
        mc_value_add_json(root, "provenance", mc_json_root(json));
    else
        mc_value_add_null(root, "provenance");
    mc_json_free(json);
    return MC_OK;
}

mc_status mc_fingerprint_report(const mc_fingerprint *f, mc_report *report, mc_error *err)
{
    mc_value *root = mc_report_root(report), *list;

    mc_value_add_text(root, "model", f->model);
    mc_value_add_bool(root, "cached", f->cached);
    mc_value_add_integer_or_null(root, "blocks", f->block_count);
    mc_value_add_text(root, "pooling", mc_pooling_name(f->pooling));
    list = mc_value_add_array(root, "probes");
    for (size_t i = 0; i < f->probe_count; i++)
        mc_value_add_text(list, NULL, f->probes[i]);
    list = mc_value_add_array(root, "sketchProbes");
    for (size_t i = 0; i < f->sketch_count; i++)
        mc_value_add_count(list, NULL, f->sketch_probes[i]);
    list = mc_value_add_array(root, "layers");
    for (size_t l = 0; l < f->layer_count; l++)
        add_layer(list, f, &f->layers[l]);
    for (size_t i = 0; i < f->note_count; i++)
        mc_report_note(report, "%s", f->notes[i]);
    return add_provenance(root, f, err);
}

mc_status mc_fingerprint_print(const mc_fingerprint *f, mc_buffer *out, mc_error *err)
{
    mc_report *report;
    mc_status  status;

    MC_TRY(mc_report_create(&report, err));
    status = mc_fingerprint_report(f, report, err);
    if (status == MC_OK) status = mc_report_status(report, err);
    if (status == MC_OK) mc_report_write_json(report, &mc_fingerprint_schema, false, out);
    mc_report_free(report);
    return status == MC_OK ? mc_buffer_status(out, err) : status;
}
