/* condition.c - terms of a condition: a name, a comparison, a number. */
#include "analysis/condition.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

mc_status mc_condition_bad(const mc_condition_term *term, const char *names, const char *why,
                           mc_error *err)
{
    return mc_fail(err, MC_ERR_USAGE, names, "condition '%s': %s", term->text, why);
}

static mc_status read_term(const char *text, size_t size, const char *names,
                           mc_condition_term *t, mc_error *err)
{
    char   squeezed[96], *end;
    size_t used = 0, op;

    *t = (mc_condition_term){ 0 };
    snprintf(t->text, sizeof t->text, "%.*s", (int)(size < 95 ? size : 95), text);
    if (size > 95) return mc_condition_bad(t, names, "too long", err);
    for (size_t i = 0; i < size; i++)
        if (!isspace((unsigned char)text[i])) squeezed[used++] = text[i];
    squeezed[used] = '\0';
    op             = strcspn(squeezed, "<>=!");
    snprintf(t->name, sizeof t->name, "%.*s", (int)op, squeezed);
    used = strspn(squeezed + op, "<>=!");
    if (used < 1 || used > 2)
        return mc_condition_bad(t, names, "needs one of < <= > >= == !=", err);
    memcpy(t->op, squeezed + op, used);
    if (strcmp(t->op, "=") == 0 || strcmp(t->op, "!") == 0 || !strchr("<>=!", t->op[0]) ||
        (t->op[1] && t->op[1] != '='))
        return mc_condition_bad(t, names, "needs one of < <= > >= == !=", err);
    t->bound = strtod(squeezed + op + used, &end);
    if (end == squeezed + op + used || *end || !isfinite(t->bound))
        return mc_condition_bad(t, names, "the right side must be a number", err);
    return MC_OK;
}

mc_status mc_condition_next(mc_list *list, const char *names, mc_condition_term *term,
                            mc_error *err)
{
    (void)mc_list_next(list);
    if (list->size == 0) return mc_fail(err, MC_ERR_USAGE, names, MC_LIST_EMPTY, list->whole);
    return read_term(list->item, list->size, names, term, err);
}

static bool holds(const mc_condition_term *t, double number)
{
    const bool less = number<t->bound, more = number> t->bound;

    switch (t->op[0]) {
    case '<': return less || (t->op[1] && !more);
    case '>': return more || (t->op[1] && !less);
    case '=': return !less && !more;
    default: return less || more;
    }
}

mc_status mc_condition_judge(const mc_condition_term *term, double number, mc_error *err)
{
    if (isnan(number))
        return mc_fail(err, MC_ERR_CHECK, "the report says why", "%s: the number is undefined",
                       term->text);
    if (holds(term, number))
        return mc_fail(err, MC_ERR_CHECK, "", "%s holds: it is %.6g", term->text, number);
    return MC_OK;
}
