/* condition.h - "cka<0.98,warnings>0": reading what a script asks for, whatever the names are
 * of.
 */
#ifndef MC_ANALYSIS_CONDITION_H
#define MC_ANALYSIS_CONDITION_H

#include "base/error.h"
#include "base/list.h"

typedef struct mc_condition_term {
    char   text[96]; /* as written */
    char   name[96];
    char   op[3];
    double bound;
} mc_condition_term;

/* The next term of a list, which must not be at its end. `names` is the hint of every failure:
 * an example and the names that there are. MC_ERR_USAGE. */
mc_status mc_condition_next(mc_list *list, const char *names, mc_condition_term *term,
                            mc_error *err);
/* MC_ERR_USAGE: "condition '...': <why>". */
mc_status mc_condition_bad(const mc_condition_term *term, const char *names, const char *why,
                           mc_error *err);
/* MC_ERR_CHECK when the term holds of the number, or that is NaN. */
mc_status mc_condition_judge(const mc_condition_term *term, double number, mc_error *err);

#endif
