/* status_text.c - the report of `mc system status` as a screen of 24 lines. */
#include "cli/status_text.h"

#include <string.h>

enum { LABEL_WIDTH = 10 };

static void begin_line(mc_buffer *out, const char *label)
{
    mc_buffer_printf(out, "%-*s", LABEL_WIDTH, label);
}

static const mc_value *member(const mc_value *in, const char *a, const char *b)
{
    return mc_value_find(mc_value_find(in, a), b);
}

static void add_bytes(mc_buffer *out, const mc_value *bytes)
{
    if (bytes && bytes->kind == MC_VALUE_INTEGER)
        mc_unit_print(out, MC_UNIT_BYTES, (double)bytes->as.integer);
    else
        mc_buffer_add_char(out, '?');
}

static void add_text(mc_buffer *out, const mc_value *text)
{
    mc_text_add_visible(out, text && text->kind == MC_VALUE_TEXT ? text->as.text : "unknown",
                        0);
}

static void add_cpu(mc_buffer *out, const mc_value *root)
{
    int64_t cores  = member(root, "cpu", "cores")->as.integer;
    int64_t usable = member(root, "cpu", "coresUsable")->as.integer;

    begin_line(out, "cpu");
    add_text(out, member(root, "cpu", "name"));
    mc_buffer_printf(out, ", %lld cores", (long long)cores);
    if (usable != cores) mc_buffer_printf(out, " (%lld usable)", (long long)usable);
    mc_buffer_printf(out, ", load %.2f\n", member(root, "cpu", "load")->as.number);
}

static void add_memory(mc_buffer *out, const mc_value *root)
{
    const mc_value *limit = member(root, "memory", "limit");

    begin_line(out, "memory");
    add_bytes(out, member(root, "memory", "available"));
    mc_buffer_add_text(out, " available of ");
    add_bytes(out, member(root, "memory", "total"));
    if (limit->kind == MC_VALUE_INTEGER) {
        mc_buffer_add_text(out, ", limited to ");
        add_bytes(out, limit);
    }
    mc_buffer_add_char(out, '\n');
    begin_line(out, "process");
    add_bytes(out, member(root, "memory", "active"));
    mc_buffer_add_text(out, " now, at most ");
    add_bytes(out, member(root, "memory", "peak"));
    mc_buffer_add_char(out, '\n');
}

static void add_disk(mc_buffer *out, const mc_value *root)
{
    const mc_value *home = member(root, "disk", "home");

    begin_line(out, "disk");
    if (home->kind == MC_VALUE_TEXT) {
        add_bytes(out, member(root, "disk", "available"));
        mc_buffer_add_text(out, " available of ");
        add_bytes(out, member(root, "disk", "total"));
        mc_buffer_add_text(out, " at ");
        add_text(out, home);
    } else {
        mc_buffer_add_text(out, "no home folder: nothing is kept between runs");
    }
    mc_buffer_add_char(out, '\n');
}

static void add_gpus(mc_buffer *out, const mc_value *root)
{
    const mc_value *list  = mc_value_find(root, "gpus");
    const char     *label = "gpu";

    for (const mc_value *gpu = list->first; gpu; gpu = gpu->next, label = "") {
        begin_line(out, label);
        add_text(out, mc_value_find(gpu, "name"));
        if (mc_value_find(gpu, "memory")->kind == MC_VALUE_INTEGER) {
            mc_buffer_add_text(out, ", ");
            add_bytes(out, mc_value_find(gpu, "used"));
            mc_buffer_add_text(out, " used of ");
            add_bytes(out, mc_value_find(gpu, "memory"));
        }
        mc_buffer_add_char(out, '\n');
    }
    if (list->count == 0) mc_buffer_printf(out, "%-*snone\n", LABEL_WIDTH, label);
}

static void add_backends(mc_buffer *out, const mc_value *root)
{
    const char *separator = "";

    begin_line(out, "backends");
    for (const mc_value *row = mc_value_find(root, "backends")->first; row; row = row->next) {
        const mc_value *tier = mc_value_find(row, "tier");
        if (!mc_value_find(row, "available")->as.truth) continue;
        mc_buffer_printf(out, "%s%s", separator, mc_value_find(row, "backend")->as.text);
        if (tier->kind == MC_VALUE_TEXT) mc_buffer_printf(out, " %s", tier->as.text);
        if (mc_value_find(row, "chosen")->as.truth) mc_buffer_add_text(out, " (in use)");
        separator = ", ";
    }
    mc_buffer_add_char(out, '\n');
}

static void add_caches(mc_buffer *out, const mc_value *root)
{
    const char *separator = "";

    begin_line(out, "caches");
    for (const mc_value *row = mc_value_find(root, "caches")->first; row; row = row->next) {
        if (mc_value_find(row, "files")->as.integer == 0) continue;
        mc_buffer_printf(out, "%s%s ", separator, mc_value_find(row, "kind")->as.text);
        add_bytes(out, mc_value_find(row, "size"));
        separator = ", ";
    }
    mc_buffer_add_text(out, separator[0] ? "\n" : "empty\n");
}

static void add_runs(mc_buffer *out, mc_report *report, const mc_field *runs,
                     mc_text_style style)
{
    const mc_value *list = mc_value_find(mc_report_root(report), "runs");

    if (list->count == 0) {
        begin_line(out, "running");
        mc_buffer_add_text(out, "nothing\n");
        return;
    }
    mc_buffer_add_char(out, '\n');
    mc_value_write_table(list, runs, style, out);
}

void mc_status_text(mc_report *report, const mc_field *runs, mc_text_style style,
                    mc_buffer *out)
{
    const mc_value *root = mc_report_root(report);

    begin_line(out, "time");
    add_text(out, mc_value_find(root, "time"));
    mc_buffer_add_char(out, '\n');
    add_cpu(out, root);
    add_memory(out, root);
    add_disk(out, root);
    add_gpus(out, root);
    add_backends(out, root);
    add_caches(out, root);
    add_runs(out, report, runs, style);
    for (const mc_value *note = mc_report_notes(report); note; note = note->next)
        mc_buffer_printf(out, "note: %s\n", note->as.text);
}
