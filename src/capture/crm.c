/* crm.c - opening a CRM of any form, and what is inside.
 *
 * A file is recognised by its first bytes, not by its name. Whatever it does not hold is told
 * in the notes; what contradicts itself is refused. */
#include "capture/crm.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/file_map.h"
#include "base/profile.h"

/* ---- for the readers ---- */

mc_status mc_crm_keep(mc_crm *crm, const char *text, size_t size, const char **out,
                      mc_error *err)
{
    char *copy;

    MC_TRY(mc_arena_array(crm->arena, size + 1, 1, (void **)&copy, err));
    memcpy(copy, text, size);
    copy[size] = '\0';
    *out       = copy;
    return MC_OK;
}

mc_status(mc_crm_note)(mc_crm *crm, mc_error *err, const char *format, ...)
{
    char    text[400];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    MC_TRY(mc_grow((void **)&crm->notes, &crm->note_capacity, crm->info.note_count,
                   sizeof *crm->notes, err));
    MC_TRY(mc_crm_keep(crm, text, strlen(text), &crm->notes[crm->info.note_count], err));
    crm->info.note_count++;
    return MC_OK;
}

mc_status mc_crm_keep_ids(mc_crm *crm, mc_json_value list, const char *const **ids,
                          size_t *count, mc_error *err)
{
    const char **kept;
    const char  *text;
    size_t       size, n = 0;

    *ids   = NULL;
    *count = 0;
    if (mc_json_type_of(list) != MC_JSON_ARRAY) return MC_OK;
    MC_TRY(mc_arena_array(crm->arena, mc_json_count(list), sizeof *kept, (void **)&kept, err));
    for (mc_json_iter it = mc_json_iterate(list); mc_json_next(&it); n++) {
        if (!mc_json_string(it.value, &text, &size)) return MC_OK;
        MC_TRY(mc_crm_keep(crm, text, size, &kept[n], err));
    }
    *ids   = kept;
    *count = n;
    return MC_OK;
}

mc_status mc_crm_number_ids(mc_crm *crm, size_t count, mc_error *err)
{
    enum { ID_SIZE = 32 };
    const char **ids;
    char        *text;

    MC_TRY(mc_arena_array(crm->arena, count, sizeof *ids, (void **)&ids, err));
    MC_TRY(mc_arena_array(crm->arena, count, ID_SIZE, (void **)&text, err));
    for (size_t i = 0; i < count; i++) {
        snprintf(text + i * ID_SIZE, ID_SIZE, "row:%zu", i + 1);
        ids[i] = text + i * ID_SIZE;
    }
    crm->info.probe_ids   = ids;
    crm->info.probe_count = count;
    return MC_OK;
}

static int compare_text(const void *left, const void *right)
{
    const char *const *a = left, *const *b = right;

    return strcmp(*a, *b);
}

mc_status mc_crm_check_ids(const mc_crm *crm, mc_error *err)
{
    size_t       count = crm->info.probe_count;
    const char **sorted;

    MC_TRY(mc_arena_array(crm->arena, count, sizeof *sorted, (void **)&sorted, err));
    memcpy(sorted, crm->info.probe_ids, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_text);
    for (size_t i = 1; i < count; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            return mc_fail(err, MC_ERR_CRM, "give every row an id of its own",
                           "the id '%.100s' stands for two rows", sorted[i]);
    return MC_OK;
}

static int compare_int(const void *left, const void *right)
{
    const int *a = left, *b = right;

    return (*a > *b) - (*a < *b);
}

mc_status mc_crm_settle_layers(mc_crm *crm, mc_error *err)
{
    mc_layers *layers = &crm->info.layers;
    char       name[MC_LAYER_TEXT];

    qsort(layers->items, layers->count, sizeof *layers->items, compare_int);
    for (size_t i = 1; i < layers->count; i++)
        if (layers->items[i - 1] == layers->items[i])
            return mc_fail(err, MC_ERR_CRM, "keep one of the two", "layer %s is there twice",
                           mc_layer_print(layers->items[i], name));
    crm->values = mc_calloc(layers->count, sizeof *crm->values);
    return crm->values ? MC_OK : mc_fail_memory(err, layers->count * sizeof *crm->values);
}

ptrdiff_t mc_crm_layer_index(const mc_crm *crm, int layer)
{
    const mc_layers *layers = &crm->info.layers;
    const int       *at =
        bsearch(&layer, layers->items, layers->count, sizeof *layers->items, compare_int);

    return at ? at - layers->items : -1;
}

/* Whether every layer has the part; a note where only some have. */
static mc_status settle_part(mc_crm *crm, mc_crm_part part, const char *what, bool *has,
                             mc_error *err)
{
    size_t count = 0, layers = crm->info.layers.count;

    for (size_t i = 0; i < layers; i++)
        count += crm->values[i][part] ? 1 : 0;
    *has = count == layers;
    if (count == 0 || count == layers) return MC_OK;
    return mc_crm_note(crm, err, "Only %zu of %zu layers have %s.", count, layers, what);
}

static mc_status settle_blocks(mc_crm *crm, mc_error *err)
{
    const mc_crm_info *info = &crm->info;
    int                last = -1;

    for (size_t i = 0; i < info->layers.count; i++)
        if (info->layers.items[i] != MC_LAYER_FINAL) last = info->layers.items[i];
    if (info->block_count < 0)
        return mc_crm_note(crm, err, "The file does not say how many blocks its model has.");
    if (last > info->block_count)
        return mc_fail(err, MC_ERR_CRM, "the file is damaged; build it again",
                       "has a state %d, but its model %d blocks", last, info->block_count);
    return MC_OK;
}

mc_status mc_crm_settle(mc_crm *crm, mc_error *err)
{
    mc_crm_info *info = &crm->info;

    MC_TRY(settle_part(crm, MC_CRM_SPLIT, "split halves", &info->has_split, err));
    MC_TRY(settle_part(crm, MC_CRM_CONTROL, "control states", &info->has_control, err));
    MC_TRY(settle_part(crm, MC_CRM_CONTROL_SPLIT, "split halves of the control",
                       &info->has_control_split, err));
    MC_TRY(settle_blocks(crm, err));
    if (!info->model[0]) MC_TRY(mc_crm_note(crm, err, "The file does not name its model."));
    if (!crm->pooling_told)
        MC_TRY(mc_crm_note(crm, err, "The file does not say which tokens its rows are of."));
    if (!info->texts.token_ids)
        MC_TRY(mc_crm_note(crm, err, "The file does not hold the token ids of its texts."));
    return MC_OK;
}

/* ---- opening ---- */

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

/* Both forms begin with a brace, after 8 bytes in a safetensors file: whose length may itself
 * look like a brace. */
static bool looks_like_json(mc_span bytes)
{
    uint64_t length = 0;
    size_t   at     = 0;

    while (at < bytes.size && is_blank(bytes.data[at]))
        at++;
    if (at == bytes.size || bytes.data[at] != '{') return false;
    if (bytes.size < 9 || bytes.data[8] != '{') return true;
    for (int i = 0; i < 8; i++)
        length |= (uint64_t)bytes.data[i] << (8 * i);
    return length > bytes.size - 8;
}

static mc_status create(mc_crm **crm, mc_error *err)
{
    mc_crm   *result = mc_calloc(1, sizeof *result);
    mc_status status;

    if (!result) return mc_fail_memory(err, sizeof *result);
    result->info = (mc_crm_info){ .path        = "",
                                  .form        = "",
                                  .model       = "",
                                  .created_at  = "",
                                  .provenance  = "",
                                  .block_count = -1 };
    status       = mc_arena_create(&result->arena, err);
    if (status != MC_OK) {
        mc_crm_close(result);
        return status;
    }
    *crm = result;
    return MC_OK;
}

static mc_status fill(mc_crm *crm, mc_span bytes, const char *path, mc_error *err)
{
    MC_TRY(mc_crm_keep(crm, path, strlen(path), &crm->info.path, err));
    crm->info.file_size = bytes.size;
    if (bytes.size >= 4 && memcmp(bytes.data, "GGUF", 4) == 0)
        return mc_fail(err, MC_ERR_CRM, "mc geometry crm-build makes one of a model",
                       "is a model (GGUF), not a concept response matrix");
    if (looks_like_json(bytes))
        MC_TRY(mc_crm_read_json(crm, bytes, err));
    else
        MC_TRY(mc_crm_read_safetensors(crm, bytes, path, err));
    crm->info.notes = crm->notes;
    return MC_OK;
}

mc_status mc_crm_read(mc_span bytes, const char *path, mc_crm **crm, mc_error *err)
{
    mc_crm   *result = NULL;
    mc_status status = create(&result, err);

    if (status == MC_OK) status = fill(result, bytes, path, err);
    if (status != MC_OK) {
        mc_crm_close(result);
        return mc_fail_about(err, status, "%s", path);
    }
    *crm = result;
    return MC_OK;
}

static void close_map(mc_file_map *map)
{
    if (!map) return;
    mc_file_map_close(map);
    mc_free(map);
}

mc_status mc_crm_open(const char *path, mc_crm **crm, mc_error *err)
{
    mc_file_map    *map   = mc_calloc(1, sizeof *map);
    mc_profile_mark begun = mc_profile_begin();
    mc_crm         *result;
    mc_status       status;

    if (!map) return mc_fail_memory(err, sizeof *map);
    if (mc_path_is_folder(path))
        status =
            mc_fail_about(err,
                          mc_fail(err, MC_ERR_CRM, "mc geometry crm-build makes one of a model",
                                  "is a folder, not a concept response matrix"),
                          "%s", path);
    else
        status = mc_file_map_open(path, map, err);
    if (status != MC_OK) {
        mc_free(map);
        return status;
    }
    status = mc_crm_read(map->bytes, path, &result, err);
    if (status != MC_OK) {
        close_map(map);
        return status;
    }
    result->file = map;
    status       = mc_crm_check(result, err);
    mc_profile_end_stage(begun, "read the file of states");
    if (status == MC_OK)
        *crm = result;
    else
        mc_crm_close(result);
    return status;
}

mc_status mc_crm_check(const mc_crm *crm, mc_error *err)
{
    return crm->file ? mc_file_map_check(crm->file, err) : MC_OK;
}

void mc_crm_close(mc_crm *crm)
{
    if (!crm) return;
    close_map(crm->file);
    mc_layers_clear(&crm->info.layers);
    mc_free(crm->values);
    mc_free(crm->notes);
    mc_arena_free(crm->arena);
    mc_free(crm);
}

const mc_crm_info *mc_crm_get_info(const mc_crm *crm)
{
    return &crm->info;
}

const float *mc_crm_values(const mc_crm *crm, int layer, mc_crm_part part)
{
    ptrdiff_t index = mc_crm_layer_index(crm, layer);

    return index < 0 ? NULL : crm->values[index][part];
}

/* ---- the summary ---- */

static double row_norm(const float *row, size_t hidden, size_t *not_finite)
{
    double sum = 0;

    for (size_t j = 0; j < hidden; j++) {
        sum += (double)row[j] * (double)row[j];
        *not_finite += isfinite(row[j]) ? 0 : 1;
    }
    return sqrt(sum);
}

static int compare_double(const void *left, const void *right)
{
    const double *a = left, *b = right;

    return (*a > *b) - (*a < *b);
}

/* Norms of the finite rows, sorted; returns how many. */
static size_t finite_norms(const float *values, size_t rows, size_t hidden, double *norms,
                           size_t *not_finite)
{
    size_t count = 0;

    for (size_t i = 0; i < rows; i++) {
        double norm = row_norm(values + i * hidden, hidden, not_finite);
        if (isfinite(norm)) norms[count++] = norm;
    }
    qsort(norms, count, sizeof *norms, compare_double);
    return count;
}

static double mean_of(const double *values, size_t count)
{
    double sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return count ? sum / (double)count : NAN;
}

static void summarise_layer(const mc_crm *crm, size_t index, double *norms,
                            mc_crm_layer_summary *out)
{
    const mc_crm_info *info    = &crm->info;
    const float       *states  = crm->values[index][MC_CRM_STATE];
    const float       *control = crm->values[index][MC_CRM_CONTROL];
    size_t             unused = 0, bytes = info->hidden * sizeof(float);
    size_t             count;

    *out = (mc_crm_layer_summary){ .layer             = info->layers.items[index],
                                   .norm_least        = NAN,
                                   .norm_median       = NAN,
                                   .norm_most         = NAN,
                                   .control_norm_mean = NAN };
    if (control) {
        count = finite_norms(control, info->control_rows, info->hidden, norms, &unused);
        out->control_norm_mean = mean_of(norms, count);
    }
    count          = finite_norms(states, info->rows, info->hidden, norms, &out->not_finite);
    out->norm_mean = mean_of(norms, count);
    if (count > 0) {
        out->norm_least  = norms[0];
        out->norm_most   = norms[count - 1];
        out->norm_median = 0.5 * (norms[(count - 1) / 2] + norms[count / 2]);
    }
    for (size_t i = 1; i < info->rows; i++)
        out->equal_rows += memcmp(states, states + i * info->hidden, bytes) == 0 ? 1 : 0;
}

/* "semantic_prime" of "semantic_prime:I"; "" where there is no colon. */
static size_t source_length(const char *id)
{
    const char *colon = strchr(id, ':');

    return colon ? (size_t)(colon - id) : 0;
}

static mc_status add_source(mc_crm_summary *summary, size_t *capacity, const char *id,
                            mc_error *err)
{
    size_t length = source_length(id);
    char  *copy;

    /* Probes of one source stand together: look from the end. */
    for (size_t i = summary->source_count; i-- > 0;) {
        mc_crm_source_summary *source = &summary->sources[i];

        if (strlen(source->source) != length || strncmp(source->source, id, length) != 0)
            continue;
        source->probes++;
        return MC_OK;
    }
    MC_TRY(mc_grow((void **)&summary->sources, capacity, summary->source_count,
                   sizeof *summary->sources, err));
    copy = mc_strndup(id, length);
    if (!copy) return mc_fail_memory(err, length + 1);
    summary->sources[summary->source_count++] = (mc_crm_source_summary){ copy, 1 };
    return MC_OK;
}

mc_status mc_crm_summarise(const mc_crm *crm, mc_crm_summary *summary, mc_error *err)
{
    const mc_crm_info *info   = &crm->info;
    mc_crm_summary     result = { 0 };
    size_t             most = info->rows > info->control_rows ? info->rows : info->control_rows;
    size_t             capacity = 0;
    double            *norms    = mc_alloc_array(most, sizeof *norms);
    mc_status          status   = MC_OK;

    result.layers = mc_alloc_array(info->layers.count, sizeof *result.layers);
    if (!norms || !result.layers) status = mc_fail_memory(err, most * sizeof *norms);
    for (size_t i = 0; status == MC_OK && i < info->layers.count; i++)
        summarise_layer(crm, i, norms, &result.layers[result.layer_count++]);
    for (size_t i = 0; status == MC_OK && i < info->probe_count; i++)
        status = add_source(&result, &capacity, info->probe_ids[i], err);
    mc_free(norms);
    if (status != MC_OK) {
        mc_crm_summary_clear(&result);
        return status;
    }
    *summary = result;
    return MC_OK;
}

void mc_crm_summary_clear(mc_crm_summary *summary)
{
    for (size_t i = 0; i < summary->source_count; i++)
        mc_free((void *)(uintptr_t)summary->sources[i].source);
    mc_free(summary->sources);
    mc_free(summary->layers);
    *summary = (mc_crm_summary){ 0 };
}
