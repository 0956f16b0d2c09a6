/* report.h - what a command or an analysis has found, as one tree of values.
 *
 * A report is built with small calls and written as text, JSON, YAML or CSV (write.h); its
 * shape is described by a schema (schema.h), which also carries the labels and units of the
 * text form. Keys keep the order in which they were added. Building never fails on the spot: a
 * call that finds no memory marks the report, the calls after it do nothing, and
 * mc_report_status() (or the writer) says so at the end. Texts are copied and must be UTF-8. */
#ifndef MC_REPORT_REPORT_H
#define MC_REPORT_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"

typedef enum mc_value_kind {
    MC_VALUE_NULL,
    MC_VALUE_BOOL,
    MC_VALUE_INTEGER,
    MC_VALUE_NUMBER,
    MC_VALUE_TEXT,
    MC_VALUE_ARRAY,
    MC_VALUE_OBJECT
} mc_value_kind;

typedef struct mc_report mc_report;

/* Read it freely, change it only through the calls below. */
typedef struct mc_value {
    mc_value_kind    kind;
    mc_report       *report;
    struct mc_value *parent;
    struct mc_value *next;  /* the sibling added after this one */
    struct mc_value *first; /* of an array or object */
    struct mc_value *last;
    size_t           count; /* of an array or object */
    const char      *key;   /* in an object; else NULL */
    union {
        bool        truth;
        int64_t     integer;
        double      number; /* may be not finite: JSON writes null, and a note says where */
        const char *text;
    } as;
} mc_value;

mc_status mc_report_create(mc_report **report, mc_error *err);
void      mc_report_free(mc_report *report); /* NULL is fine */
/* The object that everything is in. */
mc_value *mc_report_root(mc_report *report);
/* MC_ERR_MEMORY when something could not be added. */
mc_status mc_report_status(const mc_report *report, mc_error *err);

/* A remark for the reader: `notes` of the machine forms, lines at the end of the text form. */
void mc_report_note(mc_report *report, const char *format, ...) MC_PRINTF(2, 3);
/* The first of the notes' texts (linked by `next`), or NULL. Values that are not finite are
 * counted among them. */
const mc_value *mc_report_notes(mc_report *report);

/* Add to an object under `key`, or to an array (key NULL). `in` may be NULL: nothing happens.
 */
mc_value *mc_value_add_object(mc_value *in, const char *key);
mc_value *mc_value_add_array(mc_value *in, const char *key);
void      mc_value_add_text(mc_value *in, const char *key, const char *text);
void      mc_value_add_span(mc_value *in, const char *key, const char *text, size_t size);
/* The text of a buffer, which is cleared; what it could not hold, the report lacks. */
void mc_value_add_buffer(mc_value *in, const char *key, mc_buffer *text);
void mc_value_add_format(mc_value *in, const char *key, const char *format, ...)
    MC_PRINTF(3, 4);
void mc_value_add_integer(mc_value *in, const char *key, int64_t integer);
/* The number of a layer, or "final" for MC_LAYER_FINAL. */
void mc_value_add_layer(mc_value *in, const char *key, int layer);
void mc_value_add_count(mc_value *in, const char *key, uint64_t count);
void mc_value_add_number(mc_value *in, const char *key, double number);
/* Null for what is not a number: a value that is undefined, whose reason stands beside it. */
void mc_value_add_defined(mc_value *in, const char *key, double number);
/* Null for what is not there: no text or an empty one, a negative integer, a count of 0. */
void mc_value_add_text_or_null(mc_value *in, const char *key, const char *text);
void mc_value_add_integer_or_null(mc_value *in, const char *key, int64_t integer);
void mc_value_add_count_or_null(mc_value *in, const char *key, uint64_t count);
/* Seconds since 1970 as a text, for MC_UNIT_TIME; empty for a year that has no name. */
void mc_value_add_time(mc_value *in, const char *key, int64_t seconds);
void mc_value_add_bool(mc_value *in, const char *key, bool truth);
void mc_value_add_null(mc_value *in, const char *key);

/* An object's member, or NULL. */
const mc_value *mc_value_find(const mc_value *object, const char *key);

#endif
