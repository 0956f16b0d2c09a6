/* schema.c - JSON Schema from a table of fields, and the check of a report against the table.
 */
#include "report/schema.h"

#include <string.h>

#include "base/json_write.h"

static const char *const kind_names[] = {
    [MC_VALUE_NULL] = "null",     [MC_VALUE_BOOL] = "boolean", [MC_VALUE_INTEGER] = "integer",
    [MC_VALUE_NUMBER] = "number", [MC_VALUE_TEXT] = "string",  [MC_VALUE_ARRAY] = "array",
    [MC_VALUE_OBJECT] = "object",
};

const mc_field *mc_field_find(const mc_field *fields, const char *name)
{
    for (const mc_field *field = fields; field && field->name; field++)
        if (strcmp(field->name, name) == 0 || strcmp(field->name, "*") == 0) return field;
    return NULL;
}

static mc_status check_object(const mc_field *fields, const mc_value *object, mc_error *err);

static mc_status wrong_kind(const mc_value *value, mc_value_kind want, mc_error *err)
{
    return mc_fail(err, MC_ERR_INTERNAL, "", "'%s' is %s, the schema says %s",
                   value->key ? value->key : "an array's element", kind_names[value->kind],
                   kind_names[want]);
}

static mc_status check_value(const mc_field *field, mc_value_kind want, const mc_value *value,
                             mc_error *err)
{
    if (value->kind == MC_VALUE_NULL && field->flags & MC_FIELD_NULLABLE) return MC_OK;
    if (value->kind == MC_VALUE_INTEGER && want == MC_VALUE_NUMBER) return MC_OK;
    if (field->flags & MC_FIELD_LAYER && value->kind == MC_VALUE_TEXT) return MC_OK;
    if (value->kind != want) return wrong_kind(value, want, err);
    if (field->flags & MC_FIELD_FREE) return MC_OK;
    if (want == MC_VALUE_OBJECT) return check_object(field->fields, value, err);
    if (want != MC_VALUE_ARRAY) return MC_OK;
    for (const mc_value *element = value->first; element; element = element->next)
        MC_TRY(check_value(field, field->element, element, err));
    return MC_OK;
}

static mc_status check_object(const mc_field *fields, const mc_value *object, mc_error *err)
{
    for (const mc_value *member = object->first; member; member = member->next) {
        const mc_field *field = mc_field_find(fields, member->key);
        if (!field)
            return mc_fail(err, MC_ERR_INTERNAL, "", "'%s' is not in the schema", member->key);
        MC_TRY(check_value(field, field->kind, member, err));
    }
    for (const mc_field *field = fields; field && field->name; field++)
        if (!(field->flags & MC_FIELD_OPTIONAL) && strcmp(field->name, "*") != 0 &&
            !mc_value_find(object, field->name))
            return mc_fail(err, MC_ERR_INTERNAL, "", "'%s' is missing", field->name);
    return MC_OK;
}

mc_status mc_schema_check(const mc_schema *schema, mc_report *report, mc_error *err)
{
    mc_status status = mc_report_status(report, err);

    if (status == MC_OK) status = check_object(schema->fields, mc_report_root(report), err);
    if (status != MC_OK) mc_fail_about(err, status, "%s", schema->name);
    return status;
}

static void write_object(mc_json_writer *json, const mc_field *fields);

static void write_type(mc_json_writer *json, mc_value_kind kind, unsigned flags)
{
    /* A number that is not finite is written as null. */
    const bool nullable = flags & MC_FIELD_NULLABLE || kind == MC_VALUE_NUMBER;
    const bool layer    = flags & MC_FIELD_LAYER;

    mc_json_key(json, "type");
    if (nullable || layer) mc_json_begin_array(json);
    mc_json_put_text(json, kind_names[kind]);
    if (layer) mc_json_put_text(json, "string");
    if (nullable) mc_json_put_text(json, "null");
    if (nullable || layer) mc_json_end_array(json);
}

/* An array's elements may be null exactly when its numbers may be. */
static void write_field(mc_json_writer *json, const mc_field *field)
{
    mc_json_begin_object(json);
    mc_json_add_text(json, "description", field->help);
    write_type(json, field->kind, field->flags);
    if (field->kind == MC_VALUE_OBJECT && !(field->flags & MC_FIELD_FREE))
        write_object(json, field->fields);
    if (field->kind == MC_VALUE_ARRAY) {
        mc_json_key(json, "items");
        mc_json_begin_object(json);
        write_type(json, field->element, field->flags);
        if (field->element == MC_VALUE_OBJECT) write_object(json, field->fields);
        mc_json_end_object(json);
    }
    mc_json_end_object(json);
}

static void write_object(mc_json_writer *json, const mc_field *fields)
{
    const mc_field *rest = NULL;

    mc_json_key(json, "properties");
    mc_json_begin_object(json);
    for (const mc_field *field = fields; field && field->name; field++) {
        if (strcmp(field->name, "*") == 0) {
            rest = field;
            continue;
        }
        mc_json_key(json, field->name);
        write_field(json, field);
    }
    mc_json_end_object(json);
    mc_json_key(json, "required");
    mc_json_begin_array(json);
    for (const mc_field *field = fields; field && field->name; field++)
        if (!(field->flags & MC_FIELD_OPTIONAL) && field != rest)
            mc_json_put_text(json, field->name);
    mc_json_end_array(json);
    mc_json_key(json, "additionalProperties");
    if (rest)
        write_field(json, rest);
    else
        mc_json_put_bool(json, false);
}

/* What every report has beside its own fields (its writers add them). */
static const mc_field envelope[] = {
    MC_TEXT_FIELD("_schema", "the name and version of this shape"),
    { "notes", MC_VALUE_ARRAY, "remarks, and where a number is null because it is not finite",
      .element = MC_VALUE_TEXT, .flags = MC_FIELD_OPTIONAL },
    { 0 },
};

void mc_schema_write(const mc_schema *schema, mc_buffer *out)
{
    enum { FIELDS_MAX = 64 };
    mc_field       all[FIELDS_MAX + 3] = { envelope[0] };
    size_t         count               = 1;
    mc_json_writer json                = mc_json_writer_init(out, 2);

    for (const mc_field *field = schema->fields; field->name && count <= FIELDS_MAX; field++)
        all[count++] = *field;
    all[count++] = envelope[1];
    mc_json_begin_object(&json);
    mc_json_add_text(&json, "$schema", "https://json-schema.org/draft/2020-12/schema");
    mc_json_add_text(&json, "$id", schema->name);
    mc_json_add_text(&json, "type", "object");
    write_object(&json, all);
    mc_json_end_object(&json);
    mc_buffer_add_char(out, '\n');
}
