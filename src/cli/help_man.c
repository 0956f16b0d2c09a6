/* help_man.c - manual pages (man(7) macros) from the tables. */
#include <ctype.h>
#include <string.h>

#include <modelcypher/version.h>

#include "cli/globals.h"
#include "cli/help.h"
#include "cli/settings.h"

/* roff takes '\\', '-' and a leading '.' or '\'' for its own. */
static void add_plain(mc_buffer *out, const char *text)
{
    bool line_start = out->size == 0 || (out->data && out->data[out->size - 1] == '\n');

    for (; *text; text++) {
        if (line_start && (*text == '.' || *text == '\'')) mc_buffer_add_text(out, "\\&");
        if (*text == '\\')
            mc_buffer_add_text(out, "\\e");
        else if (*text == '-')
            mc_buffer_add_text(out, "\\-");
        else
            mc_buffer_add_char(out, *text);
        line_start = *text == '\n';
    }
}

/* Paragraphs, each one line of `text`. */
static void add_paragraphs(mc_buffer *out, const char *text)
{
    for (; *text; text++) {
        const char *end  = strchr(text, '\n');
        mc_buffer   line = { 0 };
        size_t      size = end ? (size_t)(end - text) : strlen(text);

        mc_buffer_add(&line, text, size);
        if (!line.failed && size > 0) add_plain(out, line.data);
        mc_buffer_add_text(out, end ? "\n.br\n" : "\n");
        mc_buffer_clear(&line);
        if (!end) return;
        text = end;
    }
}

static void add_line(mc_buffer *out, const char *text)
{
    add_plain(out, text);
    mc_buffer_add_char(out, '\n');
}

static void add_paragraph(mc_buffer *out, const char *term, const char *meaning,
                          const char *initial)
{
    mc_buffer_add_text(out, ".TP\n\\fB");
    add_plain(out, term);
    mc_buffer_add_text(out, "\\fR\n");
    add_plain(out, meaning);
    if (initial) {
        mc_buffer_add_text(out, " [");
        add_plain(out, initial);
        mc_buffer_add_char(out, ']');
    }
    mc_buffer_add_char(out, '\n');
}

static void add_option(mc_buffer *out, const mc_option *option)
{
    mc_buffer term = { 0 };

    if (option->letter) mc_buffer_printf(&term, "-%c, ", option->letter);
    mc_help_option(option, &term);
    if (!term.failed) add_paragraph(out, term.data, option->help, option->initial);
    mc_buffer_clear_part(&term, out);
}

static void add_title(mc_buffer *out, const char *command)
{
    mc_buffer_add_text(out, command[0] ? ".TH MODELCYPHER-" : ".TH MODELCYPHER");
    for (; *command; command++)
        mc_buffer_add_char(out, *command == ' ' ? '-' : (char)toupper((unsigned char)*command));
    mc_buffer_printf(out, " 1 \"\" \"mc %s\" \"modelcypher\"\n.SH NAME\n", mc_version());
}

static void add_globals(mc_buffer *out, const mc_command *command)
{
    const char *heading = ".SH COMMON OPTIONS\n";

    for (const mc_option *option = mc_global_options; option->name; option++) {
        if (!mc_help_concerns(option, command)) continue;
        mc_buffer_add_text(out, heading);
        heading = "";
        add_option(out, option);
    }
}

static void add_command(mc_buffer *out, const mc_command *command)
{
    mc_buffer usage = { 0 };

    add_title(out, command->name);
    mc_buffer_add_text(out, "mc ");
    add_plain(out, command->name);
    mc_buffer_add_text(out, " \\- ");
    add_line(out, command->summary);
    mc_help_usage(command, &usage);
    mc_buffer_add_text(out, ".SH SYNOPSIS\n\\fBmc ");
    add_plain(out, command->name);
    mc_buffer_add_text(out, "\\fR");
    add_line(out, usage.data ? usage.data : "");
    mc_buffer_clear_part(&usage, out);
    mc_buffer_add_text(out, ".SH DESCRIPTION\n");
    add_paragraphs(out, command->details ? command->details : command->summary);
    for (const mc_positional *operand = command->operands; operand && operand->name; operand++)
        add_paragraph(out, operand->name, operand->help, NULL);
    if (command->options && command->options->name) mc_buffer_add_text(out, ".SH OPTIONS\n");
    for (const mc_option *option = command->options; option && option->name; option++)
        add_option(out, option);
    add_globals(out, command);
    mc_buffer_add_text(out, ".SH EXAMPLES\n.nf\n");
    for (const char *const *example = command->examples; example && *example; example++)
        add_line(out, *example);
    mc_buffer_add_text(out, ".fi\n.SH SEE ALSO\n\\fBmodelcypher\\fR(1)\n");
}

static void add_exit_codes(mc_buffer *out)
{
    static const char *const codes[][2] = {
        { "0", "done" },
        { "1", "failed; standard error says why and what to do" },
        { "2", "the command line is not understood" },
        { "3", "a condition (--fail-if) or a validation did not hold" },
        { "130", "interrupted" },
    };

    mc_buffer_add_text(out, ".SH EXIT STATUS\n");
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        add_paragraph(out, codes[i][0], codes[i][1], NULL);
}

static void add_environment(mc_buffer *out)
{
    mc_buffer_add_text(out, ".SH ENVIRONMENT\n");
    for (const mc_setting *setting = mc_settings; setting->key; setting++)
        if (setting->variable)
            add_paragraph(out, setting->variable,
                          setting->help ? setting->help : mc_global_option(setting->key)->help,
                          NULL);
}

/* What config.toml may hold: the same settings by other names. */
static void add_files(mc_buffer *out)
{
    mc_buffer_add_text(out, ".SH FILES\n");
    add_paragraph(out, "~/.modelcypher/config.toml",
                  "settings, one a line, such as: threads = 4. 'mc system config' lists them.",
                  NULL);
}

static void add_overview(mc_buffer *out)
{
    add_title(out, "");
    mc_buffer_add_text(out, "modelcypher, mc \\- the geometry of language models, measured\n"
                            ".SH SYNOPSIS\n\\fBmc\\fR COMMAND [options] [MODEL]\n"
                            ".SH DESCRIPTION\nMODEL is a Hugging Face folder, a .gguf file, or "
                            "a name in the local Hugging Face cache (org/name).\n"
                            ".SH COMMANDS\n");
    for (const mc_command *const *command = mc_command_table; *command; command++)
        add_paragraph(out, (*command)->name, (*command)->summary, NULL);
    add_globals(out, NULL);
    add_exit_codes(out);
    add_environment(out);
    add_files(out);
}

void mc_help_man(const mc_command *command, mc_buffer *out)
{
    if (command)
        add_command(out, command);
    else
        add_overview(out);
}
