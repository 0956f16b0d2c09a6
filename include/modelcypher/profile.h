/* profile.h - where the time goes: calls of each stage and operation, on every thread.
 *
 * Off unless started; then a call costs two readings of the clocks, and about 50 bytes where
 * events are kept. One profile a process. Start and stop it, and read it, while no other call
 * into the library is under way. */
#ifndef MODELCYPHER_PROFILE_H
#define MODELCYPHER_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <modelcypher/error.h>
#include <modelcypher/export.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MC_PROFILE_ROWS = 128 }; /* at most */

typedef enum mc_profile_kind {
    MC_PROFILE_STAGE,     /* a step of the work, seen from the thread that asked for it */
    MC_PROFILE_OPERATION, /* of a block program on a tile, or of linear algebra; any thread */
    MC_PROFILE_WAIT       /* for other threads */
} mc_profile_kind;

/* All calls of one thing. Stages may contain each other, and have the bytes and operations of
 * their own thread; operations contain nothing. */
typedef struct mc_profile_row {
    mc_profile_kind kind;
    const char     *name;           /* "matmul"; static */
    size_t          columns, depth; /* of a product's weight [columns, depth]; else 0 */
    uint64_t        calls;
    double          wall, cpu; /* seconds, of all threads together */
    double          bytes;     /* of operands and weights read and written */
    double          flop;      /* floating-point operations; 0: none, or not known */
} mc_profile_row;

/* Begin anew; the calling thread is "main" in the trace. `events`: keep each call for
 * mc_profile_write_trace(), the first million a thread. */
MC_API void mc_profile_start(bool events);
/* What was recorded stays until the next start. */
MC_API void mc_profile_stop(void);
/* The rows of all threads together, most wall time first, into `rows` (the caller's); how many.
 * `lost`: calls that could not be recorded for want of memory or of room; NULL: don't care. */
MC_API size_t mc_profile_read(mc_profile_row rows[MC_PROFILE_ROWS], uint64_t *lost);
/* The events as a file that Chrome (chrome://tracing) and Perfetto open: the Trace Event
 * Format's JSON object: names of threads, complete events, microseconds. Replaces what is
 * there, whole or not at all. MC_ERR_IO and the like about `path`. */
MC_API mc_status mc_profile_write_trace(const char *path, mc_error *err) MC_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
