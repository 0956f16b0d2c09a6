/* csv.c - an array of objects as comma-separated values. */
#include <math.h>
#include <string.h>

#include "base/json_write.h"
#include "report/write.h"

static void put_text(mc_buffer *out, const char *text)
{
    if (!text[strcspn(text, ",\"\r\n")]) {
        mc_buffer_add_text(out, text);
        return;
    }
    mc_buffer_add_char(out, '"');
    for (; *text; text++) {
        if (*text == '"') mc_buffer_add_char(out, '"');
        mc_buffer_add_char(out, *text);
    }
    mc_buffer_add_char(out, '"');
}

static void put_number(mc_buffer *out, double number)
{
    char digits[32];

    if (isfinite(number)) mc_buffer_add(out, digits, mc_format_double(digits, number));
}

/* What cannot be said in one cell (null, not finite, a container) leaves it empty. */
static void put_cell(mc_buffer *out, const mc_value *value)
{
    switch (value ? value->kind : MC_VALUE_NULL) {
    case MC_VALUE_BOOL: mc_buffer_add_text(out, value->as.truth ? "true" : "false"); break;
    case MC_VALUE_INTEGER: mc_buffer_printf(out, "%lld", (long long)value->as.integer); break;
    case MC_VALUE_NUMBER: put_number(out, value->as.number); break;
    case MC_VALUE_TEXT: put_text(out, value->as.text); break;
    default: break;
    }
}

void mc_value_write_csv(const mc_value *rows, mc_buffer *out)
{
    const mc_value *head = rows->first;

    if (!head) return;
    for (const mc_value *column = head->first; column; column = column->next) {
        put_text(out, column->key);
        mc_buffer_add_char(out, column->next ? ',' : '\n');
    }
    for (const mc_value *row = head; row; row = row->next)
        for (const mc_value *column = head->first; column; column = column->next) {
            put_cell(out, mc_value_find(row, column->key));
            mc_buffer_add_char(out, column->next ? ',' : '\n');
        }
}
