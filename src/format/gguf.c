/* gguf.c - GGUF, versions 2 and 3: one file with metadata, vocabulary and tensors.
 *
 *     | "GGUF" | u32 version | u64 tensors | u64 keys |
 *     keys times:     | string key | u32 type | value |
 *     tensors times:  | string name | u32 rank | u64 dimension, rank times | u32 type | u64 at
 * | padding to the alignment (general.alignment, else 32) tensor data: each tensor begins at
 * `at` bytes into it, a multiple of the alignment
 *
 *     string: | u64 length | bytes |         array: | u32 type | u64 count | elements |
 *
 * Dimensions are written innermost first; mc_tensor has them outermost first. A split model has
 * parts named -00001-of-00003.gguf: the first holds the metadata, each its own tensors. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "format/store.h"

enum {
    DEFAULT_ALIGNMENT = 32,
    KEY_LEAST         = 8 + 4 + 1,     /* bytes of the smallest key-value pair */
    TENSOR_LEAST      = 8 + 4 + 4 + 8, /* bytes of the smallest tensor entry */
    RANK_LIMIT        = 4,             /* the format's own */
    KEY_LENGTH_LIMIT  = 65535          /* likewise */
};

/* More than any file holds: such a count is damage, a smaller one that does not fit rather a
 * file that was cut short. */
#define COUNT_PLAUSIBLE ((uint64_t)1 << 24)

static const char damaged[]   = "the file is damaged; fetch it again";
static const char truncated[] = "the file is probably truncated; fetch it again and compare "
                                "sizes";

static mc_status check_version(uint32_t version, mc_error *err)
{
    if (version == 2 || version == 3) return MC_OK;
    if (version == 1)
        return mc_fail(err, MC_ERR_UNSUPPORTED, "fetch a newer conversion of the model",
                       "is GGUF version 1; versions 2 and 3 are supported");
    if (version != 0 && (version & 0xffff) == 0)
        return mc_fail(err, MC_ERR_UNSUPPORTED,
                       "convert it to little-endian (gguf-convert-endian of the gguf package)",
                       "is a big-endian GGUF file");
    return mc_fail(err, MC_ERR_UNSUPPORTED, "is this a GGUF file?",
                   "is GGUF version %" PRIu32 "; versions 2 and 3 are supported", version);
}

/* Before anything is sized by it: can the file hold `count` entries of at least `least` bytes?
 */
static mc_status check_count(const mc_reader *reader, uint64_t count, size_t least,
                             const char *what, mc_error *err)
{
    bool plausible = count < COUNT_PLAUSIBLE;

    if (count <= mc_reader_left(reader) / least) return MC_OK;
    return mc_fail(err, plausible ? MC_ERR_TRUNCATED : MC_ERR_CORRUPT,
                   plausible ? truncated : damaged,
                   "claims %" PRIu64 " %s, but only %zu bytes are left", count, what,
                   mc_reader_left(reader));
}

static mc_status read_header(mc_reader *reader, uint64_t *tensors, uint64_t *keys,
                             mc_error *err)
{
    mc_span  magic;
    uint32_t version;

    MC_TRY(mc_read_span(reader, 4, &magic, err));
    if (memcmp(magic.data, "GGUF", 4) != 0)
        return mc_fail(err, MC_ERR_CORRUPT, "is this a GGUF file?",
                       "does not begin with 'GGUF'");
    MC_TRY(mc_read_u32(reader, &version, err));
    MC_TRY(check_version(version, err));
    MC_TRY(mc_read_u64(reader, tensors, err));
    MC_TRY(mc_read_u64(reader, keys, err));
    MC_TRY(check_count(reader, *keys, KEY_LEAST, "keys", err));
    return check_count(reader, *tensors, TENSOR_LEAST, "tensors", err);
}

static mc_status read_string(mc_reader *reader, mc_span *text, mc_error *err)
{
    uint64_t length;

    MC_TRY(mc_read_u64(reader, &length, err));
    return mc_read_span(reader, length, text, err);
}

static mc_status read_type(mc_reader *reader, mc_gguf_type *type, mc_error *err)
{
    uint32_t number;

    MC_TRY(mc_read_u32(reader, &number, err));
    if (number > MC_GGUF_F64)
        return mc_fail(err, MC_ERR_CORRUPT, damaged, "unknown value type %" PRIu32, number);
    *type = (mc_gguf_type)number;
    return MC_OK;
}

static mc_status skip_strings(mc_reader *reader, uint64_t count, mc_span *elements,
                              mc_error *err)
{
    size_t  begin = reader->offset;
    mc_span text;

    MC_TRY(check_count(reader, count, 8, "strings", err));
    for (uint64_t i = 0; i < count; i++)
        MC_TRY(read_string(reader, &text, err));
    *elements = (mc_span){ reader->bytes.data + begin, reader->offset - begin };
    return MC_OK;
}

static mc_status read_array(mc_reader *reader, mc_gguf_value *value, mc_error *err)
{
    uint64_t size;

    MC_TRY(read_type(reader, &value->element, err));
    MC_TRY(mc_read_u64(reader, &value->count, err));
    if (value->element == MC_GGUF_ARRAY)
        return mc_fail(err, MC_ERR_UNSUPPORTED, "no known model needs this; report the file",
                       "is an array of arrays");
    if (value->element == MC_GGUF_STRING)
        return skip_strings(reader, value->count, &value->bytes, err);
    size = mc_gguf_type_size(value->element);
    MC_TRY(check_count(reader, value->count, (size_t)size, "elements", err));
    return mc_read_span(reader, value->count * size, &value->bytes, err);
}

static mc_status read_value(mc_reader *reader, mc_gguf_value *value, mc_error *err)
{
    MC_TRY(read_type(reader, &value->type, err));
    value->element = value->type;
    value->count   = 1;
    if (value->type == MC_GGUF_ARRAY) return read_array(reader, value, err);
    if (value->type == MC_GGUF_STRING) return read_string(reader, &value->bytes, err);
    return mc_read_span(reader, mc_gguf_type_size(value->type), &value->bytes, err);
}

/* Keys and tensor names are ASCII in the format, and they end up in messages. */
static mc_status read_name(mc_reader *reader, mc_span *name, const char *what, mc_error *err)
{
    bool fine;

    MC_TRY(read_string(reader, name, err));
    fine = mc_name_is_plain(*name) && name->size <= KEY_LENGTH_LIMIT;
    for (size_t i = 0; fine && i < name->size; i++)
        fine = name->data[i] < 0x80;
    if (fine) return MC_OK;
    return mc_fail(err, MC_ERR_CORRUPT, damaged,
                   "a %s's name is empty, too long, or not plain ASCII", what);
}

static mc_status read_pair(mc_reader *reader, mc_gguf_table *table, mc_span key, mc_error *err)
{
    mc_gguf_value value = { 0 };
    int           added;

    MC_TRY(read_value(reader, &value, err));
    MC_TRY(mc_grow((void **)&table->values, &table->capacity, table->keys.count,
                   sizeof *table->values, err));
    MC_TRY(mc_name_index_add(&table->keys, key, &added, err));
    if (!added) return mc_fail(err, MC_ERR_CORRUPT, damaged, "the key occurs twice");
    table->values[table->keys.count - 1] = value;
    return MC_OK;
}

static mc_status read_keys(mc_reader *reader, uint64_t count, mc_gguf_table *table,
                           const char *path, mc_error *err)
{
    for (uint64_t i = 0; i < count; i++) {
        mc_span   key;
        mc_status status;

        MC_TRY(read_name(reader, &key, "key", err));
        status = read_pair(reader, table, key, err);
        if (status != MC_OK)
            return mc_fail_about(err, status, "%s: key '%.*s'", path,
                                 key.size < 200 ? (int)key.size : 200, (const char *)key.data);
    }
    return MC_OK;
}

static mc_status read_shape(mc_reader *reader, mc_tensor *tensor, mc_error *err)
{
    uint32_t rank;

    MC_TRY(mc_read_u32(reader, &rank, err));
    if (rank > RANK_LIMIT)
        return mc_fail(err, MC_ERR_CORRUPT, damaged,
                       "has %" PRIu32 " dimensions, the format allows %d", rank, RANK_LIMIT);
    tensor->rank = (int)rank;
    for (int i = (int)rank - 1; i >= 0; i--) {
        MC_TRY(mc_read_u64(reader, &tensor->shape[i], err));
        if (tensor->shape[i] == 0)
            return mc_fail(err, MC_ERR_CORRUPT, damaged, "has a dimension of size 0");
    }
    return MC_OK;
}

static mc_status read_tensor(mc_reader *reader, mc_store *store, mc_places *places,
                             mc_span name, uint64_t alignment, mc_error *err)
{
    mc_tensor tensor = { 0 };
    uint32_t  type;
    uint64_t  at;

    MC_TRY(read_shape(reader, &tensor, err));
    MC_TRY(mc_read_u32(reader, &type, err));
    MC_TRY(mc_read_u64(reader, &at, err));
    tensor.dtype = mc_dtype_from_gguf(type);
    if (tensor.dtype == MC_DTYPE_NONE)
        return mc_fail(err, MC_ERR_DTYPE,
                       "`mc model list` names the supported types; fetch one of those",
                       "unknown data type %" PRIu32, type);
    if (at % alignment != 0)
        return mc_fail(err, MC_ERR_CORRUPT, damaged,
                       "starts at %" PRIu64 ", no multiple of the alignment %" PRIu64, at,
                       alignment);
    return mc_store_add(store, places, name, &tensor, at, err);
}

static mc_status read_tensors(mc_reader *reader, uint64_t count, mc_store *store,
                              mc_places *places, uint64_t alignment, mc_error *err)
{
    for (uint64_t i = 0; i < count; i++) {
        mc_span   name;
        mc_status status;

        MC_TRY(read_name(reader, &name, "tensor", err));
        status = read_tensor(reader, store, places, name, alignment, err);
        if (status != MC_OK)
            return mc_fail_about(err, status, "%s: tensor '%.*s'", places->path,
                                 name.size < 200 ? (int)name.size : 200,
                                 (const char *)name.data);
    }
    return MC_OK;
}

static mc_status read_alignment(const mc_gguf_table *table, uint64_t *alignment, mc_error *err)
{
    mc_gguf_value value;
    double        number;

    *alignment = DEFAULT_ALIGNMENT;
    if (!mc_gguf_find(table, "general.alignment", &value)) return MC_OK;
    if (value.type != MC_GGUF_U32 || !mc_gguf_number(&value, 0, &number) || number < 1 ||
        ((uint64_t)number & ((uint64_t)number - 1)) != 0)
        return mc_fail(err, MC_ERR_CORRUPT, damaged,
                       "general.alignment is not a power of two, stored as a u32");
    *alignment = (uint64_t)number;
    return MC_OK;
}

/* The bytes behind the padding that ends the header. */
static mc_status find_data(mc_reader *reader, uint64_t alignment, bool needed, mc_span *data,
                           mc_error *err)
{
    uint64_t padding = (alignment - reader->offset % alignment) % alignment;
    mc_span  skipped;

    if (!needed && padding > mc_reader_left(reader)) padding = mc_reader_left(reader);
    MC_TRY(mc_read_span(reader, padding, &skipped, err));
    return mc_read_span(reader, mc_reader_left(reader), data, err);
}

static mc_status read_part(mc_store *store, mc_gguf_table *table, mc_span bytes,
                           mc_places *places, mc_error *err)
{
    mc_reader reader  = { .bytes = bytes };
    uint64_t  tensors = 0, keys = 0, alignment = 0;
    mc_span   data = { 0 };

    MC_TRY(read_header(&reader, &tensors, &keys, err));
    MC_TRY(read_keys(&reader, keys, table, places->path, err));
    MC_TRY(read_alignment(table, &alignment, err));
    MC_TRY(check_count(&reader, tensors, TENSOR_LEAST, "tensors", err));
    MC_TRY(read_tensors(&reader, tensors, store, places, alignment, err));
    MC_TRY(find_data(&reader, alignment, tensors > 0, &data, err));
    return mc_places_settle(places, store, data, false, err);
}

static mc_status read_file(mc_store *store, mc_gguf_table *table, mc_span bytes,
                           const char *path, mc_error *err)
{
    mc_places places = { .path = path,
                         .file = (uint32_t)(store->file_count ? store->file_count - 1 : 0) };
    mc_status status = read_part(store, table, bytes, &places, err);

    mc_free(places.items);
    return status == MC_OK ? status : mc_fail_about(err, status, "%s", path);
}

static mc_status read_bytes(mc_store *store, mc_span bytes, const char *path, mc_error *err)
{
    return read_file(store, &store->gguf, bytes, path, err);
}

bool mc_gguf_parse_split_name(const char *path, size_t *stem, unsigned *parts)
{
    static const char pattern[] = "-#####-of-#####.gguf";
    size_t            length    = strlen(path);
    const char       *tail;

    if (length < sizeof pattern - 1) return false;
    tail = path + length - (sizeof pattern - 1);
    for (size_t i = 0; i < sizeof pattern - 1; i++) {
        bool is_digit = tail[i] >= '0' && tail[i] <= '9';
        if (pattern[i] == '#' ? !is_digit : tail[i] != pattern[i]) return false;
    }
    *stem  = (size_t)(tail - path);
    *parts = (unsigned)strtoul(tail + 10, NULL, 10);
    return true;
}

static double split_number(const mc_gguf_table *table, const char *key, double absent)
{
    mc_gguf_value value;

    (void)(mc_gguf_find(table, key, &value) && mc_gguf_number(&value, 0, &absent));
    return absent;
}

/* A part that has lost its name would be a model without most of its tensors. */
static mc_status check_split(const mc_gguf_table *table, unsigned part, unsigned parts,
                             const char *path, mc_error *err)
{
    double number = split_number(table, "split.no", part - 1) + 1;
    double count  = split_number(table, "split.count", parts);

    if (count == 0) count = 1; /* parts that `llama-gguf-split --merge` has joined */
    if (count == parts && number == part) return MC_OK;
    mc_fail(err, MC_ERR_CORRUPT,
            "give the parts back their names, '<model>-00001-of-00003.gguf', in one folder",
            "holds part %.0f of %.0f of a split model, but its name says otherwise", number,
            count);
    return mc_fail_about(err, MC_ERR_CORRUPT, "%s", path);
}

static mc_status open_file(mc_store *store, mc_gguf_table *table, const char *path,
                           unsigned part, unsigned parts, mc_error *err)
{
    const mc_file_map *map;

    MC_TRY(mc_store_map(store, path, &map, err));
    MC_TRY(read_file(store, table, map->bytes, map->path, err));
    return check_split(table, part, parts, map->path, err);
}

static mc_status open_part(mc_store *store, size_t stem, unsigned part, unsigned parts,
                           mc_error *err)
{
    mc_gguf_table own  = { 0 };
    size_t        size = stem + 32;
    char         *path = mc_alloc(size);
    mc_status     status;

    if (!path) return mc_fail_memory(err, size);
    snprintf(path, size, "%.*s-%05u-of-%05u.gguf", (int)stem, store->path, part, parts);
    if (mc_path_exists(path)) {
        status = open_file(store, part == 1 ? &store->gguf : &own, path, part, parts, err);
    } else {
        mc_fail(err, MC_ERR_NOT_FOUND, "fetch all parts of the model into one folder",
                "part %u of %u is missing", part, parts);
        status = mc_fail_about(err, MC_ERR_NOT_FOUND, "%s", path);
    }
    mc_gguf_table_clear(&own);
    mc_free(path);
    return status;
}

static mc_status open_path(mc_store *store, mc_error *err)
{
    size_t   stem;
    unsigned parts;

    if (!mc_gguf_parse_split_name(store->path, &stem, &parts))
        return open_file(store, &store->gguf, store->path, 1, 1, err);
    if (parts == 0)
        return mc_fail(err, MC_ERR_ARGUMENT, "rename the file", "is part of 0 parts");
    for (unsigned part = 1; part <= parts; part++)
        MC_TRY(open_part(store, stem, part, parts, err));
    return MC_OK;
}

static bool has_suffix(const char *path, const char *suffix)
{
    size_t length = strlen(path), tail = strlen(suffix);

    return length >= tail && strcmp(path + length - tail, suffix) == 0;
}

static bool probe(const char *path)
{
    char  magic[4] = { 0 };
    FILE *file;

    if (!mc_path_is_file(path)) return false;
    if (has_suffix(path, ".gguf")) return true;
    file = fopen(path, "rb");
    if (!file) return false;
    if (fread(magic, 1, sizeof magic, file) != sizeof magic) magic[0] = '\0';
    fclose(file);
    return memcmp(magic, "GGUF", sizeof magic) == 0;
}

const mc_format mc_format_gguf = {
    .name    = "gguf",
    .dialect = MC_DIALECT_GGUF,
    .probe   = probe,
    .open    = open_path,
    .read    = read_bytes,
};

bool mc_gguf_next_string(mc_reader *elements, mc_span *out)
{
    return read_string(elements, out, NULL) == MC_OK;
}
