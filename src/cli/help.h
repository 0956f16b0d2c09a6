/* help.h - pages for people and shells, all made from the command table. */
#ifndef MC_CLI_HELP_H
#define MC_CLI_HELP_H

#include "cli/command.h"

void mc_help_command(const mc_command *command, mc_buffer *out);
/* The commands that begin with `group`; "" is all of them, by group. */
void mc_help_group(const char *group, mc_buffer *out);

/* troff source of modelcypher(1), or of one command's page. */
void mc_help_man(const mc_command *command, mc_buffer *out);

void mc_help_bash(mc_buffer *out);
void mc_help_zsh(mc_buffer *out);
void mc_help_fish(mc_buffer *out);

/* "[options] [MODEL]" */
void mc_help_usage(const mc_command *command, mc_buffer *out);
/* "--layers LIST", "--output-format text|json|yaml", "--[no-]split" */
void mc_help_option(const mc_option *option, mc_buffer *out);
/* Is a global option of use to this command (NULL: to any)? */
bool mc_help_concerns(const mc_option *global, const mc_command *command);

/* Text in lines of at most `width` columns, the second and later ones indented. */
void mc_help_wrap(mc_buffer *out, const char *text, size_t indent, size_t width);

#endif
