/* text.c - a report for people: labelled lines, tables, notes. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "report/write.h"

enum {
    GAP            = 2,  /* spaces between columns */
    COLUMN_LEAST   = 12, /* a text column is not made narrower */
    LAST_LEAST     = 24, /* the last one not if it can stand below its row */
    BELOW_INDENT   = 4,
    COLUMNS_MAX    = 64,
    WRAP_UNLIMITED = 1 << 20
};

typedef struct writer {
    mc_buffer    *out;
    mc_text_style style;
} writer;

/* ---- values ---- */

static double number_of(const mc_value *value)
{
    return value->kind == MC_VALUE_INTEGER ? (double)value->as.integer : value->as.number;
}

static void print_time(mc_buffer *out, const char *iso)
{
    enum { DAY = 10, MINUTE = 16 };

    if (strlen(iso) < MINUTE)
        mc_text_add_visible(out, iso, 0);
    else
        mc_buffer_printf(out, "%.*s %.*s", DAY, iso, MINUTE - DAY - 1, iso + DAY + 1);
}

static void print_scalar(mc_buffer *out, const mc_field *field, const mc_value *value)
{
    mc_unit unit = field ? field->unit : MC_UNIT_NONE;

    switch (value->kind) {
    case MC_VALUE_BOOL: mc_buffer_add_text(out, value->as.truth ? "yes" : "no"); break;
    case MC_VALUE_INTEGER:
        if (unit == MC_UNIT_NONE || unit == MC_UNIT_ID)
            mc_buffer_printf(out, "%" PRId64, value->as.integer);
        else
            mc_unit_print(out, unit, number_of(value));
        break;
    case MC_VALUE_NUMBER: mc_unit_print(out, unit, value->as.number); break;
    case MC_VALUE_TEXT:
        if (unit == MC_UNIT_TIME)
            print_time(out, value->as.text);
        else
            mc_text_add_visible(out, value->as.text, 0);
        break;
    default: mc_buffer_add_char(out, '-'); break;
    }
}

/* "hiddenSize" is shown as "hidden size". */
static void print_label(mc_buffer *out, const mc_field *field, const char *key)
{
    if (field && field->label) {
        mc_buffer_add_text(out, field->label);
        return;
    }
    for (; *key; key++)
        if (*key >= 'A' && *key <= 'Z')
            mc_buffer_printf(out, " %c", *key - 'A' + 'a');
        else
            mc_buffer_add_char(out, *key);
}

static bool is_shown(const mc_field *field)
{
    return !field || !(field->flags & MC_FIELD_MACHINE);
}

static bool has_containers(const mc_value *array)
{
    for (const mc_value *element = array->first; element; element = element->next)
        if (element->kind == MC_VALUE_ARRAY || element->kind == MC_VALUE_OBJECT) return true;
    return false;
}

static bool is_block(const mc_field *field, const mc_value *value)
{
    if (value->kind == MC_VALUE_ARRAY && field && field->unit == MC_UNIT_LINE)
        return value->count > 0;
    return value->kind == MC_VALUE_OBJECT ||
           (value->kind == MC_VALUE_ARRAY && has_containers(value));
}

static void pad(mc_buffer *out, size_t columns)
{
    while (columns-- > 0)
        mc_buffer_add_char(out, ' ');
}

/* From column `used` on to `columns`. */
static void pad_to(mc_buffer *out, size_t columns, size_t used)
{
    if (used < columns) pad(out, columns - used);
}

static size_t label_width(const writer *to, const mc_field *fields, const mc_value *object)
{
    size_t widest = 0;

    for (const mc_value *member = object->first; member; member = member->next) {
        mc_buffer       label = { 0 };
        size_t          width;
        const mc_field *field = mc_field_find(fields, member->key);
        if (is_block(field, member) || !is_shown(field)) continue;
        print_label(&label, field, member->key);
        width = mc_text_width(label.data ? label.data : "");
        if (width > widest) widest = width;
        mc_buffer_clear_part(&label, to->out);
    }
    return widest;
}

/* A list of plain values: "0, 1, 2", wrapped to the terminal under its first element. */
static void print_list(const writer *to, const mc_field *field, const mc_value *array,
                       size_t column)
{
    size_t limit = to->style.width ? to->style.width : WRAP_UNLIMITED, used = column;

    for (const mc_value *element = array->first; element; element = element->next) {
        mc_buffer text = { 0 };
        size_t    width;
        print_scalar(&text, field, element);
        if (element->next) mc_buffer_add_char(&text, ',');
        width = mc_text_width(text.data ? text.data : "");
        if (used > column && used + width + 1 > limit) {
            mc_buffer_add_char(to->out, '\n');
            pad(to->out, column);
            used = column;
        } else if (used > column) {
            mc_buffer_add_char(to->out, ' ');
            used++;
        }
        mc_buffer_add(to->out, text.data, text.size);
        used += width;
        mc_buffer_clear_part(&text, to->out);
    }
    if (!array->first) mc_buffer_add_text(to->out, "none");
}

static void print_line(const writer *to, const mc_field *field, const mc_value *member,
                       size_t labels, size_t indent)
{
    size_t start;

    pad(to->out, indent);
    start = to->out->size;
    print_label(to->out, field, member->key);
    if (to->out->failed) return;
    pad_to(to->out, labels + GAP, mc_text_width(to->out->data + start));
    if (member->kind == MC_VALUE_ARRAY)
        print_list(to, field, member, indent + labels + GAP);
    else
        print_scalar(to->out, field, member);
    mc_buffer_add_char(to->out, '\n');
}

/* A blank line, then the label on its own line; a label "" stands for no line at all. */
static void print_heading(const writer *to, const mc_field *field, const char *key,
                          size_t indent)
{
    if (to->out->size > 0) mc_buffer_add_char(to->out, '\n');
    if (field && field->label && !field->label[0]) return;
    pad(to->out, indent);
    if (to->style.color) mc_buffer_add_text(to->out, "\033[1m");
    print_label(to->out, field, key);
    if (to->style.color) mc_buffer_add_text(to->out, "\033[0m");
    mc_buffer_add_char(to->out, '\n');
}

/* ---- tables ---- */

typedef struct column {
    const char     *key;
    const mc_field *field;
    size_t          width;
    bool            is_number;
} column;

static void print_cell(mc_buffer *out, const column *col, const mc_value *value)
{
    if (!value) return;
    if (value->kind != MC_VALUE_ARRAY) {
        print_scalar(out, col->field, value);
        return;
    }
    for (const mc_value *element = value->first; element; element = element->next) {
        print_scalar(out, col->field, element);
        if (element->next) mc_buffer_add_text(out, ", ");
    }
}

static void measure_cell(const writer *to, column *col, const mc_value *value)
{
    mc_buffer text = { 0 };
    size_t    width;

    if (!value) return;
    print_cell(&text, col, value);
    width = mc_text_width(text.data ? text.data : "");
    if (width > col->width) col->width = width;
    if (value->kind != MC_VALUE_INTEGER && value->kind != MC_VALUE_NUMBER &&
        value->kind != MC_VALUE_NULL)
        col->is_number = false;
    mc_buffer_clear_part(&text, to->out);
}

/* Columns in the order in which keys first occur; rows need not have them all. */
static size_t find_columns(const mc_field *fields, const mc_value *rows, column *columns)
{
    size_t count = 0;

    for (const mc_value *row = rows->first; row; row = row->next)
        for (const mc_value *cell = row->first; cell; cell = cell->next) {
            const mc_field *field = mc_field_find(fields, cell->key);
            size_t          i     = 0;
            while (i < count && strcmp(columns[i].key, cell->key) != 0)
                i++;
            if (i == count && is_shown(field) && !is_block(field, cell) && count < COLUMNS_MAX)
                columns[count++] = (column){ cell->key, field, 0, true };
        }
    return count;
}

static void measure(const writer *to, const mc_value *rows, column *columns, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        mc_buffer label = { 0 };
        print_label(&label, columns[i].field, columns[i].key);
        columns[i].width = mc_text_width(label.data ? label.data : "");
        mc_buffer_clear_part(&label, to->out);
        for (const mc_value *row = rows->first; row; row = row->next)
            measure_cell(to, &columns[i], mc_value_find(row, columns[i].key));
    }
}

static bool may_shrink(const column *col)
{
    return !col->is_number && !(col->field && col->field->unit == MC_UNIT_TIME);
}

/* Take what is too much from the widest text column, again and again. */
static void fit(column *columns, size_t count, size_t indent, size_t limit)
{
    for (;;) {
        size_t  total  = indent;
        column *widest = NULL;
        for (size_t i = 0; i < count; i++) {
            total += columns[i].width + (i + 1 < count ? GAP : 0);
            if (may_shrink(&columns[i]) && (!widest || columns[i].width > widest->width))
                widest = &columns[i];
        }
        if (total <= limit || !widest || widest->width <= COLUMN_LEAST) return;
        widest->width--;
    }
}

/* One line of a cell; returns the rest of its text. */
static const char *put_cell(const writer *to, const column *col, const char *text, bool is_last)
{
    size_t size = mc_text_line_size(text, col->width), start = to->out->size, width = 0;

    if (col->is_number && mc_text_width(text) < col->width)
        pad(to->out, col->width - mc_text_width(text));
    mc_buffer_add(to->out, text, size);
    if (!to->out->failed) width = mc_text_width(to->out->data + start);
    if (!is_last) pad_to(to->out, col->width + GAP, width);
    return text + size + strspn(text + size, " ");
}

/* A row takes as many lines as its longest text needs in its column. */
static void put_row(const writer *to, const column *columns, size_t count, const mc_value *row,
                    size_t indent)
{
    mc_buffer   texts[COLUMNS_MAX] = { 0 };
    const char *rest[COLUMNS_MAX];
    bool        more = true;

    for (size_t i = 0; i < count; i++) {
        if (row)
            print_cell(&texts[i], &columns[i], mc_value_find(row, columns[i].key));
        else
            print_label(&texts[i], columns[i].field, columns[i].key);
        rest[i] = texts[i].data ? texts[i].data : "";
    }
    while (more) {
        more = false;
        pad(to->out, indent);
        for (size_t i = 0; i < count; i++) {
            rest[i] = put_cell(to, &columns[i], rest[i], i + 1 == count);
            more    = more || *rest[i];
        }
        /* An empty last cell leaves the padding of the one before it. */
        while (!to->out->failed && to->out->size > 0 && to->out->data[to->out->size - 1] == ' ')
            to->out->size--;
        mc_buffer_add_char(to->out, '\n');
    }
    for (size_t i = 0; i < count; i++)
        mc_buffer_clear_part(&texts[i], to->out);
}

/* Widths for the terminal. Where little would be left for a text in the last column, it stands
 * on lines of its own below each row: returns how many columns stand beside each other. */
static size_t arrange(const writer *to, const mc_value *rows, column *columns, size_t count,
                      size_t indent)
{
    column *last = &columns[count ? count - 1 : 0];
    size_t  whole;

    measure(to, rows, columns, count);
    if (!to->style.width || count == 0) return count;
    whole = last->width;
    fit(columns, count, indent, to->style.width);
    if (count < 3 || !may_shrink(last) || last->width == whole || last->width >= LAST_LEAST)
        return count;
    measure(to, rows, columns, count);
    fit(columns, count - 1, indent, to->style.width);
    last->width = to->style.width - indent - BELOW_INDENT;
    return count - 1;
}

static void print_table(const writer *to, const mc_field *fields, const mc_value *rows,
                        size_t indent)
{
    column        columns[COLUMNS_MAX];
    size_t        count  = find_columns(fields, rows, columns);
    size_t        beside = arrange(to, rows, columns, count, indent);
    const column *below  = &columns[beside];

    put_row(to, columns, beside, NULL, indent);
    if (beside < count) put_row(to, below, 1, NULL, indent + BELOW_INDENT);
    for (const mc_value *row = rows->first; row; row = row->next) {
        put_row(to, columns, beside, row, indent);
        if (beside < count) put_row(to, below, 1, row, indent + BELOW_INDENT);
    }
}

static void print_object(const writer *to, const mc_field *fields, const mc_value *object,
                         size_t indent);

static void print_block(const writer *to, const mc_field *field, const mc_value *member,
                        size_t indent)
{
    const mc_field *inner = field ? field->fields : NULL;
    size_t          deep  = field && field->label && !field->label[0] ? indent : indent + 2;

    print_heading(to, field, member->key, indent);
    if (member->kind == MC_VALUE_OBJECT)
        print_object(to, inner, member, deep);
    else if (member->first->kind == MC_VALUE_OBJECT)
        print_table(to, inner, member, deep);
    else
        for (const mc_value *row = member->first; row; row = row->next) {
            pad(to->out, deep);
            if (row->kind == MC_VALUE_ARRAY)
                print_list(to, field, row, deep);
            else
                print_scalar(to->out, field, row);
            mc_buffer_add_char(to->out, '\n');
        }
}

/* Lines first, then the blocks, so that labels align and nothing is lost between tables. */
static void print_object(const writer *to, const mc_field *fields, const mc_value *object,
                         size_t indent)
{
    size_t labels = label_width(to, fields, object);

    for (const mc_value *member = object->first; member; member = member->next) {
        const mc_field *field = mc_field_find(fields, member->key);
        if (!is_block(field, member) && is_shown(field))
            print_line(to, field, member, labels, indent);
    }
    for (const mc_value *member = object->first; member; member = member->next) {
        const mc_field *field = mc_field_find(fields, member->key);
        if (is_block(field, member) && is_shown(field)) print_block(to, field, member, indent);
    }
}

void mc_value_write_table(const mc_value *rows, const mc_field *fields, mc_text_style style,
                          mc_buffer *out)
{
    writer to = { out, style };

    print_table(&to, fields, rows, 0);
}

void mc_report_write_text(mc_report *report, const mc_schema *schema, mc_text_style style,
                          mc_buffer *out)
{
    writer to = { out, style };

    if (mc_report_status(report, NULL) != MC_OK) {
        out->failed = 1; /* a tree with holes is not shown */
        return;
    }
    print_object(&to, schema->fields, mc_report_root(report), 0);
    for (const mc_value *note = mc_report_notes(report); note; note = note->next) {
        mc_buffer_add_text(out, "note: ");
        mc_text_add_visible(out, note->as.text, 0);
        mc_buffer_add_char(out, '\n');
    }
}
