/* main.c - the program's entry: what it does is in mc_cli_run(), where tests reach it. */
#include "cli/cli.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

/* OpenBLAS starts workers as it is loaded, which this program never gives work, and waits for
 * them as the process ends. Where the address space is bounded (ulimit -v), one that finds no
 * room for its 128 MiB tries for ever: then nobody waits. */
int main(int argc, char **argv)
{
    int           code = mc_cli_run(argc, argv);
    struct rlimit space;

    if (getrlimit(RLIMIT_AS, &space) != 0 || space.rlim_cur == RLIM_INFINITY) return code;
    fflush(NULL);
    _exit(code);
}
