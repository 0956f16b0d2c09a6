/* notes.c - sentences in an arena. */
#include "analysis/notes.h"

#include <stdarg.h>
#include <string.h>

mc_status mc_notes_add(mc_notes *notes, mc_error *err, const char *format, ...)
{
    mc_status status;
    va_list   args;

    if (notes->count == MC_NOTES_MOST) return MC_OK;
    va_start(args, format);
    status = mc_arena_vprint(notes->storage, &notes->items[notes->count], err, format, args);
    va_end(args);
    notes->count += status == MC_OK;
    return status;
}

mc_status mc_notes_keep(const mc_notes *notes, const char *const **list, size_t *count,
                        mc_error *err)
{
    void *block;

    MC_TRY(mc_arena_array(notes->storage, notes->count, sizeof *notes->items, &block, err));
    if (notes->count) memcpy(block, notes->items, notes->count * sizeof *notes->items);
    *list  = block;
    *count = notes->count;
    return MC_OK;
}
