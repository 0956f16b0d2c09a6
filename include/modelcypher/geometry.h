/* geometry.h - how representations are shaped, and how alike they are.
 *
 * Everything here is pure: matrices in, numbers out. It borrows the matrices, keeps nothing and
 * knows nothing of models or files. Sums are kept in double; the same input and seed give the
 * same bits for any number of threads (on one machine: the BLAS picks its kernels by CPU).
 *
 * One name is one formula (docs/metrics.md). A number that is undefined for the data is NaN
 * beside a reason, never a guess; a caller's NaN or infinity is reported, never propagated. */
#ifndef MODELCYPHER_GEOMETRY_H
#define MODELCYPHER_GEOMETRY_H

#include <stdbool.h>
#include <stddef.h> /* size_t */
#include <stdint.h>

#include <modelcypher/error.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A borrowed row-major block: one row per probe, one column per hidden unit. */
typedef struct mc_matrix {
    const float *data;
    size_t       rows, cols;
    size_t       stride; /* elements from one row to the next, >= cols */
} mc_matrix;

/* ---- One metric on one matrix, or on two ------------------------------------------------- */

#define MC_REASON_SIZE 192

typedef struct mc_metric_options {
    size_t   neighbours;     /* k of mutual-knn and cknna */
    double   rbf_fraction;   /* sigma of cka-rbf, in units of the median distance */
    double   svd_variance;   /* share of the variance that svcca and pwcca keep */
    size_t   folds;          /* of the held-out correlations of the cca family */
    size_t   mle_neighbours; /* k of mle */
    bool     mle_unbiased;   /* k - 2 instead of k - 1 */
    double   twonn_discard;  /* share of the largest ratios that twonn leaves out */
    int      twonn_cdf;      /* an mc_cdf_rule */
    size_t   gride_scale;    /* n1 of gride's headline value (n2 = 2 n1) */
    size_t   resamples;      /* for the intervals of one-matrix metrics; 0: no interval */
    uint64_t seed;
} mc_metric_options;

/* Where the i-th of N sorted ratios stands in the empirical distribution (twonn). */
typedef enum mc_cdf_rule {
    MC_CDF_I_OVER_N,       /* i / N, as in the paper, DADApy and scikit-dimension */
    MC_CDF_BEFORE_OVER_N,  /* (i - 1) / N */
    MC_CDF_I_OVER_N_PLUS_1 /* i / (N + 1) */
} mc_cdf_rule;

#define MC_METRIC_OPTIONS_DEFAULT                                                          \
    {                                                                                      \
        .neighbours = 10, .rbf_fraction = 0.5, .svd_variance = 0.99, .folds = 5,           \
        .mle_neighbours = 10, .mle_unbiased = false, .twonn_discard = 0.1,                 \
        .twonn_cdf = MC_CDF_I_OVER_N, .gride_scale = 2, .resamples = 200, .seed = 20240229 \
    }

/* What a metric says about one layer or one pair. */
typedef struct mc_estimate {
    double value;     /* NaN: undefined, `reason` says why */
    double low, high; /* 95 % interval; NaN when there is none */
    size_t n;         /* rows that entered, duplicates left out where a metric must */
    size_t duplicates;
    char   note[MC_REASON_SIZE];   /* variant and parameters, e.g. "k = 10" */
    char   reason[MC_REASON_SIZE]; /* "" when the value is defined */
} mc_estimate;

typedef struct mc_metric mc_metric;
struct mc_metric {
    const char *name;       /* as typed after --metric */
    const char *summary;    /* one line */
    const char *convention; /* what a reader must know to compute the same number */
    const char *citation;
    int         operands;                   /* 1 describes a layer, 2 compares two */
    double      range[2];                   /* of the values; infinities where unbounded */
    size_t      rows_least;                 /* checked for all metrics in mc_metric_run() */
    bool        is_distance;                /* 0 is most alike */
    bool        is_costly;                  /* needs a decomposition per evaluation */
    const struct mc_similarity *similarity; /* of two-operand metrics; private */
    const struct mc_shape      *shape;      /* of one-operand metrics; private */
};

MC_API size_t           mc_metric_count(void);
MC_API const mc_metric *mc_metric_get(size_t index);         /* NULL past the end */
MC_API const mc_metric *mc_metric_find(const char *name);    /* NULL: no such metric */
MC_API const mc_metric *mc_metric_nearest(const char *name); /* a guess for a misspelt name */

/* The linear algebra library and the kernels it chose for this CPU. Static. */
MC_API const char *mc_geometry_arithmetic(void);

/* Run `metric` on x, and on y when it takes two operands (else y is ignored and may be NULL).
 * MC_ERR_ARGUMENT: rows differ, fewer rows than metric->rows_least, or a value is not finite
 * (the reason names row and column). Data for which the number is undefined is no failure:
 * out->value is NaN and out->reason says why. */
MC_API mc_status mc_metric_run(const mc_metric *metric, mc_matrix x, const mc_matrix *y,
                               const mc_metric_options *options, mc_estimate *out,
                               mc_error *err) MC_MUST_CHECK;

/* ---- Two models, layer by layer ---------------------------------------------------------- */

/* A partition of the probes into named groups (atlas sources, say), for the summaries. */
typedef struct mc_grouping {
    const char        *name;   /* "source" */
    const char *const *labels; /* group_count of them */
    size_t             group_count;
    const size_t      *group_of; /* per probe; group_count or more: in no group */
} mc_grouping;

/* One side of a comparison. All layers have the same rows: the probes, in the same order. */
typedef struct mc_stack {
    const mc_matrix   *layers;
    size_t             count;
    const char *const *names;   /* of layers, for reasons; NULL: their indices */
    const mc_matrix   *split;   /* NULL, or 2 per layer: the halves of the texts */
    const mc_matrix   *control; /* NULL, or 1 per layer: the control probes */
} mc_stack;

typedef struct mc_compare_options {
    const mc_metric *const *metrics; /* NULL: cka alone */
    size_t                  metric_count;
    size_t                  permutations;        /* 0: no null */
    size_t                  permutations_costly; /* for metrics that are costly */
    size_t                  half_samples;        /* 0: no intervals */
    size_t                  half_samples_costly;
    uint64_t                seed;
    size_t                  threads; /* 0: every usable core */
    double leverage_bound; /* share of ||K||_F^2 above which one probe is flagged, or 15/n (at
                              most 0.25) when that is more; 0: no flags */
    double             dimension_bound; /* the same for one unit's own Gram matrix */
    const char *const *probe_names;     /* for reasons; NULL: row numbers */
    const mc_grouping *groupings;
    size_t             grouping_count;
    mc_metric_options  metric;
    void (*progress)(void *context, const char *stage, size_t done, size_t total);
    void *progress_context;
} mc_compare_options;

#define MC_COMPARE_OPTIONS_DEFAULT                                              \
    {                                                                           \
        .permutations = 1000, .permutations_costly = 200, .half_samples = 1000, \
        .half_samples_costly = 200, .seed = 20240229, .leverage_bound = 0.1,    \
        .dimension_bound = 0.25, .metric = MC_METRIC_OPTIONS_DEFAULT            \
    }

/* A pair's value with something left out, against a null of its own. */
typedef struct mc_left_out {
    double value, p, p_corrected;
} mc_left_out;

/* Numbers that were not computed or are undefined are NaN. */
typedef struct mc_pair {
    size_t      a, b; /* layers */
    double      value;
    double      null_mean, null_sd;
    double      p;           /* (1 + #{null as extreme}) / (1 + permutations) */
    double      p_corrected; /* the same for the largest of all pairs */
    double      low, high;   /* 95 %, from half-samples; pairs of a correspondence only */
    double      ceiling;     /* sqrt(s(A1, A2) s(B1, B2)) of the split halves */
    double      control;     /* the value on the control probes */
    double      floor;       /* what unrelated probes give by construction (cka-biased, knn) */
    mc_left_out without;     /* the flagged probes */
    mc_left_out without_dimensions; /* the flagged units of either layer */
    const char *reason;             /* why `value` is NaN; NULL otherwise */
} mc_pair;

typedef struct mc_group_result {
    const char *grouping, *label;
    size_t      probes;
    double      value;                 /* mean over the monotone correspondence */
    double      null_mean, null_sd, p; /* of that mean, probes of the group permuted */
    const char *reason;                /* why `value` is NaN; NULL otherwise */
} mc_group_result;

typedef struct mc_metric_comparison {
    const mc_metric *metric;
    size_t           permutations, half_samples; /* as done for this metric */
    size_t           permutations_left_out; /* of each null of what is left out: a quarter */
    const mc_pair   *pairs; /* a_count * b_count, row-major: pairs[a * b_count + b] */
    double           mean_monotone, mean_assignment;     /* of value over the correspondence */
    double           low_monotone, high_monotone;        /* 95 % of mean_monotone */
    double significant_monotone, significant_assignment; /* share, p_corrected < .05 */
    double max_value; /* the best pair (least, of a distance) ... */
    double max_p;     /* ... and its corrected p */
    char   note[MC_REASON_SIZE];
    const mc_group_result *groups;
    size_t                 group_count;
} mc_metric_comparison;

/* Pairs of layers: link[i] = {a, b}, ascending in a. */
typedef struct mc_correspondence {
    const size_t (*link)[2];
    const double *value; /* debiased CKA of each link */
    size_t        count;
    double        mean; /* of it over the links */
    /* Of the same mean with the probes permuted and the links chosen anew each time, so that
     * the choosing is part of the null; NaN when cka is not among the metrics. */
    double null_mean, null_sd, p;
} mc_correspondence;

typedef struct mc_layer_state {
    const char *reason;            /* why the layer cannot be compared; NULL when it can */
    size_t      largest_probe;     /* with the largest share of ||K||_F^2, ... */
    double      leverage;          /* ... and that share */
    size_t      largest_dimension; /* the unit whose own Gram matrix is the largest, ... */
    double      dimension_share;   /* ... and its share of ||K||_F^2 */
} mc_layer_state;

typedef enum mc_warning_kind {
    MC_WARNING_LEVERAGE,          /* probes carry a layer's Gram matrix */
    MC_WARNING_MASSIVE_DIMENSION, /* one unit carries a layer's variance */
    MC_WARNING_LAYER_UNDEFINED,
    MC_WARNING_NO_SPLIT,   /* no noise ceiling without the halves of the texts */
    MC_WARNING_NO_CONTROL, /* no control value */
    MC_WARNING_FEW_PROBES
} mc_warning_kind;

typedef struct mc_warning {
    mc_warning_kind kind;
    int             side; /* 0: A, 1: B, -1: both */
    size_t          layer;
    const size_t   *probes; /* flagged, of that layer, largest share first */
    const double   *shares;
    size_t          probe_count;
    const size_t   *dimensions; /* the same of units */
    const double   *dimension_shares;
    size_t          dimension_count;
    const char     *text; /* a sentence */
} mc_warning;

typedef struct mc_comparison {
    size_t                      rows, a_count, b_count;
    const mc_layer_state       *a_layers, *b_layers;
    mc_correspondence           monotone, assignment; /* of the debiased CKA matrix */
    const mc_metric_comparison *metrics;
    size_t                      metric_count;
    const mc_warning           *warnings;
    size_t                      warning_count;
    const size_t               *flagged; /* probes left out of mc_pair.without, ascending */
    size_t                      flagged_count;
    size_t flagged_dimensions; /* layers that mc_pair.without_dimensions sees trimmed */
    struct mc_arena *storage;  /* private: holds all of the above */
} mc_comparison;

/* The short name of a kind, as in JSON: "leverage", "massive-dimension", ... */
MC_API const char *mc_warning_kind_name(mc_warning_kind kind);

/* Compare two stacks. The correspondence is always that of debiased CKA. A layer that cannot
 * be compared (constant, not finite) has a reason and its pairs are NaN; the rest goes on.
 * MC_ERR_ARGUMENT: row counts differ, or there are too few rows for any metric.
 * MC_ERR_MEMORY, MC_ERR_INTERRUPTED as they say. The result is freed by the caller. */
MC_API mc_status mc_compare(const mc_stack *a, const mc_stack *b,
                            const mc_compare_options *options, mc_comparison **comparison,
                            mc_error *err) MC_MUST_CHECK;
MC_API void      mc_comparison_free(mc_comparison *comparison);

/* ---- Intrinsic dimension, layer by layer ------------------------------------------------- */

typedef struct mc_dimension_options {
    const mc_metric *const *estimators; /* one-operand metrics; NULL: all of the dimension */
    size_t                  estimator_count;
    size_t                  subsamples; /* per size of the curve; 0: no curve */
    size_t                  threads;
    mc_metric_options       metric;
} mc_dimension_options;

#define MC_DIMENSION_OPTIONS_DEFAULT                         \
    {                                                        \
        .subsamples = 8, .metric = MC_METRIC_OPTIONS_DEFAULT \
    }

typedef struct mc_curve_point {
    size_t n;        /* probes in each subsample: N, N/2, N/4 */
    double mean, sd; /* over the subsamples; sd is NaN for the full sample */
} mc_curve_point;

typedef struct mc_scale_point {
    size_t n1, n2;
    double value, low, high;
    double distance; /* mean distance to the n2-th neighbour: the scale */
} mc_scale_point;

typedef struct mc_dimension_estimate {
    const mc_metric *metric;
    mc_estimate      estimate;
    mc_curve_point   curve[3];
    size_t           curve_count;
    mc_scale_point   scales[16]; /* gride only */
    size_t           scale_count;
} mc_dimension_estimate;

typedef struct mc_dimension_layer {
    const char            *reason; /* why nothing can be said of this layer; NULL otherwise */
    size_t                 rows, distinct; /* distinct: exact duplicates counted once */
    mc_dimension_estimate *estimates;      /* estimator_count of them; NULL with a reason */
} mc_dimension_layer;

typedef struct mc_dimension {
    size_t              layer_count, estimator_count;
    mc_dimension_layer *layers;
    struct mc_arena    *storage;
} mc_dimension;

/* Estimate the dimension of every layer. An estimator that is undefined for a layer has its
 * reason and the rest goes on. */
MC_API mc_status mc_dimension_compute(const mc_matrix *layers, size_t layer_count,
                                      const char *const          *probe_names,
                                      const mc_dimension_options *options,
                                      mc_dimension **dimension, mc_error *err) MC_MUST_CHECK;
MC_API void      mc_dimension_free(mc_dimension *dimension);

/* ---- One layer in a few numbers ---------------------------------------------------------- */

#define MC_PROFILE_SPECTRUM 16
#define MC_PROFILE_TOP 3

/* A unit with much of the variance, or with an activation out of all proportion. */
typedef struct mc_unit_profile {
    size_t unit;
    double variance_share; /* of the layer's total variance */
    double largest;        /* magnitude over the probes */
    size_t largest_probe;
    bool   is_massive; /* largest > 100 and > 1000 x the layer's median magnitude (Sun et al.
                          2024, arXiv:2402.17762) */
} mc_unit_profile;

/* How far a probe lies from the layer's mean, in units of the root mean square distance. */
typedef struct mc_probe_profile {
    size_t probe;
    double distance;
} mc_probe_profile;

typedef struct mc_layer_profile {
    char             reason[MC_REASON_SIZE]; /* why there is no profile; "" when there is one */
    size_t           rows, cols, distinct;
    double           norm_mean, norm_sd, norm_least, norm_median, norm_most;
    double           median_magnitude;
    double           anisotropy, anisotropy_centred; /* mean cosine of pairs of probes */
    double           variance;                       /* total, of the covariance (n - 1) */
    double           spectrum[MC_PROFILE_SPECTRUM];  /* largest shares of it */
    size_t           spectrum_count;
    size_t           directions_half, directions_90, directions_99; /* that hold this share */
    mc_estimate      dimension;                                     /* twonn-mle */
    mc_estimate      participation_ratio, effective_rank, stable_rank;
    mc_unit_profile  units[MC_PROFILE_TOP];     /* largest variance first */
    mc_unit_profile  largest_unit;              /* with the largest activation */
    size_t           unit_count, massive_count; /* massive_count: over all units */
    mc_probe_profile least_typical[MC_PROFILE_TOP], most_typical[MC_PROFILE_TOP];
    size_t           top_count;
} mc_layer_profile;

/* Profiles of many layers; profiles: layer_count of the caller's. */
MC_API mc_status mc_layer_profiles(const mc_matrix *layers, size_t layer_count,
                                   const char *const *probe_names, size_t threads,
                                   mc_layer_profile *profiles, mc_error *err) MC_MUST_CHECK;

/* A layer's sketch: the U-centred Gram matrix of some of its probes, of unit norm, upper
 * triangle by rows, rounded to multiples of 1 / MC_SKETCH_UNIT of its largest entry. It is all
 * that debiased CKA needs, so sketches can be compared when the states are gone. */
#define MC_SKETCH_UNIT 32767
typedef struct mc_sketch {
    size_t   probes;
    double   largest; /* magnitude of the largest entry */
    int16_t *entries; /* probes (probes - 1) / 2 */
} mc_sketch;

MC_API size_t mc_sketch_size(size_t probes);
/* rows: which rows of x. sketch->entries: the caller's. MC_ERR_NUMERIC: these rows do not vary.
 */
MC_API mc_status mc_sketch_make(mc_matrix x, const size_t *rows, size_t probes,
                                mc_sketch *sketch, mc_error *err) MC_MUST_CHECK;

/* The layers of one model. A layer without a sketch has `entries` NULL. */
typedef struct mc_sketches {
    const mc_sketch *layers;
    size_t           count;
    const size_t    *rows; /* which of a sketch's probes to compare, in the same order on both
                              sides; NULL: all */
} mc_sketches;

typedef struct mc_sketch_comparison {
    double *values;    /* a_count * b_count, debiased CKA */
    size_t (*link)[2]; /* monotone correspondence */
    size_t           link_count;
    double           mean;                  /* over the links */
    double           low, high;             /* 95 %, from random halves of the probes */
    double           null_mean, null_sd, p; /* probes permuted, links chosen anew each time */
    struct mc_arena *storage;
} mc_sketch_comparison;

/* Compare two models by `probes` probes. Of the options: permutations, half_samples, seed and
 * threads. Fewer than 8 probes have no interval. */
MC_API mc_status mc_sketch_compare(const mc_sketches *a, const mc_sketches *b, size_t probes,
                                   const mc_compare_options *options,
                                   mc_sketch_comparison    **comparison,
                                   mc_error                 *err) MC_MUST_CHECK;
MC_API void      mc_sketch_comparison_free(mc_sketch_comparison *comparison);

/* ---- The instrument's own examination ---------------------------------------------------- */

typedef struct mc_selftest_row {
    char        name[96];
    const char *metric;
    double      expected, measured, bound; /* passes when |measured - expected| <= bound */
    bool        passed;
    const char *source; /* closed form, theorem or published value */
} mc_selftest_row;

typedef struct mc_selftest {
    mc_selftest_row *rows;
    size_t           count, failed;
    struct mc_arena *storage;
} mc_selftest;

/* Known answers of every metric: closed forms, invariances, published values, on data made
 * from a fixed seed. */
MC_API mc_status mc_geometry_selftest(mc_selftest **selftest, mc_error *err) MC_MUST_CHECK;
MC_API void      mc_selftest_free(mc_selftest *selftest);

#ifdef __cplusplus
}
#endif
#endif
