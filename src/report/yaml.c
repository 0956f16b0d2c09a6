/* yaml.c - a report as YAML: block style, lists of plain values in one line. */
#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/checked.h"
#include "base/json_write.h"
#include "report/write.h"

/* Words that some YAML reader takes for something else than text. */
static const char *const reserved[] = { "true", "false", "yes", "no",  "on", "off",
                                        "null", "y",     "n",   "nan", "inf" };

/* Letters, digits, and a few signs that mean nothing in the middle of a plain scalar. */
static bool is_plain(const char *text)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    static const char inside[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789./-";

    if (!text[0] || !strchr(letters, text[0]) || text[strspn(text, inside)]) return false;
    for (size_t i = 0; i < MC_ARRAY_LEN(reserved); i++)
        if (strcasecmp(text, reserved[i]) == 0) return false;
    return true;
}

/* A double-quoted YAML scalar may be written exactly as JSON writes it. */
static void put_text(mc_buffer *out, const char *text)
{
    mc_json_writer json = mc_json_writer_init(out, 0);

    if (is_plain(text))
        mc_buffer_add_text(out, text);
    else
        mc_json_put_text(&json, text);
}

/* YAML 1.1 takes "1e-07" for text: it wants a dot before the exponent. */
static void put_number(mc_buffer *out, double number)
{
    char   digits[32];
    size_t size, exponent;

    if (!isfinite(number)) {
        mc_buffer_add_text(out, "null");
        return;
    }
    size         = mc_format_double(digits, number);
    digits[size] = '\0';
    exponent     = strcspn(digits, "e");
    mc_buffer_add(out, digits, exponent);
    if (exponent < size && !memchr(digits, '.', exponent)) mc_buffer_add_text(out, ".0");
    mc_buffer_add_text(out, digits + exponent);
}

static void put_scalar(mc_buffer *out, const mc_value *value)
{
    switch (value->kind) {
    case MC_VALUE_BOOL: mc_buffer_add_text(out, value->as.truth ? "true" : "false"); break;
    case MC_VALUE_INTEGER: mc_buffer_printf(out, "%lld", (long long)value->as.integer); break;
    case MC_VALUE_NUMBER: put_number(out, value->as.number); break;
    case MC_VALUE_TEXT: put_text(out, value->as.text); break;
    default: mc_buffer_add_text(out, "null"); break;
    }
}

static bool is_container(const mc_value *value)
{
    return value->kind == MC_VALUE_ARRAY || value->kind == MC_VALUE_OBJECT;
}

/* A list of plain values goes on one line, [1, 2, 3], unless its texts are long. */
static bool is_flow(const mc_value *value)
{
    enum { LINE = 72 };
    size_t text = 0;

    if (value->kind == MC_VALUE_OBJECT) return value->count == 0;
    for (const mc_value *element = value->first; element; element = element->next) {
        if (is_container(element)) return false;
        if (element->kind == MC_VALUE_TEXT) text += strlen(element->as.text) + 2;
    }
    return text <= LINE;
}

static void put_flow(mc_buffer *out, const mc_value *value)
{
    bool is_object = value->kind == MC_VALUE_OBJECT;

    mc_buffer_add_char(out, is_object ? '{' : '[');
    for (const mc_value *element = value->first; element; element = element->next) {
        put_scalar(out, element);
        if (element->next) mc_buffer_add_text(out, ", ");
    }
    mc_buffer_add_char(out, is_object ? '}' : ']');
}

static void indent(mc_buffer *out, int depth)
{
    for (int i = 0; i < depth; i++)
        mc_buffer_add_text(out, "  ");
}

/* The members of a container, one a line. `hanging`: the first one goes on the line begun. */
static void put_block(mc_buffer *out, const mc_value *container, int depth, bool hanging)
{
    for (const mc_value *value = container->first; value; value = value->next) {
        if (!hanging) indent(out, depth);
        hanging = false;
        if (value->key) {
            put_text(out, value->key);
            mc_buffer_add_char(out, ':');
        } else {
            mc_buffer_add_char(out, '-');
        }
        if (!is_container(value) || is_flow(value)) {
            mc_buffer_add_char(out, ' ');
            if (is_container(value))
                put_flow(out, value);
            else
                put_scalar(out, value);
            mc_buffer_add_char(out, '\n');
        } else if (value->key) {
            mc_buffer_add_char(out, '\n');
            put_block(out, value, depth + 1, false);
        } else {
            mc_buffer_add_char(out, ' ');
            put_block(out, value, depth + 1, true);
        }
    }
}

void mc_report_write_yaml(mc_report *report, const mc_schema *schema, mc_buffer *out)
{
    const mc_value *notes = mc_report_notes(report);

    if (mc_report_status(report, NULL) != MC_OK) {
        out->failed = 1; /* a tree with holes is not shown */
        return;
    }
    mc_buffer_add_text(out, "_schema: ");
    put_text(out, schema->name);
    mc_buffer_add_char(out, '\n');
    put_block(out, mc_report_root(report), 0, false);
    if (!notes) return;
    mc_buffer_add_text(out, "notes:\n");
    put_block(out, notes->parent, 1, false);
}
