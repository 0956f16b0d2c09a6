/* scratch.h - a folder under /tmp that belongs to one test. */
#ifndef MC_TEST_SCRATCH_H
#define MC_TEST_SCRATCH_H

#include <stddef.h>

enum { MC_TEST_SCRATCH = 24 }; /* bytes of its path */

void mc_test_scratch_make(char path[MC_TEST_SCRATCH]);
/* How many entries it has, hidden ones too. */
size_t mc_test_scratch_count(const char *path);
/* It and all that is in it; 0, as a tear-down says that it went well. */
int mc_test_scratch_remove(const char *path);

#endif
