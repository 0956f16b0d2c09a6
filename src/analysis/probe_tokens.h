/* probe_tokens.h - the texts of an atlas as token ids, control texts behind the others. */
#ifndef MC_ANALYSIS_PROBE_TOKENS_H
#define MC_ANALYSIS_PROBE_TOKENS_H

#include <modelcypher/atlas.h>
#include <modelcypher/capture.h>
#include <modelcypher/tokenizer.h>

#include "engine/engine.h"

typedef struct mc_probe_tokens {
    int32_t *tokens;
    size_t   token_count, token_capacity;
    size_t  *offsets; /* [text_count + 1], into tokens */
    size_t   text_count;
    int64_t *text_offsets;  /* the same numbers, for each part from 0 */
    int64_t *probe_offsets; /* [2][probe_count + 1]: texts of a probe, for each part from 0 */
    size_t   probe_count, part_count; /* 1, or 2 with control texts */
    size_t   part_texts[2];           /* texts in each part */
} mc_probe_tokens;

/* Encode the first `texts_per_probe` texts (0: all) of each probe, and of its control probe
 * when `control`. Errors name the probe. */
mc_status mc_probe_tokens_create(const mc_atlas *atlas, const mc_tokenizer *tokenizer,
                                 size_t texts_per_probe, bool control, mc_probe_tokens *out,
                                 mc_error *err);
/* A copy of `count` probes from `first` on, with the texts of all their parts. */
mc_status mc_probe_tokens_slice(const mc_probe_tokens *tokens, size_t first, size_t count,
                                mc_probe_tokens *out, mc_error *err);
void      mc_probe_tokens_clear(mc_probe_tokens *tokens);

/* The texts of a part (0: probes, 1: controls) as a CRM file describes them. */
mc_crm_texts mc_probe_tokens_part(const mc_probe_tokens *tokens, size_t part);

#endif
