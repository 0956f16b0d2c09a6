/* fingerprint_compare.c - how far two models are apart, and in what, from what is kept of them.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <modelcypher/fingerprint.h>

#include "analysis/match.h"
#include "analysis/notes.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "base/error.h"

typedef struct job {
    const mc_fingerprint      *side[2];
    mc_fingerprint_comparison *out;
    size_t                    *rows[2]; /* of each common probe, in the sketches */
    const double              *cka;     /* [layers of A][layers of B] */
} job;

static mc_status take(job *j, size_t count, size_t size, void *out, mc_error *err)
{
    void *block;

    MC_TRY(mc_arena_array(j->out->storage, count, size, &block, err));
    memcpy(out, &block, sizeof block);
    return MC_OK;
}

/* ---- probes in common ---- */

static mc_status sketch_ids(job *j, size_t side, mc_ids *ids, mc_error *err)
{
    const mc_fingerprint *f = j->side[side];
    const char          **items;

    MC_TRY(take(j, f->sketch_count, sizeof *items, &items, err));
    for (size_t i = 0; i < f->sketch_count; i++)
        items[i] = f->probes[f->sketch_probes[i]];
    *ids = (mc_ids){ items, f->sketch_count };
    return MC_OK;
}

static mc_status match_probes(job *j, mc_error *err)
{
    mc_ids ids[2];

    for (size_t s = 0; s < 2; s++)
        MC_TRY(sketch_ids(j, s, &ids[s], err));
    return mc_match_ids(ids[0], ids[1], j->out->storage, j->rows, &j->out->probes, err);
}

/* "text:1" of one file is not "text:1" of another. */
static mc_status check_texts(const job *j, mc_error *err)
{
    const mc_fingerprint *a = j->side[0], *b = j->side[1];

    for (size_t i = 0; i < j->out->probes; i++)
        if (strncmp(a->probes[a->sketch_probes[j->rows[0][i]]], "text:", 5) == 0 &&
            strcmp(a->atlas_sha256, b->atlas_sha256) != 0)
            return mc_fail(err, MC_ERR_ARGUMENT, "make both from the same --texts file",
                           "the probes are lines of two different files of texts");
    return MC_OK;
}

/* ---- what is unequal beside the numbers ---- */

static mc_status add_notes(job *j, mc_error *err)
{
    const mc_fingerprint *a = j->side[0], *b = j->side[1];
    mc_notes              notes = { .storage = j->out->storage };

    j->out->same_model = a->model_hash[0] && strcmp(a->model_hash, b->model_hash) == 0;
    if (a->pooling != b->pooling)
        MC_TRY(mc_notes_add(&notes, err,
                            "A is pooled by '%s' and B by '%s': part of any difference is that",
                            mc_pooling_name(a->pooling), mc_pooling_name(b->pooling)));
    if (strcmp(a->tokenizer_hash, b->tokenizer_hash) != 0)
        MC_TRY(mc_notes_add(&notes, err, "the tokenizers differ"));
    if (strcmp(a->atlas_sha256, b->atlas_sha256) != 0)
        MC_TRY(mc_notes_add(&notes, err,
                            "the atlases differ: probes of one id may have other texts"));
    if (a->probe_count != b->probe_count || j->out->probes < a->sketch_count)
        MC_TRY(mc_notes_add(
            &notes, err,
            "A has %zu probes and B %zu, %zu of their sketches in common: numbers of a "
            "layer are over each model's own probes",
            a->probe_count, b->probe_count, j->out->probes));
    return mc_notes_keep(&notes, &j->out->notes, &j->out->note_count, err);
}

/* ---- the distance ---- */

static mc_status copy_layers(job *j, size_t side, mc_sketches *out, mc_error *err)
{
    const mc_fingerprint *f = j->side[side];
    mc_sketch            *sketches;

    MC_TRY(take(j, f->layer_count, sizeof *sketches, &sketches, err));
    for (size_t l = 0; l < f->layer_count; l++)
        sketches[l] = f->layers[l].sketch;
    *out = (mc_sketches){ sketches, f->layer_count, j->rows[side] };
    return MC_OK;
}

static mc_status keep(job *j, const mc_sketch_comparison *s, mc_error *err)
{
    mc_fingerprint_comparison *out  = j->out;
    const size_t               cols = j->side[1]->layer_count;
    mc_fingerprint_pair       *links;
    double                    *cka;

    MC_TRY(take(j, s->link_count, sizeof *links, &links, err));
    MC_TRY(take(j, j->side[0]->layer_count * cols, sizeof *cka, &cka, err));
    memcpy(cka, s->values, j->side[0]->layer_count * cols * sizeof *cka);
    for (size_t k = 0; k < s->link_count; k++)
        links[k] = (mc_fingerprint_pair){ s->link[k][0], s->link[k][1],
                                          s->values[s->link[k][0] * cols + s->link[k][1]] };
    j->cka          = cka;
    out->links      = links;
    out->link_count = s->link_count;
    out->distance   = 1 - s->mean;
    out->low        = 1 - s->high;
    out->high       = 1 - s->low;
    out->null_mean  = 1 - s->null_mean;
    out->null_sd    = s->null_sd;
    out->p          = s->p;
    return MC_OK;
}

static mc_status measure(job *j, const mc_compare_options *options, mc_error *err)
{
    mc_sketches           sides[2];
    mc_sketch_comparison *sketches;
    mc_status             status;

    if (j->out->probes < 4)
        return mc_fail(err, MC_ERR_ARGUMENT, "make both from the same atlas",
                       "the two have %zu probes of their sketches in common, 4 are needed",
                       j->out->probes);
    for (size_t s = 0; s < 2; s++)
        MC_TRY(copy_layers(j, s, &sides[s], err));
    j->out->permutations = options->permutations;
    j->out->half_samples = options->half_samples;
    MC_TRY(mc_sketch_compare(&sides[0], &sides[1], j->out->probes, options, &sketches, err));
    status = keep(j, sketches, err);
    mc_sketch_comparison_free(sketches);
    if (status == MC_OK && j->out->link_count == 0)
        return mc_fail(err, MC_ERR_ARGUMENT, "mc geometry fingerprint shows the reasons",
                       "no layer of one of the models has a sketch");
    return status;
}

/* ---- layers of equal depth ---- */

/* Of the last block; `final` stands behind all of them. */
static double fraction(const mc_fingerprint *f, size_t l)
{
    int last = f->block_count;

    if (f->layers[l].layer == MC_LAYER_FINAL) return 2;
    for (size_t k = 0; f->block_count < 0 && k < f->layer_count; k++)
        if (f->layers[k].layer != MC_LAYER_FINAL) last = f->layers[k].layer;
    return last > 0 ? (double)f->layers[l].layer / last : 0;
}

static size_t nearest(const mc_fingerprint *f, double depth)
{
    size_t best = 0;

    for (size_t l = 1; l < f->layer_count; l++)
        if (fabs(fraction(f, l) - depth) < fabs(fraction(f, best) - depth)) best = l;
    return best;
}

static mc_status pair_by_depth(job *j, mc_error *err)
{
    const mc_fingerprint *a = j->side[0], *b = j->side[1];
    const bool            fewer = b->layer_count < a->layer_count;
    const mc_fingerprint *from = fewer ? b : a, *to = fewer ? a : b;
    mc_fingerprint_pair  *pairs;
    size_t                n = 0;

    MC_TRY(take(j, from->layer_count, sizeof *pairs, &pairs, err));
    for (size_t l = 0; l < from->layer_count; l++) {
        const double depth = fraction(from, l);
        const size_t other = nearest(to, depth);
        if ((depth > 1) != (fraction(to, other) > 1)) continue; /* no partner of `final` */
        pairs[n]     = (mc_fingerprint_pair){ fewer ? other : l, fewer ? l : other, NAN };
        pairs[n].cka = j->cka[pairs[n].a * b->layer_count + pairs[n].b];
        n++;
    }
    j->out->depth       = pairs;
    j->out->depth_count = n;
    return MC_OK;
}

/* ---- what differs ---- */

typedef struct quantity {
    const char *name, *words;
    bool        is_ratio;
    size_t      offset;      /* of a double in mc_layer_profile, */
    bool        is_estimate; /* or of an mc_estimate */
} quantity;

#define AT(member) offsetof(mc_layer_profile, member)
static const quantity quantities[] = {
    { "norm", "Median norm", true, AT(norm_median), false },
    { "anisotropy", "Mean cosine of pairs", false, AT(anisotropy), false },
    { "firstDirection", "Share of the largest direction", false, AT(spectrum[0]), false },
    { "dimension", "Intrinsic dimension", true, AT(dimension), true },
    { "effectiveRank", "Effective rank", true, AT(effective_rank), true },
    { "participationRatio", "Participation ratio", true, AT(participation_ratio), true },
};
#undef AT
enum { QUANTITIES = sizeof quantities / sizeof *quantities };

const char *mc_fingerprint_quantity(size_t index)
{
    return index < QUANTITIES ? quantities[index].name : NULL;
}

static mc_estimate read_quantity(const quantity *q, const mc_layer_profile *profile)
{
    const void *at = (const char *)profile + q->offset;

    if (profile->reason[0]) return (mc_estimate){ .value = NAN, .low = NAN, .high = NAN };
    if (q->is_estimate) return *(const mc_estimate *)at;
    return (mc_estimate){ .value = *(const double *)at, .low = NAN, .high = NAN };
}

static int by_value(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;

    return a < b ? -1 : a > b;
}

/* values: room for one a pair, sorted when it returns. */
static void compare_quantity(const job *j, const quantity *q, double *values,
                             mc_fingerprint_difference *out)
{
    double furthest = -1;

    *out = (mc_fingerprint_difference){ .name         = q->name,
                                        .words        = q->words,
                                        .is_ratio     = q->is_ratio,
                                        .has_interval = q->is_estimate,
                                        .median       = NAN,
                                        .value_a      = NAN,
                                        .value_b      = NAN };
    for (size_t k = 0; k < j->out->depth_count; k++) {
        const mc_fingerprint_pair *pair = &j->out->depth[k];
        const mc_estimate          a = read_quantity(q, &j->side[0]->layers[pair->a].profile);
        const mc_estimate          b = read_quantity(q, &j->side[1]->layers[pair->b].profile);
        const double own             = q->is_ratio ? log(b.value / a.value) : b.value - a.value;
        if (!isfinite(own)) continue;
        values[out->pairs++] = own;
        out->apart += a.high < b.low || b.high < a.low;
        if (!(fabs(own) > furthest)) continue;
        furthest     = fabs(own);
        out->largest = k;
        out->value_a = a.value;
        out->value_b = b.value;
    }
    qsort(values, out->pairs, sizeof *values, by_value);
    if (out->pairs == 0) return;
    out->median = (values[(out->pairs - 1) / 2] + values[out->pairs / 2]) / 2;
    if (q->is_ratio) out->median = exp(out->median);
}

static mc_status compare_quantities(job *j, mc_error *err)
{
    mc_fingerprint_difference *differences;
    double                    *values;

    MC_TRY(take(j, QUANTITIES, sizeof *differences, &differences, err));
    MC_TRY(take(j, j->out->depth_count, sizeof *values, &values, err));
    for (size_t q = 0; q < QUANTITIES; q++)
        compare_quantity(j, &quantities[q], values, &differences[q]);
    j->out->differences      = differences;
    j->out->difference_count = QUANTITIES;
    return MC_OK;
}

/* ---- typical probes ---- */

static size_t shared(const job *j, const mc_fingerprint_pair *pair, bool least)
{
    const mc_layer_profile *a     = &j->side[0]->layers[pair->a].profile;
    const mc_layer_profile *b     = &j->side[1]->layers[pair->b].profile;
    size_t                  count = 0;

    for (size_t i = 0; i < a->top_count; i++)
        for (size_t k = 0; k < b->top_count; k++) {
            const size_t own   = (least ? a->least_typical : a->most_typical)[i].probe;
            const size_t other = (least ? b->least_typical : b->most_typical)[k].probe;
            count += strcmp(j->side[0]->probes[own], j->side[1]->probes[other]) == 0;
        }
    return count;
}

/* Two random choices of t among the same n probes share t^2 / n on average. */
static void compare_typical(job *j)
{
    mc_fingerprint_comparison *out   = j->out;
    double                     least = 0, most = 0, pairs = 0;

    for (size_t k = 0; k < out->depth_count; k++) {
        const mc_fingerprint_pair *pair = &out->depth[k];
        if (j->side[0]->layers[pair->a].profile.reason[0] ||
            j->side[1]->layers[pair->b].profile.reason[0])
            continue;
        least += (double)shared(j, pair, true);
        most += (double)shared(j, pair, false);
        pairs++;
    }
    out->least_shared = pairs > 0 ? least / pairs : NAN;
    out->most_shared  = pairs > 0 ? most / pairs : NAN;
    out->shared_by_chance =
        (double)MC_PROFILE_TOP * MC_PROFILE_TOP /
        (double)(j->side[0]->probe_count > j->side[1]->probe_count ? j->side[0]->probe_count
                                                                   : j->side[1]->probe_count);
}

/* ---- all of it ---- */

static mc_status run(job *j, const mc_compare_options *options, mc_error *err)
{
    MC_TRY(match_probes(j, err));
    MC_TRY(check_texts(j, err));
    MC_TRY(add_notes(j, err));
    MC_TRY(measure(j, options, err));
    MC_TRY(pair_by_depth(j, err));
    MC_TRY(compare_quantities(j, err));
    compare_typical(j);
    return MC_OK;
}

mc_status mc_fingerprint_compare(const mc_fingerprint *a, const mc_fingerprint *b,
                                 const mc_compare_options   *statistics,
                                 mc_fingerprint_comparison **comparison, mc_error *err)
{
    static const mc_compare_options plain = MC_COMPARE_OPTIONS_DEFAULT;
    job                             j     = { .side = { a, b } };
    mc_status                       status;

    j.out = mc_calloc(1, sizeof *j.out);
    if (!j.out) return mc_fail_memory(err, sizeof *j.out);
    j.out->a = a;
    j.out->b = b;
    status   = mc_arena_create(&j.out->storage, err);
    if (status == MC_OK) status = run(&j, statistics ? statistics : &plain, err);
    if (status == MC_OK)
        *comparison = j.out;
    else
        mc_fingerprint_comparison_free(j.out);
    return status;
}

void mc_fingerprint_comparison_free(mc_fingerprint_comparison *comparison)
{
    if (!comparison) return;
    mc_arena_free(comparison->storage);
    mc_free(comparison);
}
