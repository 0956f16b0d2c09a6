/* condition.c - "cka<0.98": what a script asks of a comparison. */
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <modelcypher/compare.h>

#include "base/checked.h"
#include "base/error.h"

typedef struct term {
    char             text[96]; /* as written */
    const mc_metric *metric;   /* NULL: warnings or probes */
    char             what[32]; /* "", "low", ...; "warnings", "probes" */
    char             op[3];
    double           bound;
} term;

static const char *const parts[] = { "",    "low",        "min",
                                     "max", "assignment", "significant",
                                     "p",   "without",    "control" };

static mc_status bad(const term *t, const char *why, mc_error *err)
{
    return mc_fail(
        err, MC_ERR_USAGE,
        "for example 'cka<0.98'; names: <metric> (mean over the monotone "
        "correspondence), <metric>.low .min .max .assignment .significant .p .without "
        ".control, warnings, probes",
        "condition '%s': %s", t->text, why);
}

/* "metric.part" or a plain name. */
static mc_status read_name(const char *name, term *t, mc_error *err)
{
    char        metric[64];
    const char *dot = strchr(name, '.');

    if (strcmp(name, "warnings") == 0 || strcmp(name, "probes") == 0) {
        snprintf(t->what, sizeof t->what, "%.31s", name);
        return MC_OK;
    }
    snprintf(metric, sizeof metric, "%.*s", (int)(dot ? dot - name : (ptrdiff_t)strlen(name)),
             name);
    t->metric = mc_metric_find(metric);
    if (!t->metric || t->metric->operands != 2) return bad(t, "no such name", err);
    for (size_t p = 0; p < MC_ARRAY_LEN(parts); p++)
        if (strcmp(dot ? dot + 1 : "", parts[p]) == 0) {
            snprintf(t->what, sizeof t->what, "%s", parts[p]);
            return MC_OK;
        }
    return bad(t, "no such part of a metric", err);
}

static mc_status read_term(const char *text, size_t size, term *t, mc_error *err)
{
    char   squeezed[96], name[96], *end;
    size_t used = 0, op;

    *t = (term){ 0 };
    snprintf(t->text, sizeof t->text, "%.*s", (int)(size < 95 ? size : 95), text);
    if (size > 95) return bad(t, "too long", err);
    for (size_t i = 0; i < size; i++)
        if (!isspace((unsigned char)text[i])) squeezed[used++] = text[i];
    squeezed[used] = '\0';
    op             = strcspn(squeezed, "<>=!");
    snprintf(name, sizeof name, "%.*s", (int)op, squeezed);
    used = strspn(squeezed + op, "<>=!");
    if (used < 1 || used > 2) return bad(t, "needs one of < <= > >= == !=", err);
    memcpy(t->op, squeezed + op, used);
    if (strcmp(t->op, "=") == 0 || strcmp(t->op, "!") == 0 || !strchr("<>=!", t->op[0]) ||
        (t->op[1] && t->op[1] != '='))
        return bad(t, "needs one of < <= > >= == !=", err);
    t->bound = strtod(squeezed + op + used, &end);
    if (end == squeezed + op + used || *end || !isfinite(t->bound))
        return bad(t, "the right side must be a number", err);
    return read_name(name, t, err);
}

/* The next term of a list; *at moves behind it. */
static mc_status next_term(const char **at, term *t, mc_error *err)
{
    const size_t size = strcspn(*at, ",");

    MC_TRY(read_term(*at, size, t, err));
    *at += size;
    if (**at == ',') ++*at;
    return MC_OK;
}

mc_status mc_condition_check(const char *condition, char *metrics, size_t size, mc_error *err)
{
    char   names[512] = "";
    term   t          = { 0 };
    size_t used       = 0;

    if (!*condition) return bad(&t, "it is empty", err);
    while (*condition) {
        MC_TRY(next_term(&condition, &t, err));
        if (t.metric && used + 32 < sizeof names)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", used ? "," : "",
                                     t.metric->name);
    }
    if (metrics) snprintf(metrics, size, "%s", names);
    return MC_OK;
}

static double over_links(const mc_crm_comparison *c, const mc_metric_comparison *m,
                         const char *what)
{
    double least = INFINITY, most = -INFINITY, total = 0, count = 0;

    for (size_t k = 0; k < c->result->monotone.count; k++) {
        const size_t  *link = c->result->monotone.link[k];
        const mc_pair *pair = &m->pairs[link[0] * c->result->b_count + link[1]];
        const double   own  = strcmp(what, "without") == 0   ? pair->without
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

static bool holds(const term *t, double number)
{
    const bool less = number<t->bound, more = number> t->bound;

    switch (t->op[0]) {
    case '<': return less || (t->op[1] && !more);
    case '>': return more || (t->op[1] && !less);
    case '=': return !less && !more;
    default: return less || more;
    }
}

mc_status mc_condition_test(const char *condition, const mc_crm_comparison *comparison,
                            mc_error *err)
{
    term t;

    while (*condition) {
        MC_TRY(next_term(&condition, &t, err));
        const double number = number_of(&t, comparison);
        if (isnan(number))
            return mc_fail(err, MC_ERR_CHECK, "the report says why",
                           "%s: the number is undefined", t.text);
        if (holds(&t, number))
            return mc_fail(err, MC_ERR_CHECK, "", "%s holds: it is %.6g", t.text, number);
    }
    return MC_OK;
}
