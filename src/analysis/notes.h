/* notes.h - what a reader must know beside the numbers, one sentence each. */
#ifndef MC_ANALYSIS_NOTES_H
#define MC_ANALYSIS_NOTES_H

#include "base/arena.h"

enum { MC_NOTES_MOST = 64 }; /* further ones are left out */

typedef struct mc_notes {
    mc_arena   *storage; /* holds the sentences */
    const char *items[MC_NOTES_MOST];
    size_t      count;
} mc_notes;

mc_status mc_notes_add(mc_notes *notes, mc_error *err, const char *format, ...) MC_PRINTF(3, 4);
/* The list, in the arena. */
mc_status mc_notes_keep(const mc_notes *notes, const char *const **list, size_t *count,
                        mc_error *err);

#endif
