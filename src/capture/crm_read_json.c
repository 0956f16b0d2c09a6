/* crm_read_json.c - the JSON form, ours and the older one.
 *
 * The older form has no provenance, and counts layers from the output of the first block: its
 * layer i is our state i + 1. A probe that does not have an activation in every layer cannot be
 * a row of all matrices: it is left out, and a note says so. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "capture/crm.h"

typedef struct id_row {
    const char *id;
    size_t      row;        /* SIZE_MAX: left out */
    size_t      seen, last; /* in how many layers it has an activation; in which one last */
} id_row;

typedef struct reading {
    mc_crm       *crm;
    mc_json_value root, activations;
    bool          older;
    id_row       *index; /* all ids of the file, sorted */
    const char  **ids;   /* in the file's order */
    size_t        id_count;
    size_t        nulls;
} reading;

static const char hint_form[] =
    "a CRM has \"activations\": {\"<layer>\": {\"<probe>\": {\"activation\": [...]}}}";

/* ---- ids ---- */

static int compare_id(const void *left, const void *right)
{
    const id_row *a = left, *b = right;

    return strcmp(a->id, b->id);
}

/* NULL: an id that the file's list does not have. */
static id_row *find_id(const reading *r, const char *id)
{
    id_row key = { .id = id };

    return r->id_count ? bsearch(&key, r->index, r->id_count, sizeof key, compare_id) : NULL;
}

static mc_status collect_ids(reading *r, mc_error *err)
{
    mc_json_value list  = mc_json_get(mc_json_get(r->root, "anchorMetadata"), "anchorIDs");
    mc_json_iter  first = mc_json_iterate(r->activations);
    size_t        size;

    MC_TRY(mc_crm_keep_ids(r->crm, list, (const char *const **)&r->ids, &r->id_count, err));
    if (r->ids) return MC_OK;
    /* No list: the probes of the first layer are the probes. */
    if (!mc_json_next(&first)) return MC_OK;
    size = mc_json_count(first.value);
    MC_TRY(mc_arena_array(r->crm->arena, size, sizeof *r->ids, (void **)&r->ids, err));
    for (mc_json_iter it = mc_json_iterate(first.value); mc_json_next(&it); r->id_count++)
        MC_TRY(mc_crm_keep(r->crm, it.key, it.key_size, &r->ids[r->id_count], err));
    return MC_OK;
}

static mc_status index_ids(reading *r, mc_error *err)
{
    MC_TRY(collect_ids(r, err));
    if (r->id_count == 0) return mc_fail(err, MC_ERR_CRM, hint_form, "has no probes");
    MC_TRY(
        mc_arena_array(r->crm->arena, r->id_count, sizeof *r->index, (void **)&r->index, err));
    for (size_t i = 0; i < r->id_count; i++)
        r->index[i] = (id_row){ .id = r->ids[i] };
    qsort(r->index, r->id_count, sizeof *r->index, compare_id);
    for (size_t i = 1; i < r->id_count; i++)
        if (compare_id(&r->index[i - 1], &r->index[i]) == 0)
            return mc_fail(err, MC_ERR_CRM, "give every probe an id of its own",
                           "the id '%.100s' occurs twice", r->index[i].id);
    return MC_OK;
}

/* ---- layers ---- */

static bool parse_layer(const reading *r, const char *key, int *layer)
{
    mc_crm_part part;
    char        name[MC_CRM_NAME_SIZE];

    snprintf(name, sizeof name, "state.%.20s", key);
    if (!mc_crm_tensor_parse(name, &part, layer)) return false;
    if (r->older && *layer != MC_LAYER_FINAL) ++*layer;
    return true;
}

static mc_status find_layers(reading *r, mc_error *err)
{
    mc_layers *layers = &r->crm->info.layers;
    size_t     count  = mc_json_count(r->activations);

    if (count == 0) return mc_fail(err, MC_ERR_CRM, hint_form, "has no layers");
    layers->items = mc_alloc_array(count, sizeof *layers->items);
    if (!layers->items) return mc_fail_memory(err, count * sizeof *layers->items);
    for (mc_json_iter it = mc_json_iterate(r->activations); mc_json_next(&it);) {
        if (!parse_layer(r, it.key, &layers->items[layers->count++]))
            return mc_fail(err, MC_ERR_CRM, hint_form, "'%.40s' is no layer", it.key);
        if (mc_json_type_of(it.value) != MC_JSON_OBJECT)
            return mc_fail(err, MC_ERR_CRM, hint_form, "layer '%.40s' is %s", it.key,
                           mc_json_type_name(mc_json_type_of(it.value)));
    }
    return mc_crm_settle_layers(r->crm, err);
}

/* ---- rows ---- */

/* A probe's activation in a layer (counted from 1): all have one length. */
static mc_status count_row(reading *r, id_row *found, size_t layer, mc_json_value values,
                           mc_error *err)
{
    mc_crm_info *info  = &r->crm->info;
    size_t       count = mc_json_count(values);

    if (found->last == layer)
        return mc_fail(err, MC_ERR_CRM, hint_form, "'%.100s' occurs twice in a layer",
                       found->id);
    if (info->hidden == 0) info->hidden = count;
    if (count != info->hidden || count == 0)
        return mc_fail(err, MC_ERR_CRM, hint_form, "'%.100s' has %zu numbers, others have %zu",
                       found->id, count, info->hidden);
    found->last = layer;
    found->seen++;
    return MC_OK;
}

/* First pass: which probes have an activation in every layer, and how long it is. */
static mc_status count_rows(reading *r, mc_error *err)
{
    size_t number = 0;

    for (mc_json_iter layer = mc_json_iterate(r->activations); mc_json_next(&layer);) {
        number++;
        for (mc_json_iter it = mc_json_iterate(layer.value); mc_json_next(&it);) {
            mc_json_value values = mc_json_get(it.value, "activation");
            id_row       *found  = find_id(r, it.key);

            if (found && mc_json_type_of(values) == MC_JSON_ARRAY)
                MC_TRY(count_row(r, found, number, values, err));
        }
    }
    return MC_OK;
}

/* Rows are the probes of all layers, in the file's order. */
static mc_status number_rows(reading *r, mc_error *err)
{
    mc_crm_info *info = &r->crm->info;
    const char **kept;

    MC_TRY(mc_arena_array(r->crm->arena, r->id_count, sizeof *kept, (void **)&kept, err));
    for (size_t i = 0; i < r->id_count; i++) {
        id_row *found = find_id(r, r->ids[i]);
        bool    whole = found->seen == info->layers.count;

        found->row = whole ? info->rows : SIZE_MAX;
        if (whole) kept[info->rows++] = r->ids[i];
    }
    info->probe_ids   = kept;
    info->probe_count = info->rows;
    if (info->rows == 0)
        return mc_fail(err, MC_ERR_CRM, hint_form, "no probe has an activation in every layer");
    if (info->rows == r->id_count) return MC_OK;
    return mc_crm_note(
        r->crm, err,
        "%zu of %zu probes do not have an activation in every layer and are left "
        "out.",
        r->id_count - info->rows, r->id_count);
}

/* A row of numbers, null for one that was not finite. */
static mc_status read_row(reading *r, mc_json_value list, const char *id, float *row,
                          mc_error *err)
{
    size_t n = 0, hidden = r->crm->info.hidden;

    for (mc_json_iter it = mc_json_iterate(list); mc_json_next(&it); n++) {
        double value = NAN;

        if (n == hidden) break;
        if (mc_json_type_of(it.value) == MC_JSON_NULL)
            r->nulls++;
        else if (!mc_json_double(it.value, &value))
            return mc_fail(err, MC_ERR_CRM, hint_form, "'%.100s' has %s among its numbers", id,
                           mc_json_type_name(mc_json_type_of(it.value)));
        row[n] = (float)value;
    }
    if (n != hidden || mc_json_count(list) != hidden)
        return mc_fail(err, MC_ERR_CRM, hint_form, "'%.100s' has %zu numbers, others have %zu",
                       id, mc_json_count(list), hidden);
    return MC_OK;
}

/* Where the matrices of one layer are filled in, and how many rows each got. */
typedef struct layer_fill {
    float *parts[MC_CRM_PART_COUNT];
    size_t counts[MC_CRM_PART_COUNT];
} layer_fill;

static mc_status read_part(reading *r, layer_fill *fill, mc_crm_part part, mc_json_value list,
                           const id_row *found, mc_error *err)
{
    size_t rows = r->crm->info.rows, hidden = r->crm->info.hidden;
    size_t halves = mc_crm_part_halves(part), half = 0;
    bool   paired = mc_json_count(list) == 2;

    if (mc_json_type_of(list) != MC_JSON_ARRAY || (halves == 2 && !paired)) return MC_OK;
    if (!fill->parts[part])
        MC_TRY(mc_arena_array(r->crm->arena, halves * rows * hidden, sizeof(float),
                              (void **)&fill->parts[part], err));
    fill->counts[part]++;
    if (halves == 1)
        return read_row(r, list, found->id, fill->parts[part] + found->row * hidden, err);
    for (mc_json_iter it = mc_json_iterate(list); mc_json_next(&it); half++)
        MC_TRY(read_row(r, it.value, found->id,
                        fill->parts[part] + (half * rows + found->row) * hidden, err));
    return MC_OK;
}

static mc_status read_record(reading *r, layer_fill *fill, mc_json_value record,
                             const id_row *found, mc_error *err)
{
    mc_json_value control = mc_json_get(record, "control");

    MC_TRY(read_part(r, fill, MC_CRM_STATE, mc_json_get(record, "activation"), found, err));
    MC_TRY(read_part(r, fill, MC_CRM_SPLIT, mc_json_get(record, "split"), found, err));
    MC_TRY(read_part(r, fill, MC_CRM_CONTROL, mc_json_get(control, "activation"), found, err));
    return read_part(r, fill, MC_CRM_CONTROL_SPLIT, mc_json_get(control, "split"), found, err);
}

static mc_status read_layer(reading *r, const char *key, mc_json_value records, mc_error *err)
{
    mc_crm_info *info = &r->crm->info;
    layer_fill   fill = { 0 };
    int          layer;

    if (!parse_layer(r, key, &layer)) return MC_OK;
    for (mc_json_iter it = mc_json_iterate(records); mc_json_next(&it);) {
        const id_row *found = find_id(r, it.key);

        if (found && found->row != SIZE_MAX)
            MC_TRY(read_record(r, &fill, it.value, found, err));
    }
    for (int part = 0; part < MC_CRM_PART_COUNT; part++)
        if (fill.counts[part] == info->rows)
            r->crm->values[mc_crm_layer_index(r->crm, layer)][part] = fill.parts[part];
    if (fill.counts[MC_CRM_CONTROL] > 0) info->control_rows = info->rows;
    return MC_OK;
}

/* ---- the rest ---- */

static mc_status keep_text(reading *r, const char *key, const char **out, mc_error *err)
{
    const char *text;
    size_t      size;

    if (!mc_json_string(mc_json_get(r->root, key), &text, &size)) return MC_OK;
    return mc_crm_keep(r->crm, text, size, out, err);
}

static mc_status read_head(reading *r, mc_error *err)
{
    mc_crm_info  *info   = &r->crm->info;
    const char   *schema = "", *pooling = "";
    mc_json_value blocks = mc_json_get(r->root, "layerCount");
    int64_t       number;

    MC_TRY(keep_text(r, "schema", &schema, err));
    if (schema[0] && strcmp(schema, MC_CRM_SCHEMA) != 0)
        return mc_fail(err, MC_ERR_UNSUPPORTED, "read it with a newer version of this program",
                       "its schema is '%.60s', this program reads " MC_CRM_SCHEMA, schema);
    r->older =
        !schema[0] && mc_json_type_of(mc_json_get(r->root, "provenance")) == MC_JSON_NONE;
    info->form = r->older ? "json (older form)" : "json";
    MC_TRY(keep_text(r, "modelIdentifier", &info->model, err));
    MC_TRY(keep_text(r, "createdAt", &info->created_at, err));
    MC_TRY(keep_text(r, "pooling", &pooling, err));
    r->crm->pooling_told = mc_pooling_find(pooling, &info->pooling);
    if (pooling[0] && (!r->crm->pooling_told || info->pooling == MC_POOLING_ALL))
        return mc_fail(err, MC_ERR_CRM, "the file is damaged; build it again",
                       "its pooling is '%.40s'", pooling);
    if (mc_json_int64(blocks, &number)) {
        if (number < 0 || number > 1000000)
            return mc_fail(err, MC_ERR_CRM, "the file is damaged; build it again",
                           "layerCount is out of range");
        info->block_count = (int)number;
    }
    r->activations = mc_json_get(r->root, "activations");
    if (mc_json_type_of(r->activations) != MC_JSON_OBJECT)
        return mc_fail(err, MC_ERR_CRM, hint_form, "has no object 'activations'");
    return MC_OK;
}

/* The provenance as text again, without blanks. */
static void write_value(mc_json_writer *out, mc_json_value value)
{
    const char *text;
    size_t      size;
    int64_t     integer;
    uint64_t    natural;
    double      number;
    bool        truth, object = mc_json_type_of(value) == MC_JSON_OBJECT;

    if (object || mc_json_type_of(value) == MC_JSON_ARRAY) {
        object ? mc_json_begin_object(out) : mc_json_begin_array(out);
        for (mc_json_iter it = mc_json_iterate(value); mc_json_next(&it);) {
            if (object) mc_json_key(out, it.key);
            write_value(out, it.value);
        }
        object ? mc_json_end_object(out) : mc_json_end_array(out);
    } else if (mc_json_string(value, &text, &size)) {
        mc_json_put_span(out, text, size);
    } else if (mc_json_bool(value, &truth)) {
        mc_json_put_bool(out, truth);
    } else if (mc_json_type_of(value) == MC_JSON_INTEGER && mc_json_int64(value, &integer)) {
        mc_json_put_int(out, integer);
    } else if (mc_json_type_of(value) == MC_JSON_INTEGER && mc_json_uint64(value, &natural)) {
        mc_json_put_uint(out, natural);
    } else if (mc_json_double(value, &number)) {
        mc_json_put_double(out, number);
    } else {
        mc_json_put_null(out);
    }
}

static mc_status read_provenance(reading *r, mc_error *err)
{
    mc_json_value  value = mc_json_get(r->root, "provenance");
    mc_buffer      text  = { 0 };
    mc_json_writer out   = mc_json_writer_init(&text, 0);
    mc_status      status;

    if (r->older)
        return mc_crm_note(r->crm, err,
                           "The file is of the older form: its layers count from the output of "
                           "the first block, so that its layer i is state i+1 here.");
    if (mc_json_type_of(value) != MC_JSON_OBJECT)
        return mc_crm_note(r->crm, err,
                           "The file does not say how it was made (no provenance).");
    write_value(&out, value);
    status = mc_buffer_status(&text, err);
    if (status == MC_OK)
        status = mc_crm_keep(r->crm, text.data, text.size, &r->crm->info.provenance, err);
    mc_buffer_clear(&text);
    return status;
}

/* An array of integers; NULL when it is none. */
static mc_status read_integers(reading *r, mc_json_value list, int64_t **out, size_t *count,
                               mc_error *err)
{
    int64_t *numbers;

    *out   = NULL;
    *count = 0;
    if (mc_json_type_of(list) != MC_JSON_ARRAY) return MC_OK;
    MC_TRY(mc_arena_array(r->crm->arena, mc_json_count(list) + 1, sizeof *numbers,
                          (void **)&numbers, err));
    for (mc_json_iter it = mc_json_iterate(list); mc_json_next(&it); ++*count)
        if (!mc_json_int64(it.value, &numbers[*count])) return MC_OK;
    *out = numbers;
    return MC_OK;
}

static mc_status read_texts(reading *r, const char *key, mc_crm_texts *texts, mc_error *err)
{
    mc_json_value object = mc_json_get(r->root, key);
    mc_crm_texts  found  = { 0 };
    int64_t      *ids, *ends, *probes;
    int32_t      *tokens;
    size_t        ends_count, probes_count;

    MC_TRY(read_integers(r, mc_json_get(object, "tokenIDs"), &ids, &found.token_count, err));
    MC_TRY(read_integers(r, mc_json_get(object, "textOffsets"), &ends, &ends_count, err));
    MC_TRY(read_integers(r, mc_json_get(object, "probeOffsets"), &probes, &probes_count, err));
    /* Without the probes that were left out, the offsets would be of other rows. */
    if (!ids || !ends || !probes || r->crm->info.rows != r->id_count) return MC_OK;
    MC_TRY(mc_arena_array(r->crm->arena, found.token_count, sizeof *tokens, (void **)&tokens,
                          err));
    for (size_t i = 0; i < found.token_count; i++) {
        if (ids[i] < 0 || ids[i] > INT32_MAX)
            return mc_fail(err, MC_ERR_CRM, "the file is damaged; build it again",
                           "tokenIDs of '%s' hold something that is no token", key);
        tokens[i] = (int32_t)ids[i];
    }
    found.token_ids     = tokens;
    found.text_offsets  = ends;
    found.probe_offsets = probes;
    found.text_count    = ends_count - 1;
    if (ends_count == 0 || probes_count != r->crm->info.probe_count + 1 ||
        !mc_crm_texts_hold(&found, r->crm->info.probe_count))
        return mc_fail(err, MC_ERR_CRM, "the file is damaged; build it again",
                       "tokenIDs, textOffsets and probeOffsets of '%s' do not fit together",
                       key);
    *texts = found;
    return MC_OK;
}

static mc_status add_notes(reading *r, mc_error *err)
{
    MC_TRY(mc_crm_settle(r->crm, err));
    if (r->nulls > 0)
        MC_TRY(
            mc_crm_note(r->crm, err, "%zu values are null: they were not finite.", r->nulls));
    return MC_OK;
}

static mc_status read_all(reading *r, mc_error *err)
{
    mc_crm_info *info = &r->crm->info;
    uint64_t     hidden;

    if (mc_json_type_of(r->root) != MC_JSON_OBJECT)
        return mc_fail(err, MC_ERR_CRM, hint_form, "is %s, not an object",
                       mc_json_type_name(mc_json_type_of(r->root)));
    MC_TRY(read_head(r, err));
    MC_TRY(find_layers(r, err));
    MC_TRY(index_ids(r, err));
    MC_TRY(count_rows(r, err));
    if (mc_json_uint64(mc_json_get(r->root, "hiddenDim"), &hidden) && hidden != info->hidden)
        return mc_fail(err, MC_ERR_CRM, "the file is damaged; build it again",
                       "hiddenDim is %llu, but an activation has %zu numbers",
                       (unsigned long long)hidden, info->hidden);
    MC_TRY(number_rows(r, err));
    for (mc_json_iter it = mc_json_iterate(r->activations); mc_json_next(&it);)
        MC_TRY(read_layer(r, it.key, it.value, err));
    MC_TRY(read_provenance(r, err));
    MC_TRY(read_texts(r, "texts", &info->texts, err));
    MC_TRY(read_texts(r, "controlTexts", &info->control_texts, err));
    return add_notes(r, err);
}

mc_status mc_crm_read_json(mc_crm *crm, mc_span bytes, mc_error *err)
{
    reading   r = { .crm = crm };
    mc_json  *json;
    mc_status status;

    MC_TRY(mc_json_parse((const char *)bytes.data, bytes.size, &json, err));
    r.root = mc_json_root(json);
    status = read_all(&r, err);
    mc_json_free(json);
    return status;
}
