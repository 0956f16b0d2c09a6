/* fingerprint_text.c - a table of the layers, and what it says. */
#include "cli/fingerprint_text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct page {
    mc_buffer            *out;
    const mc_fingerprint *f;
    mc_text_style         style;
} page;

#define say(p, ...) mc_text_add_item((p)->out, (p)->style.width, __VA_ARGS__)

/* ---- the table ---- */

const char *mc_short_number(double value, char text[16])
{
    const double size = fabs(value);

    if (isnan(value))
        snprintf(text, 16, "-");
    else if (size >= 1e6 || (size > 0 && size < 0.001))
        snprintf(text, 16, "%.1e", value);
    else
        snprintf(text, 16, "%.*f", size < 10 ? 2 : size < 100 ? 1 : 0, value);
    return text;
}

static void put_columns(const page *p)
{
    mc_buffer_printf(p->out, "%5s %7s %7s %13s %9s  %-17s %6s %7s\n", "", "median", "",
                     "mean cosine", "largest", "intrinsic", "eff.", "massive");
    mc_buffer_printf(p->out, "%5s %7s %7s %5s %7s %9s  %-17s %6s %7s\n", "layer", "norm", "sd",
                     "raw", "centred", "direction", "dimension", "rank", "units");
}

/* Without the sign of a negative zero. */
static double cosine(double value)
{
    return fabs(value) < 0.005 ? 0 : value;
}

static void put_layer(const page *p, const mc_fingerprint_layer *layer)
{
    const mc_layer_profile *own = &layer->profile;
    char                    name[MC_LAYER_TEXT], number[3][16], range[48] = "-";

    mc_buffer_printf(p->out, "%5s ", mc_layer_print(layer->layer, name));
    if (own->reason[0]) {
        mc_buffer_add_text(p->out, "      -  ");
        mc_text_add_visible(p->out, own->reason, 0);
        mc_buffer_add_char(p->out, '\n');
        return;
    }
    if (!isnan(own->dimension.value))
        snprintf(range, sizeof range, "%.1f [%.1f, %.1f]", own->dimension.value,
                 own->dimension.low, own->dimension.high);
    mc_buffer_printf(p->out, "%7s %7s %5.2f %7.2f %7.0f %%  %-17s %6s %7zu\n",
                     mc_short_number(own->norm_median, number[0]),
                     mc_short_number(own->norm_sd, number[1]), cosine(own->anisotropy),
                     cosine(own->anisotropy_centred), 100 * own->spectrum[0], range,
                     mc_short_number(own->effective_rank.value, number[2]), own->massive_count);
}

/* ---- the sentences ---- */

static void say_norms(const page *p, const mc_fingerprint_summary *s)
{
    char first[16], last[16], from[MC_LAYER_TEXT], to[MC_LAYER_TEXT];

    if (isnan(s->norm_first)) return;
    say(p, "Norms: the median is %s in layer %s and %s in layer %s.",
        mc_short_number(s->norm_first, first), mc_layer_print(s->norm_first_layer, from),
        mc_short_number(s->norm_last, last), mc_layer_print(s->norm_last_layer, to));
}

static void say_directions(const page *p, const mc_fingerprint_summary *s)
{
    char name[MC_LAYER_TEXT];

    if (isnan(s->anisotropy)) return;
    say(p,
        "Direction: two probes' states have a cosine of %.2f in the median layer and %.2f in "
        "layer %s, where it is largest. One direction holds %.0f %% of the variance in the "
        "median layer.",
        s->anisotropy, s->anisotropy_most, mc_layer_print(s->anisotropy_layer, name),
        100 * s->first_direction);
}

static void say_dimension(const page *p, const mc_fingerprint_summary *s)
{
    char name[MC_LAYER_TEXT];

    if (isnan(s->dimension)) return;
    say(p, "Dimension: %.1f in the median layer, at most %.1f [%.1f, %.1f] in layer %s.%s",
        s->dimension, s->dimension_most, s->dimension_low, s->dimension_high,
        mc_layer_print(s->dimension_layer, name),
        s->dimension_most > 10
            ? " With a few hundred probes, numbers above about 10 are too low: mc geometry "
              "intrinsic-dimension shows the curve."
            : "");
}

static void say_massive(const page *p, const mc_fingerprint_summary *s)
{
    char name[MC_LAYER_TEXT], value[16];

    if (s->massive_layers == 0) {
        say(p,
            "No activation is massive (above 100 and above 1,000 times the layer's median).");
        return;
    }
    say(p,
        "Massive activations in %zu layer%s, the largest of %s in unit %zu of layer %s: what "
        "is "
        "measured in raw coordinates there is that unit.",
        s->massive_layers, s->massive_layers > 1 ? "s" : "",
        mc_short_number(s->massive_value, value), s->massive_unit,
        mc_layer_print(s->massive_layer, name));
}

/* The probe that is most often the first of its kind, and how often. */
static size_t most_often(const mc_fingerprint *f, bool least, size_t *probe)
{
    size_t best = 0;

    for (size_t l = 0; l < f->layer_count; l++) {
        const mc_layer_profile *own = &f->layers[l].profile;
        if (own->reason[0] || own->top_count == 0) continue;
        const size_t mine  = least ? own->least_typical[0].probe : own->most_typical[0].probe;
        size_t       count = 0;
        for (size_t k = 0; k < f->layer_count; k++) {
            const mc_layer_profile *other = &f->layers[k].profile;
            if (other->reason[0] || other->top_count == 0) continue;
            count +=
                mine == (least ? other->least_typical[0].probe : other->most_typical[0].probe);
        }
        if (count > best) best = count, *probe = mine;
    }
    return best;
}

static void say_typical(const page *p, size_t profiled)
{
    size_t       least = 0, most = 0;
    const size_t of_least = most_often(p->f, true, &least);
    const size_t of_most  = most_often(p->f, false, &most);

    if (of_least == 0) return;
    say(p,
        "Furthest from the mean state is most often %s (%zu of %zu layers), nearest to it %s "
        "(%zu).",
        p->f->probes[least], of_least, profiled, p->f->probes[most], of_most);
}

static void say_identity(const page *p)
{
    const mc_fingerprint *f = p->f;

    if (f->model_hash[0])
        say(p, "Identity: model %s, tokenizer %s, atlas %s (%.12s...).", f->model_hash,
            f->tokenizer_hash, f->atlas_version[0] ? f->atlas_version : "of your own",
            f->atlas_sha256);
    for (size_t i = 0; i < f->note_count; i++)
        say(p, "Note: %s", f->notes[i]);
    if (f->cached) say(p, "From the cache; --no-cache computes it anew.");
}

static size_t profiled_layers(const mc_fingerprint *f)
{
    size_t count = 0;

    for (size_t l = 0; l < f->layer_count; l++)
        count += !f->layers[l].profile.reason[0];
    return count;
}

void mc_fingerprint_text(mc_buffer *out, const mc_fingerprint *f, mc_text_style style)
{
    const page                   p        = { out, f, style };
    const mc_fingerprint_summary s        = mc_fingerprint_summarise(f);
    const size_t                 profiled = profiled_layers(f);

    mc_text_add_visible(out, f->model[0] ? f->model : "a model without a name", 0);
    mc_buffer_printf(out, "%s%s: %zu layer%s, %zu probes, pooled by %s\n\n",
                     f->architecture[0] ? ", " : "", f->architecture, f->layer_count,
                     f->layer_count == 1 ? "" : "s", f->probe_count,
                     mc_pooling_name(f->pooling));
    put_columns(&p);
    for (size_t l = 0; l < f->layer_count; l++)
        put_layer(&p, &f->layers[l]);
    mc_buffer_add_char(out, '\n');
    say_norms(&p, &s);
    say_directions(&p, &s);
    say_dimension(&p, &s);
    if (profiled > 0) say_massive(&p, &s);
    say_typical(&p, profiled);
    say_identity(&p);
}
