/* compare.h - two concept response matrices, layer by layer.
 *
 *     mc_crm_compare_options options = { .a = "base.crm.safetensors", .b =
 * "tuned.crm.safetensors", .statistics = MC_COMPARE_OPTIONS_DEFAULT }; mc_crm_comparison
 * *comparison;
 *
 *     if (mc_crm_compare(&options, &comparison, &err) == MC_OK)
 *         printf("%f\n", comparison->result->metrics[0].mean_monotone);
 *     mc_crm_comparison_free(comparison); */
#ifndef MODELCYPHER_COMPARE_H
#define MODELCYPHER_COMPARE_H

#include <modelcypher/capture.h>
#include <modelcypher/geometry.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mc_crm_compare_options {
    const char *a, *b; /* files */
    const char
        *layers; /* as mc_layers_parse reads it, of each model; NULL: all that are there */
    const char *source;  /* only the probes whose full ids begin with "<source>:"; NULL: all */
    const char *metrics; /* names separated by commas; NULL: "cka" */
    bool        no_groups; /* leave the summaries per atlas source and domain out */
    /* Metrics, probe names and groupings in here are ignored: they come from the files. */
    mc_compare_options statistics;
} mc_crm_compare_options;

/* One file as it entered the comparison. */
typedef struct mc_crm_side {
    mc_crm            *crm;
    const mc_crm_info *info;
    const int         *layers; /* numbers or MC_LAYER_FINAL, as rows or columns of the pairs */
    size_t             layer_count;
    size_t             probes_left_out; /* not in the other file */
} mc_crm_side;

typedef struct mc_crm_comparison {
    mc_crm_side          side[2]; /* A, B */
    const char *const   *probes;  /* full ids in common, in the order of A */
    size_t               probe_count;
    const mc_comparison *result;
    const char *const   *notes; /* what a reader must know of the files, one sentence each */
    size_t               note_count;
    double               seconds;
    struct mc_arena     *storage; /* private */
} mc_crm_comparison;

/* Compare over the probes that both files have, matched by full id. MC_ERR_CRM: no probes or no
 * layers in common; MC_ERR_USAGE: an unknown metric (with the nearest); MC_ERR_LAYER; every
 * error of mc_crm_open() and mc_compare(). */
MC_API mc_status mc_crm_compare(const mc_crm_compare_options *options,
                                mc_crm_comparison **comparison, mc_error *err) MC_MUST_CHECK;
MC_API void      mc_crm_comparison_free(mc_crm_comparison *comparison);

/* A condition such as "cka<0.98" or "cka.significant<0.9,warnings>0" (any of them), on:
 *   <metric>              mean over the monotone correspondence
 *   <metric>.low          lower end of that mean's 95 % interval
 *   <metric>.min, .max    least and largest over the monotone correspondence
 *   <metric>.assignment   mean over the one-to-one assignment
 *   <metric>.significant  share of the correspondence with corrected p < 0.05
 *   <metric>.p            corrected p of the best pair
 *   <metric>.without      the mean with the flagged probes left out
 *   <metric>.control      the mean on the control probes
 *   warnings              number of leverage, massive-dimension and undefined-layer warnings
 *   probes                number of probes in common
 * MC_ERR_USAGE when it does not parse; then `metrics` (may be NULL) is untouched, else it gets
 * the names of the metrics in the condition, separated by commas, at most `size` bytes. */
MC_API mc_status mc_condition_check(const char *condition, char *metrics, size_t size,
                                    mc_error *err) MC_MUST_CHECK;
/* MC_ERR_CHECK when any part of the condition holds, or its number is undefined: the reason
 * says which and what the number is. */
MC_API mc_status mc_condition_test(const char *condition, const mc_crm_comparison *comparison,
                                   mc_error *err) MC_MUST_CHECK;

#ifdef __cplusplus
}
#endif
#endif
