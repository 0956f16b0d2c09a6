/* gguf_metadata.c - what a store's users read of GGUF's key-value metadata. */
#include <string.h>

#include "base/alloc.h"
#include "format/store.h"

size_t mc_gguf_type_size(mc_gguf_type type)
{
    static const uint8_t sizes[] = { 1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8 };

    return sizes[type];
}

void mc_gguf_table_clear(mc_gguf_table *table)
{
    mc_free(table->values);
    mc_name_index_clear(&table->keys);
}

bool mc_gguf_find(const mc_gguf_table *table, const char *key, mc_gguf_value *value)
{
    mc_span name = { (const uint8_t *)key, strlen(key) };
    size_t  at   = mc_name_index_find(&table->keys, name);

    if (at == MC_NAME_ABSENT) return false;
    *value = table->values[at];
    return true;
}

size_t mc_store_gguf_count(const mc_store *store)
{
    return store->gguf.keys.count;
}

void mc_store_gguf_pair(const mc_store *store, size_t index, mc_span *key, mc_gguf_value *value)
{
    *key   = store->gguf.keys.names[index];
    *value = store->gguf.values[index];
}

bool mc_store_gguf(const mc_store *store, const char *key, mc_gguf_value *value)
{
    return mc_gguf_find(&store->gguf, key, value);
}

bool mc_gguf_number(const mc_gguf_value *array, uint64_t index, double *out)
{
    mc_gguf_type   type = array->type == MC_GGUF_ARRAY ? array->element : array->type;
    const uint8_t *at;

    if (index >= array->count || mc_gguf_type_size(type) == 0) return false;
    at = array->bytes.data + (size_t)index * mc_gguf_type_size(type);
#define NUMBER(type)                        \
    do {                                    \
        type number;                        \
        memcpy(&number, at, sizeof number); \
        *out = (double)number;              \
        return true;                        \
    } while (0)
    switch (type) {
    case MC_GGUF_U8:
    case MC_GGUF_BOOL: NUMBER(uint8_t);
    case MC_GGUF_I8: NUMBER(int8_t);
    case MC_GGUF_U16: NUMBER(uint16_t);
    case MC_GGUF_I16: NUMBER(int16_t);
    case MC_GGUF_U32: NUMBER(uint32_t);
    case MC_GGUF_I32: NUMBER(int32_t);
    case MC_GGUF_U64: NUMBER(uint64_t);
    case MC_GGUF_I64: NUMBER(int64_t);
    case MC_GGUF_F32: NUMBER(float);
    case MC_GGUF_F64: NUMBER(double);
    case MC_GGUF_STRING:
    case MC_GGUF_ARRAY: break;
    }
#undef NUMBER
    return false;
}

bool mc_store_gguf_uint(const mc_store *store, const char *key, uint64_t *out)
{
    mc_gguf_value value;
    uint64_t      bits = 0;
    int           width;

    if (!mc_gguf_find(&store->gguf, key, &value)) return false;
    switch (value.type) {
    case MC_GGUF_U8:
    case MC_GGUF_U16:
    case MC_GGUF_U32:
    case MC_GGUF_U64:
    case MC_GGUF_I8:
    case MC_GGUF_I16:
    case MC_GGUF_I32:
    case MC_GGUF_I64: break;
    default: return false;
    }
    memcpy(&bits, value.bytes.data, value.bytes.size); /* little-endian */
    width = (int)value.bytes.size * 8;
    if ((value.type == MC_GGUF_I8 || value.type == MC_GGUF_I16 || value.type == MC_GGUF_I32 ||
         value.type == MC_GGUF_I64) &&
        (bits >> (width - 1)) & 1)
        return false; /* negative */
    *out = bits;
    return true;
}

bool mc_store_gguf_float(const mc_store *store, const char *key, double *out)
{
    mc_gguf_value value;

    if (!mc_gguf_find(&store->gguf, key, &value)) return false;
    if (value.type == MC_GGUF_ARRAY || value.type == MC_GGUF_BOOL) return false;
    return mc_gguf_number(&value, 0, out);
}

bool mc_store_gguf_bool(const mc_store *store, const char *key, bool *out)
{
    mc_gguf_value value;

    if (!mc_gguf_find(&store->gguf, key, &value) || value.type != MC_GGUF_BOOL) return false;
    *out = value.bytes.data[0] != 0;
    return true;
}

bool mc_store_gguf_string(const mc_store *store, const char *key, mc_span *out)
{
    mc_gguf_value value;

    if (!mc_gguf_find(&store->gguf, key, &value) || value.type != MC_GGUF_STRING) return false;
    *out = value.bytes;
    return true;
}
