/* arena.c - a chain of chunks, newest first. */
#include "base/arena.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"

#define CHUNK_LEAST ((size_t)1 << 18)

typedef struct chunk {
    struct chunk *older;
    size_t        size, used; /* both count the header */
} chunk;

#define CHUNK_HEADER ((sizeof(chunk) + MC_CACHE_LINE - 1) / MC_CACHE_LINE * MC_CACHE_LINE)

struct mc_arena {
    chunk *newest;
};

mc_status mc_arena_create(mc_arena **arena, mc_error *err)
{
    mc_arena *result = mc_calloc(1, sizeof *result);

    if (!result) return mc_fail_memory(err, sizeof *result);
    *arena = result;
    return MC_OK;
}

static void drop_newest(mc_arena *arena)
{
    chunk *gone = arena->newest;

    arena->newest = gone->older;
    mc_free_aligned(gone, gone->size);
}

void mc_arena_free(mc_arena *arena)
{
    if (!arena) return;
    while (arena->newest)
        drop_newest(arena);
    mc_free(arena);
}

static chunk *add_chunk(mc_arena *arena, size_t bytes)
{
    size_t size = CHUNK_LEAST;
    chunk *fresh;

    if (arena->newest && arena->newest->size > size / 2) size = arena->newest->size * 2;
    if (size < bytes + CHUNK_HEADER) size = bytes + CHUNK_HEADER;
    fresh = mc_alloc_aligned(size);
    if (!fresh) return NULL;
    *fresh        = (chunk){ arena->newest, size, CHUNK_HEADER };
    arena->newest = fresh;
    return fresh;
}

void *mc_arena_take(mc_arena *arena, size_t count, size_t size)
{
    size_t bytes, rounded;
    chunk *top = arena->newest;
    void  *block;

    if (!mc_mul_size(count, size, &bytes) || !mc_add_size(bytes, MC_CACHE_LINE - 1, &rounded) ||
        rounded > (SIZE_MAX >> 2))
        return NULL;
    rounded = rounded / MC_CACHE_LINE * MC_CACHE_LINE;
    if (rounded == 0) rounded = MC_CACHE_LINE;
    if (!top || top->size - top->used < rounded) top = add_chunk(arena, rounded);
    if (!top) return NULL;
    block = (char *)top + top->used;
    top->used += rounded;
    return block;
}

mc_status mc_arena_array(mc_arena *arena, size_t count, size_t size, void **out, mc_error *err)
{
    void *block = mc_arena_take(arena, count, size);

    if (!block) return mc_fail_memory(err, count * size);
    *out = block;
    return MC_OK;
}

mc_status mc_arena_text(mc_arena *arena, const char *text, const char **out, mc_error *err)
{
    const size_t size = strlen(text) + 1;
    void        *copy;

    MC_TRY(mc_arena_array(arena, size, 1, &copy, err));
    memcpy(copy, text, size);
    *out = copy;
    return MC_OK;
}

mc_status mc_arena_vprint(mc_arena *arena, const char **out, mc_error *err, const char *format,
                          va_list args)
{
    char text[512];

    vsnprintf(text, sizeof text, format, args);
    return mc_arena_text(arena, text, out, err);
}

mc_status mc_arena_print(mc_arena *arena, const char **out, mc_error *err, const char *format,
                         ...)
{
    va_list   args;
    mc_status status;

    va_start(args, format);
    status = mc_arena_vprint(arena, out, err, format, args);
    va_end(args);
    return status;
}

mc_arena_mark mc_arena_save(const mc_arena *arena)
{
    return (mc_arena_mark){ arena->newest, arena->newest ? arena->newest->used : 0 };
}

void mc_arena_reset(mc_arena *arena, mc_arena_mark mark)
{
    while (arena->newest && arena->newest != mark.chunk)
        drop_newest(arena);
    if (arena->newest) arena->newest->used = mark.used;
}
