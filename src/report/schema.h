/* schema.h - the shape of a report: one table of fields, from which come the published JSON
 * Schema, the check that a report keeps to it, and the labels and units of the text form. */
#ifndef MC_REPORT_SCHEMA_H
#define MC_REPORT_SCHEMA_H

#include "base/buffer.h"
#include "report/report.h"

/* How the text form shows a number. The machine forms always hold the plain number. */
typedef enum mc_unit {
    MC_UNIT_NONE,
    MC_UNIT_COUNT,   /* 134,515,008 */
    MC_UNIT_BYTES,   /* 89.7 MiB */
    MC_UNIT_SECONDS, /* 2.3 s, 4 min 10 s */
    MC_UNIT_RATIO,   /* 0.831 is 83.1 % */
    MC_UNIT_ID,      /* an integer that is a name: 49152 */
    MC_UNIT_LINE,    /* texts of an array: one a line */
    MC_UNIT_TIME     /* a text, 2026-01-31T12:00:00Z: shown to the minute, never shortened */
} mc_unit;

enum {
    MC_FIELD_OPTIONAL = 1, /* may be missing */
    MC_FIELD_NULLABLE = 2, /* may be null */
    MC_FIELD_MACHINE  = 4, /* not in the text form */
    MC_FIELD_FREE     = 8, /* an object whose members somebody else decides */
    MC_FIELD_LAYER    = 16 /* an integer field that may also be the text "final" */
};

/* A row of a table, which ends with { 0 }; the commonest rows have macros below. */
typedef struct mc_field {
    const char            *name; /* "*": any key not named before it */
    mc_value_kind          kind;
    const char            *help;
    mc_unit                unit;    /* of a number, or of an array's numbers */
    mc_value_kind          element; /* of an array */
    const struct mc_field *fields;  /* of an object, or of an array's objects */
    unsigned               flags;
    const char            *label; /* NULL: the name in words ("hiddenSize": "hidden size") */
} mc_field;

#define MC_TEXT_FIELD(name, help) \
    {                             \
        name, MC_VALUE_TEXT, help \
    }
#define MC_COUNT_FIELD(name, help)                  \
    {                                               \
        name, MC_VALUE_INTEGER, help, MC_UNIT_COUNT \
    }
#define MC_LAYER_FIELD(name, help)                                        \
    {                                                                     \
        name, MC_VALUE_INTEGER, help, MC_UNIT_ID, .flags = MC_FIELD_LAYER \
    }
#define MC_LIST_FIELD(name, help, of)                                        \
    {                                                                        \
        name, MC_VALUE_ARRAY, help, .element = MC_VALUE_OBJECT, .fields = of \
    }
#define MC_NULLABLE_TEXT(name, help)                          \
    {                                                         \
        name, MC_VALUE_TEXT, help, .flags = MC_FIELD_NULLABLE \
    }
#define MC_NULLABLE_COUNT(name, help)                                           \
    {                                                                           \
        name, MC_VALUE_INTEGER, help, MC_UNIT_COUNT, .flags = MC_FIELD_NULLABLE \
    }
#define MC_NULLABLE_NUMBER(name, help)                          \
    {                                                           \
        name, MC_VALUE_NUMBER, help, .flags = MC_FIELD_NULLABLE \
    }

typedef struct mc_schema {
    const char     *name; /* "mc.geometry.crm-build.v1" */
    const mc_field *fields;
} mc_schema;

/* The table's row for a key, or NULL. `fields` may be NULL. */
const mc_field *mc_field_find(const mc_field *fields, const char *name);

/* MC_ERR_INTERNAL with the path of the first value that is not as the schema says. */
mc_status mc_schema_check(const mc_schema *schema, mc_report *report, mc_error *err);

/* JSON Schema, draft 2020-12. */
void mc_schema_write(const mc_schema *schema, mc_buffer *out);

#endif
