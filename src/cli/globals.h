/* globals.h - options that every command takes, and the environment behind them. */
#ifndef MC_CLI_GLOBALS_H
#define MC_CLI_GLOBALS_H

#include "cli/command.h"

/* Defaults, then the environment (MC_OUTPUT, MC_AI_MODE, MC_LOG_LEVEL). MC_ERR_USAGE names the
 * variable whose value makes no sense. */
mc_status mc_globals_init(mc_globals *globals, mc_error *err);

/* What argv says about the form of the output, wherever it stands, so that even an error in the
 * words before it comes in the form that was asked for. */
void mc_globals_peek(mc_globals *globals, int argc, char **argv);

/* After parsing: --ai implies JSON, --quiet the log level, a trace id where none was given. */
void mc_globals_settle(mc_globals *globals);

/* The name that --backend chose. */
const char *mc_globals_backend(const mc_globals *globals);

#endif
