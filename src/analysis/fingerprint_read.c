/* fingerprint_read.c - a fingerprint from JSON. The text may be anybody's: every count, index
 * and length is checked before it is used. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/fingerprint.h"
#include "analysis/fingerprint_form.h"
#include "base/alloc.h"
#include "base/file_map.h"
#include "base/json_write.h"
#include "base/new_file.h"

typedef struct named_probe {
    const char *id;
    size_t      index;
} named_probe;

typedef struct reader {
    mc_fingerprint *f;
    named_probe    *sorted; /* of f->probes */
    char            where[32];
} reader;

static mc_status bad(const reader *r, mc_error *err, const char *format, ...) MC_PRINTF(3, 4);

static mc_status bad(const reader *r, mc_error *err, const char *format, ...)
{
    char    text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return mc_failed(mc_fail(err, MC_ERR_CORRUPT, "make it again with mc geometry fingerprint",
                             "%s%s", r->where, text));
}

/* ---- values ---- */

static mc_status read_number(const reader *r, mc_json_value in, const char *key, double *out,
                             mc_error *err)
{
    const mc_json_value value = mc_json_get(in, key);

    *out = NAN;
    if (mc_json_type_of(value) == MC_JSON_NULL || mc_json_double(value, out)) return MC_OK;
    return bad(r, err, "'%s' is no number", key);
}

static mc_status read_count(const reader *r, mc_json_value in, const char *key, size_t *out,
                            mc_error *err)
{
    uint64_t count;

    if (!mc_json_uint64(mc_json_get(in, key), &count) || count > SIZE_MAX / 2)
        return bad(r, err, "'%s' is no count", key);
    *out = (size_t)count;
    return MC_OK;
}

static mc_status read_text(const reader *r, mc_json_value in, const char *key, const char **out,
                           mc_error *err)
{
    const char *text;
    size_t      size;

    if (!mc_json_string(mc_json_get(in, key), &text, &size) || strlen(text) != size)
        return bad(r, err, "'%s' is no text", key);
    *out = text;
    return MC_OK;
}

/* "" for null; out: MC_REASON_SIZE bytes. */
static mc_status read_reason(const reader *r, mc_json_value in, const char *key, char *out,
                             mc_error *err)
{
    const char *text = "";

    if (mc_json_type_of(mc_json_get(in, key)) != MC_JSON_NULL)
        MC_TRY(read_text(r, in, key, &text, err));
    snprintf(out, MC_REASON_SIZE, "%s", text);
    return MC_OK;
}

static int by_id(const void *left, const void *right)
{
    return strcmp(((const named_probe *)left)->id, ((const named_probe *)right)->id);
}

static mc_status read_probe(const reader *r, mc_json_value in, size_t *out, mc_error *err)
{
    named_probe        key = { "", 0 };
    const named_probe *hit;

    MC_TRY(read_text(r, in, "probe", &key.id, err));
    hit = bsearch(&key, r->sorted, r->f->probe_count, sizeof key, by_id);
    if (!hit) return bad(r, err, "'%s' is none of the probes", key.id);
    *out = hit->index;
    return MC_OK;
}

/* ---- a layer ---- */

static mc_status read_members(const reader *r, mc_json_value layer, mc_layer_profile *profile,
                              mc_error *err)
{
    for (const mc_profile_member *m = mc_profile_members; m->group; m++) {
        const mc_json_value group = mc_json_get(layer, m->group);
        void               *to    = (char *)profile + m->offset;
        if (m->is_count)
            MC_TRY(read_count(r, group, m->key, to, err));
        else
            MC_TRY(read_number(r, group, m->key, to, err));
    }
    return MC_OK;
}

static mc_status read_estimates(const reader *r, mc_json_value layer, mc_layer_profile *profile,
                                mc_error *err)
{
    for (const mc_profile_estimate *e = mc_profile_estimates; e->key; e++) {
        const mc_json_value in = mc_json_get(layer, e->key);
        mc_estimate        *to = (mc_estimate *)(void *)((char *)profile + e->offset);
        MC_TRY(read_number(r, in, "value", &to->value, err));
        MC_TRY(read_number(r, in, "low", &to->low, err));
        MC_TRY(read_number(r, in, "high", &to->high, err));
        MC_TRY(read_count(r, in, "n", &to->n, err));
        MC_TRY(read_count(r, in, "duplicates", &to->duplicates, err));
        MC_TRY(read_reason(r, in, "reason", to->reason, err));
    }
    return MC_OK;
}

static mc_status read_spectrum(const reader *r, mc_json_value layer, mc_layer_profile *profile,
                               mc_error *err)
{
    const mc_json_value shares = mc_json_get(mc_json_get(layer, "spectrum"), "shares");
    const size_t        count  = mc_json_count(shares);

    if (mc_json_type_of(shares) != MC_JSON_ARRAY || count < 1 || count > MC_PROFILE_SPECTRUM)
        return bad(r, err, "'shares' is no list of 1 to %d numbers", MC_PROFILE_SPECTRUM);
    for (mc_json_iter it = mc_json_iterate(shares); mc_json_next(&it);)
        if (!mc_json_double(it.value, &profile->spectrum[profile->spectrum_count++]))
            return bad(r, err, "'shares' holds something that is no number");
    return MC_OK;
}

static mc_status read_unit(const reader *r, mc_json_value in, mc_unit_profile *unit,
                           mc_error *err)
{
    MC_TRY(read_count(r, in, "unit", &unit->unit, err));
    MC_TRY(read_number(r, in, "varianceShare", &unit->variance_share, err));
    MC_TRY(read_number(r, in, "largest", &unit->largest, err));
    MC_TRY(read_probe(r, in, &unit->largest_probe, err));
    if (mc_json_bool(mc_json_get(in, "massive"), &unit->is_massive)) return MC_OK;
    return bad(r, err, "'massive' is neither true nor false");
}

static mc_status read_top(const reader *r, mc_json_value layer, const char *key,
                          mc_probe_profile *probes, size_t *count, mc_error *err)
{
    const mc_json_value list = mc_json_get(layer, key);

    *count = 0;
    if (mc_json_type_of(list) != MC_JSON_ARRAY || mc_json_count(list) > MC_PROFILE_TOP)
        return bad(r, err, "'%s' is no list of at most %d", key, MC_PROFILE_TOP);
    for (mc_json_iter it = mc_json_iterate(list); mc_json_next(&it); ++*count) {
        MC_TRY(read_probe(r, it.value, &probes[*count].probe, err));
        MC_TRY(read_number(r, it.value, "distance", &probes[*count].distance, err));
    }
    return MC_OK;
}

static mc_status read_units(const reader *r, mc_json_value layer, mc_layer_profile *profile,
                            mc_error *err)
{
    const mc_json_value list = mc_json_get(layer, "widestUnits");

    MC_TRY(read_count(r, layer, "massiveUnits", &profile->massive_count, err));
    MC_TRY(read_unit(r, mc_json_get(layer, "largestUnit"), &profile->largest_unit, err));
    if (mc_json_type_of(list) != MC_JSON_ARRAY || mc_json_count(list) > MC_PROFILE_TOP)
        return bad(r, err, "'widestUnits' is no list of at most %d", MC_PROFILE_TOP);
    for (mc_json_iter it = mc_json_iterate(list); mc_json_next(&it);)
        MC_TRY(read_unit(r, it.value, &profile->units[profile->unit_count++], err));
    return MC_OK;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static mc_status read_entries(const reader *r, const char *text, int16_t *entries, size_t count,
                              mc_error *err)
{
    for (size_t k = 0; k < count; k++) {
        unsigned entry = 0;
        for (size_t d = 0; d < 4; d++) {
            const int digit = hex_digit(text[4 * k + d]);
            if (digit < 0) return bad(r, err, "'entries' is not hexadecimal at %zu", 4 * k + d);
            entry = entry << 4 | (unsigned)digit;
        }
        entries[k] = (int16_t)(uint16_t)entry;
    }
    return MC_OK;
}

static mc_status read_sketch(const reader *r, mc_json_value layer, mc_fingerprint_layer *out,
                             mc_error *err)
{
    const mc_json_value in    = mc_json_get(layer, "sketch");
    const size_t        count = mc_sketch_size(r->f->sketch_count);
    const char         *text  = "";
    int16_t            *entries;

    if (mc_json_type_of(in) == MC_JSON_NULL) return MC_OK;
    MC_TRY(read_number(r, in, "largest", &out->sketch.largest, err));
    MC_TRY(read_text(r, in, "entries", &text, err));
    if (strlen(text) != 4 * count)
        return bad(r, err, "'entries' has %zu digits, %zu probes make %zu", strlen(text),
                   r->f->sketch_count, 4 * count);
    MC_TRY(mc_fingerprint_take(r->f, count, sizeof *entries, &entries, err));
    MC_TRY(read_entries(r, text, entries, count, err));
    out->sketch.entries = entries;
    out->sketch.probes  = r->f->sketch_count;
    return MC_OK;
}

static mc_status read_profile(const reader *r, mc_json_value layer, mc_fingerprint_layer *out,
                              mc_error *err)
{
    mc_layer_profile *profile = &out->profile;
    size_t            least;

    MC_TRY(read_count(r, layer, "distinct", &profile->distinct, err));
    MC_TRY(read_members(r, layer, profile, err));
    MC_TRY(read_estimates(r, layer, profile, err));
    MC_TRY(read_spectrum(r, layer, profile, err));
    MC_TRY(read_units(r, layer, profile, err));
    MC_TRY(read_top(r, layer, "mostTypical", profile->most_typical, &profile->top_count, err));
    MC_TRY(read_top(r, layer, "leastTypical", profile->least_typical, &least, err));
    if (least != profile->top_count)
        return bad(r, err, "'leastTypical' and 'mostTypical' differ in length");
    return read_sketch(r, layer, out, err);
}

static mc_status read_layer_name(const reader *r, mc_json_value layer, int *out, mc_error *err)
{
    const mc_json_value name = mc_json_get(layer, "layer");
    const char         *text;
    size_t              size;
    int64_t             number;

    if (mc_json_string(name, &text, &size) && strcmp(text, "final") == 0)
        *out = MC_LAYER_FINAL;
    else if (mc_json_int64(name, &number) && number >= 0 && number < MC_LAYER_FINAL)
        *out = (int)number;
    else
        return bad(r, err, "'layer' is neither a number nor 'final'");
    return MC_OK;
}

static mc_status read_layer(reader *r, mc_json_value in, int before, mc_fingerprint_layer *out,
                            mc_error *err)
{
    char reason[MC_REASON_SIZE], name[MC_LAYER_TEXT];

    *out = (mc_fingerprint_layer){ .profile = { .rows = r->f->probe_count } };
    MC_TRY(read_layer_name(r, in, &out->layer, err));
    snprintf(r->where, sizeof r->where, "layer %s: ", mc_layer_print(out->layer, name));
    if (out->layer <= before) return bad(r, err, "layers are not in ascending order");
    MC_TRY(read_reason(r, in, "reason", out->profile.reason, err));
    MC_TRY(read_count(r, in, "units", &out->profile.cols, err));
    if (!out->profile.reason[0]) MC_TRY(read_profile(r, in, out, err));
    MC_TRY(read_reason(r, in, "sketchReason", reason, err));
    MC_TRY(mc_fingerprint_keep(r->f, reason, &out->sketch_reason, err));
    r->where[0] = '\0';
    return MC_OK;
}

/* ---- the whole ---- */

static mc_status read_list(const reader *r, mc_json_value list, const char *what,
                           const char *const **out, size_t *count, mc_error *err)
{
    const char **texts;
    size_t       n = 0;

    MC_TRY(mc_fingerprint_take(r->f, mc_json_count(list), sizeof *texts, &texts, err));
    for (mc_json_iter it = mc_json_iterate(list); mc_json_next(&it);) {
        const char *text;
        size_t      size;
        if (!mc_json_string(it.value, &text, &size) || strlen(text) != size)
            return bad(r, err, "'%s' holds something that is no text", what);
        MC_TRY(mc_fingerprint_keep(r->f, text, &texts[n++], err));
    }
    *out   = texts;
    *count = n;
    return MC_OK;
}

static mc_status read_probes(reader *r, mc_json_value root, mc_error *err)
{
    mc_fingerprint *f = r->f;

    MC_TRY(
        read_list(r, mc_json_get(root, "probes"), "probes", &f->probes, &f->probe_count, err));
    if (f->probe_count == 0) return bad(r, err, "there are no 'probes'");
    r->sorted = mc_alloc_array(f->probe_count, sizeof *r->sorted);
    if (!r->sorted) return mc_fail_memory(err, f->probe_count * sizeof *r->sorted);
    for (size_t i = 0; i < f->probe_count; i++)
        r->sorted[i] = (named_probe){ f->probes[i], i };
    qsort(r->sorted, f->probe_count, sizeof *r->sorted, by_id);
    for (size_t i = 1; i < f->probe_count; i++)
        if (strcmp(r->sorted[i - 1].id, r->sorted[i].id) == 0)
            return bad(r, err, "probe '%s' is there twice", r->sorted[i].id);
    return MC_OK;
}

static mc_status read_sketch_probes(reader *r, mc_json_value root, mc_error *err)
{
    const mc_json_value list = mc_json_get(root, "sketchProbes");
    size_t             *rows, n = 0;

    MC_TRY(mc_fingerprint_take(r->f, mc_json_count(list), sizeof *rows, &rows, err));
    for (mc_json_iter it = mc_json_iterate(list); mc_json_next(&it); n++) {
        uint64_t row;
        if (!mc_json_uint64(it.value, &row) || row >= r->f->probe_count ||
            (n > 0 && row <= rows[n - 1]))
            return bad(r, err, "'sketchProbes' are not ascending rows of the probes");
        rows[n] = (size_t)row;
    }
    r->f->sketch_probes = rows;
    r->f->sketch_count  = n;
    return MC_OK;
}

static mc_status read_layers(reader *r, mc_json_value root, mc_error *err)
{
    const mc_json_value   list = mc_json_get(root, "layers");
    mc_fingerprint_layer *layers;
    size_t                n = 0;

    MC_TRY(mc_fingerprint_take(r->f, mc_json_count(list), sizeof *layers, &layers, err));
    for (mc_json_iter it = mc_json_iterate(list); mc_json_next(&it); n++)
        MC_TRY(read_layer(r, it.value, n ? layers[n - 1].layer : -1, &layers[n], err));
    if (n == 0) return bad(r, err, "there are no 'layers'");
    r->f->layers      = layers;
    r->f->layer_count = n;
    return MC_OK;
}

static mc_status read_provenance(reader *r, mc_json_value root, mc_error *err)
{
    const mc_json_value value  = mc_json_get(root, "provenance");
    mc_buffer           text   = { 0 };
    mc_json_writer      writer = mc_json_writer_init(&text, 0);
    mc_status           status;

    if (mc_json_type_of(value) != MC_JSON_OBJECT) return MC_OK;
    mc_json_put_value(&writer, value);
    status = mc_buffer_status(&text, err);
    if (status == MC_OK) status = mc_fingerprint_identify(r->f, text.data, err);
    mc_buffer_clear(&text);
    return status;
}

static mc_status read_all(reader *r, mc_json_value root, mc_error *err)
{
    const char *text;
    size_t      size;
    int64_t     blocks = -1;

    if (!mc_json_string(mc_json_get(root, "_schema"), &text, &size) ||
        strcmp(text, MC_FINGERPRINT_SCHEMA) != 0)
        return bad(r, err, "it is not of schema " MC_FINGERPRINT_SCHEMA);
    MC_TRY(read_text(r, root, "model", &text, err));
    MC_TRY(mc_fingerprint_keep(r->f, text, &r->f->model, err));
    MC_TRY(read_text(r, root, "pooling", &text, err));
    if (!mc_pooling_find(text, &r->f->pooling)) return bad(r, err, "no pooling '%s'", text);
    mc_json_int64(mc_json_get(root, "blocks"), &blocks);
    r->f->block_count = blocks >= 0 && blocks < MC_LAYER_FINAL ? (int)blocks : -1;
    MC_TRY(read_probes(r, root, err));
    MC_TRY(read_sketch_probes(r, root, err));
    MC_TRY(read_layers(r, root, err));
    MC_TRY(read_list(r, mc_json_get(root, "notes"), "notes", &r->f->notes, &r->f->note_count,
                     err));
    return read_provenance(r, root, err);
}

static mc_status read_json(const mc_json *json, mc_fingerprint **fingerprint, mc_error *err)
{
    reader    r = { 0 };
    mc_status status;

    MC_TRY(mc_fingerprint_create(&r.f, err));
    status = read_all(&r, mc_json_root(json), err);
    mc_free(r.sorted);
    if (status == MC_OK)
        *fingerprint = r.f;
    else
        mc_fingerprint_free(r.f);
    return status;
}

mc_status mc_fingerprint_parse(const char *text, size_t size, mc_fingerprint **fingerprint,
                               mc_error *err)
{
    mc_json  *json;
    mc_status status;

    MC_TRY(mc_json_parse(text, size, &json, err));
    status = read_json(json, fingerprint, err);
    mc_json_free(json);
    return status;
}

bool mc_fingerprint_is_file(const char *path)
{
    char start[128];

    start[mc_file_start(path, start, sizeof start - 1)] = '\0';
    return start[0] == '{' && strstr(start, "mc.geometry.fingerprint.") != NULL;
}

mc_status mc_fingerprint_open(const char *path, mc_fingerprint **fingerprint, mc_error *err)
{
    enum { LIMIT = 64 << 20 }; /* ten times what the deepest model takes */
    mc_json  *json;
    mc_status status;

    MC_TRY(mc_json_load(path, LIMIT, &json, err));
    status = read_json(json, fingerprint, err);
    mc_json_free(json);
    return status == MC_OK ? status : mc_fail_about(err, status, "%s", path);
}

mc_status mc_fingerprint_save(const mc_fingerprint *fingerprint, const char *path,
                              mc_error *err)
{
    mc_buffer text   = { 0 };
    mc_status status = mc_fingerprint_print(fingerprint, &text, err);

    if (status == MC_OK) status = mc_new_file_save(path, &text, err);
    mc_buffer_clear(&text);
    return status;
}
