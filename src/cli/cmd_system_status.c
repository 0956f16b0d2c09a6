/* cmd_system_status.c - mc system status: what this machine has, what can compute on it, and
 * what runs. */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <modelcypher/system.h>

#include "backend/backend.h"
#include "base/alloc.h"
#include "base/interrupt.h"
#include "base/machine.h"
#include "cache/home.h"
#include "cache/inventory.h"
#include "cache/runs.h"
#include "cli/command.h"
#include "cli/output.h"
#include "cli/status_text.h"

typedef struct status_args {
    bool   watch;
    double interval;
} status_args;

#define FIELD(name) offsetof(status_args, name)

static const mc_option options[] = {
    { MC_OPT_FLAG, 'w', "watch", NULL,
      "again and again until interrupted: redrawn on a terminal, appended on a pipe", NULL,
      FIELD(watch) },
    { MC_OPT_NUMBER, 'n', "interval", "SECONDS", "between two looks", "2", FIELD(interval) },
    { .name = NULL },
};

static const mc_field cpu_fields[] = {
    MC_NULLABLE_TEXT("name", "as the processor calls itself"),
    { "cores", MC_VALUE_INTEGER, "online" },
    { "coresUsable", MC_VALUE_INTEGER, "by this process: affinity and container quota" },
    { "load", MC_VALUE_NUMBER, "runnable tasks, mean over the last minute" },
    { 0 },
};
static const mc_field memory_fields[] = {
    { "total", MC_VALUE_INTEGER, "of the machine", MC_UNIT_BYTES },
    { "available", MC_VALUE_INTEGER, "without swapping, within the limit", MC_UNIT_BYTES },
    { "limit", MC_VALUE_INTEGER, "of the container", MC_UNIT_BYTES,
      .flags = MC_FIELD_NULLABLE },
    { "active", MC_VALUE_INTEGER, "of this process, now", MC_UNIT_BYTES },
    { "peak", MC_VALUE_INTEGER, "the most it has had", MC_UNIT_BYTES },
    { 0 },
};
static const mc_field backend_fields[] = {
    MC_TEXT_FIELD("backend", "what --backend takes"),
    MC_NULLABLE_TEXT("tier", "instruction set, what MC_CPU takes"),
    { "available", MC_VALUE_BOOL, "this machine has it" },
    { "chosen", MC_VALUE_BOOL, "what a build would use" },
    { 0 },
};
static const mc_field disk_fields[] = {
    MC_NULLABLE_TEXT("home", "folder of caches and settings"),
    { "total", MC_VALUE_INTEGER, "of the file system it is on", MC_UNIT_BYTES,
      .flags = MC_FIELD_NULLABLE },
    { "available", MC_VALUE_INTEGER, "of that, to this user", MC_UNIT_BYTES,
      .flags = MC_FIELD_NULLABLE },
    { 0 },
};
static const mc_field gpu_fields[] = {
    { "name", MC_VALUE_TEXT, "as its driver calls it", .label = "gpu" },
    { "memory", MC_VALUE_INTEGER, "its own", MC_UNIT_BYTES, .flags = MC_FIELD_NULLABLE },
    { "used", MC_VALUE_INTEGER, "of that, by all programs", MC_UNIT_BYTES,
      .flags = MC_FIELD_NULLABLE },
    { 0 },
};
static const mc_field cache_fields[] = {
    MC_TEXT_FIELD("kind", "what is kept"),
    MC_COUNT_FIELD("files", "entries"),
    { "size", MC_VALUE_INTEGER, "of these", MC_UNIT_BYTES },
    { 0 },
};
static const mc_field run_fields[] = {
    { "pid", MC_VALUE_INTEGER, "of the process", MC_UNIT_ID },
    { "host", MC_VALUE_TEXT, "machine or container", .flags = MC_FIELD_MACHINE },
    MC_TEXT_FIELD("command", "what it does"),
    MC_NULLABLE_TEXT("model", "its folder's or file's name"),
    { "path", MC_VALUE_TEXT, "as it was named", .flags = MC_FIELD_NULLABLE | MC_FIELD_MACHINE },
    { "progress", MC_VALUE_NUMBER, "done of all, 0 to 1", MC_UNIT_RATIO },
    { "stage", MC_VALUE_TEXT, "what it is at", .flags = MC_FIELD_NULLABLE | MC_FIELD_MACHINE },
    { "tokensPerSecond", MC_VALUE_NUMBER, "so far", MC_UNIT_COUNT, .label = "tokens/s",
      .flags = MC_FIELD_NULLABLE },
    { "memory", MC_VALUE_INTEGER, "of the process, now", MC_UNIT_BYTES },
    { "seconds", MC_VALUE_NUMBER, "since it began", MC_UNIT_SECONDS, .label = "for" },
    { 0 },
};
static const mc_field fields[] = {
    MC_TEXT_FIELD("time", "when this was read, UTC"),
    { "cpu", MC_VALUE_OBJECT, "processor", .fields = cpu_fields },
    { "memory", MC_VALUE_OBJECT, "main memory", .fields = memory_fields },
    { "disk", MC_VALUE_OBJECT, "where results are kept", .fields = disk_fields },
    MC_LIST_FIELD("gpus", "graphics processors", gpu_fields),
    MC_LIST_FIELD("backends", "what can compute", backend_fields),
    MC_LIST_FIELD("caches", "what is kept between runs", cache_fields),
    MC_LIST_FIELD("runs", "what runs now, oldest first", run_fields),
    { 0 },
};
static const mc_schema schema = { "mc.system.status.v1", fields };

static void add_machine(mc_value *root)
{
    mc_machine machine = mc_machine_read();
    mc_value  *cpu     = mc_value_add_object(root, "cpu"), *memory;

    mc_value_add_text_or_null(cpu, "name", machine.cpu);
    mc_value_add_count(cpu, "cores", machine.cores);
    mc_value_add_count(cpu, "coresUsable", machine.cores_usable);
    mc_value_add_number(cpu, "load", machine.load);
    memory = mc_value_add_object(root, "memory");
    mc_value_add_count(memory, "total", machine.memory_total);
    mc_value_add_count(memory, "available", machine.memory_available);
    mc_value_add_count_or_null(memory, "limit", machine.memory_limit);
    mc_value_add_count(memory, "active", mc_memory_active());
    mc_value_add_count(memory, "peak", mc_memory_peak());
}

static void add_disk(mc_value *root)
{
    mc_value *object = mc_value_add_object(root, "disk");
    char     *home   = NULL;
    mc_disk   disk   = { 0 };

    if (mc_home_path("", &home, NULL) == MC_OK) disk = mc_disk_read(home);
    mc_value_add_text_or_null(object, "home", home);
    mc_value_add_count_or_null(object, "total", disk.total);
    mc_value_add_count_or_null(object, "available", disk.available);
    mc_free(home);
}

static void add_gpus(mc_report *report)
{
    enum { GPUS_MAX = 64 };
    mc_gpu    gpus[GPUS_MAX];
    size_t    count = mc_gpus_read("", gpus, GPUS_MAX);
    mc_value *list  = mc_value_add_array(mc_report_root(report), "gpus");

    for (size_t i = 0; i < count && i < GPUS_MAX; i++) {
        mc_value *row = mc_value_add_object(list, NULL);
        mc_value_add_text(row, "name", gpus[i].name);
        mc_value_add_count_or_null(row, "memory", gpus[i].memory_total);
        mc_value_add_count_or_null(row, "used", gpus[i].memory_used);
    }
    if (count > 0) mc_report_note(report, "no backend of this build computes on a GPU");
}

static mc_status add_caches(mc_value *root, mc_error *err)
{
    mc_cache_list list = { 0 };
    mc_value     *rows = mc_value_add_array(root, "caches");

    MC_TRY(mc_cache_list_read(&list, err));
    for (int kind = 0; kind < MC_CACHE_KIND_COUNT; kind++) {
        mc_value *row   = mc_value_add_object(rows, NULL);
        uint64_t  files = 0, size = 0;
        for (size_t i = 0; i < list.count; i++)
            if (list.items[i].kind == (mc_cache_kind)kind) {
                files++;
                size += list.items[i].size;
            }
        mc_value_add_text(row, "kind", mc_cache_kind_name((mc_cache_kind)kind));
        mc_value_add_count(row, "files", files);
        mc_value_add_count(row, "size", size);
    }
    mc_cache_list_clear(&list);
    return MC_OK;
}

static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash && slash[1] ? slash + 1 : path;
}

static void add_run(mc_value *list, const mc_run *run)
{
    mc_value *row = mc_value_add_object(list, NULL);

    mc_value_add_integer(row, "pid", run->process);
    mc_value_add_text(row, "host", run->host);
    mc_value_add_text(row, "command", run->command);
    mc_value_add_text_or_null(row, "model", last_name(run->model));
    mc_value_add_text_or_null(row, "path", run->model);
    mc_value_add_number(row, "progress", run->fraction);
    mc_value_add_text_or_null(row, "stage", run->stage);
    if (run->tokens_a_second > 0)
        mc_value_add_number(row, "tokensPerSecond", run->tokens_a_second);
    else
        mc_value_add_null(row, "tokensPerSecond");
    mc_value_add_count(row, "memory", run->memory);
    mc_value_add_number(row, "seconds", (double)(time(NULL) - run->started));
}

static mc_status add_runs(mc_value *root, mc_error *err)
{
    mc_run   *runs  = NULL;
    size_t    count = 0;
    mc_value *list;

    MC_TRY(mc_runs_list(&runs, &count, err));
    list = mc_value_add_array(root, "runs");
    for (size_t i = 0; i < count; i++)
        add_run(list, &runs[i]);
    mc_free(runs);
    return MC_OK;
}

static void add_backend(mc_value *list, const char *name, const char *tier, bool available,
                        bool chosen)
{
    mc_value *row = mc_value_add_object(list, NULL);

    mc_value_add_text(row, "backend", name);
    mc_value_add_text_or_null(row, "tier", tier);
    mc_value_add_bool(row, "available", available);
    mc_value_add_bool(row, "chosen", chosen);
}

static mc_status add_backends(mc_value *root, mc_error *err)
{
    mc_value         *list = mc_value_add_array(root, "backends");
    const mc_backend *chosen;

    MC_TRY(mc_backend_find(NULL, &chosen, err));
    for (size_t i = 0; mc_backend_cpu_tier_name(i); i++) {
        const char       *tier    = mc_backend_cpu_tier_name(i);
        const mc_backend *backend = mc_backend_cpu_tier(tier);
        add_backend(list, "cpu", tier, backend != NULL, backend && backend == chosen);
    }
    add_backend(list, "ref", NULL, true, chosen == &mc_backend_ref);
    return MC_OK;
}

static mc_status look(mc_session *session, mc_error *err)
{
    mc_text_style style = { mc_terminal_width(), mc_terminal_color() };
    mc_value     *root  = mc_report_root(session->report);

    mc_value_add_time(root, "time", time(NULL));
    add_machine(root);
    add_disk(root);
    add_gpus(session->report);
    MC_TRY(add_backends(root, err));
    MC_TRY(add_caches(root, err));
    MC_TRY(add_runs(root, err));
    MC_TRY(mc_report_status(session->report, err));
    session->as_text   = session->globals.format == MC_OUTPUT_TEXT;
    session->text.size = 0;
    if (session->as_text) mc_status_text(session->report, run_fields, style, &session->text);
    return MC_OK;
}

static mc_status wait_for(double seconds, mc_error *err)
{
    struct timespec left = { (time_t)seconds,
                             (long)((seconds - (double)(time_t)seconds) * 1e9) };

    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        MC_TRY(mc_interrupt_check(err));
    return mc_interrupt_check(err);
}

/* A screen that scrolls could not be drawn over. */
static void keep_lines(mc_buffer *text, size_t lines)
{
    size_t at = 0;

    for (; at < text->size && lines > 0; at++)
        lines -= text->data[at] == '\n';
    text->size = at;
}

/* Each look is a whole result: a screen, a block of text, or a line of JSON. */
static mc_status watch(mc_session *session, double interval, mc_error *err)
{
    static const char home[] = "\033[H\033[J", next[] = "---\n";
    bool              is_text = session->globals.format == MC_OUTPUT_TEXT;
    bool              redraw  = is_text && isatty(STDOUT_FILENO);

    for (;;) {
        mc_report *fresh = NULL;
        MC_TRY(look(session, err));
        if (redraw) {
            keep_lines(&session->text, mc_terminal_height() - 1);
            MC_TRY(mc_output_write(home, sizeof home - 1, err));
        }
        if (session->globals.format == MC_OUTPUT_YAML)
            MC_TRY(mc_output_write(next, sizeof next - 1, err));
        MC_TRY(mc_output_result(session, err));
        MC_TRY(mc_report_create(&fresh, err));
        mc_report_free(session->report);
        session->report = fresh;
        if (is_text && !redraw) MC_TRY(mc_output_write("\n", 1, err));
        MC_TRY(wait_for(interval, err));
    }
}

static mc_status run_status(mc_session *session, const void *raw, mc_error *err)
{
    const status_args *args = raw;

    if (!args->watch) return look(session, err);
    if (!(args->interval >= 0.1 && args->interval <= 86400))
        return mc_fail(err, MC_ERR_USAGE, "", "--interval: %g is not between 0.1 and 86400",
                       args->interval);
    return watch(session, args->interval, err);
}

static const char *const examples[] = {
    "mc system status",
    "timeout 0.5 mc system status --watch --output-format json | head -2",
    NULL,
};

const mc_command mc_cmd_system_status = {
    .name      = "system status",
    .summary   = "show what this machine has and what runs on it",
    .options   = options,
    .examples  = examples,
    .schema    = &schema,
    .args_size = sizeof(status_args),
    .run       = run_status,
};
