/* list.c - elements between commas. */
#include "base/list.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

bool mc_list_next(mc_list *list)
{
    if (!list->rest) return false;
    list->item = list->rest;
    list->size = strcspn(list->item, ",");
    list->rest = list->item[list->size] ? list->item + list->size + 1 : NULL;
    while (list->size > 0 && is_blank(list->item[list->size - 1]))
        list->size--;
    while (list->size > 0 && is_blank(*list->item)) {
        list->item++;
        list->size--;
    }
    return true;
}
