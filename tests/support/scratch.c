/* scratch.c - see scratch.h. */
#define _GNU_SOURCE /* nftw */
#include "support/scratch.h"

#include <dirent.h>
#include <ftw.h>
#include <stdlib.h>

#include "support/check.h"

void mc_test_scratch_make(char path[MC_TEST_SCRATCH])
{
    snprintf(path, MC_TEST_SCRATCH, "/tmp/mc_test_XXXXXX");
    assert_non_null(mkdtemp(path));
}

size_t mc_test_scratch_count(const char *path)
{
    DIR   *list  = opendir(path);
    size_t count = 0;

    assert_non_null(list);
    while (readdir(list))
        count++;
    closedir(list);
    return count - 2; /* . and .. */
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    return remove(path);
}

int mc_test_scratch_remove(const char *path)
{
    assert_int_equal(nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
    return 0;
}
