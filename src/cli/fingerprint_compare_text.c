/* fingerprint_compare_text.c - two fingerprints side by side, for people. The sentences claim
 * what the numbers carry and no more. */
#include <math.h>
#include <stdio.h>

#include "cli/fingerprint_text.h"

typedef struct page {
    mc_buffer                       *out;
    const mc_fingerprint_comparison *c;
    mc_text_style                    style;
} page;

#define say(p, ...) mc_text_add_item((p)->out, (p)->style.width, __VA_ARGS__)

/* ---- the table ---- */

static void put_side(const page *p, char letter, const mc_fingerprint *f)
{
    mc_buffer_printf(p->out, "%c  ", letter);
    mc_text_add_visible(p->out, f->model[0] ? f->model : "a model without a name", 0);
    mc_buffer_printf(p->out, ": %zu layers, %zu probes, pooled by %s%s\n", f->layer_count,
                     f->probe_count, mc_pooling_name(f->pooling),
                     f->cached ? ", from the cache" : "");
}

static void put_number(const page *p, double value, int width)
{
    char text[16];

    mc_buffer_printf(p->out, " %*s", width, mc_short_number(value, text));
}

static void put_pair(const page *p, const mc_fingerprint_pair *pair)
{
    const mc_fingerprint_layer *a = &p->c->a->layers[pair->a], *b = &p->c->b->layers[pair->b];
    char                        names[2][MC_LAYER_TEXT];

    mc_buffer_printf(p->out, "%5s %5s ", mc_layer_print(a->layer, names[0]),
                     mc_layer_print(b->layer, names[1]));
    if (isnan(pair->cka))
        mc_buffer_printf(p->out, "%6s ", "-");
    else
        mc_buffer_printf(p->out, "%6.3f ", pair->cka);
    if (a->profile.reason[0] || b->profile.reason[0]) {
        mc_buffer_add_text(p->out, "  ");
        mc_text_add_visible(p->out,
                            a->profile.reason[0] ? a->profile.reason : b->profile.reason, 0);
        mc_buffer_add_char(p->out, '\n');
        return;
    }
    put_number(p, a->profile.norm_median, 7);
    put_number(p, b->profile.norm_median, 6);
    put_number(p, a->profile.anisotropy, 7);
    put_number(p, b->profile.anisotropy, 5);
    put_number(p, a->profile.dimension.value, 7);
    put_number(p, b->profile.dimension.value, 5);
    put_number(p, a->profile.effective_rank.value, 7);
    put_number(p, b->profile.effective_rank.value, 5);
    mc_buffer_add_char(p->out, '\n');
}

static void put_table(const page *p)
{
    mc_buffer_printf(p->out, "\n%11s %6s %15s%14s%14s%14s\n", "layers", "", "median norm",
                     "mean cosine", "dimension", "eff. rank");
    mc_buffer_printf(p->out, "%5s %5s %6s ", "A", "B", "cka");
    for (int k = 0; k < 4; k++)
        mc_buffer_printf(p->out, " %7s %*s", "A", k == 0 ? 6 : 5, "B");
    mc_buffer_add_char(p->out, '\n');
    for (size_t k = 0; k < p->c->depth_count; k++)
        put_pair(p, &p->c->depth[k]);
    mc_buffer_add_char(p->out, '\n');
}

/* ---- the sentences ---- */

static void say_distance(const page *p)
{
    const mc_fingerprint_comparison *c            = p->c;
    char                             interval[64] = "";

    if (!isnan(c->low))
        snprintf(interval, sizeof interval, ", 95 %% interval %.3f to %.3f (%zu random halves)",
                 mc_unsigned_zero(c->low), mc_unsigned_zero(c->high), c->half_samples);
    say(p,
        "Distance %.3f%s: 1 - debiased CKA, the mean over the %zu pair%s of layers of the "
        "monotone correspondence, by the %zu probes of both sketches.",
        mc_unsigned_zero(c->distance), interval, c->link_count, c->link_count == 1 ? "" : "s",
        c->probes);
    if (isnan(c->p)) return;
    say(p,
        "Null: with the probes of B in random order, and the layers matched anew each time, "
        "the "
        "distance is %.3f with standard deviation %.3f: p = %.2g from %zu permutations. %s",
        c->null_mean, c->null_sd, c->p, c->permutations,
        c->p < 0.05 ? "The two are closer than chance; how close is told by the distance, not "
                      "by p."
                    : "The data do not show that the two treat the probes alike.");
}

static void say_least_alike(const page *p)
{
    const mc_fingerprint_comparison *c     = p->c;
    const mc_fingerprint_pair       *least = &c->links[0];
    char                             names[2][MC_LAYER_TEXT];

    for (size_t k = 1; k < c->link_count; k++)
        if (c->links[k].cka < least->cka) least = &c->links[k];
    if (c->distance < 0.0005) return;
    say(p, "Least alike of the corresponding layers: %s of A and %s of B, CKA %.3f.",
        mc_layer_print(c->a->layers[least->a].layer, names[0]),
        mc_layer_print(c->b->layers[least->b].layer, names[1]), least->cka);
}

/* "B is 1.02 times A", of the median pair. */
static void median_text(const mc_fingerprint_difference *d, char text[32])
{
    char number[16];

    if (d->is_ratio)
        snprintf(text, 32, "B is %s times A", mc_short_number(d->median, number));
    else
        snprintf(text, 32, "B - A is %+.3f", fabs(d->median) < 0.0005 ? 0 : d->median);
}

/* In every pair, as far as the table shows numbers. */
static bool is_equal(const mc_fingerprint_difference *d)
{
    const double most = d->is_ratio ? log(d->value_b / d->value_a) : d->value_b - d->value_a;

    return fabs(most) < 0.0005;
}

static void say_difference(const page *p, const mc_fingerprint_difference *d)
{
    const mc_fingerprint_comparison *c = p->c;
    char median[32], a[16], b[16], names[2][MC_LAYER_TEXT], overlap[64] = "";

    if (d->pairs == 0) {
        say(p, "%s: no pair of layers has it.", d->words);
        return;
    }
    if (is_equal(d)) {
        say(p, "%s: equal in all %zu pairs, to three digits.", d->words, d->pairs);
        return;
    }
    median_text(d, median);
    if (d->has_interval)
        snprintf(overlap, sizeof overlap, "; intervals apart in %zu of %zu pairs", d->apart,
                 d->pairs);
    say(p, "%s: %s in the median pair%s. Furthest apart in layers %s and %s: %s against %s.",
        d->words, median, overlap,
        mc_layer_print(c->a->layers[c->depth[d->largest].a].layer, names[0]),
        mc_layer_print(c->b->layers[c->depth[d->largest].b].layer, names[1]),
        mc_short_number(d->value_a, a), mc_short_number(d->value_b, b));
}

static void say_differences(const page *p)
{
    bool intervals = false;

    for (size_t q = 0; q < p->c->difference_count; q++) {
        const mc_fingerprint_difference *own = &p->c->differences[q];
        say_difference(p, own);
        intervals = intervals || (own->has_interval && !is_equal(own));
    }
    if (intervals)
        say(p, "Intervals are 95 %% of each model alone. Where both saw the same probes, that "
               "they overlap is no sign of equality.");
}

static void say_typical(const page *p)
{
    const mc_fingerprint_comparison *c = p->c;

    if (isnan(c->least_shared)) return;
    say(p,
        "Typical probes: of the %d least typical of a layer %.1f are the same in both on "
        "average, "
        "of the %d most typical %.1f; random choices would share %.2f.",
        MC_PROFILE_TOP, c->least_shared, MC_PROFILE_TOP, c->most_shared, c->shared_by_chance);
}

void mc_fingerprint_compare_text(mc_buffer *out, const mc_fingerprint_comparison *c,
                                 mc_text_style style)
{
    const page p = { out, c, style };

    put_side(&p, 'A', c->a);
    put_side(&p, 'B', c->b);
    put_table(&p);
    if (c->same_model) say(&p, "The tensors of both are the same (equal content hashes).");
    say_distance(&p);
    say_least_alike(&p);
    say_differences(&p);
    say_typical(&p);
    for (size_t i = 0; i < c->note_count; i++)
        say(&p, "Note: %s.", c->notes[i]);
}
