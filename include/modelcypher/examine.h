/* examine.h - is a model fit to be measured?
 *
 *     mc_examination *examination;
 *
 *     if (mc_model_examine("models/tiny", NULL, &examination, &err) == MC_OK)
 *         printf("%zu of %zu checks failed\n", examination->failed, examination->count);
 *     mc_examination_free(examination);
 *
 * Every weight is read once, the tokenizer is tried, and the probes are run, one text each.
 * Each check asks one question and answers it with what was found. It fails where what is
 * measured would not be what the model's makers made, and warns where it would, but is easily
 * misread. Whether a model is good is no question here. */
#ifndef MODELCYPHER_EXAMINE_H
#define MODELCYPHER_EXAMINE_H

#include <modelcypher/analysis.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mc_verdict {
    MC_VERDICT_PASS,
    MC_VERDICT_WARN,
    MC_VERDICT_FAIL,
    MC_VERDICT_SKIP /* cannot be asked: the reason says why */
} mc_verdict;

MC_API const char *mc_verdict_name(mc_verdict verdict); /* "pass", "warn", "fail", "skip" */

typedef struct mc_finding {
    const char *check;    /* "weights-finite" */
    const char *question; /* what is asked */
    const char *bound;    /* when it warns or fails, and why there */
    mc_verdict  verdict;
    char        evidence[400]; /* what was found, with numbers, places and names */
} mc_finding;

typedef struct mc_examination {
    mc_finding *findings; /* in the order of the table */
    size_t      count, passed, warned, failed, skipped;
    size_t      texts, tokens; /* that were run; 0: none could be */
} mc_examination;

/* Of the options (NULL: none) the source of texts, texts_per_probe (0: one), backend, threads,
 * max_memory and progress are looked at. A model that cannot be opened is an error; a tokenizer
 * that cannot, or states that are not finite, are findings. */
MC_API mc_status mc_model_examine(const char *model, const mc_crm_build_options *options,
                                  mc_examination **examination, mc_error *err) MC_MUST_CHECK;
MC_API void      mc_examination_free(mc_examination *examination); /* NULL is fine */

#ifdef __cplusplus
}
#endif
#endif
