/* fingerprint_summary.c - a fingerprint in a few numbers. */
#include <math.h>

#include <modelcypher/fingerprint.h>

typedef double member(const mc_layer_profile *profile);

static double anisotropy(const mc_layer_profile *profile)
{
    return profile->anisotropy;
}

static double first_direction(const mc_layer_profile *profile)
{
    return profile->spectrum[0];
}

static double effective_rank(const mc_layer_profile *profile)
{
    return profile->effective_rank.value;
}

static double dimension(const mc_layer_profile *profile)
{
    return profile->dimension.value;
}

static bool counts(const mc_fingerprint_layer *layer)
{
    return layer->layer != MC_LAYER_FINAL && !layer->profile.reason[0];
}

/* How many layers have less, or the same and stand before layer `at`. */
static size_t rank_of(const mc_fingerprint *f, member *of, size_t at)
{
    const double own  = of(&f->layers[at].profile);
    size_t       rank = 0;

    for (size_t l = 0; l < f->layer_count; l++) {
        if (!counts(&f->layers[l])) continue;
        const double other = of(&f->layers[l].profile);
        rank += other < own || (other == own && l < at);
    }
    return rank;
}

/* Layers are few: no memory is taken for sorting them. */
static double median(const mc_fingerprint *f, member *of)
{
    size_t count = 0;
    double sum   = 0;

    for (size_t l = 0; l < f->layer_count; l++)
        count += counts(&f->layers[l]) && !isnan(of(&f->layers[l].profile));
    if (count == 0) return NAN;
    for (size_t l = 0; l < f->layer_count; l++) {
        if (!counts(&f->layers[l]) || isnan(of(&f->layers[l].profile))) continue;
        const size_t rank = rank_of(f, of, l);
        if (rank == (count - 1) / 2) sum += of(&f->layers[l].profile) / 2;
        if (rank == count / 2) sum += of(&f->layers[l].profile) / 2;
    }
    return sum;
}

static const mc_fingerprint_layer *largest(const mc_fingerprint *f, member *of)
{
    const mc_fingerprint_layer *best = NULL;

    for (size_t l = 0; l < f->layer_count; l++) {
        const mc_fingerprint_layer *own = &f->layers[l];
        if (!counts(own) || isnan(of(&own->profile))) continue;
        if (!best || of(&own->profile) > of(&best->profile)) best = own;
    }
    return best;
}

static void add_norms(const mc_fingerprint *f, mc_fingerprint_summary *out)
{
    for (size_t l = 0; l < f->layer_count; l++) {
        const mc_fingerprint_layer *own = &f->layers[l];
        if (!counts(own)) continue;
        out->layers_profiled++;
        if (own->layer == 0) continue;
        if (isnan(out->norm_first)) {
            out->norm_first       = own->profile.norm_median;
            out->norm_first_layer = own->layer;
        }
        out->norm_last       = own->profile.norm_median;
        out->norm_last_layer = own->layer;
    }
}

static void add_massive(const mc_fingerprint *f, mc_fingerprint_summary *out)
{
    for (size_t l = 0; l < f->layer_count; l++) {
        const mc_fingerprint_layer *own = &f->layers[l];
        if (!counts(own)) continue;
        const mc_unit_profile *unit = &own->profile.largest_unit;
        out->massive_layers += own->profile.massive_count > 0;
        if (!unit->is_massive || !(unit->largest > out->massive_value)) continue;
        out->massive_unit  = unit->unit;
        out->massive_value = unit->largest;
        out->massive_layer = own->layer;
    }
}

mc_fingerprint_summary mc_fingerprint_summarise(const mc_fingerprint *f)
{
    const mc_fingerprint_layer *same = largest(f, anisotropy), *wide = largest(f, dimension);
    mc_fingerprint_summary      out = {
             .probes           = f->probe_count,
             .layers           = f->layer_count,
             .norm_first       = NAN,
             .norm_last        = NAN,
             .anisotropy       = median(f, anisotropy),
             .anisotropy_most  = same ? same->profile.anisotropy : NAN,
             .anisotropy_layer = same ? same->layer : 0,
             .first_direction  = median(f, first_direction),
             .effective_rank   = median(f, effective_rank),
             .dimension        = median(f, dimension),
             .dimension_most   = wide ? wide->profile.dimension.value : NAN,
             .dimension_low    = wide ? wide->profile.dimension.low : NAN,
             .dimension_high   = wide ? wide->profile.dimension.high : NAN,
             .dimension_layer  = wide ? wide->layer : 0,
    };

    add_norms(f, &out);
    add_massive(f, &out);
    return out;
}
