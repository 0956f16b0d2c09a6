/* list.h - "a,b,c" as people type it. */
#ifndef MC_BASE_LIST_H
#define MC_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct mc_list {
    const char *whole, *rest; /* rest: NULL behind the last element */
    const char *item;         /* the element, blanks around it left out */
    size_t      size;
} mc_list;

/* What is said of an element without a character, of the whole list. */
#define MC_LIST_EMPTY "'%.100s' has an empty element"
#define MC_LIST_EMPTY_HINT "separate elements by single commas"

static inline mc_list mc_list_begin(const char *text)
{
    return (mc_list){ .whole = text, .rest = text };
}

/* false: there are no more. An empty text is one empty element. */
bool mc_list_next(mc_list *list);

#endif
