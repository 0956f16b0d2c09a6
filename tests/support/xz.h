/* xz.h - read a compressed test file whole. */
#ifndef MC_TEST_XZ_H
#define MC_TEST_XZ_H

#include <stddef.h>

/* MC_TEST_FOLDER/<name> decompressed, NUL-terminated, freed with free(). Fails the test when
 * that does not work (the program xz is needed). */
char *mc_test_read_xz(const char *name, size_t *size);

#endif
