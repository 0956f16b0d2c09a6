/* fingerprint_condition.c - "distance>0.05": what a script asks of two fingerprints. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <modelcypher/fingerprint.h>

#include "analysis/condition.h"

static const char names[] =
    "for example 'distance>0.05'; names: distance, low, high, p, least (CKA of the least alike "
    "layers), probes, norm, anisotropy, firstDirection, dimension, effectiveRank, "
    "participationRatio (the median pair: B over A, or B minus A)";

static double least_alike(const mc_fingerprint_comparison *c)
{
    double least = NAN;

    for (size_t k = 0; k < c->link_count; k++)
        if (!(c->links[k].cka >= least)) least = c->links[k].cka;
    return least;
}

/* With no comparison the name alone is looked at. */
static bool number_of(const char *name, const mc_fingerprint_comparison *c, double *number)
{
    static const char *const plain[]  = { "distance", "low", "high", "p", "least", "probes" };
    const double             values[] = { c ? c->distance : NAN,    c ? c->low : NAN,
                              c ? c->high : NAN,        c ? c->p : NAN,
                              c ? least_alike(c) : NAN, c ? (double)c->probes : NAN };

    for (size_t k = 0; k < sizeof plain / sizeof *plain; k++)
        if (strcmp(name, plain[k]) == 0) {
            *number = values[k];
            return true;
        }
    for (size_t q = 0; mc_fingerprint_quantity(q); q++)
        if (strcmp(name, mc_fingerprint_quantity(q)) == 0) {
            *number = c ? c->differences[q].median : NAN;
            return true;
        }
    return false;
}

static mc_status next_term(mc_list *list, const mc_fingerprint_comparison *c,
                           mc_condition_term *term, double *number, mc_error *err)
{
    MC_TRY(mc_condition_next(list, names, term, err));
    if (number_of(term->name, c, number)) return MC_OK;
    return mc_condition_bad(term, names, "no such name", err);
}

mc_status mc_fingerprint_condition_check(const char *condition, mc_error *err)
{
    mc_list           list = mc_list_begin(condition);
    mc_condition_term term;
    double            number;

    do
        MC_TRY(next_term(&list, NULL, &term, &number, err));
    while (list.rest);
    return MC_OK;
}

mc_status mc_fingerprint_condition_test(const char                      *condition,
                                        const mc_fingerprint_comparison *comparison,
                                        mc_error                        *err)
{
    mc_list           list = mc_list_begin(condition);
    mc_condition_term term;
    double            number = NAN;

    do {
        MC_TRY(next_term(&list, comparison, &term, &number, err));
        MC_TRY(mc_condition_judge(&term, number, err));
    } while (list.rest);
    return MC_OK;
}
