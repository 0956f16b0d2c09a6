/* write.h - a report as text for people, or as JSON, YAML or CSV for programs.
 *
 * A report that could not be built whole marks the buffer as failed instead. */
#ifndef MC_REPORT_WRITE_H
#define MC_REPORT_WRITE_H

#include "base/buffer.h"
#include "report/report.h"
#include "report/schema.h"

/* One line, or two spaces a level; the root gains `_schema` first and `notes` last. */
void mc_report_write_json(mc_report *report, const mc_schema *schema, bool pretty,
                          mc_buffer *out);
/* YAML 1.2 that a YAML 1.1 reader takes the same way. */
void mc_report_write_yaml(mc_report *report, const mc_schema *schema, mc_buffer *out);

typedef struct mc_text_style {
    size_t width; /* of the terminal; 0: no limit, nothing is wrapped */
    bool   color;
} mc_text_style;

/* Labelled lines, a table for each array of objects, notes at the end. */
void mc_report_write_text(mc_report *report, const mc_schema *schema, mc_text_style style,
                          mc_buffer *out);

/* An array of objects as one of the tables of the text form. */
void mc_value_write_table(const mc_value *rows, const mc_field *fields, mc_text_style style,
                          mc_buffer *out);

/* An array of objects as RFC 4180 (LF line ends), its columns from the first row's keys. */
void mc_value_write_csv(const mc_value *rows, mc_buffer *out);

/* A number as the text form shows it. */
void mc_unit_print(mc_buffer *out, mc_unit unit, double number);
/* What three decimals would show as 0.000 or -0.000 becomes 0. */
double mc_unsigned_zero(double number);

/* Columns that a text takes on a terminal, and the text with control characters made visible,
 * shortened with an ellipsis to `width` columns (0: whole). What comes from a file may hold
 * escape sequences: nothing else goes to a terminal. */
size_t mc_text_width(const char *text);
void   mc_text_add_visible(mc_buffer *out, const char *text, size_t width);
/* The bytes of a text that a line of `width` columns takes: to the last space that fits, and
 * where there is none, all that fit, one character at least. */
size_t mc_text_line_size(const char *text, size_t width);
/* "- " and the printed words, made visible, broken to lines of at most `width` (0: one line).
 */
void mc_text_add_item(mc_buffer *out, size_t width, const char *format, ...) MC_PRINTF(3, 4);

#endif
