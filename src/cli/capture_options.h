/* capture_options.h - how a model is run: the options that every command that runs probes
 * shares.
 */
#ifndef MC_CLI_CAPTURE_OPTIONS_H
#define MC_CLI_CAPTURE_OPTIONS_H

#include <modelcypher/analysis.h>

#include "cli/atlas_options.h"
#include "cli/command.h"

typedef struct mc_capture_options {
    const char      *layers;
    mc_atlas_options from;
    size_t           texts_per_probe, batch_size;
    int              pool; /* mc_pooling */
    bool             cache_activations;
} mc_capture_options;

extern const char *const mc_pool_choices[];

/* Rows for a table: `member` is an mc_capture_options in the struct `type`. */
#define MC_CAPTURE_PLACE(type, member, part) \
    (offsetof(type, member) + offsetof(mc_capture_options, part))
#define MC_CAPTURE_OPTIONS(type, member)                                                    \
    { MC_OPT_LAYERS,                                                                        \
      'l',                                                                                  \
      "layers",                                                                             \
      "LIST",                                                                               \
      "0,6,12 or -4..-1 or 4..9, final, or all; work ends at the last one",                 \
      "all",                                                                                \
      MC_CAPTURE_PLACE(type, member, layers) },                                             \
        MC_ATLAS_OPTIONS(type, member.from),                                                \
        { MC_OPT_COUNT,                                                                     \
          '\0',                                                                             \
          "texts-per-probe",                                                                \
          "N",                                                                              \
          "only the first N texts of each probe",                                           \
          "0",                                                                              \
          MC_CAPTURE_PLACE(type, member, texts_per_probe) },                                \
        { MC_OPT_CHOICE,                                                                    \
          'p',                                                                              \
          "pool",                                                                           \
          "HOW",                                                                            \
          "what is kept of a text's tokens",                                                \
          "last",                                                                           \
          MC_CAPTURE_PLACE(type, member, pool),                                             \
          .choices = mc_pool_choices },                                                     \
        { MC_OPT_COUNT,                                                                     \
          'b',                                                                              \
          "batch-size",                                                                     \
          "N",                                                                              \
          "most texts worked on together; never changes a result",                          \
          "0",                                                                              \
          MC_CAPTURE_PLACE(type, member, batch_size) },                                     \
    {                                                                                       \
        MC_OPT_FLAG, '\0', "cache-activations", NULL,                                       \
            "keep pooled states, use those that are kept, go on with an interrupted build", \
            NULL, MC_CAPTURE_PLACE(type, member, cache_activations)                         \
    }

/* What the library is asked for: these options and the global ones, with a progress bar.
 * MC_ERR_USAGE: more than one source of texts. */
mc_status mc_capture_options_fill(const mc_capture_options *from, mc_session *session,
                                  mc_crm_build_options *out, mc_error *err);

#endif
