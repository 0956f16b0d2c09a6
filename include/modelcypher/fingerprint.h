/* fingerprint.h - a model's geometry in a few numbers a layer, small enough to keep.
 *
 *     mc_fingerprint *fingerprint;
 *
 *     if (mc_fingerprint_compute("models/tiny", NULL, &fingerprint, &err) == MC_OK)
 *         printf("%f\n", fingerprint->layers[0].profile.norm_median);
 *     mc_fingerprint_free(fingerprint);
 *
 * A fingerprint holds no states. It holds what each layer looks like (mc_layer_profile) and a
 * sketch of how its probes lie to each other (mc_sketch), which is all that comparing two
 * models takes when neither is at hand. */
#ifndef MODELCYPHER_FINGERPRINT_H
#define MODELCYPHER_FINGERPRINT_H

#include <modelcypher/analysis.h>
#include <modelcypher/geometry.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- one model --------------------------------------------------------------------------- */

typedef struct mc_fingerprint_options {
    /* Texts, layers, pooling ("all" is refused), backend, threads, memory, progress. `model`,
     * `control` and `no_split` are ignored; of `output`, only that it is no file which is read.
     */
    mc_crm_build_options capture;
    bool                 no_cache; /* neither look for it in the cache nor keep it there */
} mc_fingerprint_options;

typedef struct mc_fingerprint_layer {
    int              layer;   /* a number, or MC_LAYER_FINAL */
    mc_layer_profile profile; /* probes in it are indices into mc_fingerprint.probes */
    mc_sketch        sketch;  /* over sketch_probes; `entries` NULL: see the reason */
    const char      *sketch_reason;
} mc_fingerprint_layer;

/* All of it belongs to the fingerprint and dies with it. A text that is not known is "". */
typedef struct mc_fingerprint {
    const char *model, *architecture;
    const char *model_hash; /* of the tensors' content, 32 hex digits */
    const char *tokenizer_hash;
    const char *atlas_version, *atlas_sha256;
    const char *created_at;
    const char *provenance;  /* all of that and more: a JSON object as text */
    int         block_count; /* L; -1: not known */
    mc_pooling  pooling;
    bool        cached; /* it was computed before, and read from the cache */

    const char *const *probes; /* full ids, one a row of a state */
    size_t             probe_count;
    const size_t      *sketch_probes; /* which of them the sketches are of, ascending */
    size_t             sketch_count;

    const mc_fingerprint_layer *layers; /* ascending, MC_LAYER_FINAL last */
    size_t                      layer_count;
    const char *const          *notes; /* what a reader must know, one sentence each */
    size_t                      note_count;
    struct mc_arena            *storage; /* private */
} mc_fingerprint;

/* How many probes a sketch is of, when there are so many: those whose ids have the smallest
 * hashes, so that atlases that overlap share probes of their sketches. */
#define MC_FINGERPRINT_SKETCH 128

/* The fingerprint of `model`: a folder, a .gguf file or a Hugging Face cache name, whose texts
 * are run, or a CRM file, or a fingerprint that was saved, which is read. Options NULL: the
 * whole atlas, last token. A layer that cannot be profiled (constant, not finite, fewer than 3
 * probes) has its reason and the rest goes on. What was run is kept in
 * <home>/caches/fingerprints/ under the content of tensors, configuration, tokenizer and atlas
 * and the options; a cache that cannot be used is a warning. MC_ERR_ARGUMENT: rows are tokens;
 * every error of mc_responses_open(). */
MC_API mc_status mc_fingerprint_compute(const char                   *model,
                                        const mc_fingerprint_options *options,
                                        mc_fingerprint              **fingerprint,
                                        mc_error                     *err) MC_MUST_CHECK;
MC_API void      mc_fingerprint_free(mc_fingerprint *fingerprint); /* NULL is fine */

/* ---- as a file --------------------------------------------------------------------------- */

/* JSON of schema mc.geometry.fingerprint.v1 (mc help schema geometry fingerprint): what the
 * command prints. It appears whole or not at all. */
MC_API mc_status mc_fingerprint_save(const mc_fingerprint *fingerprint, const char *path,
                                     mc_error *err) MC_MUST_CHECK;
/* MC_ERR_CORRUPT: no such JSON, with the layer and member at fault. */
MC_API mc_status mc_fingerprint_open(const char *path, mc_fingerprint **fingerprint,
                                     mc_error *err) MC_MUST_CHECK;

/* ---- in a few lines ---------------------------------------------------------------------- */

/* Medians over the layers that have a profile (`final` left out), and where the extremes are.
 * Numbers that no layer has are NaN. */
typedef struct mc_fingerprint_summary {
    size_t probes, layers, layers_profiled;
    double norm_first, norm_last; /* median norms of the first and the last state after 0 */
    int    norm_first_layer, norm_last_layer;
    double anisotropy; /* mean cosine of pairs of probes, median over layers */
    double anisotropy_most;
    int    anisotropy_layer; /* where it is largest */
    double first_direction;  /* share of the variance in one direction, median */
    double effective_rank;
    double dimension;                                     /* twonn-mle, median over layers */
    double dimension_most, dimension_low, dimension_high; /* the largest, its 95 % interval */
    int    dimension_layer;                               /* where */
    size_t massive_layers; /* layers in which a unit is massive (Sun et al. 2024) */
    size_t massive_unit;   /* the one with the largest activation ... */
    double massive_value;  /* ... and that; 0: there is none */
    int    massive_layer;
} mc_fingerprint_summary;

MC_API mc_fingerprint_summary mc_fingerprint_summarise(const mc_fingerprint *fingerprint);

/* ---- two models -------------------------------------------------------------------------- */

/* Layers of A and B, as indices into their fingerprints' layers. */
typedef struct mc_fingerprint_pair {
    size_t a, b;
    double cka; /* debiased, of the two sketches; NaN: one has none */
} mc_fingerprint_pair;

/* One quantity over the pairs of equal depth in which both layers have it. */
typedef struct mc_fingerprint_difference {
    const char *name;     /* "norm", "anisotropy", ... as in JSON */
    const char *words;    /* "Median norm" */
    bool        is_ratio; /* B over A; else B minus A */
    size_t      pairs;
    double      median;  /* over the pairs; NaN: there is none */
    size_t      largest; /* index into `depth`: where B is furthest from A, ... */
    double      value_a, value_b;
    /* Pairs whose 95 % intervals do not overlap, where the quantity has intervals. Both models
     * see the same probes, so this errs on the side of no difference. */
    bool   has_interval;
    size_t apart;
} mc_fingerprint_difference;

typedef struct mc_fingerprint_comparison {
    const mc_fingerprint *a, *b;  /* the caller's */
    size_t                probes; /* of both sketches: those compared */
    /* 1 - mean debiased CKA over the monotone correspondence; 95 % from random halves of the
     * probes; the null has the probes of B in random order and the layers matched anew each
     * time; p is the share of draws at least as close. */
    double distance, low, high;
    double null_mean, null_sd, p;
    size_t permutations, half_samples;

    const mc_fingerprint_pair *links; /* the monotone correspondence, by CKA */
    size_t                     link_count;
    const mc_fingerprint_pair *depth; /* each layer of the one with fewer, and the layer of the
                                         other nearest to the same fraction of the depth */
    size_t                           depth_count;
    const mc_fingerprint_difference *differences;
    size_t                           difference_count;
    /* Of the MC_PROFILE_TOP least and most typical probes, how many both have, mean over the
     * pairs of equal depth; and what random choices would share. NaN: not known. */
    double             least_shared, most_shared, shared_by_chance;
    bool               same_model; /* equal hashes of the tensors */
    const char *const *notes;      /* what else is unequal, one sentence each */
    size_t             note_count;
    struct mc_arena   *storage; /* private */
} mc_fingerprint_comparison;

/* Compare by the probes that both sketches have, matched by full id. Of the statistics:
 * permutations, half_samples, seed and threads. MC_ERR_ARGUMENT: fewer than 4 such probes, no
 * sketch at all, or probes that are texts of different files. */
MC_API mc_status mc_fingerprint_compare(const mc_fingerprint *a, const mc_fingerprint *b,
                                        const mc_compare_options   *statistics,
                                        mc_fingerprint_comparison **comparison,
                                        mc_error                   *err) MC_MUST_CHECK;
MC_API void      mc_fingerprint_comparison_free(mc_fingerprint_comparison *comparison);

/* Names of the quantities in mc_fingerprint_comparison.differences, by index; NULL ends them.
 */
MC_API const char *mc_fingerprint_quantity(size_t index);

/* A condition such as "distance>0.05,norm>1.5" (any of them), on: distance, low, high, p, least
 * (CKA of the least alike of the corresponding layers), probes (compared), and the quantities
 * by name (their median). MC_ERR_USAGE when it does not parse. */
MC_API mc_status mc_fingerprint_condition_check(const char *condition,
                                                mc_error   *err) MC_MUST_CHECK;
/* MC_ERR_CHECK when any part of the condition holds, or its number is undefined. */
MC_API mc_status mc_fingerprint_condition_test(const char                      *condition,
                                               const mc_fingerprint_comparison *comparison,
                                               mc_error *err) MC_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
