/* json_write.h - writing JSON as a stream of calls.
 *
 * The writer keeps the commas and the indentation; the caller keeps begin and end paired.
 * Numbers are the shortest text that reads back to the same float or double; a number that is
 * not finite becomes null (RFC 8259 has no other choice: the caller adds the note). Strings
 * must be UTF-8. */
#ifndef MC_BASE_JSON_WRITE_H
#define MC_BASE_JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/json.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mc_json_writer {
    mc_buffer *out;
    int        indent; /* spaces a level; 0: compact, on one line */
    int        depth;
    bool       has_sibling; /* a value came before, at this depth */
    bool       after_key;
} mc_json_writer;

mc_json_writer mc_json_writer_init(mc_buffer *out, int indent);
void           mc_json_begin_object(mc_json_writer *writer);
void           mc_json_end_object(mc_json_writer *writer);
void           mc_json_begin_array(mc_json_writer *writer);
void           mc_json_end_array(mc_json_writer *writer);
void           mc_json_key(mc_json_writer *writer, const char *key);
void           mc_json_put_text(mc_json_writer *writer, const char *text);
void           mc_json_put_span(mc_json_writer *writer, const char *text, size_t size);
void           mc_json_put_int(mc_json_writer *writer, int64_t number);
void           mc_json_put_uint(mc_json_writer *writer, uint64_t number);
void           mc_json_put_double(mc_json_writer *writer, double number);
void           mc_json_put_float(mc_json_writer *writer, float number);
void           mc_json_put_bool(mc_json_writer *writer, bool truth);
void           mc_json_put_null(mc_json_writer *writer);
/* A member of an object: its key and its value. */
void mc_json_add_text(mc_json_writer *writer, const char *key, const char *text);
void mc_json_add_int(mc_json_writer *writer, const char *key, int64_t number);
void mc_json_add_uint(mc_json_writer *writer, const char *key, uint64_t number);
void mc_json_add_double(mc_json_writer *writer, const char *key, double number);
void mc_json_add_bool(mc_json_writer *writer, const char *key, bool truth);
/* A value that was read, with everything in it. */
void mc_json_put_value(mc_json_writer *writer, mc_json_value value);
/* A compact array on one line whatever the indentation. */
void mc_json_put_floats(mc_json_writer *writer, const float *numbers, size_t count);

/* The shortest text of a finite number, not terminated; returns its length (at most 32). */
size_t mc_format_float(char *out, float number);
size_t mc_format_double(char *out, double number);

#ifdef __cplusplus
}
#endif
#endif
