/* document.c - one JSON file of schema mc.atlas.v1 to probes.
 *
 * What a probe must have: id, source, domain, category, texts. The rest has a neutral value. A
 * field of the wrong kind or with an impossible value is refused with the probe's id; a field
 * that nobody knows is only logged, so that a newer file can still be read. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "atlas/atlas.h"
#include "base/alloc.h"
#include "base/checked.h"
#include "base/log.h"
#include "base/nearest.h"

#define SCHEMA "mc.atlas.v1"

static const char *const domains[]     = { "mathematical", "logical",       "linguistic",
                                           "mental",       "computational", "structural",
                                           "affective",    "relational",    "temporal",
                                           "spatial",      "moral",         "philosophical" };
static const char *const expressions[] = { "definition", "code",   "ratio",  "matrix",
                                           "closedForm", "nature", "visual", "combinatorial" };
static const char *const intensities[] = { "primary", "mild", "intense", "dyad" };

/* A text field: where it goes, and what it may be. */
typedef struct text_field {
    const char        *key;
    size_t             offset;
    bool               required;
    const char *const *choices; /* NULL: any text */
    size_t             choice_count;
} text_field;

#define PLACE(name) offsetof(mc_probe, name)
#define CHOICES(list) list, MC_ARRAY_LEN(list)
static const text_field text_fields[] = {
    { "id", PLACE(id), true, NULL, 0 },
    { "source", PLACE(source), true, NULL, 0 },
    { "domain", PLACE(domain), true, CHOICES(domains) },
    { "category", PLACE(category), true, NULL, 0 },
    { "categoryName", PLACE(category_name), false, NULL, 0 },
    { "name", PLACE(name), false, NULL, 0 },
    { "description", PLACE(description), false, NULL, 0 },
    { "expression", PLACE(expression), false, CHOICES(expressions) },
    { "axis", PLACE(axis), false, NULL, 0 },
    { "intensity", PLACE(intensity), false, CHOICES(intensities) },
    { "opposite", PLACE(opposite), false, NULL, 0 },
    { "matches", PLACE(matches), false, NULL, 0 },
};
static const char *const other_fields[] = { "weight",    "level",      "valence",   "arousal",
                                            "dominance", "components", "exponents", "texts" };

static mc_status fail_field(mc_error *err, const char *key, const char *wanted,
                            mc_json_value value)
{
    return mc_fail(err, MC_ERR_ATLAS,
                   "data/atlas/README.md of the sources describes the fields",
                   "field '%s' must be %s, here it is %s", key, wanted,
                   mc_json_type_name(mc_json_type_of(value)));
}

static mc_status fail_choice(mc_error *err, const text_field *field, const char *text)
{
    mc_nearest nearest = { .typed = text };
    char       hint[384];
    size_t     used;

    for (size_t i = 0; i < field->choice_count; i++)
        mc_nearest_offer(&nearest, field->choices[i]);
    used = nearest.best
               ? (size_t)snprintf(hint, sizeof hint, "did you mean '%s'? ", nearest.best)
               : 0;
    used += (size_t)snprintf(hint + used, sizeof hint - used, "known are");
    for (size_t i = 0; i < field->choice_count && used < sizeof hint; i++)
        used += (size_t)snprintf(hint + used, sizeof hint - used, "%s %s", i ? "," : "",
                                 field->choices[i]);
    return mc_fail(err, MC_ERR_ATLAS, hint, "field '%s': unknown value '%.60s'", field->key,
                   text);
}

/* Ids and names appear in messages, file formats and tables: one line, no control bytes. */
static mc_status check_plain(const char *key, const char *text, size_t size, mc_error *err)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return mc_fail(err, MC_ERR_ATLAS, "keep it on one line",
                           "field '%s' holds a control character", key);
    return MC_OK;
}

static mc_status read_text_field(const text_field *field, mc_json_value object, mc_probe *probe,
                                 mc_error *err)
{
    mc_json_value value = mc_json_get(object, field->key);
    const char   *text  = "";
    size_t        size  = 0;
    bool          known = field->choice_count == 0;

    if (mc_json_type_of(value) != MC_JSON_NONE && !mc_json_string(value, &text, &size))
        return fail_field(err, field->key, "a string", value);
    if (field->required && size == 0)
        return mc_fail(err, MC_ERR_ATLAS,
                       "a probe needs id, source, domain, category and texts",
                       "field '%s' is missing or empty", field->key);
    MC_TRY(check_plain(field->key, text, size, err));
    for (size_t i = 0; i < field->choice_count && !known; i++)
        known = strcmp(field->choices[i], text) == 0;
    if (size > 0 && !known) return fail_choice(err, field, text);
    memcpy((char *)probe + field->offset, &text, sizeof text);
    return MC_OK;
}

static mc_status read_number(mc_json_value object, const char *key, double least, double most,
                             double *out, bool *found, mc_error *err)
{
    mc_json_value value = mc_json_get(object, key);
    double        number;

    *found = mc_json_type_of(value) != MC_JSON_NONE;
    if (!*found) return MC_OK;
    if (!mc_json_double(value, &number)) return fail_field(err, key, "a number", value);
    if (!(number >= least && number <= most))
        return mc_fail(err, MC_ERR_ATLAS, "correct the value",
                       "field '%s' is %g, allowed are %g to %g", key, number, least, most);
    *out = number;
    return MC_OK;
}

static mc_status read_numbers(mc_json_value object, mc_probe *probe, mc_error *err)
{
    bool   found, affect[3];
    double level = 0;

    probe->weight = 1;
    MC_TRY(read_number(object, "weight", 1e-6, 1e6, &probe->weight, &found, err));
    MC_TRY(read_number(object, "level", 1, 5, &level, &found, err));
    if (level != floor(level))
        return mc_fail(err, MC_ERR_ATLAS, "correct the value",
                       "field 'level' is %g, not a whole number", level);
    probe->level = (int)level;
    MC_TRY(read_number(object, "valence", -1, 1, &probe->valence, &affect[0], err));
    MC_TRY(read_number(object, "arousal", 0, 1, &probe->arousal, &affect[1], err));
    MC_TRY(read_number(object, "dominance", 0, 1, &probe->dominance, &affect[2], err));
    if (affect[0] != affect[1] || affect[0] != affect[2])
        return mc_fail(err, MC_ERR_ATLAS, "give all three, or none",
                       "valence, arousal and dominance belong together, one is missing");
    probe->has_affect = affect[0];
    return MC_OK;
}

/* An optional array of ids. */
static mc_status read_list(mc_atlas *atlas, mc_json_value object, const char *key,
                           const char *const **items, size_t *count, mc_error *err)
{
    mc_json_value value = mc_json_get(object, key);
    const char  **list;
    size_t        size;

    if (mc_json_type_of(value) == MC_JSON_NONE) return MC_OK;
    if (mc_json_type_of(value) != MC_JSON_ARRAY)
        return fail_field(err, key, "an array of strings", value);
    MC_TRY(
        mc_arena_array(atlas->arena, mc_json_count(value), sizeof *list, (void **)&list, err));
    for (mc_json_iter it = mc_json_iterate(value); mc_json_next(&it); ++*count) {
        if (!mc_json_string(it.value, &list[*count], &size) || size == 0)
            return fail_field(err, key, "an array of strings that are not empty", it.value);
        MC_TRY(check_plain(key, list[*count], size, err));
    }
    *items = list;
    return MC_OK;
}

static mc_status read_texts(mc_atlas *atlas, mc_json_value object, mc_probe *probe,
                            mc_error *err)
{
    mc_json_value  value = mc_json_get(object, "texts");
    mc_probe_text *texts;

    if (mc_json_type_of(value) != MC_JSON_ARRAY || mc_json_count(value) == 0)
        return mc_fail(err, MC_ERR_ATLAS, "a probe without a text cannot be measured",
                       "field 'texts' must be an array of one text or more");
    MC_TRY(mc_arena_array(atlas->arena, mc_json_count(value), sizeof *texts, (void **)&texts,
                          err));
    for (mc_json_iter it = mc_json_iterate(value); mc_json_next(&it);) {
        mc_probe_text *text = &texts[probe->text_count++];

        if (!mc_json_string(it.value, &text->bytes, &text->size))
            return fail_field(err, "texts", "an array of strings", it.value);
        if (text->size == 0)
            return mc_fail(err, MC_ERR_ATLAS, "a probe without a text cannot be measured",
                           "text %zu is empty", probe->text_count);
    }
    probe->texts = texts;
    return MC_OK;
}

static bool is_known_field(const char *key, mc_nearest *nearest)
{
    for (size_t i = 0; i < MC_ARRAY_LEN(text_fields); i++)
        mc_nearest_offer(nearest, text_fields[i].key);
    for (size_t i = 0; i < MC_ARRAY_LEN(other_fields); i++)
        mc_nearest_offer(nearest, other_fields[i]);
    return nearest->best && strcmp(nearest->best, key) == 0;
}

static void report_unknown_fields(mc_json_value object, const mc_probe *probe)
{
    if (!mc_log_enabled(MC_LOG_WARN)) return;
    for (mc_json_iter it = mc_json_iterate(object); mc_json_next(&it);) {
        mc_nearest nearest = { .typed = it.key };

        if (is_known_field(it.key, &nearest)) continue;
        mc_log(MC_LOG_WARN, "atlas: probe '%s': unknown field '%.60s' is ignored%s%s%s",
               probe->full_id, it.key, nearest.best ? "; did you mean '" : "",
               nearest.best ? nearest.best : "", nearest.best ? "'?" : "");
    }
}

static mc_status name_probe(mc_atlas *atlas, mc_probe *probe, mc_error *err)
{
    size_t size = strlen(probe->source) + strlen(probe->id) + 2;
    char  *full;

    if (strchr(probe->source, ':'))
        return mc_fail(err, MC_ERR_ATLAS, "a full id is '<source>:<id>'",
                       "field 'source' holds a colon");
    MC_TRY(mc_arena_array(atlas->arena, size, 1, (void **)&full, err));
    snprintf(full, size, "%s:%s", probe->source, probe->id);
    probe->full_id = full;
    if (!probe->name[0]) probe->name = probe->id;
    if (!probe->category_name[0]) probe->category_name = probe->category;
    return MC_OK;
}

static mc_status read_probe(mc_atlas *atlas, mc_json_value object, mc_probe *probe,
                            mc_error *err)
{
    if (mc_json_type_of(object) != MC_JSON_OBJECT)
        return mc_fail(err, MC_ERR_ATLAS, "is this an atlas file?", "is %s, not an object",
                       mc_json_type_name(mc_json_type_of(object)));
    for (size_t i = 0; i < MC_ARRAY_LEN(text_fields); i++)
        MC_TRY(read_text_field(&text_fields[i], object, probe, err));
    MC_TRY(name_probe(atlas, probe, err));
    MC_TRY(read_numbers(object, probe, err));
    MC_TRY(read_list(atlas, object, "components", &probe->components, &probe->component_count,
                     err));
    MC_TRY(
        read_list(atlas, object, "exponents", &probe->exponents, &probe->exponent_count, err));
    if (!strcmp(probe->source, MC_CONTROL_SOURCE) && !probe->matches[0])
        return mc_fail(err, MC_ERR_ATLAS, "a control probe stands beside one probe: name it",
                       "field 'matches' is missing");
    MC_TRY(read_texts(atlas, object, probe, err));
    report_unknown_fields(object, probe);
    return MC_OK;
}

/* "probe 7 (emotion_concept:joy)": as much of the name as is known. */
static mc_status about_probe(mc_error *err, mc_status status, const char *file, size_t number,
                             mc_json_value object)
{
    const char *source = "", *id = "";

    mc_json_string(mc_json_get(object, "source"), &source, NULL);
    mc_json_string(mc_json_get(object, "id"), &id, NULL);
    return mc_fail_about(err, status, "%s: probe %zu (%.60s%s%.120s)", file, number, source,
                         source[0] && id[0] ? ":" : "", id);
}

static mc_status read_head(mc_json_value root, const char **name, const char **version,
                           mc_error *err)
{
    const char *schema;

    if (!mc_json_string(mc_json_get(root, "schema"), &schema, NULL))
        return mc_fail(err, MC_ERR_ATLAS,
                       "an atlas file begins with \"schema\": \"" SCHEMA "\"",
                       "has no field 'schema'");
    if (strcmp(schema, SCHEMA) != 0)
        return mc_fail(err, MC_ERR_ATLAS, "this version reads schema " SCHEMA,
                       "schema is '%.60s'", schema);
    if (!mc_json_string(mc_json_get(root, "version"), version, NULL) || !(*version)[0])
        return mc_fail(err, MC_ERR_ATLAS, "results repeat it: give one, as \"1.0.0\"",
                       "field 'version' is missing or no string");
    if (!mc_json_string(mc_json_get(root, "name"), name, NULL) || !(*name)[0])
        return mc_fail(err, MC_ERR_ATLAS, "results repeat it: give one",
                       "field 'name' is missing or no string");
    MC_TRY(check_plain("version", *version, strlen(*version), err));
    MC_TRY(check_plain("name", *name, strlen(*name), err));
    if (mc_json_type_of(mc_json_get(root, "probes")) != MC_JSON_ARRAY)
        return fail_field(err, "probes", "an array", mc_json_get(root, "probes"));
    return MC_OK;
}

static mc_status read_probes(mc_atlas *atlas, mc_json_value list, const char *file,
                             mc_error *err)
{
    size_t number = 0;

    for (mc_json_iter it = mc_json_iterate(list); mc_json_next(&it);) {
        mc_probe       probe = { 0 };
        mc_probe_list *into  = &atlas->probes;
        mc_status      status;

        number++;
        status = read_probe(atlas, it.value, &probe, err);
        if (status != MC_OK) return about_probe(err, status, file, number, it.value);
        if (!strcmp(probe.source, MC_CONTROL_SOURCE)) into = &atlas->controls;
        MC_TRY(mc_probe_list_add(into, &probe, err));
    }
    if (number == 0)
        return mc_fail(err, MC_ERR_ATLAS, "there is nothing to measure", "has no probes");
    return MC_OK;
}

mc_status mc_atlas_add_document(mc_atlas *atlas, const char *text, size_t size,
                                const char *file, const char **name, const char **version,
                                mc_error *err)
{
    mc_json  *json;
    mc_status status = mc_grow((void **)&atlas->documents, &atlas->document_capacity,
                               atlas->document_count, sizeof(mc_json *), err);

    if (status == MC_OK) status = mc_json_parse(text, size, &json, err);
    if (status == MC_ERR_CORRUPT && err) err->status = status = MC_ERR_ATLAS;
    if (status != MC_OK) return mc_fail_about(err, status, "%s", file);
    atlas->documents[atlas->document_count++] = json;
    status = read_head(mc_json_root(json), name, version, err);
    if (status == MC_OK)
        status = read_probes(atlas, mc_json_get(mc_json_root(json), "probes"), file, err);
    return status == MC_OK ? status : mc_fail_about(err, status, "%s", file);
}
