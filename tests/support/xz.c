/* xz.c - through the program xz, so that tests link no library for it. */
#define _POSIX_C_SOURCE 200809L
#include "support/xz.h"

#include <stdlib.h>

#include "support/check.h"

char *mc_test_read_xz(const char *name, size_t *size)
{
    char   command[1200];
    size_t capacity = 1 << 20, used = 0, got;
    char  *text = malloc(capacity);
    FILE  *pipe;

    snprintf(command, sizeof command, "xz -dc '%s/%s'", MC_TEST_FOLDER, name);
    pipe = popen(command, "r");
    while (pipe && text && (got = fread(text + used, 1, capacity - used - 1, pipe)) > 0) {
        used += got;
        if (used + 1 < capacity) continue;
        capacity *= 2;
        text = realloc(text, capacity);
    }
    if (!pipe || !text || pclose(pipe) != 0) fail_msg("cannot decompress %s", name);
    text[used] = '\0';
    *size      = used;
    return text;
}
