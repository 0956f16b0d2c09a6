/* help.c - help pages from the tables. */
#include "cli/help.h"

#include <stdio.h>
#include <string.h>

enum { PAGE_WIDTH = 80, TERM_COLUMN = 30 };

static void pad_to(mc_buffer *out, size_t used, size_t column)
{
    for (; used < column; used++)
        mc_buffer_add_char(out, ' ');
}

void mc_help_wrap(mc_buffer *out, const char *text, size_t indent, size_t width)
{
    size_t used = indent;

    while (*text) {
        size_t word = strcspn(text, " \n");
        if (used > indent && used + 1 + word > width) {
            mc_buffer_add_char(out, '\n');
            pad_to(out, 0, indent);
            used = indent;
        } else if (used > indent) {
            mc_buffer_add_char(out, ' ');
            used++;
        }
        mc_buffer_add(out, text, word);
        used += word;
        text += word;
        if (*text == '\n') {
            mc_buffer_add_text(out, "\n");
            pad_to(out, 0, indent);
            used = indent;
        }
        text += strspn(text, " \n");
    }
    mc_buffer_add_char(out, '\n');
}

/* "  term            what it means", the meaning wrapped beside the term. */
static void add_entry(mc_buffer *out, const char *term, const char *meaning)
{
    size_t size = strlen(term);

    mc_buffer_printf(out, "  %s", term);
    if (size + 4 > TERM_COLUMN) {
        mc_buffer_add_char(out, '\n');
        pad_to(out, 0, TERM_COLUMN);
    } else {
        pad_to(out, size + 2, TERM_COLUMN);
    }
    mc_help_wrap(out, meaning, TERM_COLUMN, PAGE_WIDTH);
}

void mc_help_option(const mc_option *option, mc_buffer *out)
{
    mc_buffer_printf(out, "--%s%s", option->type == MC_OPT_SWITCH ? "[no-]" : "", option->name);
    if (!mc_option_takes_value(option)) return;
    if (option->type == MC_OPT_MAYBE_FILE) {
        mc_buffer_printf(out, "[=%s]", option->value);
        return;
    }
    mc_buffer_add_char(out, ' ');
    if (option->type != MC_OPT_CHOICE) {
        mc_buffer_add_text(out, option->value);
        return;
    }
    for (size_t i = 0; option->choices[i]; i++)
        mc_buffer_printf(out, "%s%s", i ? "|" : "", option->choices[i]);
}

static void add_option(mc_buffer *out, const mc_option *option)
{
    mc_buffer term = { 0 }, meaning = { 0 };

    if (option->letter)
        mc_buffer_printf(&term, "-%c, ", option->letter);
    else
        mc_buffer_add_text(&term, "    ");
    mc_help_option(option, &term);
    mc_buffer_add_text(&meaning, option->help);
    if (option->initial) mc_buffer_printf(&meaning, " [%s]", option->initial);
    if (!term.failed && !meaning.failed) add_entry(out, term.data, meaning.data);
    mc_buffer_clear_part(&term, out);
    mc_buffer_clear_part(&meaning, out);
}

bool mc_help_concerns(const mc_option *global, const mc_command *command)
{
    unsigned uses = 0;

    if (command && strcmp(global->name, "version") == 0) return false;
    if (!global->belongs) return !command || command->schema;
    for (const mc_command *const *each = mc_command_table; !command && *each; each++)
        uses |= (*each)->uses;
    return (global->belongs & (command ? command->uses : uses)) != 0;
}

void mc_help_usage(const mc_command *command, mc_buffer *out)
{
    if (command->options && command->options->name) mc_buffer_add_text(out, " [options]");
    for (const mc_positional *operand = command->operands; operand && operand->name; operand++)
        mc_buffer_printf(out, " %s%s%s%s", operand->required ? "" : "[", operand->name,
                         operand->many ? "..." : "", operand->required ? "" : "]");
}

static void add_operands(mc_buffer *out, const mc_command *command)
{
    if (!command->operands || !command->operands->name) return;
    mc_buffer_add_char(out, '\n');
    for (const mc_positional *operand = command->operands; operand->name; operand++)
        add_entry(out, operand->name, operand->help);
}

static void add_globals(mc_buffer *out, const mc_command *command)
{
    const char *heading = command ? "\ncommon options:\n" : "\noptions of every command:\n";

    for (const mc_option *option = mc_global_options; option->name; option++) {
        if (!mc_help_concerns(option, command)) continue;
        mc_buffer_add_text(out, heading);
        heading = "";
        add_option(out, option);
    }
}

/* "mc NAME - what it is for" and an empty line. */
static void add_title(mc_buffer *out, const char *name, const char *summary)
{
    mc_buffer title = { 0 };

    mc_buffer_printf(&title, "mc %s - %s", name, summary);
    if (title.data) mc_help_wrap(out, title.data, 0, PAGE_WIDTH);
    mc_buffer_clear_part(&title, out);
    mc_buffer_add_char(out, '\n');
}

void mc_help_command(const mc_command *command, mc_buffer *out)
{
    add_title(out, command->name, command->summary);
    mc_buffer_printf(out, "usage: mc %s", command->name);
    mc_help_usage(command, out);
    mc_buffer_add_char(out, '\n');
    if (command->details) {
        mc_buffer_add_char(out, '\n');
        mc_help_wrap(out, command->details, 0, PAGE_WIDTH);
    }
    add_operands(out, command);
    if (command->options && command->options->name) {
        mc_buffer_add_text(out, "\noptions:\n");
        for (const mc_option *option = command->options; option->name; option++)
            add_option(out, option);
    }
    add_globals(out, command);
    for (const char *const *alias = command->aliases; alias && *alias; alias++)
        mc_buffer_printf(out, "\nalso: mc %s%s", *alias, alias[1] ? "" : "\n");
    mc_buffer_add_text(out, command->examples && command->examples[1] ? "\nexamples:\n"
                                                                      : "\nexample:\n");
    for (const char *const *example = command->examples; example && *example; example++)
        mc_buffer_printf(out, "  %s\n", *example);
}

/* ---- lists of commands ---- */

static bool begins_with(const char *name, const char *group)
{
    size_t size = strlen(group);

    return strncmp(name, group, size) == 0 && (name[size] == ' ' || name[size] == '\0');
}

static bool is_in_group(const mc_command *command, const char *group)
{
    for (const char *const *alias = command->aliases; alias && *alias; alias++)
        if (begins_with(*alias, group)) return true;
    return begins_with(command->name, group);
}

static bool has_commands(const char *group)
{
    for (const mc_command *const *command = mc_command_table; *command; command++)
        if (is_in_group(*command, group)) return true;
    return false;
}

static void list_group(const char *group, mc_buffer *out)
{
    for (const mc_command *const *command = mc_command_table; *command; command++)
        if (is_in_group(*command, group)) add_entry(out, (*command)->name, (*command)->summary);
}

static void list_all(mc_buffer *out)
{
    mc_buffer_add_text(out, "mc - the geometry of language models, measured\n"
                            "\n"
                            "usage: mc COMMAND [options] [MODEL]\n"
                            "\n");
    mc_help_wrap(out,
                 "MODEL is a Hugging Face folder, a .gguf file, or a name in the local Hugging "
                 "Face cache (org/name).",
                 0, PAGE_WIDTH);
    for (const mc_command *const *command = mc_command_table; *command; command++)
        if (!strchr((*command)->name, ' ') && strcmp((*command)->name, "help") != 0) {
            mc_buffer_add_char(out, '\n');
            add_entry(out, (*command)->name, (*command)->summary);
        }
    for (const mc_command_group *group = mc_command_groups; group->name; group++) {
        if (!has_commands(group->name)) continue;
        mc_buffer_printf(out, "\n%s\n", group->summary);
        list_group(group->name, out);
    }
    add_globals(out, NULL);
    mc_buffer_add_text(out,
                       "\n'mc COMMAND --help' explains a command and ends with an example.\n");
}

void mc_help_group(const char *group, mc_buffer *out)
{
    if (!group || !group[0]) {
        list_all(out);
        return;
    }
    for (const mc_command_group *known = mc_command_groups; known->name; known++)
        if (strcmp(known->name, group) == 0) add_title(out, group, known->summary);
    list_group(group, out);
    mc_buffer_printf(out,
                     "\n'mc COMMAND --help' explains a command and ends with an example.\n");
}
