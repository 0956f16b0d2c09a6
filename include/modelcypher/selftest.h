/* selftest.h - does this program, on this machine, compute what others compute?
 *
 *     mc_selftest_report *report;
 *
 *     if (mc_selftest_run(NULL, 0, &report, &err) == MC_OK)
 *         printf("%zu of %zu references missed\n", report->failed, report->count);
 *     mc_selftest_report_free(report);
 *
 * References are stored numbers of independent implementations: the states of a tiny seeded
 * model of each architecture as Hugging Face transformers computes them in float32, and values
 * of every stored type as independent decoders widen them. With a model there are none: then
 * `ref`, which computes plainly with double sums, is what the fast backend is held against. */
#ifndef MODELCYPHER_SELFTEST_H
#define MODELCYPHER_SELFTEST_H

#include <modelcypher/analysis.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MC_SELFTEST_BACKENDS_MOST = 8 };

/* The largest relative error, |got - want| / |want| in L2, of a token's state; the reference
 * itself is that far from exact arithmetic (docs/speed-log.md). */
#define MC_SELFTEST_BOUND 1e-5

typedef struct mc_selftest_item {
    char   subject[48]; /* the architecture, or the type */
    char   name[64];    /* of the reference */
    bool   is_type;     /* errors are largest relative ones of any value; the bound is 0 */
    size_t values;      /* compared */
    double errors[MC_SELFTEST_BACKENDS_MOST]; /* one a backend (of a type: one) */
    bool   same_bits;                         /* of all tiers of the cpu backend */
    bool   passed;
    char   reason[384]; /* why it could not be run; else "" */
} mc_selftest_item;

typedef struct mc_selftest_report {
    const char       *backends[MC_SELFTEST_BACKENDS_MOST]; /* "ref", "portable", "avx2", ... */
    size_t            backend_count;
    mc_selftest_item *items;
    size_t            count, failed, capacity;
    double            worst; /* of all states */
    char             *folder;
} mc_selftest_report;

/* `folder`: where the references lie; NULL: in the environment's MC_SELFTEST, beside the
 * program, or in ../share/modelcypher/selftest from there. MC_ERR_NOT_FOUND: they are not
 * installed. */
MC_API mc_status mc_selftest_run(const char *folder, size_t threads,
                                 mc_selftest_report **report, mc_error *err) MC_MUST_CHECK;
MC_API void      mc_selftest_report_free(mc_selftest_report *report); /* NULL is fine */

/* ---- a model ---- */

typedef struct mc_selftest_layer {
    int    layer;                             /* a number, or MC_LAYER_FINAL */
    double errors[MC_SELFTEST_BACKENDS_MOST]; /* of the worst token, against `ref` */
} mc_selftest_layer;

typedef struct mc_selftest_model {
    const char        *tiers[MC_SELFTEST_BACKENDS_MOST]; /* of the cpu backend, that are here */
    size_t             tier_count;
    mc_selftest_layer *layers;
    size_t             layer_count;
    size_t             texts, tokens;
    bool               tiers_agree;   /* to the bit */
    bool               threads_agree; /* one thread, and as many as there are */
    bool               batches_agree; /* one text at a time, and all together */
    double             worst;
    bool               passed;
} mc_selftest_model;

/* `texts`: how many of the probes' texts are run, evenly chosen. Layers as mc_layers_parse()
 * reads them; NULL: all. `ref` takes about a second a billion parameters and token. */
MC_API mc_status mc_selftest_run_model(const char *model, const char *layers, size_t texts,
                                       size_t threads, mc_selftest_model **report,
                                       mc_error *err) MC_MUST_CHECK;
MC_API void      mc_selftest_model_free(mc_selftest_model *report); /* NULL is fine */

#ifdef __cplusplus
}
#endif
#endif
