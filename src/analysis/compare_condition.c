/* compare_condition.c - "cka<0.98": what a script asks of a comparison. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <modelcypher/compare.h>

#include "analysis/condition.h"
#include "base/checked.h"

typedef struct term {
    mc_condition_term read;
    const mc_metric  *metric;   /* NULL: warnings or probes */
    char              what[32]; /* "", "low", ...; "warnings", "probes" */
} term;

static const char *const parts[] = { "",       "low",        "min",
                                     "max",    "assignment", "significant",
                                     "p",      "without",    "without-dimensions",
                                     "control" };
static const char        names[] =
    "for example 'cka<0.98'; names: <metric> (mean over the monotone correspondence), "
    "<metric>.low .min .max .assignment .significant .p .without .without-dimensions .control, "
    "warnings, probes";

/* "metric.part" or a plain name. */
static mc_status read_name(term *t, mc_error *err)
{
    const char *name = t->read.name;
    char        metric[64];
    const char *dot = strchr(name, '.');

    if (strcmp(name, "warnings") == 0 || strcmp(name, "probes") == 0) {
        snprintf(t->what, sizeof t->what, "%.31s", name);
        return MC_OK;
    }
    snprintf(metric, sizeof metric, "%.*s", (int)(dot ? dot - name : (ptrdiff_t)strlen(name)),
             name);
    t->metric = mc_metric_find(metric);
    if (!t->metric || t->metric->operands != 2)
        return mc_condition_bad(&t->read, names, "no such name", err);
    for (size_t p = 0; p < MC_ARRAY_LEN(parts); p++)
        if (strcmp(dot ? dot + 1 : "", parts[p]) == 0) {
            snprintf(t->what, sizeof t->what, "%s", parts[p]);
            return MC_OK;
        }
    return mc_condition_bad(&t->read, names, "no such part of a metric", err);
}

static mc_status next_term(mc_list *list, term *t, mc_error *err)
{
    *t = (term){ 0 };
    MC_TRY(mc_condition_next(list, names, &t->read, err));
    return read_name(t, err);
}

mc_status mc_condition_check(const char *condition, char *metrics, size_t size, mc_error *err)
{
    mc_list list        = mc_list_begin(condition);
    char    wanted[512] = "";
    size_t  used        = 0;
    term    t;

    do {
        MC_TRY(next_term(&list, &t, err));
        if (t.metric && used + 32 < sizeof wanted)
            used += (size_t)snprintf(wanted + used, sizeof wanted - used, "%s%s",
                                     used ? "," : "", t.metric->name);
    } while (list.rest);
    if (metrics) snprintf(metrics, size, "%s", wanted);
    return MC_OK;
}

static double over_links(const mc_crm_comparison *c, const mc_metric_comparison *m,
                         const char *what)
{
    double least = INFINITY, most = -INFINITY, total = 0, count = 0;

    for (size_t k = 0; k < c->result->monotone.count; k++) {
        const size_t  *link = c->result->monotone.link[k];
        const mc_pair *pair = &m->pairs[link[0] * c->result->b_count + link[1]];
        const double   own  = strcmp(what, "without") == 0 ? pair->without.value
                              : strcmp(what, "without-dimensions") == 0
                                  ? pair->without_dimensions.value
                              : strcmp(what, "control") == 0 ? pair->control
                                                             : pair->value;
        if (isnan(own)) continue;
        least = own < least ? own : least;
        most  = own > most ? own : most;
        total += own;
        count++;
    }
    if (count == 0) return NAN;
    if (strcmp(what, "min") == 0) return least;
    return strcmp(what, "max") == 0 ? most : total / count;
}

static double warnings_of(const mc_comparison *result)
{
    double count = 0;

    for (size_t w = 0; w < result->warning_count; w++) {
        const mc_warning_kind kind = result->warnings[w].kind;
        count += kind == MC_WARNING_LEVERAGE || kind == MC_WARNING_MASSIVE_DIMENSION ||
                 kind == MC_WARNING_LAYER_UNDEFINED;
    }
    return count;
}

static double number_of(const term *t, const mc_crm_comparison *c)
{
    const mc_metric_comparison *m = NULL;

    if (strcmp(t->what, "warnings") == 0) return warnings_of(c->result);
    if (strcmp(t->what, "probes") == 0) return (double)c->probe_count;
    for (size_t i = 0; i < c->result->metric_count; i++)
        if (c->result->metrics[i].metric == t->metric) m = &c->result->metrics[i];
    if (!m) return NAN;
    if (t->what[0] == '\0') return m->mean_monotone;
    if (strcmp(t->what, "low") == 0) return m->low_monotone;
    if (strcmp(t->what, "assignment") == 0) return m->mean_assignment;
    if (strcmp(t->what, "significant") == 0) return m->significant_monotone;
    if (strcmp(t->what, "p") == 0) return m->max_p;
    return over_links(c, m, t->what);
}

mc_status mc_condition_test(const char *condition, const mc_crm_comparison *comparison,
                            mc_error *err)
{
    mc_list list = mc_list_begin(condition);
    term    t;

    do {
        MC_TRY(next_term(&list, &t, err));
        MC_TRY(mc_condition_judge(&t.read, number_of(&t, comparison), err));
    } while (list.rest);
    return MC_OK;
}
