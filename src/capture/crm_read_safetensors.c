/* crm_read_safetensors.c - matrices of a safetensors file, ours or anybody's.
 *
 * Float32 is used in place, in the mapped file; other types are widened or rounded once, at
 * opening. The header is parsed a second time for its metadata, which tensors do not need. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "capture/crm.h"
#include "format/format.h"

typedef struct reading {
    mc_crm       *crm;
    mc_store     *store;
    mc_json      *header;
    mc_json_value metadata;
    mc_json      *probes;     /* the metadata's list */
    size_t        strays;     /* tensors that are no part of a CRM */
    const char   *stray;      /* the first of them */
    mc_dtype      other_type; /* of matrices that are not float32 */
} reading;

static const char hint_form[] =
    "a CRM has tensors state.<layer> of [probes, hidden], all of one shape";

/* ---- what layers there are ---- */

/* Layers are those that have states. */
static mc_status find_layers(reading *r, mc_error *err)
{
    mc_layers  *layers = &r->crm->info.layers;
    size_t      count  = mc_store_tensor_count(r->store);
    mc_crm_part part;
    int         layer;

    layers->items = mc_alloc_array(count, sizeof *layers->items);
    if (!layers->items) return mc_fail_memory(err, count * sizeof *layers->items);
    for (size_t i = 0; i < count; i++)
        if (mc_crm_tensor_parse(mc_store_tensor(r->store, i)->name, &part, &layer) &&
            part == MC_CRM_STATE)
            layers->items[layers->count++] = layer;
    if (layers->count == 0)
        return mc_fail(err, MC_ERR_CRM, hint_form,
                       "has no tensor 'state.<layer>' or 'final' (among %zu tensors)", count);
    return mc_crm_settle_layers(r->crm, err);
}

/* ---- matrices ---- */

static mc_status fail_shape(const mc_tensor *tensor, size_t rank, uint64_t rows,
                            uint64_t hidden, mc_error *err)
{
    char shape[MC_SHAPE_TEXT];

    mc_tensor_print_shape(tensor, shape);
    return mc_fail(err, MC_ERR_CRM, hint_form,
                   "tensor '%.60s' has the shape [%s], expected is [%s%" PRIu64 ", %" PRIu64
                   "]",
                   tensor->name, shape, rank == 3 ? "2, " : "", rows, hidden);
}

/* Rows of the part, which the first matrix of the file sets. */
static mc_status check_shape(mc_crm_info *info, const mc_tensor *tensor, mc_crm_part part,
                             mc_error *err)
{
    bool    control = part == MC_CRM_CONTROL || part == MC_CRM_CONTROL_SPLIT;
    int     rank    = mc_crm_part_halves(part) == 2 ? 3 : 2;
    size_t *rows    = control ? &info->control_rows : &info->rows;

    if (tensor->rank != rank || (rank == 3 && tensor->shape[0] != 2))
        return fail_shape(tensor, (size_t)rank, *rows, info->hidden, err);
    if (tensor->shape[rank - 1] == 0 || tensor->shape[rank - 2] == 0)
        return mc_fail(err, MC_ERR_CRM, hint_form, "tensor '%.60s' is empty", tensor->name);
    if (*rows == 0) *rows = (size_t)tensor->shape[rank - 2];
    if (info->hidden == 0) info->hidden = (size_t)tensor->shape[rank - 1];
    if (tensor->shape[rank - 2] != *rows || tensor->shape[rank - 1] != info->hidden)
        return fail_shape(tensor, (size_t)rank, *rows, info->hidden, err);
    return MC_OK;
}

static bool is_state_type(mc_dtype type)
{
    return type == MC_DTYPE_F32 || type == MC_DTYPE_F16 || type == MC_DTYPE_BF16 ||
           type == MC_DTYPE_F64;
}

static mc_status take_values(reading *r, const mc_tensor *tensor, const float **values,
                             mc_error *err)
{
    const mc_dtype_info *type  = mc_dtype_get(tensor->dtype);
    size_t               count = 1;
    float               *copy;

    for (int i = 0; i < tensor->rank; i++)
        count *= (size_t)tensor->shape[i];
    if (tensor->dtype == MC_DTYPE_F32 && (uintptr_t)tensor->bytes.data % _Alignof(float) == 0) {
        *values = (const float *)(const void *)tensor->bytes.data;
        return MC_OK;
    }
    if (!is_state_type(tensor->dtype))
        return mc_fail(err, MC_ERR_DTYPE, "store states as F32",
                       "tensor '%.60s' holds %s, which are no states", tensor->name,
                       type->name);
    if (tensor->dtype != MC_DTYPE_F32) r->other_type = tensor->dtype;
    MC_TRY(mc_arena_array(r->crm->arena, count, sizeof *copy, (void **)&copy, err));
    type->widen(tensor->bytes.data, copy, count);
    *values = copy;
    return MC_OK;
}

static bool is_text_tensor(const char *name)
{
    static const char *const names[] = { "token_ids", "text_offsets", "probe_offsets" };
    const char              *bare    = strncmp(name, "control.", 8) == 0 ? name + 8 : name;

    for (size_t i = 0; i < MC_ARRAY_LEN(names); i++)
        if (strcmp(bare, names[i]) == 0) return true;
    return false;
}

static mc_status read_matrix(reading *r, const mc_tensor *tensor, mc_error *err)
{
    mc_crm_info *info = &r->crm->info;
    mc_crm_part  part;
    int          layer;

    if (mc_crm_tensor_parse(tensor->name, &part, &layer)) {
        ptrdiff_t index = mc_crm_layer_index(r->crm, layer);

        if (index >= 0) {
            MC_TRY(check_shape(info, tensor, part, err));
            return take_values(r, tensor, &r->crm->values[index][part], err);
        }
    } else if (is_text_tensor(tensor->name)) {
        return MC_OK;
    }
    if (r->strays++ == 0) r->stray = tensor->name;
    return MC_OK;
}

/* States first: they say how many rows and columns all have. */
static mc_status read_matrices(reading *r, mc_error *err)
{
    mc_crm_part part;
    int         layer;

    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < mc_store_tensor_count(r->store); i++) {
            const mc_tensor *tensor = mc_store_tensor(r->store, i);
            bool             state =
                mc_crm_tensor_parse(tensor->name, &part, &layer) && part == MC_CRM_STATE;

            if (state == (pass == 0)) MC_TRY(read_matrix(r, tensor, err));
        }
    }
    return MC_OK;
}

/* ---- texts ---- */

/* A vector of I32 or I64, NULL when it is not there. Copied when it does not lie aligned. */
static mc_status read_vector(reading *r, const char *prefix, const char *name, mc_dtype type,
                             size_t element, const void **values, size_t *count, mc_error *err)
{
    char             full[64];
    const mc_tensor *tensor;
    void            *copy;

    *values = NULL;
    *count  = 0;
    snprintf(full, sizeof full, "%s%s", prefix, name);
    tensor = mc_store_find(r->store, full);
    if (!tensor) return MC_OK;
    if (tensor->rank != 1 || tensor->dtype != type)
        return mc_fail(err, MC_ERR_CRM, "leave the tensor out, or write it as it should be",
                       "tensor '%s' is no vector of %s", full, mc_dtype_get(type)->name);
    *count = tensor->bytes.size / element;
    MC_TRY(mc_arena_array(r->crm->arena, *count, element, &copy, err));
    if (tensor->bytes.size > 0) memcpy(copy, tensor->bytes.data, tensor->bytes.size);
    *values = copy;
    return MC_OK;
}

static mc_status read_texts(reading *r, const char *prefix, mc_crm_texts *texts, mc_error *err)
{
    mc_crm_texts found = { 0 };
    const void  *ids, *ends, *probes;
    size_t       ends_count, probes_count;

    MC_TRY(read_vector(r, prefix, "token_ids", MC_DTYPE_I32, 4, &ids, &found.token_count, err));
    MC_TRY(read_vector(r, prefix, "text_offsets", MC_DTYPE_I64, 8, &ends, &ends_count, err));
    MC_TRY(
        read_vector(r, prefix, "probe_offsets", MC_DTYPE_I64, 8, &probes, &probes_count, err));
    if (!ids || !ends || !probes) return MC_OK;
    found.token_ids     = ids;
    found.text_offsets  = ends;
    found.probe_offsets = probes;
    found.text_count    = ends_count - 1;
    if (ends_count == 0 || probes_count == 0 || probes_count - 1 != r->crm->info.probe_count ||
        !mc_crm_texts_hold(&found, r->crm->info.probe_count))
        return mc_fail(err, MC_ERR_CRM, "the file is damaged; build it again",
                       "%stoken_ids, text_offsets and probe_offsets do not fit together",
                       prefix);
    *texts = found;
    return MC_OK;
}

/* ---- metadata ---- */

/* Texts by name, as everybody who writes safetensors files has it: a number would go unread. */
static mc_status check_metadata(mc_json_value metadata, mc_error *err)
{
    mc_json_iter iter = mc_json_iterate(metadata);

    while (mc_json_next(&iter))
        if (mc_json_type_of(iter.value) != MC_JSON_STRING)
            return mc_fail(err, MC_ERR_CRM, "the file is damaged; build it again",
                           "the metadata '%.40s' is no text", iter.is_object ? iter.key : "");
    return MC_OK;
}

static mc_status keep_metadata(reading *r, const char *key, const char **out, mc_error *err)
{
    const char *text;
    size_t      size;

    if (!mc_json_string(mc_json_get(r->metadata, key), &text, &size)) return MC_OK;
    return mc_crm_keep(r->crm, text, size, out, err);
}

static mc_status read_metadata(reading *r, mc_span bytes, mc_error *err)
{
    mc_crm_info *info   = &r->crm->info;
    const char  *schema = MC_CRM_SCHEMA, *blocks = "";
    uint64_t     length = 0;

    for (int i = 0; i < 8; i++)
        length |= (uint64_t)bytes.data[i] << (8 * i);
    MC_TRY(mc_json_parse((const char *)bytes.data + 8, (size_t)length, &r->header, err));
    r->metadata = mc_json_get(mc_json_root(r->header), "__metadata__");
    MC_TRY(check_metadata(r->metadata, err));
    MC_TRY(keep_metadata(r, "mc.schema", &schema, err));
    if (strcmp(schema, MC_CRM_SCHEMA) != 0)
        return mc_fail(err, MC_ERR_UNSUPPORTED, "read it with a newer version of this program",
                       "its schema is '%.60s', this program reads " MC_CRM_SCHEMA, schema);
    MC_TRY(keep_metadata(r, "mc.model", &info->model, err));
    MC_TRY(keep_metadata(r, "mc.created", &info->created_at, err));
    MC_TRY(keep_metadata(r, "provenance", &info->provenance, err));
    MC_TRY(keep_metadata(r, "mc.blocks", &blocks, err));
    if (blocks[0]) {
        char *end;
        long  value = strtol(blocks, &end, 10);

        if (*end || value < 0 || value > 1000000)
            return mc_fail(err, MC_ERR_CRM, "the file is damaged; build it again",
                           "mc.blocks is '%.40s', no number of blocks", blocks);
        info->block_count = (int)value;
    }
    return MC_OK;
}

/* The ids, as many as the metadata's list has. */
static mc_status read_ids(reading *r, mc_error *err)
{
    mc_crm_info *info = &r->crm->info;
    const char  *text;
    size_t       size;
    mc_status    status;

    if (!mc_json_string(mc_json_get(r->metadata, "probes"), &text, &size)) return MC_OK;
    status = mc_json_parse(text, size, &r->probes, err);
    if (status == MC_ERR_MEMORY) return status;
    if (status == MC_OK)
        MC_TRY(mc_crm_keep_ids(r->crm, mc_json_root(r->probes), &info->probe_ids,
                               &info->probe_count, err));
    if (!info->probe_ids)
        return mc_fail(err, MC_ERR_CRM, "write it as [\"source:id\", ...]",
                       "the metadata 'probes' is no JSON array of strings");
    return mc_crm_check_ids(r->crm, err);
}

/* What a row is: a probe or a token. The file says so, or its counts do. */
static mc_status settle_pooling(reading *r, mc_error *err)
{
    mc_crm_info     *info = &r->crm->info;
    const mc_tensor *ids  = mc_store_find(r->store, "token_ids");
    const char      *name = "";
    bool             told;

    MC_TRY(keep_metadata(r, "mc.pooling", &name, err));
    told = r->crm->pooling_told = mc_pooling_find(name, &info->pooling);
    if (name[0] && !told)
        return mc_fail(err, MC_ERR_CRM, "the file is damaged; build it again",
                       "mc.pooling is '%.40s'", name);
    if (!told && info->probe_ids && info->probe_count != info->rows && ids && ids->rank == 1 &&
        ids->shape[0] == info->rows)
        info->pooling = MC_POOLING_ALL;
    if (info->probe_ids || info->pooling == MC_POOLING_ALL) return MC_OK;
    MC_TRY(mc_crm_note(r->crm, err, "The file does not name its probes: rows are numbered."));
    return mc_crm_number_ids(r->crm, info->rows, err);
}

static mc_status check_rows(const mc_crm_info *info, mc_error *err)
{
    bool tokens = info->pooling == MC_POOLING_ALL;

    if (tokens && (!info->probe_ids || !info->texts.token_ids))
        return mc_fail(err, MC_ERR_CRM, "write probes, token_ids and both offsets too",
                       "every token is a row, but which text it is of is not said");
    if (info->rows != (tokens ? info->texts.token_count : info->probe_count))
        return mc_fail(err, MC_ERR_CRM, hint_form, "has %zu rows, but names %zu %s", info->rows,
                       tokens ? info->texts.token_count : info->probe_count,
                       tokens ? "tokens" : "probes");
    if (info->control_rows == 0) return MC_OK;
    if (tokens && !info->control_texts.token_ids)
        return mc_fail(err, MC_ERR_CRM, "write control.token_ids and both offsets too",
                       "which text a control row is of is not said");
    if (info->control_rows != (tokens ? info->control_texts.token_count : info->rows))
        return mc_fail(err, MC_ERR_CRM, "a probe has one control row",
                       "has %zu control rows beside %zu rows", info->control_rows, info->rows);
    return MC_OK;
}

/* ---- notes ---- */

static mc_status settle_provenance(reading *r, mc_error *err)
{
    mc_crm_info *info = &r->crm->info;
    mc_json     *json = NULL;
    mc_status    status;

    if (!info->provenance[0])
        return mc_crm_note(r->crm, err,
                           "The file does not say how it was made (no provenance).");
    status = mc_json_parse(info->provenance, strlen(info->provenance), &json, err);
    if (status == MC_OK && mc_json_type_of(mc_json_root(json)) != MC_JSON_OBJECT)
        status = MC_ERR_CORRUPT;
    mc_json_free(json);
    if (status != MC_ERR_CORRUPT) return status;
    info->provenance = "";
    return mc_crm_note(r->crm, err, "The file's provenance is no JSON object: left aside.");
}

static mc_status add_notes(reading *r, mc_error *err)
{
    MC_TRY(settle_provenance(r, err));
    MC_TRY(mc_crm_settle(r->crm, err));
    if (r->other_type != MC_DTYPE_NONE)
        MC_TRY(mc_crm_note(r->crm, err, "Stored as %s: turned into float32.",
                           mc_dtype_get(r->other_type)->name));
    if (r->strays > 0)
        MC_TRY(mc_crm_note(r->crm, err,
                           "%zu tensors are no part of a CRM and left aside, such as '%.60s'.",
                           r->strays, r->stray));
    return MC_OK;
}

static mc_status read_all(reading *r, mc_span bytes, mc_error *err)
{
    mc_crm_info *info = &r->crm->info;

    MC_TRY(read_metadata(r, bytes, err));
    MC_TRY(find_layers(r, err));
    MC_TRY(read_matrices(r, err));
    MC_TRY(read_ids(r, err));
    MC_TRY(settle_pooling(r, err));
    MC_TRY(read_texts(r, "", &info->texts, err));
    MC_TRY(read_texts(r, "control.", &info->control_texts, err));
    MC_TRY(check_rows(info, err));
    return add_notes(r, err);
}

mc_status mc_crm_read_safetensors(mc_crm *crm, mc_span bytes, const char *path, mc_error *err)
{
    reading   r = { .crm = crm };
    mc_status status;

    crm->info.form = "safetensors";
    MC_TRY(mc_safetensors_open(bytes, path, &r.store, err));
    status = read_all(&r, bytes, err);
    mc_json_free(r.header);
    mc_json_free(r.probes);
    mc_store_close(r.store);
    return status;
}
