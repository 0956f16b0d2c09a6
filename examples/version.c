/* version.c - the smallest program on libmodelcypher: which library is this, and what can its
 * calls fail with?
 *
 *     cc version.c -o version $(pkg-config --cflags --libs modelcypher) && ./version */
#include <modelcypher/error.h>
#include <modelcypher/version.h>
#include <stdio.h>

int main(void)
{
#define ROW(name, code, title) name,
    static const mc_status statuses[] = { MC_STATUS_LIST(ROW) };
#undef ROW

    printf("modelcypher %s\n", mc_version());
    for (size_t i = 1; i < sizeof statuses / sizeof statuses[0]; i++)
        printf("  %s  %s\n", mc_status_code(statuses[i]), mc_status_title(statuses[i]));
    return 0;
}
