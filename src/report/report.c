/* report.c - building the tree of a report. Everything lies in one arena. */
#include "report/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <modelcypher/capture.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buffer.h"

enum { NON_FINITE_NAMED = 8 }; /* beyond it they are only counted */

struct mc_report {
    mc_arena *arena;
    mc_value *root;
    mc_value *notes;
    size_t    non_finite;
    bool      failed;
};

static mc_value *new_value(mc_report *report, mc_value_kind kind)
{
    mc_value *value = mc_arena_take(report->arena, 1, sizeof *value);

    if (value)
        *value = (mc_value){ .kind = kind, .report = report };
    else
        report->failed = true;
    return value;
}

static const char *copy(mc_report *report, const char *text, size_t size)
{
    char *place = mc_arena_take(report->arena, size + 1, 1);

    if (!place) {
        report->failed = true;
        return "";
    }
    if (size > 0) memcpy(place, text, size);
    place[size] = '\0';
    return place;
}

mc_status mc_report_create(mc_report **report, mc_error *err)
{
    mc_report *made = mc_calloc(1, sizeof *made);
    mc_status  status;

    if (!made) return mc_fail_memory(err, sizeof *made);
    status = mc_arena_create(&made->arena, err);
    if (status != MC_OK) {
        mc_free(made);
        return status;
    }
    made->root  = new_value(made, MC_VALUE_OBJECT);
    made->notes = new_value(made, MC_VALUE_ARRAY);
    *report     = made;
    return MC_OK;
}

void mc_report_free(mc_report *report)
{
    if (!report) return;
    mc_arena_free(report->arena);
    mc_free(report);
}

mc_value *mc_report_root(mc_report *report)
{
    return report->root;
}

mc_status mc_report_status(const mc_report *report, mc_error *err)
{
    return report->failed ? mc_fail_memory(err, sizeof(mc_value)) : MC_OK;
}

static mc_value *add(mc_value *in, const char *key, mc_value_kind kind)
{
    mc_value *value = in ? new_value(in->report, kind) : NULL;

    if (!value) return NULL;
    value->key    = key ? copy(in->report, key, strlen(key)) : NULL;
    value->parent = in;
    if (in->last)
        in->last->next = value;
    else
        in->first = value;
    in->last = value;
    in->count++;
    return value;
}

mc_value *mc_value_add_object(mc_value *in, const char *key)
{
    return add(in, key, MC_VALUE_OBJECT);
}

mc_value *mc_value_add_array(mc_value *in, const char *key)
{
    return add(in, key, MC_VALUE_ARRAY);
}

void mc_value_add_span(mc_value *in, const char *key, const char *text, size_t size)
{
    mc_value *value = add(in, key, MC_VALUE_TEXT);

    if (value) value->as.text = copy(in->report, text, size);
}

void mc_value_add_text(mc_value *in, const char *key, const char *text)
{
    mc_value_add_span(in, key, text, strlen(text));
}

void mc_value_add_buffer(mc_value *in, const char *key, mc_buffer *text)
{
    if (in && text->failed) in->report->failed = true;
    mc_value_add_span(in, key, text->data ? text->data : "", text->size);
    mc_buffer_clear(text);
}

static MC_PRINTF(3, 0) void add_printed(mc_value *in, const char *key, const char *format,
                                        va_list args)
{
    mc_buffer text = { 0 };

    if (!in) return;
    mc_buffer_vprintf(&text, format, args);
    mc_value_add_buffer(in, key, &text);
}

void mc_value_add_format(mc_value *in, const char *key, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_printed(in, key, format, args);
    va_end(args);
}

void mc_report_note(mc_report *report, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_printed(report->notes, NULL, format, args);
    va_end(args);
}

void mc_value_add_integer(mc_value *in, const char *key, int64_t integer)
{
    mc_value *value = add(in, key, MC_VALUE_INTEGER);

    if (value) value->as.integer = integer;
}

void mc_value_add_defined(mc_value *in, const char *key, double number)
{
    if (isnan(number))
        mc_value_add_null(in, key);
    else
        mc_value_add_number(in, key, number);
}

void mc_value_add_layer(mc_value *in, const char *key, int layer)
{
    if (layer == MC_LAYER_FINAL)
        mc_value_add_text(in, key, "final");
    else
        mc_value_add_integer(in, key, layer);
}

void mc_value_add_count(mc_value *in, const char *key, uint64_t count)
{
    mc_value_add_integer(in, key, count > INT64_MAX ? INT64_MAX : (int64_t)count);
}

void mc_value_add_time(mc_value *in, const char *key, int64_t seconds)
{
    time_t    at = (time_t)seconds;
    struct tm utc;
    char      text[32] = "";

    if (gmtime_r(&at, &utc)) strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    mc_value_add_text(in, key, text);
}

void mc_value_add_text_or_null(mc_value *in, const char *key, const char *text)
{
    if (text && text[0])
        mc_value_add_text(in, key, text);
    else
        mc_value_add_null(in, key);
}

void mc_value_add_integer_or_null(mc_value *in, const char *key, int64_t integer)
{
    if (integer >= 0)
        mc_value_add_integer(in, key, integer);
    else
        mc_value_add_null(in, key);
}

void mc_value_add_count_or_null(mc_value *in, const char *key, uint64_t count)
{
    if (count > 0)
        mc_value_add_count(in, key, count);
    else
        mc_value_add_null(in, key);
}

void mc_value_add_bool(mc_value *in, const char *key, bool truth)
{
    mc_value *value = add(in, key, MC_VALUE_BOOL);

    if (value) value->as.truth = truth;
}

void mc_value_add_null(mc_value *in, const char *key)
{
    add(in, key, MC_VALUE_NULL);
}

/* "layers[3].cka", from the root down. */
static void add_path(mc_buffer *out, const mc_value *value)
{
    size_t index = 0;

    if (!value->parent) return;
    add_path(out, value->parent);
    if (value->key) {
        mc_buffer_printf(out, "%s%s", out->size ? "." : "", value->key);
        return;
    }
    for (const mc_value *sibling = value->parent->first; sibling != value;
         sibling                 = sibling->next)
        index++;
    mc_buffer_printf(out, "[%zu]", index);
}

void mc_value_add_number(mc_value *in, const char *key, double number)
{
    mc_value *value = add(in, key, MC_VALUE_NUMBER);
    mc_buffer path  = { 0 };

    if (!value) return;
    value->as.number = number;
    if (isfinite(number) || in->report->non_finite++ >= NON_FINITE_NAMED) return;
    add_path(&path, value);
    mc_report_note(in->report, "%s is %s", path.data ? path.data : "a value",
                   isnan(number) ? "not a number" : (number > 0 ? "infinite" : "-infinite"));
    if (path.failed) in->report->failed = true;
    mc_buffer_clear(&path);
}

const mc_value *mc_report_notes(mc_report *report)
{
    if (report->non_finite > NON_FINITE_NAMED) {
        size_t more        = report->non_finite - NON_FINITE_NAMED;
        report->non_finite = 0;
        mc_report_note(report, "%zu more values are not finite", more);
    }
    return report->notes ? report->notes->first : NULL;
}

const mc_value *mc_value_find(const mc_value *object, const char *key)
{
    if (!object || object->kind != MC_VALUE_OBJECT) return NULL;
    for (const mc_value *member = object->first; member; member = member->next)
        if (strcmp(member->key, key) == 0) return member;
    return NULL;
}
