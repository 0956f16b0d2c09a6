/* globals.h - options that every command takes. */
#ifndef MC_CLI_GLOBALS_H
#define MC_CLI_GLOBALS_H

#include "cli/command.h"

/* The defaults. */
mc_status mc_globals_init(mc_globals *globals, mc_error *err);

/* The row of a global option, or NULL. */
const mc_option *mc_global_option(const char *name);
/* Was it typed? */
bool mc_global_given(const mc_globals *globals, const char *name);
/* The table and where it is read into. */
mc_option_set mc_globals_set(mc_globals *globals);

/* What argv says about the form of the output, wherever it stands, so that even an error in the
 * words before it comes in the form that was asked for. */
void mc_globals_peek(mc_globals *globals, int argc, char **argv);

/* After parsing: --ai implies JSON unless a format was typed, --quiet the log level; a trace id
 * where none was given. */
void mc_globals_settle(mc_globals *globals);

/* The name that --backend chose. */
const char *mc_globals_backend(const mc_globals *globals);

#endif
