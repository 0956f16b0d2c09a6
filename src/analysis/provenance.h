/* provenance.h - what a result file says of where it comes from (design: measurement
 * conventions). */
#ifndef MC_ANALYSIS_PROVENANCE_H
#define MC_ANALYSIS_PROVENANCE_H

#include <modelcypher/analysis.h>
#include <modelcypher/atlas.h>
#include <modelcypher/model.h>
#include <modelcypher/tokenizer.h>

#include "backend/backend.h"

#define MC_TIME_TEXT 32

typedef struct mc_provenance {
    const mc_model_info        *model;
    const char                 *model_hash;
    const mc_tokenizer_info    *tokenizer;
    const mc_atlas_info        *atlas;
    const mc_backend           *backend;
    const mc_crm_build_options *options;
    const char                 *created_at;
} mc_provenance;

/* A JSON object as text; the caller frees it with mc_free. */
mc_status mc_provenance_print(const mc_provenance *provenance, char **json, mc_error *err);

/* Now, UTC: "2025-01-31T12:00:00Z"; SOURCE_DATE_EPOCH stands in for the clock where it is set
 * (reproducible-builds.org), so that a build can be repeated to the byte. */
void mc_time_print(char text[MC_TIME_TEXT]);

#endif
