/* name_index.h - names to small numbers in constant time: a hash table with open addressing.
 * Names are borrowed. */
#ifndef MC_FORMAT_NAME_INDEX_H
#define MC_FORMAT_NAME_INDEX_H

#include "base/error.h"
#include "base/span.h"

#define MC_NAME_ABSENT ((size_t)-1)

typedef struct mc_name_index {
    mc_span  *names; /* in order of addition */
    size_t    count, capacity;
    uint32_t *slots; /* 1 + number of a name, 0: empty */
    size_t    slot_count;
} mc_name_index; /* all zero: empty */

void mc_name_index_clear(mc_name_index *index);
/* The name gets the number `count`. *added tells whether it was new; an old one is left. */
mc_status mc_name_index_add(mc_name_index *index, mc_span name, int *added, mc_error *err);
size_t    mc_name_index_find(const mc_name_index *index, mc_span name); /* or MC_NAME_ABSENT */

#endif
