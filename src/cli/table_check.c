/* table_check.c - what would be wrong with the tables themselves, found by a unit test. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/command.h"
#include "cli/globals.h"

static size_t times_named(const char *name)
{
    size_t found = 0;

    for (const mc_command *const *command = mc_command_table; *command; command++) {
        found += strcmp((*command)->name, name) == 0;
        for (const char *const *alias = (*command)->aliases; alias && *alias; alias++)
            found += strcmp(*alias, name) == 0;
    }
    return found;
}

static bool has_group(const char *name)
{
    size_t size = strcspn(name, " ");

    if (!name[size]) return true;
    for (const mc_command_group *group = mc_command_groups; group->name; group++)
        if (strlen(group->name) == size && memcmp(group->name, name, size) == 0) return true;
    return false;
}

static void check_names(const mc_command *command, mc_buffer *faults)
{
    if (times_named(command->name) != 1)
        mc_buffer_printf(faults, "%s: the name is not unique\n", command->name);
    for (const char *const *alias = command->aliases; alias && *alias; alias++)
        if (times_named(*alias) != 1)
            mc_buffer_printf(faults, "%s: the alias '%s' is not unique\n", command->name,
                             *alias);
    if (!has_group(command->name))
        mc_buffer_printf(faults, "%s: its group has no row\n", command->name);
    if (!command->summary || !command->examples || !command->examples[0] || !command->run)
        mc_buffer_printf(faults, "%s: no summary, example or run\n", command->name);
}

/* "mc.geometry.crm-build.v1" for "geometry crm-build" */
static void check_schema(const mc_command *command, mc_buffer *faults)
{
    mc_buffer   want = { 0 };
    const char *name = command->name;

    if (!command->schema) return;
    mc_buffer_add_text(&want, "mc.");
    for (; *name; name++)
        mc_buffer_add_char(&want, *name == ' ' ? '.' : *name);
    mc_buffer_add_text(&want, ".v");
    if (want.failed || strncmp(command->schema->name, want.data, want.size) != 0 ||
        strtol(command->schema->name + want.size, NULL, 10) < 1)
        mc_buffer_printf(faults, "%s: schema is called %s\n", command->name,
                         command->schema->name);
    mc_buffer_clear(&want);
}

static void check_options(const mc_command *command, mc_buffer *faults)
{
    mc_globals    globals = { 0 };
    void         *args    = mc_calloc(1, command->args_size ? command->args_size : 1);
    mc_option_set sets[2] = { { command->options, args, NULL }, mc_globals_set(&globals) };

    if (args)
        mc_options_check(command->name, sets, 2, faults);
    else
        faults->failed = 1;
    mc_free(args);
}

void mc_command_table_check(mc_buffer *faults)
{
    for (const mc_command *const *command = mc_command_table; *command; command++) {
        check_names(*command, faults);
        check_schema(*command, faults);
        check_options(*command, faults);
    }
}
