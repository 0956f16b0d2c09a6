/* cmd_geometry_atlas.c - mc geometry atlas list, atlas show and primes list: the probes. */
#include <modelcypher/atlas.h>

#include <string.h>

#include "cli/atlas_options.h"
#include "cli/command.h"

/* ---- list ---- */

typedef struct list_args {
    mc_atlas_options from;
    const char      *sets;
    bool             probes;
} list_args;

#define FIELD(name) offsetof(list_args, name)

static const mc_option list_options[] = {
    MC_ATLAS_OPTIONS(list_args, from),
    { MC_OPT_FLAG, 'p', "probes", NULL, "list the probes and not the sets", NULL,
      FIELD(probes) },
    { .name = NULL },
};

static const mc_field set_fields[] = {
    { "name", MC_VALUE_TEXT, "what --atlas takes", .label = "set" },
    { "source", MC_VALUE_TEXT, "how full ids of its probes begin", .flags = MC_FIELD_MACHINE },
    MC_COUNT_FIELD("probes", "how many there are"),
    MC_TEXT_FIELD("summary", "what it is about"),
    { 0 },
};
static const mc_field row_fields[] = {
    { "id", MC_VALUE_TEXT, "full id", .label = "probe" },
    MC_TEXT_FIELD("name", "for display"),
    MC_TEXT_FIELD("domain", "area"),
    MC_TEXT_FIELD("category", "group within its source"),
    MC_COUNT_FIELD("texts", "how many texts stand for it"),
    { 0 },
};
static const mc_field list_fields[] = {
    MC_TEXT_FIELD("atlas", "name of the atlas"),
    MC_NULLABLE_TEXT("version", "of the inventory"),
    MC_TEXT_FIELD("sha256", "of its files"),
    { "probeCount", MC_VALUE_INTEGER, "probes in it or in the selection", MC_UNIT_COUNT,
      .label = "probes" },
    { "textCount", MC_VALUE_INTEGER, "texts of these", MC_UNIT_COUNT, .label = "texts" },
    { "hasControl", MC_VALUE_BOOL, "every probe has a control probe",
      .label = "control probes" },
    { "sets", MC_VALUE_ARRAY, "named sets", .element = MC_VALUE_OBJECT, .fields = set_fields,
      .flags = MC_FIELD_OPTIONAL },
    { "probes", MC_VALUE_ARRAY, "the probes", .element = MC_VALUE_OBJECT, .fields = row_fields,
      .flags = MC_FIELD_OPTIONAL },
    { 0 },
};
static const mc_schema list_schema = { "mc.geometry.atlas.list.v1", list_fields };

static void add_sets(mc_value *root)
{
    mc_value *list = mc_value_add_array(root, "sets");

    for (const mc_atlas_set *set = mc_atlas_sets(); set->name; set++) {
        mc_value *row = mc_value_add_object(list, NULL);
        mc_value_add_text(row, "name", set->name);
        mc_value_add_text(row, "source", set->source);
        mc_value_add_count(row, "probes", set->count);
        mc_value_add_text(row, "summary", set->summary);
    }
}

static void add_probes(mc_value *root, const mc_atlas *atlas)
{
    mc_value *list = mc_value_add_array(root, "probes");

    for (size_t i = 0; i < mc_atlas_count(atlas); i++) {
        const mc_probe *probe = mc_atlas_probe(atlas, i);
        mc_value       *row   = mc_value_add_object(list, NULL);
        mc_value_add_text(row, "id", probe->full_id);
        mc_value_add_text(row, "name", probe->name);
        mc_value_add_text(row, "domain", probe->domain);
        mc_value_add_text(row, "category", probe->category);
        mc_value_add_count(row, "texts", probe->text_count);
    }
}

static mc_status run_list(mc_session *session, const void *raw, mc_error *err)
{
    const list_args     *args = raw;
    mc_value            *root = mc_report_root(session->report);
    const mc_atlas_info *info;
    mc_atlas            *atlas = NULL;

    MC_TRY(mc_atlas_options_open(&args->from, &atlas, err));
    info = mc_atlas_get_info(atlas);
    mc_value_add_text(root, "atlas", info->name);
    mc_value_add_text_or_null(root, "version", info->version);
    mc_value_add_text(root, "sha256", info->sha256);
    mc_value_add_count(root, "probeCount", mc_atlas_count(atlas));
    mc_value_add_count(root, "textCount", info->text_count);
    mc_value_add_bool(root, "hasControl", info->has_control);
    if (args->probes || mc_atlas_options_given(&args->from))
        add_probes(root, atlas);
    else
        add_sets(root);
    mc_atlas_close(atlas);
    return MC_OK;
}

static const char *const list_examples[] = {
    "mc geometry atlas list",
    "mc geometry atlas list --atlas semantic_primes,moral",
    NULL,
};

const mc_command mc_cmd_geometry_atlas_list = {
    .name      = "geometry atlas list",
    .summary   = "list the sets of probes, or the probes of some",
    .options   = list_options,
    .examples  = list_examples,
    .schema    = &list_schema,
    .args_size = sizeof(list_args),
    .run       = run_list,
};

/* ---- show ---- */

typedef struct show_args {
    mc_atlas_options from;
    const char      *probe;
} show_args;

#undef FIELD
#define FIELD(name) offsetof(show_args, name)

static const mc_option show_options[] = {
    MC_ATLAS_OPTIONS(show_args, from),
    { .name = NULL },
};
static const mc_positional show_operands[] = {
    { "PROBE", "a full id (semantic_prime:GOOD), or an id alone where one source has it",
      FIELD(probe), .required = true },
    { .name = NULL },
};

static const mc_field affect_fields[] = {
    { "valence", MC_VALUE_NUMBER, "unpleasant to pleasant, -1 to 1" },
    { "arousal", MC_VALUE_NUMBER, "calm to excited, 0 to 1" },
    { "dominance", MC_VALUE_NUMBER, "submissive to dominant, 0 to 1" },
    { 0 },
};
static const mc_field control_fields[] = {
    MC_TEXT_FIELD("id", "full id of the control probe"),
    { "texts", MC_VALUE_ARRAY, "its texts", MC_UNIT_LINE, .element = MC_VALUE_TEXT },
    { 0 },
};
#define OPTIONAL_TEXT(name, help)                             \
    {                                                         \
        name, MC_VALUE_TEXT, help, .flags = MC_FIELD_OPTIONAL \
    }
#define OPTIONAL_TEXTS(name, help)                                                       \
    {                                                                                    \
        name, MC_VALUE_ARRAY, help, .element = MC_VALUE_TEXT, .flags = MC_FIELD_OPTIONAL \
    }
static const mc_field show_fields[] = {
    MC_TEXT_FIELD("id", "full id"),
    MC_TEXT_FIELD("name", "for display"),
    OPTIONAL_TEXT("description", "what it stands for"),
    MC_TEXT_FIELD("source", "which set it is from"),
    OPTIONAL_TEXT("domain", "area"),
    OPTIONAL_TEXT("category", "group within its source"),
    { "weight", MC_VALUE_NUMBER, "in weighted means" },
    OPTIONAL_TEXT("expression", "how a sequence is expressed"),
    OPTIONAL_TEXT("axis", "ordered scale that it is on"),
    { "level", MC_VALUE_INTEGER, "place on the scale, 1 to 5", .flags = MC_FIELD_OPTIONAL },
    OPTIONAL_TEXT("intensity", "of an emotion"),
    OPTIONAL_TEXT("opposite", "id of the opposite probe"),
    OPTIONAL_TEXTS("components", "ids of the parts"),
    OPTIONAL_TEXTS("exponents", "words that carry it"),
    { "affect", MC_VALUE_OBJECT, "of an emotion", .fields = affect_fields,
      .flags = MC_FIELD_OPTIONAL },
    { "texts", MC_VALUE_ARRAY, "the texts that stand for it", MC_UNIT_LINE,
      .element = MC_VALUE_TEXT },
    { "control", MC_VALUE_OBJECT, "the control probe beside it", .fields = control_fields,
      .flags = MC_FIELD_OPTIONAL },
    { 0 },
};
static const mc_schema show_schema = { "mc.geometry.atlas.show.v1", show_fields };

static void add_if_any(mc_value *in, const char *key, const char *text)
{
    if (text[0]) mc_value_add_text(in, key, text);
}

static void add_words(mc_value *in, const char *key, const char *const *words, size_t count)
{
    mc_value *list = count > 0 ? mc_value_add_array(in, key) : NULL;

    for (size_t i = 0; i < count; i++)
        mc_value_add_text(list, NULL, words[i]);
}

static void add_texts(mc_value *in, const mc_probe *probe)
{
    mc_value *list = mc_value_add_array(in, "texts");

    for (size_t i = 0; i < probe->text_count; i++)
        mc_value_add_span(list, NULL, probe->texts[i].bytes, probe->texts[i].size);
}

static void add_affect(mc_value *in, const mc_probe *probe)
{
    mc_value *affect = probe->has_affect ? mc_value_add_object(in, "affect") : NULL;

    mc_value_add_number(affect, "valence", probe->valence);
    mc_value_add_number(affect, "arousal", probe->arousal);
    mc_value_add_number(affect, "dominance", probe->dominance);
}

static void add_probe(mc_value *root, const mc_probe *probe)
{
    mc_value_add_text(root, "id", probe->full_id);
    mc_value_add_text(root, "name", probe->name);
    add_if_any(root, "description", probe->description);
    mc_value_add_text(root, "source", probe->source);
    add_if_any(root, "domain", probe->domain);
    add_if_any(root, "category", probe->category);
    mc_value_add_number(root, "weight", probe->weight);
    add_if_any(root, "expression", probe->expression);
    add_if_any(root, "axis", probe->axis);
    if (probe->level > 0) mc_value_add_integer(root, "level", probe->level);
    add_if_any(root, "intensity", probe->intensity);
    add_if_any(root, "opposite", probe->opposite);
    add_words(root, "components", probe->components, probe->component_count);
    add_words(root, "exponents", probe->exponents, probe->exponent_count);
    add_affect(root, probe);
    add_texts(root, probe);
}

static const mc_probe *control_of(const mc_atlas *atlas, const mc_probe *probe)
{
    for (size_t i = 0; i < mc_atlas_count(atlas); i++)
        if (mc_atlas_probe(atlas, i) == probe) return mc_atlas_control(atlas, i);
    return NULL;
}

static mc_status run_show(mc_session *session, const void *raw, mc_error *err)
{
    const show_args *args  = raw;
    mc_value        *root  = mc_report_root(session->report);
    const mc_probe  *probe = NULL, *control;
    mc_atlas        *atlas = NULL;
    mc_status        status;

    MC_TRY(mc_atlas_options_open(&args->from, &atlas, err));
    status = mc_atlas_search(atlas, args->probe, &probe, err);
    if (status == MC_OK) {
        add_probe(root, probe);
        control = control_of(atlas, probe);
        if (control) {
            mc_value *object = mc_value_add_object(root, "control");
            mc_value_add_text(object, "id", control->full_id);
            add_texts(object, control);
        }
    }
    mc_atlas_close(atlas);
    return status;
}

static const char *const show_examples[] = { "mc geometry atlas show semantic_prime:GOOD",
                                             NULL };

const mc_command mc_cmd_geometry_atlas_show = {
    .name      = "geometry atlas show",
    .summary   = "show one probe: its texts, its place, its control",
    .operands  = show_operands,
    .options   = show_options,
    .examples  = show_examples,
    .schema    = &show_schema,
    .args_size = sizeof(show_args),
    .run       = run_show,
};

/* ---- primes ---- */

static const mc_field prime_fields[] = {
    { "id", MC_VALUE_TEXT, "full id", .label = "prime" },
    MC_TEXT_FIELD("name", "for display"),
    MC_TEXT_FIELD("category", "group of the inventory"),
    { "exponents", MC_VALUE_ARRAY, "English words that carry it", .element = MC_VALUE_TEXT },
    { 0 },
};
static const mc_field primes_fields[] = {
    { "primes", MC_VALUE_ARRAY, "the semantic primes", .element = MC_VALUE_OBJECT,
      .fields = prime_fields, .label = "" },
    { 0 },
};
static const mc_schema primes_schema = { "mc.geometry.primes.list.v1", primes_fields };

static mc_status run_primes(mc_session *session, const void *raw, mc_error *err)
{
    mc_value *list  = mc_value_add_array(mc_report_root(session->report), "primes");
    mc_atlas *atlas = NULL;

    (void)raw;
    MC_TRY(mc_atlas_open_builtin("semantic_primes", &atlas, err));
    for (size_t i = 0; i < mc_atlas_count(atlas); i++) {
        const mc_probe *probe = mc_atlas_probe(atlas, i);
        mc_value       *row   = mc_value_add_object(list, NULL), *words;
        mc_value_add_text(row, "id", probe->full_id);
        mc_value_add_text(row, "name", probe->name);
        mc_value_add_text(row, "category", probe->category_name);
        words = mc_value_add_array(row, "exponents");
        for (size_t w = 0; w < probe->exponent_count; w++)
            mc_value_add_text(words, NULL, probe->exponents[w]);
    }
    mc_atlas_close(atlas);
    return MC_OK;
}

static const char *const primes_examples[] = { "mc geometry primes list", NULL };

const mc_command mc_cmd_geometry_primes_list = {
    .name     = "geometry primes list",
    .summary  = "list the semantic primes and the words that carry them",
    .examples = primes_examples,
    .schema   = &primes_schema,
    .run      = run_primes,
};
