/* match.c - sort one list, look up the other. */
#include "analysis/match.h"

#include <stdlib.h>
#include <string.h>

typedef struct named_row {
    const char *id;
    size_t      row;
} named_row;

static int by_id(const void *left, const void *right)
{
    return strcmp(((const named_row *)left)->id, ((const named_row *)right)->id);
}

mc_status mc_match_ids(mc_ids a, mc_ids b, mc_arena *arena, size_t *rows[2], size_t *count,
                       mc_error *err)
{
    void      *blocks[3];
    named_row *sorted;
    size_t     n = 0;

    MC_TRY(mc_arena_array(arena, b.count, sizeof *sorted, &blocks[2], err));
    for (size_t s = 0; s < 2; s++)
        MC_TRY(mc_arena_array(arena, a.count, sizeof **rows, &blocks[s], err));
    rows[0] = blocks[0];
    rows[1] = blocks[1];
    sorted  = blocks[2];
    for (size_t i = 0; i < b.count; i++)
        sorted[i] = (named_row){ b.items[i], i };
    qsort(sorted, b.count, sizeof *sorted, by_id);
    for (size_t i = 0; i < a.count; i++) {
        const named_row  key = { a.items[i], 0 };
        const named_row *hit = bsearch(&key, sorted, b.count, sizeof key, by_id);
        if (!hit) continue;
        rows[0][n]   = i;
        rows[1][n++] = hit->row;
    }
    *count = n;
    return MC_OK;
}
