/* cli.h - the command line program, from argv to exit code. */
#ifndef MC_CLI_CLI_H
#define MC_CLI_CLI_H

int mc_cli_run(int argc, char **argv);

#endif
