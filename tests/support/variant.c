/* variant.c - see variant.h. */
#include "support/variant.h"

#include <dirent.h>
#include <fnmatch.h>

#include "base/alloc.h"
#include "base/file_map.h"
#include "base/json_write.h"
#include "format/store.h"
#include "support/check.h"

static void write_file(const char *path, const char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");

    CHECK(path, file != NULL);
    CHECK(path, fwrite(bytes, 1, size, file) == size && fclose(file) == 0);
}

static void write_value(mc_json_writer *out, mc_json_value value, mc_json_value patch);

static void write_key(mc_json_writer *out, const char *key, size_t size, mc_json_value value,
                      mc_json_value patch)
{
    char *text = mc_strndup(key, size);

    mc_json_key(out, text);
    write_value(out, value, patch);
    mc_free(text);
}

static mc_json_value member(mc_json_value object, const char *key, size_t size)
{
    char         *text  = mc_strndup(key, size);
    mc_json_value value = mc_json_get(object, text);

    mc_free(text);
    return value;
}

static void write_object(mc_json_writer *out, mc_json_value value, mc_json_value patch)
{
    mc_json_begin_object(out);
    for (mc_json_iter it = mc_json_iterate(value); mc_json_next(&it);) {
        mc_json_value change = member(patch, it.key, it.key_size);
        if (mc_json_type_of(change) == MC_JSON_NULL) continue;
        write_key(out, it.key, it.key_size, it.value, change);
    }
    for (mc_json_iter it = mc_json_iterate(patch); mc_json_next(&it);)
        if (mc_json_type_of(member(value, it.key, it.key_size)) == MC_JSON_NONE &&
            mc_json_type_of(it.value) != MC_JSON_NULL)
            write_key(out, it.key, it.key_size, it.value, (mc_json_value){ 0 });
    mc_json_end_object(out);
}

static void write_scalar(mc_json_writer *out, mc_json_value value)
{
    const char *text;
    size_t      size;
    double      number;
    int64_t     whole;
    bool        truth;

    switch (mc_json_type_of(value)) {
    case MC_JSON_BOOL:
        mc_json_bool(value, &truth);
        mc_json_put_bool(out, truth);
        break;
    case MC_JSON_INTEGER:
        mc_json_int64(value, &whole);
        mc_json_put_int(out, whole);
        break;
    case MC_JSON_DOUBLE:
        mc_json_double(value, &number);
        mc_json_put_double(out, number);
        break;
    case MC_JSON_STRING:
        mc_json_string(value, &text, &size);
        mc_json_put_span(out, text, size);
        break;
    default: mc_json_put_null(out); break;
    }
}

static void write_value(mc_json_writer *out, mc_json_value value, mc_json_value patch)
{
    mc_json_type changed = mc_json_type_of(patch);

    if (changed != MC_JSON_NONE &&
        !(changed == MC_JSON_OBJECT && mc_json_type_of(value) == MC_JSON_OBJECT)) {
        value = patch;
        patch = (mc_json_value){ 0 };
    }
    if (mc_json_type_of(value) == MC_JSON_OBJECT) {
        write_object(out, value, patch);
    } else if (mc_json_type_of(value) == MC_JSON_ARRAY) {
        mc_json_begin_array(out);
        for (mc_json_iter it = mc_json_iterate(value); mc_json_next(&it);)
            write_value(out, it.value, (mc_json_value){ 0 });
        mc_json_end_array(out);
    } else {
        write_scalar(out, value);
    }
}

static void write_config(const char *from, const char *to, mc_json_value patch)
{
    mc_json       *json   = NULL;
    mc_buffer      text   = { 0 };
    mc_json_writer writer = mc_json_writer_init(&text, 0);
    mc_error       err    = { 0 };

    CHECK_OK(from, mc_json_load(from, 1 << 20, &json, &err));
    write_value(&writer, mc_json_root(json), patch);
    write_file(to, text.data, text.size);
    mc_buffer_clear(&text);
    mc_json_free(json);
}

/* 0 and 1 in the tensor's own type. */
static void fill(const mc_tensor *tensor, char *bytes, float value)
{
    uint32_t bits;
    size_t   size = tensor->dtype == MC_DTYPE_F32 ? 4 : 2;

    CHECK(tensor->name, tensor->dtype == MC_DTYPE_F32 || tensor->dtype == MC_DTYPE_BF16);
    memcpy(&bits, &value, sizeof bits);
    if (tensor->dtype == MC_DTYPE_BF16) bits >>= 16;
    for (size_t j = 0; j < tensor->bytes.size; j += size)
        memcpy(bytes + j, &bits, size);
}

static size_t set_tensors(const mc_store *store, char *bytes, const uint8_t *base,
                          mc_json_value patterns, float value)
{
    size_t count = 0;

    for (mc_json_iter it = mc_json_iterate(patterns); mc_json_next(&it);) {
        const char *text;
        size_t      size;
        char       *pattern;
        mc_json_string(it.value, &text, &size);
        pattern = mc_strndup(text, size);
        for (size_t i = 0; i < mc_store_tensor_count(store); i++) {
            const mc_tensor *tensor = mc_store_tensor(store, i);
            if (fnmatch(pattern, tensor->name, 0) != 0) continue;
            fill(tensor, bytes + (tensor->bytes.data - base), value);
            count++;
        }
        mc_free(pattern);
    }
    return count;
}

static size_t write_weights(const char *from, const char *to, mc_json_value edit)
{
    mc_file_map map;
    mc_store   *store = NULL;
    mc_error    err   = { 0 };
    char       *copy;
    size_t      count;

    CHECK_OK(from, mc_file_map_open(from, &map, &err));
    CHECK_OK(from, mc_store_open_bytes(&mc_format_safetensors, map.bytes, &store, &err));
    copy = mc_alloc(map.bytes.size);
    memcpy(copy, map.bytes.data, map.bytes.size);
    count = set_tensors(store, copy, map.bytes.data, mc_json_get(edit, "zero"), 0.0f);
    count += set_tensors(store, copy, map.bytes.data, mc_json_get(edit, "one"), 1.0f);
    write_file(to, copy, map.bytes.size);
    mc_free(copy);
    mc_store_close(store);
    mc_file_map_close(&map);
    return count;
}

static int ends_with(const char *text, const char *tail)
{
    size_t length = strlen(text), size = strlen(tail);

    return length >= size && strcmp(text + length - size, tail) == 0;
}

void mc_test_make_variant(const char *folder, mc_json_value edit, char out[MC_TEST_SCRATCH])
{
    char           from[1024], to[1024];
    DIR           *list  = opendir(folder);
    struct dirent *entry = NULL;
    size_t         set   = 0;

    CHECK(folder, list != NULL);
    mc_test_scratch_make(out);
    while ((entry = readdir(list))) {
        snprintf(from, sizeof from, "%s/%s", folder, entry->d_name);
        snprintf(to, sizeof to, "%s/%s", out, entry->d_name);
        if (strcmp(entry->d_name, "config.json") == 0)
            write_config(from, to, mc_json_get(edit, "config"));
        else if (ends_with(entry->d_name, ".index.json") ||
                 strncmp(entry->d_name, "tokenizer", 9) == 0)
            write_config(from, to, (mc_json_value){ 0 });
        else if (ends_with(entry->d_name, ".safetensors") &&
                 strcmp(entry->d_name, "golden.safetensors") != 0)
            set += write_weights(from, to, edit);
    }
    closedir(list);
    CHECK(folder, set > 0 || mc_json_type_of(mc_json_get(edit, "config")) != MC_JSON_NONE);
}
