// json.cc - the only user of simdjson; a C view of its document.
//
// simdjson's dom::element and iterators are {document, tape index} pairs; the C structs hold
// the same two words, so that a value can be passed around without a heap object.
extern "C" {
#include "base/alloc.h"
#include "base/error.h"
#include "base/file_map.h"
}
#include "base/json.h"

#include <simdjson.h>

#include <cstring>
#include <new>
#include <string>
#include <type_traits>

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::element_type;
using simdjson::dom::object;

struct mc_json {
    simdjson::dom::parser parser;
    element               root;
};

struct words {
    const void *document;
    size_t      index;
};

template <typename T> static T from_words(words pair)
{
    static_assert(sizeof(T) == sizeof(words) && std::is_trivially_copyable<T>::value,
                  "simdjson's views are two words");
    T view;
    std::memcpy(static_cast<void *>(&view), &pair, sizeof view);
    return view;
}

template <typename T> static words to_words(const T &view)
{
    static_assert(sizeof(T) == sizeof(words), "simdjson's views are two words");
    words pair;
    std::memcpy(&pair, static_cast<const void *>(&view), sizeof pair);
    return pair;
}

static element element_of(mc_json_value value)
{
    return from_words<element>({ value.document, value.index });
}

static mc_json_value value_of(element view)
{
    words pair = to_words(view);
    return { pair.document, pair.index };
}

static mc_status fail_parse(simdjson::error_code code, mc_error *err)
{
    if (code == simdjson::MEMALLOC) return mc_fail_memory(err, 0);
    return mc_fail(err, MC_ERR_CORRUPT, "the file is damaged or not JSON; fetch it again",
                   "not valid JSON: %s", simdjson::error_message(code));
}

// Python writes whole numbers of any length ("model_max_length" of a tokenizer_config.json is
// often 10^30); simdjson has none beyond 64 bits. Copies `text` with "e0" behind each whole
// number of LONG_NUMBER digits or more, which makes it a double; returns the copy's size. `out`
// may be NULL.
static size_t spell_as_doubles(const char *text, size_t size, char *out)
{
    constexpr size_t LONG_NUMBER = 20;
    bool             quoted = false, escaped = false;
    size_t           used = 0, digits = 0;
    auto             put = [&](char c) {
        if (out) out[used] = c;
        used++;
    };

    for (size_t i = 0; i < size; i++) {
        char c    = text[i];
        char next = i + 1 < size ? text[i + 1] : ' ';

        put(c);
        if (c == '"' && !escaped) quoted = !quoted;
        escaped = quoted && c == '\\' && !escaped;
        digits  = !quoted && c >= '0' && c <= '9' ? digits + 1 : 0;
        if (digits < LONG_NUMBER || std::strchr("0123456789.eE", next)) continue;
        put('e');
        put('0');
    }
    return used;
}

// Nothing in it throws today; whatever might must not reach C.
static simdjson::error_code parse(mc_json *json, const char *text, size_t size) noexcept
try {
    return json->parser.parse(reinterpret_cast<const uint8_t *>(text), size, true)
        .get(json->root);
} catch (const std::bad_alloc &) {
    return simdjson::MEMALLOC;
} catch (...) {
    return simdjson::UNEXPECTED_ERROR;
}

static simdjson::error_code parse_long_numbers(mc_json *json, const char *text, size_t size)
{
    size_t               longer = spell_as_doubles(text, size, nullptr);
    char                *copy   = static_cast<char *>(mc_alloc(longer));
    simdjson::error_code code   = simdjson::MEMALLOC;

    if (!copy) return code;
    spell_as_doubles(text, size, copy);
    code = parse(json, copy, longer);
    mc_free(copy);
    return code;
}

// At its first use simdjson chooses its kernels and takes memory in functions that may not
// throw, so that having none would end the program. It chooses as the library is loaded
// instead.
static const std::string kernels = simdjson::get_active_implementation()->name();

mc_status mc_json_parse(const char *text, size_t size, mc_json **json, mc_error *err)
{
    void    *memory = mc_calloc(1, sizeof(mc_json));
    mc_json *result;

    if (!memory) return mc_fail_memory(err, sizeof(mc_json));
    result                    = new (memory) mc_json();
    simdjson::error_code code = parse(result, text, size);
    if (code == simdjson::NUMBER_ERROR) code = parse_long_numbers(result, text, size);
    if (code != simdjson::SUCCESS) {
        mc_json_free(result);
        return fail_parse(code, err);
    }
    *json = result;
    return MC_OK;
}

mc_status mc_json_load(const char *path, size_t limit, mc_json **json, mc_error *err)
{
    char     *text;
    size_t    size;
    mc_status status = mc_file_read(path, limit, &text, &size, err);

    if (status != MC_OK) return status;
    status = mc_json_parse(text, size, json, err);
    mc_free(text);
    return status == MC_OK ? status : mc_fail_about(err, status, "%s", path);
}

void mc_json_free(mc_json *json)
{
    if (!json) return;
    json->~mc_json();
    mc_free(json);
}

mc_json_value mc_json_root(const mc_json *json)
{
    return value_of(json->root);
}

mc_json_type mc_json_type_of(mc_json_value value)
{
    if (!value.document) return MC_JSON_NONE;
    switch (element_of(value).type()) {
    case element_type::ARRAY: return MC_JSON_ARRAY;
    case element_type::OBJECT: return MC_JSON_OBJECT;
    case element_type::INT64:
    case element_type::UINT64: return MC_JSON_INTEGER;
    case element_type::DOUBLE: return MC_JSON_DOUBLE;
    case element_type::STRING: return MC_JSON_STRING;
    case element_type::BOOL: return MC_JSON_BOOL;
    case element_type::NULL_VALUE: return MC_JSON_NULL;
    }
    return MC_JSON_NONE;
}

const char *mc_json_type_name(mc_json_type type)
{
    static const char *const names[] = { "nothing",  "null",     "true or false", "an integer",
                                         "a number", "a string", "an array",      "an object" };
    return names[type];
}

mc_json_value mc_json_get(mc_json_value container, const char *key)
{
    element found;
    object  members;

    if (!container.document || element_of(container).get(members) != simdjson::SUCCESS)
        return { nullptr, 0 };
    if (members.at_key(key).get(found) != simdjson::SUCCESS) return { nullptr, 0 };
    return value_of(found);
}

bool mc_json_string(mc_json_value value, const char **text, size_t *size)
{
    std::string_view view;

    if (!value.document || element_of(value).get(view) != simdjson::SUCCESS) return false;
    *text = view.data();
    if (size) *size = view.size();
    return true;
}

bool mc_json_string_is(mc_json_value value, const char *wanted)
{
    const char *text;
    size_t      size;

    return mc_json_string(value, &text, &size) && size == strlen(wanted) &&
           memcmp(text, wanted, size) == 0;
}

bool mc_json_double(mc_json_value value, double *out)
{
    return value.document && element_of(value).get(*out) == simdjson::SUCCESS;
}

bool mc_json_int64(mc_json_value value, int64_t *out)
{
    double number;

    if (!value.document) return false;
    if (element_of(value).get(*out) == simdjson::SUCCESS) return true;
    if (mc_json_type_of(value) != MC_JSON_DOUBLE || !mc_json_double(value, &number))
        return false;
    if (!(number >= -9007199254740992.0 && number <= 9007199254740992.0)) return false;
    if (static_cast<double>(static_cast<int64_t>(number)) != number) return false;
    *out = static_cast<int64_t>(number);
    return true;
}

bool mc_json_uint64(mc_json_value value, uint64_t *out)
{
    int64_t number;

    if (!value.document) return false;
    if (element_of(value).get(*out) == simdjson::SUCCESS) return true;
    if (!mc_json_int64(value, &number) || number < 0) return false;
    *out = static_cast<uint64_t>(number);
    return true;
}

bool mc_json_bool(mc_json_value value, bool *out)
{
    return value.document && element_of(value).get(*out) == simdjson::SUCCESS;
}

size_t mc_json_count(mc_json_value container)
{
    size_t       count = 0;
    mc_json_iter iter  = mc_json_iterate(container);

    // simdjson saturates its own count at 2^24 - 1.
    while (mc_json_next(&iter))
        count++;
    return count;
}

mc_json_iter mc_json_iterate(mc_json_value container)
{
    mc_json_iter iter = {};

    iter.container = container;
    if (mc_json_type_of(container) == MC_JSON_ARRAY) {
        array list;
        if (element_of(container).get(list) != simdjson::SUCCESS) return iter;
        iter.position = to_words(list.begin()).index;
        iter.end      = to_words(list.end()).index;
    } else if (mc_json_type_of(container) == MC_JSON_OBJECT) {
        object members;
        if (element_of(container).get(members) != simdjson::SUCCESS) return iter;
        iter.is_object = true;
        iter.position  = to_words(members.begin()).index;
        iter.end       = to_words(members.end()).index;
    }
    return iter;
}

bool mc_json_next(mc_json_iter *iter)
{
    words here = { iter->container.document, iter->position };

    if (iter->position == iter->end) return false;
    if (iter->is_object) {
        object::iterator at  = from_words<object::iterator>(here);
        std::string_view key = at.key();
        iter->key            = key.data();
        iter->key_size       = key.size();
        iter->value          = value_of(at.value());
        ++at;
        iter->position = to_words(at).index;
    } else {
        array::iterator at = from_words<array::iterator>(here);
        iter->value        = value_of(*at);
        ++at;
        iter->position = to_words(at).index;
    }
    return true;
}
