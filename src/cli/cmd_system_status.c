/* cmd_system_status.c - mc system status: what this machine has, and what can compute on it. */
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include <modelcypher/system.h>

#include "backend/backend.h"
#include "base/interrupt.h"
#include "base/machine.h"
#include "cli/command.h"
#include "cli/output.h"

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
    { "name", MC_VALUE_TEXT, "as the processor calls itself", .flags = MC_FIELD_NULLABLE },
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
    { 0 },
};
static const mc_field backend_fields[] = {
    { "backend", MC_VALUE_TEXT, "what --backend takes" },
    { "tier", MC_VALUE_TEXT, "instruction set, what MC_CPU takes", .flags = MC_FIELD_NULLABLE },
    { "available", MC_VALUE_BOOL, "this machine has it" },
    { "chosen", MC_VALUE_BOOL, "what a build would use" },
    { 0 },
};
static const mc_field fields[] = {
    { "time", MC_VALUE_TEXT, "when this was read, UTC" },
    { "cpu", MC_VALUE_OBJECT, "processor", .fields = cpu_fields },
    { "memory", MC_VALUE_OBJECT, "main memory", .fields = memory_fields },
    { "backends", MC_VALUE_ARRAY, "what can compute", .element = MC_VALUE_OBJECT,
      .fields = backend_fields },
    { 0 },
};
static const mc_schema schema = { "mc.system.status.v1", fields };

static void add_machine(mc_value *root)
{
    mc_machine machine = mc_machine_read();
    mc_value  *cpu     = mc_value_add_object(root, "cpu"), *memory;

    if (machine.cpu[0])
        mc_value_add_text(cpu, "name", machine.cpu);
    else
        mc_value_add_null(cpu, "name");
    mc_value_add_count(cpu, "cores", machine.cores);
    mc_value_add_count(cpu, "coresUsable", machine.cores_usable);
    mc_value_add_number(cpu, "load", machine.load);
    memory = mc_value_add_object(root, "memory");
    mc_value_add_count(memory, "total", machine.memory_total);
    mc_value_add_count(memory, "available", machine.memory_available);
    if (machine.memory_limit)
        mc_value_add_count(memory, "limit", machine.memory_limit);
    else
        mc_value_add_null(memory, "limit");
    mc_value_add_count(memory, "active", mc_memory_active());
}

static void add_backend(mc_value *list, const char *name, const char *tier, bool available,
                        bool chosen)
{
    mc_value *row = mc_value_add_object(list, NULL);

    mc_value_add_text(row, "backend", name);
    if (tier)
        mc_value_add_text(row, "tier", tier);
    else
        mc_value_add_null(row, "tier");
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
    mc_value *root = mc_report_root(session->report);
    time_t    now  = time(NULL);
    struct tm utc;
    char      text[32] = "";

    if (gmtime_r(&now, &utc)) strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
    mc_value_add_text(root, "time", text);
    add_machine(root);
    return add_backends(root, err);
}

static mc_status wait_for(double seconds, mc_error *err)
{
    struct timespec left = { (time_t)seconds,
                             (long)((seconds - (double)(time_t)seconds) * 1e9) };

    while (nanosleep(&left, &left) != 0 && errno == EINTR)
        MC_TRY(mc_interrupt_check(err));
    return mc_interrupt_check(err);
}

/* Each look is a whole result: a screen, a block of text, or a line of JSON. */
static mc_status watch(mc_session *session, double interval, mc_error *err)
{
    static const char home[] = "\033[H\033[J", next[] = "---\n";
    bool redraw = session->globals.format == MC_OUTPUT_TEXT && isatty(STDOUT_FILENO);

    for (;;) {
        mc_report *fresh = NULL;
        MC_TRY(look(session, err));
        if (redraw) MC_TRY(mc_output_write(home, sizeof home - 1, err));
        if (session->globals.format == MC_OUTPUT_YAML)
            MC_TRY(mc_output_write(next, sizeof next - 1, err));
        MC_TRY(mc_output_result(session, err));
        MC_TRY(mc_report_create(&fresh, err));
        mc_report_free(session->report);
        session->report = fresh;
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

static const char *const examples[] = { "mc system status", NULL };

const mc_command mc_cmd_system_status = {
    .name      = "system status",
    .summary   = "show what this machine has: processor, memory, backends",
    .options   = options,
    .examples  = examples,
    .schema    = &schema,
    .args_size = sizeof(status_args),
    .run       = run_status,
};
