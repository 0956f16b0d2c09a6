/* atlas.c - opening atlases, and finding probes in them. */
#include "atlas/atlas.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/checked.h"
#include "base/embedded.h"
#include "base/input.h"
#include "base/nearest.h"

/* The built-in atlas has 0.4 MB; a file of ten thousand probes has 10. */
#define ATLAS_FILE_MAX ((size_t)256 << 20)

/* ---- putting one together ---- */

mc_status mc_atlas_create(mc_atlas **atlas, mc_error *err)
{
    mc_atlas *result = mc_calloc(1, sizeof *result);
    mc_status status;

    if (!result) return mc_fail_memory(err, sizeof *result);
    result->info = (mc_atlas_info){ .name = "", .selection = "", .path = "", .version = "" };
    result->info.sha256 = result->sha256;
    status              = mc_arena_create(&result->arena, err);
    if (status != MC_OK) {
        mc_atlas_close(result);
        return status;
    }
    *atlas = result;
    return MC_OK;
}

void mc_atlas_close(mc_atlas *atlas)
{
    if (!atlas) return;
    for (size_t i = 0; i < atlas->document_count; i++)
        mc_json_free(atlas->documents[i]);
    mc_free(atlas->documents);
    mc_free(atlas->plain);
    mc_free(atlas->probes.items);
    mc_free(atlas->controls.items);
    mc_free(atlas->by_id);
    mc_free(atlas->by_match);
    mc_arena_free(atlas->arena);
    mc_free(atlas);
}

mc_status mc_probe_list_add(mc_probe_list *list, const mc_probe *probe, mc_error *err)
{
    MC_TRY(mc_grow((void **)&list->items, &list->capacity, list->count, sizeof *probe, err));
    list->items[list->count++] = *probe;
    return MC_OK;
}

static int compare_id(const void *left, const void *right)
{
    const mc_probe *const *a = left, *const *b = right;

    return strcmp((*a)->full_id, (*b)->full_id);
}

static int compare_match(const void *left, const void *right)
{
    const mc_probe *const *a = left, *const *b = right;

    return strcmp((*a)->matches, (*b)->matches);
}

static bool is_control(const mc_probe *probe)
{
    return strcmp(probe->source, MC_CONTROL_SOURCE) == 0;
}

/* Pointers to the probes of both lists, sorted. Control probes may stand in both (when they
 * were asked for as probes): then once. */
static mc_status index_probes(mc_atlas *atlas, mc_error *err)
{
    size_t controls = atlas->controls.count, most = atlas->probes.count + controls;

    atlas->by_id    = mc_alloc_array(most, sizeof *atlas->by_id);
    atlas->by_match = mc_alloc_array(controls, sizeof *atlas->by_match);
    if (!atlas->by_id || !atlas->by_match) return mc_fail_memory(err, most * sizeof(void *));
    for (size_t i = 0; i < atlas->probes.count; i++)
        if (!is_control(&atlas->probes.items[i]))
            atlas->by_id[atlas->by_id_count++] = &atlas->probes.items[i];
    for (size_t i = 0; i < controls; i++) {
        atlas->by_id[atlas->by_id_count++] = &atlas->controls.items[i];
        atlas->by_match[i]                 = &atlas->controls.items[i];
    }
    qsort(atlas->by_id, atlas->by_id_count, sizeof *atlas->by_id, compare_id);
    if (controls) qsort(atlas->by_match, controls, sizeof *atlas->by_match, compare_match);
    return MC_OK;
}

static mc_status check_duplicates(const mc_atlas *atlas, mc_error *err)
{
    for (size_t i = 1; i < atlas->by_id_count; i++)
        if (compare_id(&atlas->by_id[i - 1], &atlas->by_id[i]) == 0)
            return mc_fail(err, MC_ERR_ATLAS, "give each probe of a source its own id",
                           "id '%s' occurs twice", atlas->by_id[i]->full_id);
    for (size_t i = 1; i < atlas->controls.count; i++)
        if (compare_match(&atlas->by_match[i - 1], &atlas->by_match[i]) == 0)
            return mc_fail(err, MC_ERR_ATLAS, "a probe has one control probe",
                           "two control probes match '%s'", atlas->by_match[i]->matches);
    return MC_OK;
}

static const mc_probe *find(const mc_atlas *atlas, const char *full_id)
{
    mc_probe key         = { .full_id = full_id };
    const mc_probe *this = &key;
    const mc_probe **found;

    if (atlas->by_id_count == 0) return NULL;
    found = bsearch(&this, atlas->by_id, atlas->by_id_count, sizeof *atlas->by_id, compare_id);
    return found ? *found : NULL;
}

static const mc_probe *find_control(const mc_atlas *atlas, const char *full_id)
{
    mc_probe key         = { .matches = full_id };
    const mc_probe *this = &key;
    const mc_probe **found;

    if (atlas->controls.count == 0) return NULL;
    found = bsearch(&this, atlas->by_match, atlas->controls.count, sizeof *atlas->by_match,
                    compare_match);
    return found ? *found : NULL;
}

/* What a person may have meant, among the full ids and the ids. */
static const char *nearest_id(const mc_atlas *atlas, const char *typed)
{
    mc_nearest full = { .typed = typed }, bare = { .typed = typed };

    for (size_t i = 0; i < atlas->probes.count; i++) {
        mc_nearest_offer(&full, atlas->probes.items[i].full_id);
        mc_nearest_offer(&bare, atlas->probes.items[i].id);
    }
    if (full.best && (!bare.best || full.distance <= bare.distance)) return full.best;
    return bare.best;
}

/* A control probe stands beside a probe with as many texts. Where only control probes exist, or
 * a part of an atlas was chosen, what they match may be elsewhere. */
static mc_status check_controls(const mc_atlas *atlas, bool partial, mc_error *err)
{
    for (size_t i = 0; i < atlas->controls.count; i++) {
        const mc_probe *control = &atlas->controls.items[i];
        const mc_probe *probe   = find(atlas, control->matches);

        if (probe && !is_control(probe) && probe->text_count != control->text_count)
            return mc_fail(err, MC_ERR_ATLAS, "match text by text",
                           "'%s' has %zu texts, the probe it matches has %zu", control->full_id,
                           control->text_count, probe->text_count);
        if (!probe && !partial) {
            const char *near      = nearest_id(atlas, control->matches);
            char        hint[192] = "name a probe of the same file";

            if (near) snprintf(hint, sizeof hint, "did you mean '%.150s'?", near);
            return mc_fail(err, MC_ERR_ATLAS, hint,
                           "'%.120s' matches '%.120s', which is no probe here",
                           control->full_id, control->matches);
        }
    }
    return MC_OK;
}

mc_status mc_atlas_settle(mc_atlas *atlas, mc_error *err)
{
    bool partial = atlas->info.selection[0] || atlas->probes.count == 0;

    /* Nothing but control probes: they are what is to be measured. */
    for (size_t i = 0; atlas->probes.count == i && i < atlas->controls.count; i++)
        MC_TRY(mc_probe_list_add(&atlas->probes, &atlas->controls.items[i], err));
    MC_TRY(index_probes(atlas, err));
    MC_TRY(check_duplicates(atlas, err));
    MC_TRY(check_controls(atlas, partial, err));
    atlas->info.has_control = true;
    for (size_t i = 0; i < atlas->probes.count; i++) {
        atlas->info.text_count += atlas->probes.items[i].text_count;
        if (!find_control(atlas, atlas->probes.items[i].full_id))
            atlas->info.has_control = false;
    }
    return MC_OK;
}

/* ---- the built-in atlas ---- */

/* Every file gives its probes; all files must be of one version. */
static mc_status add_embedded(mc_atlas *atlas, mc_error *err)
{
    for (const mc_embedded *file = mc_atlas_data; file->name; file++) {
        const char *name, *version;

        MC_TRY(mc_atlas_add_document(atlas, file->text, file->size, file->name, &name, &version,
                                     err));
        if (atlas->info.version[0] && strcmp(atlas->info.version, version) != 0)
            return mc_fail(err, MC_ERR_ATLAS, "the files of data/atlas carry one version",
                           "'%s' has version %s, others have %s", name, version,
                           atlas->info.version);
        atlas->info.version = version;
    }
    return MC_OK;
}

static mc_status hash_embedded(mc_atlas *atlas, mc_error *err)
{
    mc_buffer bytes = { 0 };
    mc_status status;

    for (const mc_embedded *file = mc_atlas_data; file->name; file++)
        mc_buffer_add(&bytes, file->text, file->size);
    status = mc_buffer_status(&bytes, err);
    if (status == MC_OK) mc_sha256(bytes.data, bytes.size, atlas->sha256);
    mc_buffer_clear(&bytes);
    return status;
}

/* Keep the wanted sources, in the order of the sets. */
static mc_status keep_selected(mc_atlas *atlas, const bool *wanted, mc_error *err)
{
    mc_probe_list kept = { 0 };

    for (size_t rank = 0; rank < MC_ATLAS_SOURCES; rank++) {
        const mc_probe_list *from =
            rank + 1 == MC_ATLAS_SOURCES ? &atlas->controls : &atlas->probes;

        for (size_t i = 0; wanted[rank] && i < from->count; i++) {
            mc_status status;

            if (mc_atlas_source_rank(from->items[i].source) != rank) continue;
            status = mc_probe_list_add(&kept, &from->items[i], err);
            if (status == MC_OK) continue;
            mc_free(kept.items);
            return status;
        }
    }
    mc_free(atlas->probes.items);
    atlas->probes = kept;
    return MC_OK;
}

mc_status mc_atlas_open_builtin(const char *selection, mc_atlas **atlas, mc_error *err)
{
    mc_atlas *result;
    bool      wanted[MC_ATLAS_SOURCES];
    mc_status status;

    MC_TRY(mc_atlas_create(&result, err));
    result->info.name = "builtin";
    status = mc_atlas_select(selection, result->arena, wanted, &result->info.selection, err);
    if (status == MC_OK) status = add_embedded(result, err);
    if (status == MC_OK) status = hash_embedded(result, err);
    if (status == MC_OK) status = keep_selected(result, wanted, err);
    if (status == MC_OK && result->probes.count == 0)
        status = mc_fail(err, MC_ERR_ATLAS, "build the program with its data",
                         "the built-in atlas has no such probes");
    if (status == MC_OK) status = mc_atlas_settle(result, err);
    if (status != MC_OK) {
        mc_atlas_close(result);
        return mc_fail_about(err, status, "atlas '%s'", selection ? selection : "all");
    }
    *atlas = result;
    return MC_OK;
}

/* ---- a file ---- */

static mc_status load_file(mc_atlas *atlas, const char *path, const char *text, size_t size,
                           mc_error *err)
{
    char *kept;

    MC_TRY(mc_arena_array(atlas->arena, strlen(path) + 1, 1, (void **)&kept, err));
    memcpy(kept, path, strlen(path) + 1);
    atlas->info.path = kept;
    mc_sha256(text, size, atlas->sha256);
    MC_TRY(mc_atlas_add_document(atlas, text, size, path, &atlas->info.name,
                                 &atlas->info.version, err));
    return mc_atlas_settle(atlas, err);
}

mc_status mc_atlas_read_file(const char *text, size_t size, const char *path, mc_atlas **atlas,
                             mc_error *err)
{
    mc_atlas *result = NULL;
    mc_status status;

    status = mc_atlas_create(&result, err);
    if (status == MC_OK) status = load_file(result, path, text, size, err);
    if (status != MC_OK) {
        mc_atlas_close(result);
        return mc_fail_about(err, status, "%s", path);
    }
    *atlas = result;
    return MC_OK;
}

mc_status mc_atlas_open_file(const char *path, mc_atlas **atlas, mc_error *err)
{
    char     *text;
    size_t    size;
    mc_status status;

    MC_TRY(mc_input_read(path, ATLAS_FILE_MAX, &text, &size, err));
    status = mc_atlas_read_file(text, size, mc_input_name(path), atlas, err);
    mc_free(text);
    return status;
}

/* ---- looking at one ---- */

const mc_atlas_info *mc_atlas_get_info(const mc_atlas *atlas)
{
    return &atlas->info;
}

size_t mc_atlas_count(const mc_atlas *atlas)
{
    return atlas->probes.count;
}

const mc_probe *mc_atlas_probe(const mc_atlas *atlas, size_t index)
{
    return index < atlas->probes.count ? &atlas->probes.items[index] : NULL;
}

const mc_probe *mc_atlas_control(const mc_atlas *atlas, size_t index)
{
    return index < atlas->probes.count ? find_control(atlas, atlas->probes.items[index].full_id)
                                       : NULL;
}

const mc_probe *mc_atlas_find(const mc_atlas *atlas, const char *full_id)
{
    return find(atlas, full_id);
}

static mc_status fail_ambiguous(const mc_atlas *atlas, const char *id, mc_error *err)
{
    char   names[256] = "";
    size_t used       = 0;

    for (size_t i = 0; i < atlas->probes.count && used < sizeof names; i++)
        if (strcmp(atlas->probes.items[i].id, id) == 0)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s",
                                     used ? ", " : "", atlas->probes.items[i].full_id);
    return mc_fail(err, MC_ERR_ATLAS, "give the full id, with its source",
                   "several probes have the id '%s': %s", id, names);
}

mc_status mc_atlas_search(const mc_atlas *atlas, const char *id, const mc_probe **probe,
                          mc_error *err)
{
    const mc_probe *found = find(atlas, id);
    size_t          count = found ? 1 : 0;

    for (size_t i = 0; !found && i < atlas->probes.count; i++)
        count += strcmp(atlas->probes.items[i].id, id) == 0;
    if (count > 1) return fail_ambiguous(atlas, id, err);
    for (size_t i = 0; count == 1 && !found && i < atlas->probes.count; i++)
        if (strcmp(atlas->probes.items[i].id, id) == 0) found = &atlas->probes.items[i];
    if (!found) {
        const char *near = nearest_id(atlas, id);
        char        hint[256];

        snprintf(hint, sizeof hint, "%s%.100s%s`mc geometry atlas list` prints the ids",
                 near ? "did you mean '" : "", near ? near : "", near ? "'? " : "");
        return mc_fail(err, MC_ERR_ATLAS, hint, "no probe is called '%.100s'", id);
    }
    *probe = found;
    return MC_OK;
}
