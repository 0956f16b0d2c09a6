/* walk.h - visit the entries of a folder of test files, sorted. */
#ifndef MC_TEST_WALK_H
#define MC_TEST_WALK_H

#include <stddef.h>

/* Calls visit(path, name, context) for every entry of MC_TEST_FOLDER/<folder>, sorted by name;
 * returns their number. Fails the test when the folder cannot be read. */
size_t mc_test_walk(const char *folder,
                    void (*visit)(const char *path, const char *name, void *context),
                    void *context);

#endif
