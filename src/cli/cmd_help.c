/* cmd_help.c - mc help, and what it makes for shells, manuals and programs. */
#include <string.h>

#include "cli/command.h"
#include "cli/help.h"

enum { NAME_SIZE = 256 };

typedef struct help_args {
    mc_words    words;
    const char *shell;
} help_args;

#define FIELD(name) offsetof(help_args, name)

static const mc_positional words_operand[] = {
    { "COMMAND", "words of a command or a group, such as: geometry crm-build", FIELD(words),
      .many = true, .is_command = true },
    { .name = NULL },
};

static mc_status join(const mc_words *words, char name[NAME_SIZE], mc_error *err)
{
    size_t size = 0;

    name[0] = '\0';
    for (size_t i = 0; i < words->count; i++) {
        size_t word = strlen(words->items[i]);
        if (size + word + 2 > NAME_SIZE)
            return mc_fail(err, MC_ERR_USAGE, "", "no command has so long a name");
        if (i > 0) name[size++] = ' ';
        memcpy(name + size, words->items[i], word + 1);
        size += word;
    }
    return MC_OK;
}

/* The command that the words name, or NULL with `group` naming a group; "" is everything. */
static mc_status resolve(const mc_words *words, const mc_command **command, const char **group,
                         mc_error *err)
{
    mc_globals ignored = { 0 };
    int        at      = 0;
    bool       help    = false;
    int        count   = (int)words->count;

    MC_TRY(mc_command_resolve(count, words->items, &ignored, &at, command, group, &help, err));
    if (at == count) return MC_OK;
    return mc_fail(err, MC_ERR_USAGE, "'mc help' lists the commands",
                   "'%s' is no part of a command's name", words->items[at]);
}

static mc_status run_help(mc_session *session, const void *raw, mc_error *err)
{
    const help_args  *args = raw;
    const mc_command *command;
    const char       *group;

    MC_TRY(resolve(&args->words, &command, &group, err));
    if (command)
        mc_help_command(command, &session->text);
    else
        mc_help_group(group, &session->text);
    return MC_OK;
}

static const char *const help_examples[] = { "mc help help schema", NULL };

const mc_command mc_cmd_help = {
    .name      = "help",
    .summary   = "explain a command, or list all",
    .operands  = words_operand,
    .examples  = help_examples,
    .args_size = sizeof(help_args),
    .run       = run_help,
};

/* ---- schema ---- */

static void list_schemas(mc_buffer *out)
{
    for (const mc_command *const *command = mc_command_table; *command; command++)
        if ((*command)->schema)
            mc_buffer_printf(out, "%s  (mc %s)\n", (*command)->schema->name, (*command)->name);
}

static mc_status run_schema(mc_session *session, const void *raw, mc_error *err)
{
    const help_args  *args = raw;
    const mc_command *command;
    const char       *group;

    MC_TRY(resolve(&args->words, &command, &group, err));
    if (args->words.count == 0) {
        list_schemas(&session->text);
        return MC_OK;
    }
    if (!command || !command->schema)
        return mc_fail(err, MC_ERR_USAGE, "'mc help schema' lists the schemas", "'mc %s' %s",
                       command ? command->name : group,
                       command ? "has no JSON result" : "is a group of commands");
    mc_schema_write(command->schema, &session->text);
    return MC_OK;
}

static const char *const schema_examples[] = { "mc help schema", NULL };

const mc_command mc_cmd_help_schema = {
    .name      = "help schema",
    .summary   = "print the JSON Schema of a command's result, or list all schemas",
    .operands  = words_operand,
    .examples  = schema_examples,
    .args_size = sizeof(help_args),
    .run       = run_schema,
};

/* ---- completions ---- */

static const char *const shells[] = { "bash", "zsh", "fish", NULL };

static mc_status run_completions(mc_session *session, const void *raw, mc_error *err)
{
    const help_args *args = raw;

    (void)err;
    switch (args->shell[0]) {
    case 'b': mc_help_bash(&session->text); break;
    case 'z': mc_help_zsh(&session->text); break;
    default: mc_help_fish(&session->text); break;
    }
    return MC_OK;
}

static const mc_positional shell_operand[] = {
    { "SHELL", "bash, zsh or fish", FIELD(shell), .required = true, .choices = shells },
    { .name = NULL },
};
static const char *const completions_examples[] = { "mc help completions bash", NULL };

const mc_command mc_cmd_help_completions = {
    .name    = "help completions",
    .summary = "print a completion script for a shell",
    .details =
        "bash: mc help completions bash > ~/.local/share/bash-completion/completions/mc\n"
        "zsh: mc help completions zsh > a folder of $fpath/_modelcypher\n"
        "fish: mc help completions fish > ~/.config/fish/completions/mc.fish",
    .operands  = shell_operand,
    .examples  = completions_examples,
    .args_size = sizeof(help_args),
    .run       = run_completions,
};

/* ---- man ---- */

static mc_status run_man(mc_session *session, const void *raw, mc_error *err)
{
    const help_args  *args = raw;
    char              name[NAME_SIZE];
    const mc_command *command = NULL;

    MC_TRY(join(&args->words, name, err));
    if (name[0] && !(command = mc_command_find(name)))
        return mc_fail(err, MC_ERR_USAGE, "'mc help commands' lists the commands",
                       "unknown command '%s'", name);
    mc_help_man(command, &session->text);
    return MC_OK;
}

static const char *const man_examples[] = { "mc help man > modelcypher.1", NULL };

const mc_command mc_cmd_help_man = {
    .name      = "help man",
    .summary   = "print the manual page of the program or of a command, in troff",
    .operands  = words_operand,
    .examples  = man_examples,
    .args_size = sizeof(help_args),
    .run       = run_man,
};

/* ---- commands ---- */

static mc_status run_commands(mc_session *session, const void *raw, mc_error *err)
{
    mc_value *list;

    (void)raw;
    (void)err;
    list = mc_value_add_array(mc_report_root(session->report), "commands");
    for (const mc_command *const *command = mc_command_table; *command; command++) {
        mc_value *row = mc_value_add_object(list, NULL);
        mc_value_add_text(row, "name", (*command)->name);
        mc_value_add_text(row, "summary", (*command)->summary);
        if ((*command)->schema) mc_value_add_text(row, "schema", (*command)->schema->name);
    }
    return MC_OK;
}

static const mc_field command_fields[] = {
    { "name", MC_VALUE_TEXT, "what to type after mc", .label = "command" },
    MC_TEXT_FIELD("summary", "what it does"),
    { "schema", MC_VALUE_TEXT, "the schema of its result", .flags = MC_FIELD_OPTIONAL },
    { 0 },
};
static const mc_field commands_fields[] = {
    { "commands", MC_VALUE_ARRAY, "all commands", .element = MC_VALUE_OBJECT,
      .fields = command_fields, .label = "" },
    { 0 },
};
static const mc_schema   commands_schema     = { "mc.help.commands.v1", commands_fields };
static const char *const commands_examples[] = { "mc help commands --output-format json",
                                                 NULL };

const mc_command mc_cmd_help_commands = {
    .name     = "help commands",
    .summary  = "list the commands, for programs too",
    .examples = commands_examples,
    .schema   = &commands_schema,
    .run      = run_commands,
};
