/* walk.c - scandir with the plumbing. */
#include "support/walk.h"

#include <dirent.h>
#include <stdlib.h>

#include "support/check.h"

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

size_t mc_test_walk(const char *folder,
                    void (*visit)(const char *path, const char *name, void *context),
                    void *context)
{
    struct dirent **entries;
    char            path[1024];
    int             count;

    snprintf(path, sizeof path, "%s/%s", MC_TEST_FOLDER, folder);
    count = scandir(path, &entries, is_shown, alphasort);
    if (count < 0) fail_msg("cannot read %s", path);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s/%s", MC_TEST_FOLDER, folder, entries[i]->d_name);
        visit(path, entries[i]->d_name, context);
        free(entries[i]);
    }
    free(entries);
    return (size_t)count;
}
