/* json.c - a report as JSON. */
#include "base/json_write.h"
#include "report/write.h"

static void write_value(mc_json_writer *json, const mc_value *value);

static void write_members(mc_json_writer *json, const mc_value *object)
{
    for (const mc_value *member = object->first; member; member = member->next) {
        mc_json_key(json, member->key);
        write_value(json, member);
    }
}

static void write_list(mc_json_writer *json, const mc_value *first)
{
    mc_json_begin_array(json);
    for (const mc_value *element = first; element; element = element->next)
        write_value(json, element);
    mc_json_end_array(json);
}

static void write_value(mc_json_writer *json, const mc_value *value)
{
    switch (value->kind) {
    case MC_VALUE_NULL: mc_json_put_null(json); break;
    case MC_VALUE_BOOL: mc_json_put_bool(json, value->as.truth); break;
    case MC_VALUE_INTEGER: mc_json_put_int(json, value->as.integer); break;
    case MC_VALUE_NUMBER: mc_json_put_double(json, value->as.number); break;
    case MC_VALUE_TEXT: mc_json_put_text(json, value->as.text); break;
    case MC_VALUE_ARRAY: write_list(json, value->first); break;
    case MC_VALUE_OBJECT:
        mc_json_begin_object(json);
        write_members(json, value);
        mc_json_end_object(json);
        break;
    }
}

void mc_report_write_json(mc_report *report, const mc_schema *schema, bool pretty,
                          mc_buffer *out)
{
    mc_json_writer  json  = mc_json_writer_init(out, pretty ? 2 : 0);
    const mc_value *notes = mc_report_notes(report);

    if (mc_report_status(report, NULL) != MC_OK) {
        out->failed = 1; /* a tree with holes is not shown */
        return;
    }
    mc_json_begin_object(&json);
    mc_json_add_text(&json, "_schema", schema->name);
    write_members(&json, mc_report_root(report));
    if (notes) {
        mc_json_key(&json, "notes");
        write_list(&json, notes);
    }
    mc_json_end_object(&json);
    mc_buffer_add_char(out, '\n');
}
