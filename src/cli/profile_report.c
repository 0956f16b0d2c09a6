/* profile_report.c - a profile for people: the stages and the operations that took most. */
#include "cli/profile_report.h"

#include <stdio.h>
#include <string.h>

#include <modelcypher/profile.h>
#include <modelcypher/system.h>

#include "base/log.h"
#include "cli/output.h"
#include "report/write.h"

enum { SHOWN = 20 };

static const mc_field row_fields[] = {
    MC_TEXT_FIELD("name", ""),
    MC_COUNT_FIELD("calls", ""),
    { "wall", MC_VALUE_NUMBER, "", MC_UNIT_SECONDS },
    { "share", MC_VALUE_NUMBER, "", MC_UNIT_RATIO },
    { "cpu", MC_VALUE_NUMBER, "", MC_UNIT_SECONDS },
    { "bytes", MC_VALUE_INTEGER, "", MC_UNIT_BYTES, .flags = MC_FIELD_NULLABLE },
    { "gflops", MC_VALUE_NUMBER, "", .flags = MC_FIELD_NULLABLE, .label = "GFLOP/s" },
    { 0 },
};
static const mc_field page_fields[] = {
    { "elapsed", MC_VALUE_NUMBER, "", MC_UNIT_SECONDS },
    { "peakMemory", MC_VALUE_INTEGER, "", MC_UNIT_BYTES },
    { "trace", MC_VALUE_TEXT, "", .flags = MC_FIELD_OPTIONAL },
    { "stages", MC_VALUE_ARRAY, "", .element = MC_VALUE_OBJECT, .fields = row_fields,
      .flags = MC_FIELD_OPTIONAL, .label = "stages of the main thread" },
    { "operations", MC_VALUE_ARRAY, "", .element = MC_VALUE_OBJECT, .fields = row_fields,
      .flags = MC_FIELD_OPTIONAL, .label = "operations of all threads" },
    { 0 },
};
static const mc_schema page = { "mc.profile.v1", page_fields };

static bool wanted(const mc_session *session)
{
    return session->globals.profile != NULL;
}

static bool has_trace(const mc_session *session)
{
    return wanted(session) && session->globals.profile[0];
}

static const char trace_begins[] = "{\"displayTimeUnit\":";

/* A trace takes the place of another one and of nothing else: a slip of the hand must not cost
 * a model, or the result that was just written. */
static mc_status check_replaced(const char *path, mc_error *err)
{
    char   first[sizeof trace_begins] = { 0 };
    FILE  *file                       = fopen(path, "rb");
    size_t size;

    if (!file) return MC_OK;
    size = fread(first, 1, sizeof first - 1, file);
    fclose(file);
    if (size == 0 || strcmp(first, trace_begins) == 0) return MC_OK;
    mc_fail(err, MC_ERR_ARGUMENT, "give the trace another name, or remove what is there",
            "is there and is no trace, which --profile would replace");
    return mc_fail_about(err, MC_ERR_ARGUMENT, "%s", path);
}

mc_status mc_profile_report_begin(const mc_session *session, mc_error *err)
{
    if (has_trace(session)) {
        MC_TRY(mc_output_check_file(session->globals.profile, err));
        MC_TRY(check_replaced(session->globals.profile, err));
    }
    if (wanted(session)) mc_profile_start(has_trace(session));
    return MC_OK;
}

static void add_row(mc_value *rows, const mc_profile_row *row, double whole)
{
    mc_value *object = mc_value_add_object(rows, NULL);

    if (row->columns)
        mc_value_add_format(object, "name", "%s %zu x %zu", row->name, row->columns,
                            row->depth);
    else
        mc_value_add_text(object, "name", row->name);
    mc_value_add_count(object, "calls", row->calls);
    mc_value_add_number(object, "wall", row->wall);
    mc_value_add_number(object, "share", whole > 0 ? row->wall / whole : 0.0);
    mc_value_add_number(object, "cpu", row->cpu);
    mc_value_add_count_or_null(object, "bytes", (uint64_t)row->bytes);
    if (row->flop > 0 && row->wall > 0)
        mc_value_add_number(object, "gflops", row->flop / row->wall / 1e9);
    else
        mc_value_add_null(object, "gflops");
}

/* Threads' time: operations and waiting. A stage is measured against the clock. */
static double time_of_threads(const mc_profile_row *rows, size_t count)
{
    double sum = 0.0;

    for (size_t i = 0; i < count; i++)
        if (rows[i].kind != MC_PROFILE_STAGE) sum += rows[i].wall;
    return sum;
}

/* The rows of one table, if there are any; `whole` is the time that they share. */
static void add_table(mc_report *report, const char *name, bool stages,
                      const mc_profile_row *rows, size_t count, double whole)
{
    mc_value *table = NULL;
    size_t    found = 0;

    for (size_t i = 0; i < count; i++) {
        if ((rows[i].kind == MC_PROFILE_STAGE) != stages) continue;
        if (found++ == 0) table = mc_value_add_array(mc_report_root(report), name);
        if (found <= SHOWN) add_row(table, &rows[i], whole);
    }
    if (found > SHOWN) mc_report_note(report, "%zu more %s took less", found - SHOWN, name);
}

static void fill(mc_report *report, const mc_session *session)
{
    mc_profile_row rows[MC_PROFILE_ROWS];
    uint64_t       lost;
    const size_t   count   = mc_profile_read(rows, &lost);
    const double   elapsed = mc_clock() - session->started;
    mc_value      *root    = mc_report_root(report);

    mc_value_add_number(root, "elapsed", elapsed);
    mc_value_add_count(root, "peakMemory", mc_memory_peak());
    if (has_trace(session)) mc_value_add_text(root, "trace", session->globals.profile);
    add_table(report, "stages", true, rows, count, elapsed);
    add_table(report, "operations", false, rows, count, time_of_threads(rows, count));
    if (lost > 0)
        mc_report_note(report, "%llu calls were not recorded: no memory, or too many",
                       (unsigned long long)lost);
}

mc_status mc_profile_report_end(const mc_session *session, mc_error *err)
{
    mc_report *report = NULL;
    mc_buffer  out    = { 0 };
    mc_status  status;

    if (!wanted(session)) return MC_OK;
    mc_profile_stop();
    MC_TRY(mc_report_create(&report, err));
    fill(report, session);
    mc_report_write_text(report, &page, (mc_text_style){ 0 }, &out);
    status = mc_buffer_status(&out, err);
    if (status == MC_OK) mc_output_aside(&out);
    mc_buffer_clear(&out);
    mc_report_free(report);
    if (status != MC_OK || !has_trace(session)) return status;
    MC_TRY(check_replaced(session->globals.profile, err));
    return mc_profile_write_trace(session->globals.profile, err);
}
