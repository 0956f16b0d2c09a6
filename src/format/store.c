/* store.c - the store itself: opening, names, tensors and their places in the files. */
#include "format/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"

bool mc_name_is_plain(mc_span name)
{
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] < 0x20 || name.data[i] == 0x7f) return false;
    return name.size > 0;
}

bool mc_tensor_size(const mc_tensor *tensor, uint64_t *bytes)
{
    uint64_t rows = 1, row;

    for (int i = 0; i + 1 < tensor->rank; i++)
        if (__builtin_mul_overflow(rows, tensor->shape[i], &rows)) return false;
    row = tensor->rank > 0 ? tensor->shape[tensor->rank - 1] : 1;
    if (!mc_dtype_row_size(tensor->dtype, row, &row)) return false;
    return !__builtin_mul_overflow(rows, row, bytes);
}

mc_status mc_store_map(mc_store *store, const char *path, const mc_file_map **map,
                       mc_error *err)
{
    MC_TRY(mc_grow((void **)&store->files, &store->file_capacity, store->file_count,
                   sizeof *store->files, err));
    MC_TRY(mc_file_map_open(path, &store->files[store->file_count], err));
    *map = &store->files[store->file_count++];
    return MC_OK;
}

mc_status mc_store_add(mc_store *store, mc_places *places, mc_span name,
                       const mc_tensor *tensor, uint64_t begin, mc_error *err)
{
    mc_place place = { .begin = begin, .tensor = store->tensor_names.count };
    char    *copy;
    int      added;

    if (!mc_tensor_size(tensor, &place.size))
        return mc_fail(err, MC_ERR_CORRUPT, "the file is damaged; fetch it again",
                       "its shape does not fit its type %s", mc_dtype_get(tensor->dtype)->name);
    MC_TRY(mc_grow((void **)&store->tensors, &store->tensor_capacity, place.tensor,
                   sizeof *store->tensors, err));
    MC_TRY(mc_grow((void **)&places->items, &places->capacity, places->count,
                   sizeof *places->items, err));
    MC_TRY(mc_arena_array(store->texts, name.size + 1, 1, (void **)&copy, err));
    memcpy(copy, name.data, name.size);
    copy[name.size] = '\0';
    name.data       = (const uint8_t *)copy;
    MC_TRY(mc_name_index_add(&store->tensor_names, name, &added, err));
    if (!added)
        return mc_fail(err, MC_ERR_CORRUPT, "the model is damaged; fetch it again",
                       "the name occurs twice");
    store->tensors[place.tensor]      = *tensor;
    store->tensors[place.tensor].name = copy;
    store->tensors[place.tensor].file = places->file;
    places->items[places->count++]    = place;
    return MC_OK;
}

static int compare_places(const void *left, const void *right)
{
    const mc_place *a = left, *b = right;

    if (a->begin != b->begin) return a->begin < b->begin ? -1 : 1;
    if (a->size != b->size) return a->size < b->size ? -1 : 1; /* empty ones first */
    return a->tensor < b->tensor ? -1 : a->tensor > b->tensor;
}

/* `end` is where the tensors before this one end. */
static mc_status settle(const mc_place *place, mc_tensor *tensor, mc_span data, uint64_t end,
                        bool dense, mc_error *err)
{
    static const char hint[] = "the file is damaged; fetch it again";

    if (place->begin > data.size || place->size > data.size - place->begin)
        return mc_fail(err, MC_ERR_TRUNCATED,
                       "the file is probably truncated; fetch it again and compare sizes",
                       "needs %" PRIu64 " bytes at offset %" PRIu64
                       " of the data, which has %zu",
                       place->size, place->begin, data.size);
    if (place->begin < end)
        return mc_fail(err, MC_ERR_CORRUPT, hint,
                       "starts at %" PRIu64 ", inside the tensor before it", place->begin);
    if (dense && place->begin > end)
        return mc_fail(err, MC_ERR_CORRUPT, hint,
                       "%" PRIu64 " bytes before it belong to no tensor", place->begin - end);
    tensor->bytes = (mc_span){ data.data + place->begin, (size_t)place->size };
    return MC_OK;
}

mc_status mc_places_settle(mc_places *places, mc_store *store, mc_span data, bool dense,
                           mc_error *err)
{
    uint64_t end = 0;

    if (places->count > 0)
        qsort(places->items, places->count, sizeof *places->items, compare_places);
    for (size_t i = 0; i < places->count; i++) {
        const mc_place *place  = &places->items[i];
        mc_tensor      *tensor = &store->tensors[place->tensor];
        mc_status       status = settle(place, tensor, data, end, dense, err);

        if (status != MC_OK)
            return mc_fail_about(err, status, "%s: tensor '%s'", places->path, tensor->name);
        end = place->begin + place->size;
    }
    if (dense && end < data.size) {
        mc_fail(err, MC_ERR_CORRUPT, "the file is damaged; fetch it again",
                "%" PRIu64 " bytes after the last tensor belong to no tensor", data.size - end);
        return mc_fail_about(err, MC_ERR_CORRUPT, "%s", places->path);
    }
    return MC_OK;
}

static const mc_format *probe(const char *path)
{
    for (const mc_format *const *row = mc_format_table; *row; row++)
        if ((*row)->probe(path)) return *row;
    return NULL;
}

/* Whether a file begins as concept response matrices do, in either form. */
static bool holds_states(const char *path)
{
    static const char *const marks[] = { "\"mc.schema\"", "\"probes\":\"", "\"state.",
                                         "\"modelIdentifier\"" };
    char                     start[512];
    size_t                   size = mc_file_start(path, start, sizeof start - 1);

    for (size_t i = 0; i < size; i++)
        if (!start[i]) start[i] = ' '; /* the length before a header */
    start[size] = '\0';
    for (size_t i = 0; i < MC_ARRAY_LEN(marks); i++)
        if (strstr(start, marks[i])) return true;
    return false;
}

static mc_status fail_no_format(const char *path, mc_error *err)
{
    size_t    length = strlen(path);
    mc_status status;

    if (!mc_path_is_file(path))
        status = mc_fail(err, MC_ERR_ARGUMENT, "name a Hugging Face folder or a .gguf file",
                         "is neither a folder nor a regular file");
    else if (holds_states(path))
        status = mc_fail(err, MC_ERR_ARGUMENT,
                         "`mc geometry crm-show` prints it, crm-compare and "
                         "intrinsic-dimension read it",
                         "is a concept response matrix, not a model");
    else if (length > 12 && strcmp(path + length - 12, ".safetensors") == 0)
        status = mc_fail(err, MC_ERR_ARGUMENT,
                         "name the folder that holds config.json and the weights",
                         "is the weights file of a model, not the model");
    else
        status =
            mc_fail(err, MC_ERR_UNSUPPORTED,
                    "name a Hugging Face folder (config.json and safetensors) or a .gguf file",
                    "is in no known model format");
    return mc_fail_about(err, status, "%s", path);
}

static char *copy_base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return mc_strdup(slash && slash[1] ? slash + 1 : path);
}

/* What of a file's name names the model: whichever part of a split one is given, it is the same
 * model. */
static size_t stem_length(const char *name)
{
    const char *dot = strrchr(name, '.');
    size_t      stem;
    unsigned    parts;

    if (mc_gguf_parse_split_name(name, &stem, &parts) && stem > 0) return stem;
    return dot > name ? (size_t)(dot - name) : strlen(name);
}

/* Repository, else folder, else the stem of the file. */
static char *derive_name(const char *path, bool is_folder)
{
    char *resolved = realpath(path, NULL);
    char *name     = mc_hf_cache_name(is_folder && resolved ? resolved : path);

    if (!name) {
        name = copy_base_name(is_folder && resolved ? resolved : path);
        if (name && !is_folder) name[stem_length(name)] = '\0';
    }
    free(resolved); /* from libc's own allocator */
    return name;
}

static char *derive_folder(const char *path, bool is_folder)
{
    const char *slash = strrchr(path, '/');

    if (is_folder) return mc_strdup(path);
    if (!slash) return mc_strdup(".");
    return slash == path ? mc_strdup("/") : mc_strndup(path, (size_t)(slash - path));
}

/* The path that `model` means: itself if it exists, else the local cache's. */
static mc_status resolve(const char *model, char **path, mc_error *err)
{
    if (!mc_path_exists(model)) return mc_hf_cache_find(model, path, err);
    *path = mc_strdup(model);
    return *path ? MC_OK : mc_fail_memory(err, strlen(model) + 1);
}

static mc_status create(mc_store **store, mc_error *err)
{
    mc_store *result = mc_calloc(1, sizeof *result);
    mc_status status;

    if (!result) return mc_fail_memory(err, sizeof *result);
    status = mc_arena_create(&result->texts, err);
    if (status != MC_OK) mc_free(result);
    if (status == MC_OK) *store = result;
    return status;
}

static mc_status open_path(mc_store *store, const char *model, mc_error *err)
{
    bool is_folder;

    MC_TRY(resolve(model, &store->path, err));
    is_folder     = mc_path_is_folder(store->path);
    store->folder = derive_folder(store->path, is_folder);
    store->name   = derive_name(store->path, is_folder);
    if (!store->folder || !store->name) return mc_fail_memory(err, strlen(store->path));
    store->format = probe(store->path);
    if (!store->format) return fail_no_format(store->path, err);
    MC_TRY(store->format->open(store, err));
    return mc_store_check(store, err);
}

mc_status mc_store_open(const char *model, mc_store **store, mc_error *err)
{
    mc_store *result;
    mc_status status = create(&result, err);

    if (status == MC_OK) {
        status = open_path(result, model, err);
        if (status == MC_OK)
            *store = result;
        else
            mc_store_close(result);
    }
    return status == MC_OK ? status : mc_fail_about(err, status, "%s", model);
}

static mc_status open_bytes(const mc_format *format, mc_span bytes, const char *path,
                            mc_store **store, mc_error *err)
{
    mc_store *result;
    mc_status status;

    MC_TRY(create(&result, err));
    result->format = format;
    status         = format->read(result, bytes, path, err);
    if (status != MC_OK) {
        mc_store_close(result);
        return mc_fail_about(err, status, "%s", path);
    }
    *store = result;
    return MC_OK;
}

mc_status mc_store_open_bytes(const mc_format *format, mc_span bytes, mc_store **store,
                              mc_error *err)
{
    return open_bytes(format, bytes, "memory", store, err);
}

mc_status mc_safetensors_open(mc_span bytes, const char *path, mc_store **store, mc_error *err)
{
    return open_bytes(&mc_format_safetensors, bytes, path, store, err);
}

void mc_store_close(mc_store *store)
{
    if (!store) return;
    for (size_t i = 0; i < store->file_count; i++)
        mc_file_map_close(&store->files[i]);
    mc_free(store->files);
    mc_free(store->tensors);
    mc_name_index_clear(&store->tensor_names);
    mc_gguf_table_clear(&store->gguf);
    mc_arena_free(store->texts);
    mc_json_free(store->config);
    mc_free(store->path);
    mc_free(store->folder);
    mc_free(store->name);
    mc_free(store);
}

const char *mc_store_path(const mc_store *store)
{
    return store->path ? store->path : "memory";
}

const char *mc_store_format(const mc_store *store)
{
    return store->format->name;
}

mc_dialect mc_store_dialect(const mc_store *store)
{
    return store->format->dialect;
}

const char *mc_store_name(const mc_store *store)
{
    return store->name ? store->name : "memory";
}

size_t mc_store_tensor_count(const mc_store *store)
{
    return store->tensor_names.count;
}

void mc_tensor_print_shape(const mc_tensor *tensor, char text[MC_SHAPE_TEXT])
{
    size_t used = 0;

    text[0] = '\0';
    for (int i = 0; i < tensor->rank; i++)
        used += (size_t)snprintf(text + used, MC_SHAPE_TEXT - used, "%s%" PRIu64, i ? ", " : "",
                                 tensor->shape[i]);
}

const mc_tensor *mc_store_tensor(const mc_store *store, size_t index)
{
    return &store->tensors[index];
}

const mc_tensor *mc_store_find(const mc_store *store, const char *name)
{
    mc_span span = { (const uint8_t *)name, strlen(name) };
    size_t  at   = mc_name_index_find(&store->tensor_names, span);

    return at == MC_NAME_ABSENT ? NULL : &store->tensors[at];
}

size_t mc_store_file_count(const mc_store *store)
{
    return store->file_count;
}

const mc_file_map *mc_store_file(const mc_store *store, size_t index)
{
    return &store->files[index];
}

mc_status mc_store_check(const mc_store *store, mc_error *err)
{
    for (size_t i = 0; i < store->file_count; i++)
        MC_TRY(mc_file_map_check(&store->files[i], err));
    return MC_OK;
}

mc_json_value mc_store_config(const mc_store *store)
{
    return store->config ? mc_json_root(store->config) : (mc_json_value){ 0 };
}

mc_status mc_store_beside(const mc_store *store, const char *name, char **path, mc_error *err)
{
    *path = NULL;
    return store->folder ? mc_path_find(store->folder, name, path, err) : MC_OK;
}

static bool is_beside(const mc_store *store, const char *name, const char *path)
{
    char *found = NULL;
    bool  same  = mc_store_beside(store, name, &found, NULL) == MC_OK && found &&
                mc_path_is_same(found, path);

    mc_free(found);
    return same;
}

bool mc_store_owns(const mc_store *store, const char *path)
{
    static const char *const names[] = {
        "config.json",
        "generation_config.json",
        "model.safetensors.index.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "tokenizer.model",
        "added_tokens.json",
        "chat_template.json",
        "chat_template.jinja",
        "vocab.json",
        "vocab.txt",
        "merges.txt",
    };
    bool owns = false;

    for (size_t i = 0; !owns && i < store->file_count; i++)
        owns = mc_path_is_same(store->files[i].path, path);
    for (size_t i = 0; !owns && i < MC_ARRAY_LEN(names); i++)
        owns = is_beside(store, names[i], path);
    return owns;
}
