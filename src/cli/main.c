/* main.c - the program's entry: everything else is in mc_cli_run(), where tests reach it. */
#include "cli/cli.h"

int main(int argc, char **argv)
{
    return mc_cli_run(argc, argv);
}
