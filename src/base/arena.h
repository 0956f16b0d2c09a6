/* arena.h - temporaries that are given back all at once.
 *
 * Metrics take their scratch from an arena and free nothing: the caller marks, calls, resets.
 * Blocks are 64-byte aligned and not cleared. One arena belongs to one thread. */
#ifndef MC_BASE_ARENA_H
#define MC_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "base/error.h"

typedef struct mc_arena mc_arena;
typedef struct mc_arena_mark {
    void  *chunk;
    size_t used;
} mc_arena_mark;

mc_status mc_arena_create(mc_arena **arena, mc_error *err);
void      mc_arena_free(mc_arena *arena);

/* count * size bytes, or NULL when there is no memory (or the product overflows). */
void *mc_arena_take(mc_arena *arena, size_t count, size_t size);
/* The same with the failure reported. */
mc_status mc_arena_array(mc_arena *arena, size_t count, size_t size, void **out, mc_error *err);

/* A copy of a text. */
mc_status mc_arena_text(mc_arena *arena, const char *text, const char **out, mc_error *err);
/* A formatted text of at most 511 bytes; what is longer is cut. */
mc_status mc_arena_print(mc_arena *arena, const char **out, mc_error *err, const char *format,
                         ...) MC_PRINTF(4, 5);
mc_status mc_arena_vprint(mc_arena *arena, const char **out, mc_error *err, const char *format,
                          va_list args) MC_PRINTF(4, 0);

mc_arena_mark mc_arena_save(const mc_arena *arena);
void          mc_arena_reset(mc_arena *arena, mc_arena_mark mark);

#endif
