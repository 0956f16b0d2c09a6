/* json_value.c - from a parsed JSON document to a report's tree. */
#include "report/json_value.h"

static void add_number(mc_value *in, const char *key, mc_json_value json)
{
    int64_t integer;
    double  number = 0;

    if (mc_json_type_of(json) == MC_JSON_INTEGER && mc_json_int64(json, &integer)) {
        mc_value_add_integer(in, key, integer);
        return;
    }
    mc_json_double(json, &number);
    mc_value_add_number(in, key, number);
}

void mc_value_add_json(mc_value *in, const char *key, mc_json_value json)
{
    const char *text;
    size_t      size;
    bool        truth = false;
    mc_value   *container;

    switch (mc_json_type_of(json)) {
    case MC_JSON_OBJECT:
        container = mc_value_add_object(in, key);
        for (mc_json_iter it = mc_json_iterate(json); mc_json_next(&it);)
            mc_value_add_json(container, it.key, it.value);
        break;
    case MC_JSON_ARRAY:
        container = mc_value_add_array(in, key);
        for (mc_json_iter it = mc_json_iterate(json); mc_json_next(&it);)
            mc_value_add_json(container, NULL, it.value);
        break;
    case MC_JSON_STRING:
        if (mc_json_string(json, &text, &size)) mc_value_add_span(in, key, text, size);
        break;
    case MC_JSON_BOOL:
        mc_json_bool(json, &truth);
        mc_value_add_bool(in, key, truth);
        break;
    case MC_JSON_INTEGER:
    case MC_JSON_DOUBLE: add_number(in, key, json); break;
    case MC_JSON_NULL:
    case MC_JSON_NONE: mc_value_add_null(in, key); break;
    }
}
