/* safetensors.c - one file of tensors with a JSON header.
 *
 *     | u64 n | JSON header, n bytes | tensor data |
 *
 *     { "__metadata__": { text: text, ... },
 *       "<name>": { "dtype": "F32", "shape": [out, in], "data_offsets": [begin, end] }, ... }
 *
 * Offsets count from the start of the data; the tensors cover it without gap or overlap. This
 * is one file: folders with their shards are hf_folder.c. */
#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/json.h"
#include "format/store.h"

/* The cap of the format's own reader. */
#define HEADER_MAX 100000000

static mc_status read_header(mc_reader *reader, mc_span *json, mc_error *err)
{
    uint64_t size;

    MC_TRY(mc_read_u64(reader, &size, err));
    if (size > HEADER_MAX)
        return mc_fail(err, MC_ERR_CORRUPT, "is this really a .safetensors file?",
                       "its header has %" PRIu64 " bytes, the format allows %d", size,
                       HEADER_MAX);
    return mc_read_span(reader, size, json, err);
}

static mc_status read_dtype(mc_json_value value, mc_dtype *dtype, mc_error *err)
{
    const char *name;
    size_t      size;

    if (!mc_json_string(value, &name, &size))
        return mc_fail(err, MC_ERR_CORRUPT, "the file is damaged; fetch it again",
                       "dtype is %s, not a string", mc_json_type_name(mc_json_type_of(value)));
    *dtype = mc_dtype_from_safetensors(name, size);
    if (*dtype == MC_DTYPE_NONE)
        return mc_fail(err, MC_ERR_DTYPE,
                       "convert the model to F32, F16 or BF16, or fetch another variant of it",
                       "unknown data type '%.*s'", size < 40 ? (int)size : 40, name);
    return MC_OK;
}

static mc_status read_shape(mc_json_value value, mc_tensor *tensor, mc_error *err)
{
    if (mc_json_type_of(value) != MC_JSON_ARRAY)
        return mc_fail(err, MC_ERR_CORRUPT, "the file is damaged; fetch it again",
                       "shape is %s, not an array", mc_json_type_name(mc_json_type_of(value)));
    if (mc_json_count(value) > MC_RANK_MAX)
        return mc_fail(err, MC_ERR_UNSUPPORTED, "only language models can be read",
                       "has %zu dimensions, at most %d are supported", mc_json_count(value),
                       MC_RANK_MAX);
    for (mc_json_iter it = mc_json_iterate(value); mc_json_next(&it);)
        if (!mc_json_uint64(it.value, &tensor->shape[tensor->rank++]))
            return mc_fail(err, MC_ERR_CORRUPT, "the file is damaged; fetch it again",
                           "shape holds something that is no size");
    return MC_OK;
}

static mc_status read_offsets(mc_json_value value, uint64_t *begin, uint64_t *end,
                              mc_error *err)
{
    uint64_t numbers[2];
    int      count = 0;

    for (mc_json_iter it = mc_json_iterate(value); count < 2 && mc_json_next(&it); count++)
        if (!mc_json_uint64(it.value, &numbers[count])) break;
    if (count != 2 || mc_json_count(value) != 2 || numbers[0] > numbers[1])
        return mc_fail(err, MC_ERR_CORRUPT, "the file is damaged; fetch it again",
                       "data_offsets is not a pair [begin, end]");
    *begin = numbers[0];
    *end   = numbers[1];
    return MC_OK;
}

static mc_status read_tensor(mc_store *store, mc_places *places, mc_span name,
                             mc_json_value entry, mc_error *err)
{
    mc_tensor tensor = { 0 };
    uint64_t  begin, end, size;

    MC_TRY(read_dtype(mc_json_get(entry, "dtype"), &tensor.dtype, err));
    MC_TRY(read_shape(mc_json_get(entry, "shape"), &tensor, err));
    MC_TRY(read_offsets(mc_json_get(entry, "data_offsets"), &begin, &end, err));
    if (!mc_tensor_size(&tensor, &size))
        return mc_fail(err, MC_ERR_CORRUPT, "the file is damaged; fetch it again",
                       "its shape overflows");
    if (size != end - begin)
        return mc_fail(err, MC_ERR_CORRUPT, "the file is damaged; fetch it again",
                       "shape and type need %" PRIu64 " bytes, data_offsets give %" PRIu64,
                       size, end - begin);
    return mc_store_add(store, places, name, &tensor, begin, err);
}

static mc_status read_entries(mc_store *store, mc_places *places, mc_json_value root,
                              mc_error *err)
{
    bool has_metadata = false;

    if (mc_json_type_of(root) != MC_JSON_OBJECT)
        return mc_fail(err, MC_ERR_CORRUPT, "is this really a .safetensors file?",
                       "its header is %s, not an object",
                       mc_json_type_name(mc_json_type_of(root)));
    for (mc_json_iter it = mc_json_iterate(root); mc_json_next(&it);) {
        mc_span   name = { (const uint8_t *)it.key, it.key_size };
        mc_status status;

        if (it.key_size == 12 && !memcmp(it.key, "__metadata__", 12)) {
            if (has_metadata || mc_json_type_of(it.value) != MC_JSON_OBJECT)
                return mc_fail(err, MC_ERR_CORRUPT, "the file is damaged; fetch it again",
                               "__metadata__ is not one object");
            has_metadata = true;
            continue;
        }
        if (!mc_name_is_plain(name))
            return mc_fail(err, MC_ERR_CORRUPT, "the file is damaged; fetch it again",
                           "a tensor's name is empty or holds control characters");
        status = read_tensor(store, places, name, it.value, err);
        if (status != MC_OK)
            return mc_fail_about(err, status, "%s: tensor '%.*s'", places->path,
                                 it.key_size < 200 ? (int)it.key_size : 200, it.key);
    }
    return MC_OK;
}

mc_status mc_safetensors_read(mc_store *store, mc_span bytes, const char *path, mc_error *err)
{
    mc_places places = { .path = path,
                         .file = (uint32_t)(store->file_count ? store->file_count - 1 : 0) };
    mc_reader reader = { .bytes = bytes };
    mc_json  *json   = NULL;
    mc_span   header, data;
    mc_status status = read_header(&reader, &header, err);

    if (status == MC_OK)
        status = mc_json_parse((const char *)header.data, header.size, &json, err);
    if (status == MC_OK) status = read_entries(store, &places, mc_json_root(json), err);
    if (status == MC_OK) status = mc_read_span(&reader, mc_reader_left(&reader), &data, err);
    if (status == MC_OK) status = mc_places_settle(&places, store, data, true, err);
    mc_json_free(json);
    mc_free(places.items);
    return status == MC_OK ? status : mc_fail_about(err, status, "%s", path);
}
