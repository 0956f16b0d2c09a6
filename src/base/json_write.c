/* json_write.c - writing JSON as a stream of calls. */
#include "base/json_write.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define NUMBER_TEXT 32 /* no float or double needs more */

mc_json_writer mc_json_writer_init(mc_buffer *out, int indent)
{
    return (mc_json_writer){ .out = out, .indent = indent };
}

static void new_line(mc_json_writer *writer)
{
    if (!writer->indent) return;
    mc_buffer_add_char(writer->out, '\n');
    for (int i = 0; i < writer->depth * writer->indent; i++)
        mc_buffer_add_char(writer->out, ' ');
}

/* What stands before a value or a key: a comma after a sibling, a new line inside a container.
 */
static void lead(mc_json_writer *writer)
{
    if (writer->after_key) {
        writer->after_key = false;
        return;
    }
    if (writer->has_sibling) mc_buffer_add_char(writer->out, ',');
    if (writer->depth > 0) new_line(writer);
}

static void begin(mc_json_writer *writer, char bracket)
{
    lead(writer);
    mc_buffer_add_char(writer->out, bracket);
    writer->depth++;
    writer->has_sibling = false;
}

static void end(mc_json_writer *writer, char bracket)
{
    writer->depth--;
    if (writer->has_sibling) new_line(writer);
    mc_buffer_add_char(writer->out, bracket);
    writer->has_sibling = true;
}

void mc_json_begin_object(mc_json_writer *writer)
{
    begin(writer, '{');
}

void mc_json_end_object(mc_json_writer *writer)
{
    end(writer, '}');
}

void mc_json_begin_array(mc_json_writer *writer)
{
    begin(writer, '[');
}

void mc_json_end_array(mc_json_writer *writer)
{
    end(writer, ']');
}

static void add_quoted(mc_buffer *out, const char *text, size_t size)
{
    size_t plain = 0;

    mc_buffer_add_char(out, '"');
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];
        if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
        mc_buffer_add(out, text + plain, i - plain);
        plain = i + 1;
        if (byte == '"' || byte == '\\')
            mc_buffer_printf(out, "\\%c", byte);
        else if (byte == '\n')
            mc_buffer_add_text(out, "\\n");
        else if (byte == '\t')
            mc_buffer_add_text(out, "\\t");
        else if (byte == '\r')
            mc_buffer_add_text(out, "\\r");
        else
            mc_buffer_printf(out, "\\u%04x", byte);
    }
    mc_buffer_add(out, text + plain, size - plain);
    mc_buffer_add_char(out, '"');
}

void mc_json_key(mc_json_writer *writer, const char *key)
{
    lead(writer);
    add_quoted(writer->out, key, strlen(key));
    mc_buffer_add_text(writer->out, writer->indent ? ": " : ":");
    writer->after_key = true;
}

void mc_json_put_span(mc_json_writer *writer, const char *text, size_t size)
{
    lead(writer);
    add_quoted(writer->out, text, size);
    writer->has_sibling = true;
}

void mc_json_put_text(mc_json_writer *writer, const char *text)
{
    mc_json_put_span(writer, text, strlen(text));
}

static void put_raw(mc_json_writer *writer, const char *text, size_t size)
{
    lead(writer);
    mc_buffer_add(writer->out, text, size);
    writer->has_sibling = true;
}

void mc_json_put_int(mc_json_writer *writer, int64_t number)
{
    lead(writer);
    mc_buffer_printf(writer->out, "%" PRId64, number);
    writer->has_sibling = true;
}

void mc_json_put_uint(mc_json_writer *writer, uint64_t number)
{
    lead(writer);
    mc_buffer_printf(writer->out, "%" PRIu64, number);
    writer->has_sibling = true;
}

void mc_json_put_null(mc_json_writer *writer)
{
    put_raw(writer, "null", 4);
}

void mc_json_put_bool(mc_json_writer *writer, bool truth)
{
    put_raw(writer, truth ? "true" : "false", truth ? 4 : 5);
}

void mc_json_put_double(mc_json_writer *writer, double number)
{
    char text[NUMBER_TEXT];

    if (isfinite(number))
        put_raw(writer, text, mc_format_double(text, number));
    else
        mc_json_put_null(writer);
}

void mc_json_put_float(mc_json_writer *writer, float number)
{
    char text[NUMBER_TEXT];

    if (isfinite(number))
        put_raw(writer, text, mc_format_float(text, number));
    else
        mc_json_put_null(writer);
}

void mc_json_add_text(mc_json_writer *writer, const char *key, const char *text)
{
    mc_json_key(writer, key);
    mc_json_put_text(writer, text);
}

void mc_json_add_int(mc_json_writer *writer, const char *key, int64_t number)
{
    mc_json_key(writer, key);
    mc_json_put_int(writer, number);
}

void mc_json_add_uint(mc_json_writer *writer, const char *key, uint64_t number)
{
    mc_json_key(writer, key);
    mc_json_put_uint(writer, number);
}

void mc_json_add_double(mc_json_writer *writer, const char *key, double number)
{
    mc_json_key(writer, key);
    mc_json_put_double(writer, number);
}

void mc_json_add_bool(mc_json_writer *writer, const char *key, bool truth)
{
    mc_json_key(writer, key);
    mc_json_put_bool(writer, truth);
}

void mc_json_put_floats(mc_json_writer *writer, const float *numbers, size_t count)
{
    enum { AT_ONCE = 256 };

    lead(writer);
    mc_buffer_add_char(writer->out, '[');
    for (size_t first = 0; first < count; first += AT_ONCE) {
        size_t last  = count - first < AT_ONCE ? count : first + AT_ONCE;
        char  *start = mc_buffer_reserve(writer->out, AT_ONCE * (NUMBER_TEXT + 1));
        char  *at    = start;
        if (!start) return;
        for (size_t i = first; i < last; i++) {
            if (i > 0) *at++ = ',';
            if (isfinite(numbers[i]))
                at += mc_format_float(at, numbers[i]);
            else
                at = (char *)memcpy(at, "null", 4) + 4;
        }
        writer->out->size += (size_t)(at - start);
    }
    mc_buffer_add_char(writer->out, ']');
    writer->has_sibling = true;
}

static void put_container(mc_json_writer *writer, mc_json_value value, bool is_object)
{
    if (is_object)
        mc_json_begin_object(writer);
    else
        mc_json_begin_array(writer);
    for (mc_json_iter it = mc_json_iterate(value); mc_json_next(&it);) {
        if (is_object) mc_json_key(writer, it.key);
        mc_json_put_value(writer, it.value);
    }
    if (is_object)
        mc_json_end_object(writer);
    else
        mc_json_end_array(writer);
}

static void put_number(mc_json_writer *writer, mc_json_value value)
{
    int64_t  integer;
    uint64_t count;
    double   number = 0;

    if (mc_json_int64(value, &integer))
        mc_json_put_int(writer, integer);
    else if (mc_json_uint64(value, &count))
        mc_json_put_uint(writer, count);
    else if (mc_json_double(value, &number))
        mc_json_put_double(writer, number);
}

/* The parser bounds the depth. */
void mc_json_put_value(mc_json_writer *writer, mc_json_value value)
{
    const mc_json_type type  = mc_json_type_of(value);
    const char        *text  = "";
    size_t             size  = 0;
    bool               truth = false;

    switch (type) {
    case MC_JSON_OBJECT:
    case MC_JSON_ARRAY: put_container(writer, value, type == MC_JSON_OBJECT); break;
    case MC_JSON_INTEGER:
    case MC_JSON_DOUBLE: put_number(writer, value); break;
    case MC_JSON_STRING:
        mc_json_string(value, &text, &size);
        mc_json_put_span(writer, text, size);
        break;
    case MC_JSON_BOOL:
        mc_json_bool(value, &truth);
        mc_json_put_bool(writer, truth);
        break;
    case MC_JSON_NULL:
    case MC_JSON_NONE: mc_json_put_null(writer); break;
    }
}
