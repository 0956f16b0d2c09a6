/* compare_text.c - a comparison for people: a map of each matrix, and what it says.
 *
 * The map is readable without colour: a digit a cell, the correspondence marked by '*'. The
 * sentences claim what the numbers carry and no more. */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cli/compare_report.h"

typedef struct page {
    mc_buffer               *out;
    const mc_crm_comparison *c;
    mc_text_style            style;
} page;

/* ---- Sentences --------------------------------------------------------------------------- */

#define say(p, ...) mc_text_add_item((p)->out, (p)->style.width, __VA_ARGS__)

static void heading(const page *p, const char *text)
{
    mc_buffer_printf(p->out, p->style.color ? "\n\033[1m%s\033[0m\n" : "\n%s\n", text);
}

/* "0.001": a p value with the digits that its draws can carry. */
static const char *p_text(double p, char text[24])
{
    if (isnan(p))
        snprintf(text, 24, "not computed");
    else
        snprintf(text, 24, p < 0.01 ? "%.2g" : "%.2f", p);
    return text;
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

/* Not 1, and three decimals would say so. */
static bool is_nearly_one(double value)
{
    const double gap = fabs(1 - value);

    return gap > 1e-9 && gap < 0.001;
}

/* Three decimals, or as many as tell a value near 1 from 1. */
static const char *value_text(double value, char text[24])
{
    const int near_one = fabs(1 - value) < 1e-5 ? 7 : 5;

    snprintf(text, 24, "%.*f", is_nearly_one(value) ? near_one : 3, value);
    return text;
}

static const char *layer_name(const page *p, size_t side, size_t layer,
                              char text[MC_LAYER_TEXT])
{
    return mc_layer_print(p->c->side[side].layers[layer], text);
}

/* ---- The map ----------------------------------------------------------------------------- */

/* What one step of the digits is worth, so that the largest value still has a digit. */
static double step_of(const mc_metric_comparison *m, size_t pairs)
{
    static const double steps[] = { 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.5, 1 };
    double              most    = 0;

    for (size_t k = 0; k < pairs; k++)
        if (m->pairs[k].value > most) most = m->pairs[k].value;
    for (size_t s = 0; s < sizeof steps / sizeof *steps; s++)
        if (most <= 10 * steps[s] + 1e-9) return steps[s];
    return most / 10;
}

/* Least and most of what is defined: the ends of the colours. */
static void range_of(const mc_metric_comparison *m, size_t pairs, double range[2])
{
    range[0] = INFINITY;
    range[1] = -INFINITY;
    for (size_t k = 0; k < pairs; k++) {
        if (isnan(m->pairs[k].value)) continue;
        range[0] = fmin(range[0], m->pairs[k].value);
        range[1] = fmax(range[1], m->pairs[k].value);
    }
}

static void put_cell(const page *p, const mc_pair *pair, double step, const double range[2],
                     bool linked, bool is_distance)
{
    /* Purple to yellow in the 256 colours of a terminal; the text stands out on each. */
    static const int ramp[] = { 53, 54, 60, 24, 30, 36, 71, 107, 149, 226 };
    const int        digit  = (int)fmin(9, floor(pair->value / step + 1e-9));
    const char       mark   = linked ? '*' : ' ';

    if (isnan(pair->value)) {
        mc_buffer_printf(p->out, ".%c", mark);
        return;
    }
    const double place =
        range[1] > range[0] ? (pair->value - range[0]) / (range[1] - range[0]) : 1;
    const int  shade = (int)(9.999 * (is_distance ? 1 - place : place));
    const char text  = (char)(pair->value < 0 ? '-' : '0' + (digit < 0 ? 0 : digit));
    if (p->style.color)
        mc_buffer_printf(p->out, "\033[48;5;%d;38;5;%dm%c%c\033[0m", ramp[shade],
                         shade < 6 ? 231 : 16, text, mark);
    else
        mc_buffer_printf(p->out, "%c%c", text, mark);
}

static bool is_linked(const mc_correspondence *links, size_t a, size_t b)
{
    for (size_t k = 0; k < links->count; k++)
        if (links->link[k][0] == a && links->link[k][1] == b) return true;
    return false;
}

/* Column names above the map, one every fifth shown column. */
static void put_columns(const page *p, size_t every)
{
    const size_t cols = p->c->result->b_count;
    size_t       at   = 0;

    mc_buffer_add_text(p->out, " A \\ B ");
    for (size_t b = 0, shown = 0; b < cols; b += every, shown++) {
        char name[MC_LAYER_TEXT];
        if (shown % 5 != 0) continue;
        for (; at < 2 * shown; at++)
            mc_buffer_add_char(p->out, ' ');
        layer_name(p, 1, b, name);
        mc_buffer_add_text(p->out, name);
        at += strlen(name);
    }
    mc_buffer_add_char(p->out, '\n');
}

static size_t thinning(const page *p)
{
    const size_t width = p->style.width ? p->style.width : 4096;
    const size_t fit   = width > 24 ? (width - 8) / 2 : 8;
    const size_t cols  = p->c->result->b_count;

    return (cols + fit - 1) / fit;
}

static void put_legend(const page *p, double step, size_t every)
{
    const char *order = every == 2 ? "nd" : every == 3 ? "rd" : "th";
    const bool  wide  = p->style.width == 0 || p->style.width >= 104; /* the whole line */

    mc_buffer_printf(p->out, "digit d: %g x d up to the next; *: monotone correspondence%s",
                     step, wide ? "; " : "\n");
    mc_buffer_add_text(p->out, "-: below 0; .: undefined or not computed\n");
    if (every > 1)
        mc_buffer_printf(p->out, "every %zu%s layer is shown; --csv and JSON have them all\n",
                         every, order);
}

static void put_map(const page *p, const mc_metric_comparison *m)
{
    const mc_comparison *r     = p->c->result;
    const double         step  = step_of(m, r->a_count * r->b_count);
    const size_t         every = thinning(p);
    double               range[2];

    range_of(m, r->a_count * r->b_count, range);
    put_columns(p, every);
    for (size_t a = 0; a < r->a_count; a += every) {
        char name[MC_LAYER_TEXT];
        mc_buffer_printf(p->out, " %5s ", layer_name(p, 0, a, name));
        for (size_t b = 0; b < r->b_count; b += every)
            put_cell(p, &m->pairs[a * r->b_count + b], step, range,
                     is_linked(&r->monotone, a, b), m->metric->is_distance);
        mc_buffer_add_char(p->out, '\n');
    }
    put_legend(p, step, every);
}

/* ---- The pairs of the correspondence ----------------------------------------------------- */

static const mc_pair *linked_pair(const page *p, const mc_metric_comparison *m, size_t k)
{
    const size_t *link = p->c->result->monotone.link[k];

    return &m->pairs[link[0] * p->c->result->b_count + link[1]];
}

/* Columns after the value; one that is empty in all rows is left out. */
static const struct {
    const char *title;
    size_t      at; /* of a double in mc_pair */
} link_columns[] = {
    { "low", offsetof(mc_pair, low) },         { "high", offsetof(mc_pair, high) },
    { "ceiling", offsetof(mc_pair, ceiling) }, { "control", offsetof(mc_pair, control) },
    { "floor", offsetof(mc_pair, floor) },     { "p corr.", offsetof(mc_pair, p_corrected) },
};

#define LINK_COLUMNS (sizeof link_columns / sizeof *link_columns)

static double column_of(const mc_pair *pair, size_t column)
{
    double value;

    memcpy(&value, (const char *)pair + link_columns[column].at, sizeof value);
    return value;
}

static void put_number(const page *p, double value, int width, int digits)
{
    const double smallest = 0.5 * pow(10, -digits);

    if (isnan(value))
        mc_buffer_printf(p->out, "  %*s", width, "-");
    else
        mc_buffer_printf(p->out, "  %*.*f", width, digits, fabs(value) < smallest ? 0 : value);
}

static void put_link(const page *p, const mc_pair *pair, const bool shown[LINK_COLUMNS],
                     int digits)
{
    char a[MC_LAYER_TEXT], b[MC_LAYER_TEXT], text[24];

    mc_buffer_printf(p->out, " %5s  %5s", layer_name(p, 0, pair->a, a),
                     layer_name(p, 1, pair->b, b));
    put_number(p, pair->value, 10, digits);
    for (size_t c = 0; c < LINK_COLUMNS; c++) {
        const double value = column_of(pair, c);
        if (!shown[c]) continue;
        if (link_columns[c].at == offsetof(mc_pair, p_corrected) && !isnan(value))
            mc_buffer_printf(p->out, "  %7s", p_text(value, text));
        else
            put_number(p, value, 7, digits);
    }
    mc_buffer_add_char(p->out, '\n');
}

/* Where the two differ: layer by layer what the map rounds to a digit. */
static void put_links(const page *p, const mc_metric_comparison *m)
{
    const size_t count = p->c->result->monotone.count;
    bool         shown[LINK_COLUMNS];
    int          digits = 3; /* or as many as tell a value near 1 from 1 */

    mc_buffer_printf(p->out, "\n     A      B  %10s", m->metric->name);
    for (size_t c = 0; c < LINK_COLUMNS; c++) {
        shown[c] = false;
        for (size_t k = 0; k < count; k++)
            shown[c] = shown[c] || !isnan(column_of(linked_pair(p, m, k), c));
        if (shown[c]) mc_buffer_printf(p->out, "  %7s", link_columns[c].title);
    }
    mc_buffer_add_char(p->out, '\n');
    for (size_t k = 0; k < count; k++)
        if (is_nearly_one(linked_pair(p, m, k)->value)) digits = 5;
    for (size_t k = 0; k < count; k++)
        put_link(p, linked_pair(p, m, k), shown, digits);
    mc_buffer_add_char(p->out, '\n');
}

/* ---- What the numbers say ---------------------------------------------------------------- */

/* Means over the monotone correspondence of what pairs carry; NaN where none does. */
typedef struct link_means {
    double ceiling, control, floor, null_mean, without, without_dimensions;
    size_t pairs, significant, without_significant, without_dimensions_significant;
} link_means;

static void add_to(double *sum, size_t *count, double value)
{
    if (isnan(value)) return;
    *sum += value;
    ++*count;
}

static link_means means_of(const page *p, const mc_metric_comparison *m)
{
    const mc_comparison *r      = p->c->result;
    double               sum[6] = { 0 };
    size_t               n[6]   = { 0 };
    link_means           out    = { 0 };

    for (size_t k = 0; k < r->monotone.count; k++) {
        const mc_pair *pair = linked_pair(p, m, k);
        if (isnan(pair->value)) continue;
        out.pairs++;
        out.significant += pair->p_corrected < 0.05;
        out.without_significant += pair->without.p_corrected < 0.05;
        out.without_dimensions_significant += pair->without_dimensions.p_corrected < 0.05;
        add_to(&sum[0], &n[0], pair->ceiling);
        add_to(&sum[1], &n[1], pair->control);
        add_to(&sum[2], &n[2], pair->floor);
        add_to(&sum[3], &n[3], pair->without.value);
        add_to(&sum[4], &n[4], pair->null_mean);
        add_to(&sum[5], &n[5], pair->without_dimensions.value);
    }
    out.ceiling            = n[0] ? sum[0] / (double)n[0] : NAN;
    out.control            = n[1] ? sum[1] / (double)n[1] : NAN;
    out.floor              = n[2] ? sum[2] / (double)n[2] : NAN;
    out.without            = n[3] ? sum[3] / (double)n[3] : NAN;
    out.null_mean          = n[4] ? sum[4] / (double)n[4] : NAN;
    out.without_dimensions = n[5] ? sum[5] / (double)n[5] : NAN;
    return out;
}

static void say_value(const page *p, const mc_metric_comparison *m, const link_means *means)
{
    const char *name = m->metric->name;
    char        mean[24], low[24], high[24];

    value_text(m->mean_monotone, mean);
    if (isnan(m->low_monotone))
        say(p, "Over the monotone correspondence (%zu pair%s of layers) %s is %s on average.",
            means->pairs, plural(means->pairs), name, mean);
    if (m->half_samples == 0)
        say(p, "No random halves were asked for: there is no interval.");
    else if (isnan(m->low_monotone))
        say(p, "No interval: %zu random halves, or half of the probes, are too few for one.",
            m->half_samples);
    if (!isnan(m->low_monotone))
        say(p,
            "Over the monotone correspondence (%zu pair%s of layers) %s is %s on average, 95 "
            "%% "
            "interval %s to %s (%zu random halves of the %zu probes).",
            means->pairs, plural(means->pairs), name, mean, value_text(m->low_monotone, low),
            value_text(m->high_monotone, high), m->half_samples, p->c->probe_count);
    if (!isnan(means->floor))
        say(p,
            "Unrelated data would give %.3f by construction: only what exceeds it says "
            "anything.",
            means->floor);
}

/* "3 of these 32 pairs stand out", "the pair does not stand out". */
static void stand_out(size_t significant, size_t pairs, const char *these, char text[96])
{
    if (pairs == 1)
        snprintf(text, 96, "the pair %s", significant ? "stands out" : "does not stand out");
    else if (significant == 0)
        snprintf(text, 96, "none of %s %zu pairs stands out", these, pairs);
    else
        snprintf(text, 96, "%zu of %s %zu pairs stand%s out", significant, these, pairs,
                 significant == 1 ? "s" : "");
}

/* So that not even the least p that they can give is below 0.05. */
static bool are_too_few(size_t permutations)
{
    return 1 / (1 + (double)permutations) >= 0.05;
}

static void say_null(const page *p, const mc_metric_comparison *m, const link_means *means)
{
    const mc_correspondence *links     = &p->c->result->monotone;
    const size_t             all       = p->c->result->a_count * p->c->result->b_count;
    const size_t             looked_at = m->metric->is_costly ? means->pairs : all;
    const bool               too_few   = are_too_few(m->permutations);
    char                     text[24], found[96];

    if (m->permutations == 0) {
        say(p, "No permutations were asked for: there is no null to hold this against.");
        return;
    }
    if (strcmp(m->metric->name, "cka") == 0 && !isnan(links->p))
        say(p,
            "With the probes of B in random order, and the layers matched anew each time, the "
            "mean is %.3f with standard deviation %.3f: p = %s from %zu permutations.",
            mc_unsigned_zero(links->null_mean), links->null_sd, p_text(links->p, text),
            m->permutations);
    stand_out(means->significant, means->pairs, "these", found);
    if (means->significant == 0 && too_few)
        say(p, "Against permuted probes, %s; so few permutations could not show it.", found);
    else if (means->significant == 0)
        say(p,
            "Against permuted probes, %s once corrected for the pairs looked at: the data do "
            "not show that the two models treat the probes alike.",
            found);
    else
        say(p,
            "Against permuted probes (mean %.3f), %s at p < 0.05, corrected for the %zu pair%s "
            "looked at.",
            mc_unsigned_zero(means->null_mean), found, looked_at, plural(looked_at));
}

static void say_frame(const page *p, const mc_metric_comparison *m, const link_means *means)
{
    char text[24];

    if (!isnan(means->ceiling) && m->mean_monotone <= means->ceiling)
        say(p,
            "Noise ceiling: between the two halves of the texts a model agrees with itself as "
            "far as %s; a value near that leaves nothing to explain.",
            value_text(means->ceiling, text));
    else if (!isnan(means->ceiling))
        say(p,
            "Noise ceiling: between the two halves of the texts a model agrees with itself as "
            "far as %s. The value exceeds that because both models read the same texts: what "
            "the wording adds to a probe is common to both, and the value does not tell it "
            "from the probe.",
            value_text(means->ceiling, text));
    if (!isnan(means->control))
        say(p,
            "Control: on random words of the same lengths the same layers give %s: that much "
            "does not need the concepts. The difference is %+.3f.",
            value_text(means->control, text),
            mc_unsigned_zero(m->mean_monotone - means->control));
}

static void say_least(const page *p, const mc_metric_comparison *m)
{
    const double   sign  = m->metric->is_distance ? -1 : 1;
    const mc_pair *least = NULL;
    char           a[MC_LAYER_TEXT], b[MC_LAYER_TEXT], value[24];

    for (size_t k = 0; k < p->c->result->monotone.count; k++) {
        const mc_pair *pair = linked_pair(p, m, k);
        if (isnan(pair->value)) continue;
        if (!least || sign * pair->value < sign * least->value) least = pair;
    }
    if (least)
        say(p, "Least alike of the correspondence: layer %s of A and layer %s of B, %s.",
            layer_name(p, 0, least->a, a), layer_name(p, 1, least->b, b),
            value_text(mc_unsigned_zero(least->value), value));
}

static void say_best(const page *p, const mc_metric_comparison *m)
{
    const mc_comparison *r = p->c->result;
    char                 a[MC_LAYER_TEXT], b[MC_LAYER_TEXT], text[24], value[24];

    for (size_t k = 0; k < r->a_count * r->b_count; k++) {
        const mc_pair *pair = &m->pairs[k];
        if (isnan(pair->value) || pair->value != m->max_value) continue;
        layer_name(p, 0, pair->a, a);
        layer_name(p, 1, pair->b, b);
        value_text(pair->value, value);
        if (m->permutations == 0)
            say(p, "Most alike: layer %s of A and layer %s of B, %s.", a, b, value);
        else
            say(p, "Most alike: layer %s of A and layer %s of B, %s (corrected p = %s).", a, b,
                value, p_text(pair->p_corrected, text));
        return;
    }
}

/* `what` is left out: "the 3 flagged probes". */
static void say_left_out(const page *p, const mc_metric_comparison *m, const link_means *means,
                         const char *what, double mean, size_t significant)
{
    const bool too_few = are_too_few(m->permutations_left_out);
    char       text[24], found[96];

    value_text(mean, text);
    stand_out(significant, means->pairs, "the", found);
    if (m->permutations_left_out == 0)
        say(p, "Without %s (see the warnings) the mean is %s.", what, text);
    else
        say(p, "Without %s (see the warnings) the mean is %s, and %s (%zu permutations).%s",
            what, text, found, m->permutations_left_out,
            significant > 0 || means->significant == 0 ? ""
            : too_few ? " So few permutations could not show it."
                      : " The result above rests on what was left out alone.");
}

static void say_without(const page *p, const mc_metric_comparison *m, const link_means *means)
{
    const size_t flagged = p->c->result->flagged_count;
    char         what[64];

    snprintf(what, sizeof what, "the %zu flagged probe%s", flagged, plural(flagged));
    if (!isnan(means->without))
        say_left_out(p, m, means, what, means->without, means->without_significant);
    if (!isnan(means->without_dimensions))
        say_left_out(p, m, means, "the massive units of the layers that have one",
                     means->without_dimensions, means->without_dimensions_significant);
}

static void put_metric(const page *p, const mc_metric_comparison *m)
{
    const link_means means = means_of(p, m);

    mc_buffer_printf(p->out, p->style.color ? "\n\033[1m%s\033[0m: %s\n" : "\n%s: %s\n",
                     m->metric->name, m->metric->summary);
    if (m->note[0]) mc_buffer_printf(p->out, "%s\n", m->note);
    put_map(p, m);
    if (means.pairs == 0) {
        say(p, "No pair of the correspondence has a value: %s.",
            m->pairs[0].reason ? m->pairs[0].reason : "see the warnings");
        return;
    }
    put_links(p, m);
    say_value(p, m, &means);
    say_null(p, m, &means);
    say_frame(p, m, &means);
    if (means.pairs > 1) say_least(p, m);
    say_best(p, m);
    say_without(p, m, &means);
}

/* ---- Correspondence, groups, warnings ---------------------------------------------------- */

/* "0-12 with 0-12, 13-30 with 15-32": runs in which both go up by one. */
static void put_runs(const page *p, const mc_correspondence *links, mc_buffer *text)
{
    for (size_t k = 0, end; k < links->count; k = end) {
        char a[MC_LAYER_TEXT], b[MC_LAYER_TEXT];
        for (end = k + 1; end < links->count &&
                          links->link[end][0] == links->link[end - 1][0] + 1 &&
                          links->link[end][1] == links->link[end - 1][1] + 1;)
            end++;
        for (size_t side = 0; side < 2; side++) {
            mc_buffer_printf(text, "%s%s",
                             side ? " with "
                             : k  ? ", "
                                  : "",
                             layer_name(p, side, links->link[k][side], a));
            if (end > k + 1)
                mc_buffer_printf(text, "..%s",
                                 layer_name(p, side, links->link[end - 1][side], b));
        }
    }
}

static void put_correspondence(const page *p)
{
    const mc_comparison *r    = p->c->result;
    mc_buffer            text = { 0 };
    size_t               same = 0;

    heading(p, "correspondence of layers (by debiased CKA)");
    put_runs(p, &r->monotone, &text);
    say(p, "Monotone, A with B: %s.", text.data ? text.data : "none");
    mc_buffer_clear_part(&text, p->out);
    for (size_t k = 0; k < r->assignment.count; k++)
        same += is_linked(&r->monotone, r->assignment.link[k][0], r->assignment.link[k][1]);
    if (same == r->assignment.count && same == r->monotone.count)
        say(p, "The best one-to-one assignment in any order is the same.");
    else
        say(p,
            "The best one-to-one assignment in any order shares %zu of its %zu pairs with it "
            "and "
            "reaches a mean of %.3f (monotone: %.3f).",
            same, r->assignment.count, r->assignment.mean, r->monotone.mean);
}

static void put_groups(const page *p, const mc_metric_comparison *m)
{
    const char *grouping = "";
    char        text[24];

    for (size_t g = 0; g < m->group_count; g++) {
        const mc_group_result *own = &m->groups[g];
        if (strcmp(grouping, own->grouping) != 0) {
            char title[96];
            grouping = own->grouping;
            snprintf(title, sizeof title, "%s by %s of the probes (these probes alone)",
                     m->metric->name, grouping);
            heading(p, title);
            mc_buffer_printf(p->out, "  %-22s %6s  %7s  %9s  %s\n", grouping, "probes", "mean",
                             "permuted", "p");
        }
        mc_buffer_printf(p->out, "  %-22s %6zu  ", own->label, own->probes);
        if (own->reason)
            mc_buffer_printf(p->out, "%7s  %s\n", "-", own->reason);
        else if (isnan(own->p))
            mc_buffer_printf(p->out, "%7.3f\n", mc_unsigned_zero(own->value));
        else
            mc_buffer_printf(p->out, "%7.3f  %9.3f  %s\n", mc_unsigned_zero(own->value),
                             mc_unsigned_zero(own->null_mean), p_text(own->p, text));
    }
}

/* The layers that a kind of warning is about, on one side. */
static void list_layers(const page *p, const mc_warning *like, mc_buffer *text)
{
    const mc_comparison *r     = p->c->result;
    size_t               count = 0;

    for (size_t w = 0; w < r->warning_count; w++) {
        const mc_warning *own = &r->warnings[w];
        char              name[MC_LAYER_TEXT];
        if (own->kind != like->kind || own->side != like->side) continue;
        mc_buffer_printf(text, "%s%s", count++ ? ", " : "",
                         layer_name(p, (size_t)own->side, own->layer, name));
    }
}

static bool said_before(const mc_comparison *r, size_t w)
{
    for (size_t k = 0; k < w; k++)
        if (r->warnings[k].kind == r->warnings[w].kind &&
            r->warnings[k].side == r->warnings[w].side)
            return true;
    return false;
}

/* Warnings of one kind and side together: which layers, and the first in full. */
static void put_warnings(const page *p)
{
    const mc_comparison *r = p->c->result;

    for (size_t w = 0; w < r->warning_count; w++) {
        const mc_warning *own  = &r->warnings[w];
        mc_buffer         text = { 0 };
        if (w == 0) heading(p, "warnings");
        if (said_before(r, w)) continue;
        if (own->side < 0) {
            say(p, "%s: %s.", mc_warning_kind_name(own->kind), own->text);
            continue;
        }
        list_layers(p, own, &text);
        say(p, "%s (%c, layer%s %s): %s.", mc_warning_kind_name(own->kind), "AB"[own->side],
            text.data && strchr(text.data, ',') ? "s" : "", text.data ? text.data : "",
            own->text);
        mc_buffer_clear_part(&text, p->out);
    }
}

static bool ends_in_stop(const char *text)
{
    const size_t size = strlen(text);

    return size > 0 && text[size - 1] == '.';
}

static void put_side(const page *p, size_t side)
{
    const mc_crm_side *own = &p->c->side[side];

    mc_buffer_printf(p->out, "%c  ", "AB"[side]);
    mc_text_add_visible(p->out, own->info->model[0] ? own->info->model : own->info->path, 0);
    mc_buffer_printf(p->out, ": %zu layer%s, %zu units, %zu probe%s, pooled by %s\n",
                     own->layer_count, plural(own->layer_count), own->info->hidden,
                     own->info->probe_count, plural(own->info->probe_count),
                     mc_pooling_name(own->info->pooling));
}

void mc_compare_text(mc_buffer *out, const mc_crm_comparison *comparison, mc_text_style style)
{
    const page p = { out, comparison, style };

    put_side(&p, 0);
    put_side(&p, 1);
    for (size_t m = 0; m < comparison->result->metric_count; m++)
        put_metric(&p, &comparison->result->metrics[m]);
    put_correspondence(&p);
    put_groups(&p, &comparison->result->metrics[0]);
    put_warnings(&p);
    if (comparison->note_count > 0) heading(&p, "notes");
    for (size_t i = 0; i < comparison->note_count; i++)
        say(&p, "%s%s", comparison->notes[i], ends_in_stop(comparison->notes[i]) ? "" : ".");
}
