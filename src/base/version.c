/* version.c - the version that the build sets. */
#include <modelcypher/version.h>

const char *mc_version(void)
{
    return MC_VERSION;
}
