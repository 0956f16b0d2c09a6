/* direct.h - large writes past the page cache, beside the caller's work.
 *
 * Bytes are copied into aligned buffers in turn, each written by a thread of its own: the
 * caller pays for a copy into memory that is used again and again, where the page cache would
 * take new pages. The file is then not in memory for who reads it next. */
#ifndef MC_BASE_DIRECT_H
#define MC_BASE_DIRECT_H

#include <stddef.h>
#include <stdint.h>

typedef struct mc_direct mc_direct;

enum {
    MC_DIRECT_ALIGNMENT = 4096, /* of offsets and sizes */
    MC_DIRECT_PIECE     = 4 << 20,
    MC_DIRECT_PIECES    = 2
};

/* `descriptor` is of the same file, borrowed, for where the file system refuses after all.
 * NULL: it cannot be written so, or there is no memory. */
mc_direct *mc_direct_open(const char *path, int descriptor);
/* Take bytes; each place of the file once. 0, or the errno of a write, of these or of earlier
 * ones: the file is lost then. */
int mc_direct_write(mc_direct *direct, uint64_t offset, const void *bytes, size_t size);
/* Wait for all that was taken; the errno of what failed, or 0. */
int  mc_direct_wait(mc_direct *direct);
void mc_direct_close(mc_direct *direct); /* waits; NULL is fine */

/* The ordinary way, to the last byte; 0 or an errno. */
int mc_write_at(int descriptor, uint64_t offset, const void *bytes, size_t size);

#endif
