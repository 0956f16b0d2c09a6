/* hf_folder.c - a Hugging Face folder: config.json and weights as safetensors.
 *
 *     model.safetensors                      one file, or
 *     model.safetensors.index.json           { "weight_map": { tensor: file, ... } }, or
 *     model*.safetensors, weights*.safetensors   without an index, as MLX writes them
 *
 * Links inside the folder are followed: the hub's cache is made of them. Names in the index are
 * not trusted: they may not leave the folder. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "format/store.h"

/* Far above what models need: the index of a 700 GB model has 9 MB. */
#define CONFIG_LIMIT ((size_t)64 << 20)
#define INDEX_LIMIT ((size_t)256 << 20)

typedef struct file_list {
    char **names;
    size_t count, capacity;
} file_list;

static void clear_list(file_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        mc_free(list->names[i]);
    mc_free(list->names);
}

static bool has_suffix(const char *name, const char *suffix)
{
    size_t length = strlen(name), tail = strlen(suffix);

    return length >= tail && strcmp(name + length - tail, suffix) == 0;
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* The folder's files that end in `suffix`, sorted. */
static mc_status list_files(const char *folder, const char *suffix, file_list *list,
                            mc_error *err)
{
    mc_status      status = MC_OK;
    struct dirent *entry;
    DIR           *open = opendir(folder);

    if (!open) return mc_fail_errno(err, "check the folder's permissions", "cannot list");
    while (status == MC_OK && (entry = readdir(open))) {
        if (!has_suffix(entry->d_name, suffix) || entry->d_name[0] == '.') continue;
        status = mc_grow((void **)&list->names, &list->capacity, list->count,
                         sizeof *list->names, err);
        if (status != MC_OK) break;
        list->names[list->count] = mc_strdup(entry->d_name);
        if (!list->names[list->count]) status = mc_fail_memory(err, strlen(entry->d_name));
        if (status == MC_OK) list->count++;
    }
    closedir(open);
    if (list->count > 0) qsort(list->names, list->count, sizeof *list->names, compare_names);
    return status;
}

static bool folder_has(const mc_store *store, const char *suffix, char *first, size_t size)
{
    file_list list  = { 0 };
    bool      found = false;

    if (list_files(store->folder, suffix, &list, NULL) == MC_OK && list.count > 0) {
        strncpy(first, list.names[0], size - 1);
        first[size - 1] = '\0';
        found           = true;
    }
    clear_list(&list);
    return found;
}

static bool folder_holds(const mc_store *store, const char *name)
{
    char *path  = NULL;
    bool  holds = mc_store_beside(store, name, &path, NULL) == MC_OK && path;

    mc_free(path);
    return holds;
}

static mc_status fail_no_config(const mc_store *store, mc_error *err)
{
    char      name[256];
    mc_status status = MC_ERR_NOT_FOUND;

    if (access(store->folder, R_OK | X_OK) != 0)
        status = mc_fail_errno(err, "check its permissions", "cannot look into the folder");
    else if (folder_holds(store, "adapter_config.json"))
        mc_fail(err, MC_ERR_NOT_FOUND, "name the base model, and this folder as its adapter",
                "is an adapter without its base model (there is no config.json)");
    else if (folder_has(store, ".gguf", name, sizeof name))
        mc_fail(err, MC_ERR_NOT_FOUND, "name one GGUF file of the folder instead",
                "has no config.json, but GGUF files ('%s')", name);
    else
        mc_fail(err, MC_ERR_NOT_FOUND,
                "is this a model's folder? config.json comes with the weights",
                "has no config.json");
    return mc_fail_about(err, status, "%s", store->path);
}

static mc_status fail_no_weights(const mc_store *store, mc_error *err)
{
    mc_status status = MC_ERR_NOT_FOUND;
    char      name[256];

    if (folder_has(store, ".bin", name, sizeof name) ||
        folder_has(store, ".pth", name, sizeof name) ||
        folder_has(store, ".pt", name, sizeof name))
        status =
            mc_fail(err, MC_ERR_UNSUPPORTED,
                    "convert it: transformers' save_pretrained writes safetensors; pickles "
                    "can run code and are never opened",
                    "holds its weights as a PyTorch pickle ('%s')", name);
    else if (folder_has(store, ".gguf", name, sizeof name))
        mc_fail(err, status, "name one GGUF file of the folder instead",
                "has no safetensors, but GGUF files ('%s')", name);
    else
        mc_fail(err, status, "fetch the model's weights into the folder",
                "has config.json but no model.safetensors and no "
                "model.safetensors.index.json");
    return mc_fail_about(err, status, "%s", store->path);
}

/* Relative, and no component climbs. */
static bool is_inside(const char *name, size_t size)
{
    const char *end = name + size;

    if (size == 0 || name[0] == '/' || memchr(name, '\0', size) || memchr(name, '\\', size))
        return false;
    for (const char *part = name; part < end;) {
        const char *slash  = memchr(part, '/', (size_t)(end - part));
        size_t      length = (size_t)((slash ? slash : end) - part);
        if (length == 0 || (length <= 2 && !memcmp(part, "..", length))) return false;
        part += length + 1;
    }
    return true;
}

static mc_status check_shard_name(const char *name, size_t size, mc_error *err)
{
    if (!is_inside(name, size) || !mc_name_is_plain((mc_span){ (const uint8_t *)name, size }))
        return mc_fail(err, MC_ERR_UNSAFE_PATH, "do not use this model unless you trust it",
                       "names the file '%.*s', which is not inside the folder",
                       size < 100 ? (int)size : 100, name);
    if (size < 12 || memcmp(name + size - 12, ".safetensors", 12) != 0)
        return mc_fail(err, MC_ERR_UNSUPPORTED, "convert the model to safetensors",
                       "names the file '%.*s', which is no safetensors file",
                       size < 100 ? (int)size : 100, name);
    return MC_OK;
}

static mc_status open_file(mc_store *store, const char *name, mc_error *err)
{
    char              *path = mc_path_join(store->folder, name);
    const mc_file_map *map;
    mc_status          status = MC_OK;

    if (!path) return mc_fail_memory(err, strlen(name));
    if (!mc_path_exists(path)) {
        mc_fail(err, MC_ERR_NOT_FOUND, "the model is incomplete; fetch the missing file",
                "the weights file is missing");
        status = mc_fail_about(err, MC_ERR_NOT_FOUND, "%s", path);
    }
    if (status == MC_OK) status = mc_store_map(store, path, &map, err);
    if (status == MC_OK) status = mc_safetensors_read(store, map->bytes, map->path, err);
    mc_free(path);
    return status;
}

/* Names of the shards in the order in which the index has them first. */
static mc_status collect_shards(mc_json_value map, mc_name_index *shards, mc_error *err)
{
    const char *name;
    size_t      size;
    int         added;

    if (mc_json_type_of(map) != MC_JSON_OBJECT || mc_json_count(map) == 0)
        return mc_fail(err, MC_ERR_CORRUPT, "fetch the file again",
                       "holds no weight_map from tensors to files");
    for (mc_json_iter it = mc_json_iterate(map); mc_json_next(&it);) {
        if (!mc_json_string(it.value, &name, &size))
            return mc_fail(err, MC_ERR_CORRUPT, "fetch the file again",
                           "weight_map gives %s for a file's name",
                           mc_json_type_name(mc_json_type_of(it.value)));
        MC_TRY(check_shard_name(name, size, err));
        MC_TRY(
            mc_name_index_add(shards, (mc_span){ (const uint8_t *)name, size }, &added, err));
    }
    return MC_OK;
}

/* Every tensor of the index is in the file that the index names. */
static mc_status check_map(const mc_store *store, mc_json_value map,
                           const mc_name_index *shards, mc_error *err)
{
    for (mc_json_iter it = mc_json_iterate(map); mc_json_next(&it);) {
        mc_span     key  = { (const uint8_t *)it.key, it.key_size };
        size_t      at   = mc_name_index_find(&store->tensor_names, key);
        const char *name = "";
        size_t      size = 0;

        mc_json_string(it.value, &name, &size);
        if (at != MC_NAME_ABSENT &&
            store->tensors[at].file ==
                mc_name_index_find(shards, (mc_span){ (const uint8_t *)name, size }))
            continue;
        return mc_fail(err, MC_ERR_TENSOR_MISSING,
                       "index and weights do not belong together; fetch the model again",
                       "places tensor '%.*s' in '%.*s', which does not hold it",
                       it.key_size < 120 ? (int)it.key_size : 120, it.key,
                       size < 100 ? (int)size : 100, name);
    }
    return MC_OK;
}

static mc_status open_shard(mc_store *store, mc_span name, mc_error *err)
{
    char     *copy = mc_strndup((const char *)name.data, name.size);
    mc_status status;

    if (!copy) return mc_fail_memory(err, name.size);
    status = open_file(store, copy, err);
    mc_free(copy);
    return status;
}

static mc_status open_index(mc_store *store, const char *path, mc_error *err)
{
    mc_name_index shards = { 0 };
    mc_json      *json   = NULL;
    mc_json_value map    = { 0 };
    mc_status     status = mc_json_load(path, INDEX_LIMIT, &json, err);

    if (status == MC_OK) {
        map    = mc_json_get(mc_json_root(json), "weight_map");
        status = collect_shards(map, &shards, err);
    }
    for (size_t i = 0; status == MC_OK && i < shards.count; i++)
        status = open_shard(store, shards.names[i], err);
    if (status == MC_OK) status = check_map(store, map, &shards, err);
    mc_name_index_clear(&shards);
    mc_json_free(json);
    return status == MC_OK ? status : mc_fail_about(err, status, "%s", path);
}

static mc_status open_loose(mc_store *store, mc_error *err)
{
    file_list list   = { 0 };
    size_t    opened = 0;
    mc_status status = list_files(store->folder, ".safetensors", &list, err);

    for (size_t i = 0; status == MC_OK && i < list.count; i++) {
        if (strncmp(list.names[i], "model", 5) != 0 &&
            strncmp(list.names[i], "weights", 7) != 0)
            continue;
        status = open_file(store, list.names[i], err);
        opened++;
    }
    clear_list(&list);
    if (status == MC_OK && opened == 0) status = fail_no_weights(store, err);
    return status;
}

static mc_status open_weights(mc_store *store, mc_error *err)
{
    char     *single = NULL, *index = NULL;
    mc_status status = mc_store_beside(store, "model.safetensors", &single, err);

    if (status == MC_OK)
        status = mc_store_beside(store, "model.safetensors.index.json", &index, err);
    if (status == MC_OK)
        status = single  ? open_file(store, "model.safetensors", err)
                 : index ? open_index(store, index, err)
                         : open_loose(store, err);
    mc_free(single);
    mc_free(index);
    return status;
}

static mc_status open_folder(mc_store *store, mc_error *err)
{
    char     *path, *text = NULL;
    size_t    size;
    mc_status status;

    MC_TRY(mc_store_beside(store, "config.json", &path, err));
    if (!path) return fail_no_config(store, err);
    status = mc_file_read(path, CONFIG_LIMIT, &text, &size, err);
    if (status == MC_OK) {
        store->config_sum = mc_hash_bytes(text, size);
        status            = mc_json_parse(text, size, &store->config, err);
        if (status != MC_OK) mc_fail_about(err, status, "%s", path);
    }
    mc_free(text);
    if (status == MC_OK && mc_json_type_of(mc_json_root(store->config)) != MC_JSON_OBJECT) {
        mc_fail(err, MC_ERR_CONFIG, "fetch the file again", "is not a JSON object");
        status = mc_fail_about(err, MC_ERR_CONFIG, "%s", path);
    }
    mc_free(path);
    return status == MC_OK ? open_weights(store, err) : status;
}

static bool probe(const char *path)
{
    return mc_path_is_folder(path) != 0;
}

const mc_format mc_format_safetensors = {
    .name    = "safetensors",
    .dialect = MC_DIALECT_HF,
    .probe   = probe,
    .open    = open_folder,
    .read    = mc_safetensors_read,
};
