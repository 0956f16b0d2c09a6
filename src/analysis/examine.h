/* examine.h (private) - what an examination gathers before it judges. Gathering has no opinion;
 * examine.c has the checks. */
#ifndef MC_ANALYSIS_EXAMINE_H
#define MC_ANALYSIS_EXAMINE_H

#include <modelcypher/atlas.h>
#include <modelcypher/examine.h>
#include <modelcypher/tokenizer.h>

#include "model/model.h"

/* ---- weights ---- */

typedef struct mc_weight_facts {
    const mc_weight *weight;
    mc_op_kind       kind; /* of the operation that reads it */
    bool             is_bias;
    uint64_t         not_finite;
    bool             is_constant; /* all its values are equal */
    float            first;       /* value */
    size_t           zero_rows, zero_cols;
    float            largest; /* magnitude, of the finite ones */
} mc_weight_facts;

typedef struct mc_weight_scan {
    mc_weight_facts *items;
    size_t           count;
    bool            *zero_tokens; /* [vocabulary]: the token's row of the embedding is 0 */
} mc_weight_scan;

/* Reads every weight of the programs once. Borrows the model. */
mc_status mc_weight_scan_run(const mc_model *model, size_t threads, mc_weight_scan *scan,
                             mc_error *err);
void      mc_weight_scan_clear(mc_weight_scan *scan);

/* ---- the tokenizer ---- */

typedef struct mc_token_facts {
    size_t vocabulary; /* ids it may give */
    size_t bos_most;   /* of the BOS that begin any text */
    size_t specials,
        split; /* special tokens, by mark or look; those that their spelling splits */
    char   split_name[64];
    size_t texts, changed; /* texts tried; those whose tokens spell another text */
    size_t changed_text;   /* the first, counted from 0 */
} mc_token_facts;

mc_status mc_token_facts_gather(const mc_tokenizer *tokenizer, const mc_atlas *atlas,
                                size_t texts_per_probe, mc_token_facts *facts, mc_error *err);

/* ---- states ---- */

typedef struct mc_layer_facts {
    int    layer; /* a number, or MC_LAYER_FINAL */
    size_t width, constant_units, first_constant;
    double largest, median; /* magnitudes over all tokens */
    size_t largest_unit, largest_text, largest_position;
    double spread;      /* of last tokens: |X - mean| / |X|, Frobenius */
    double stable_rank; /* of last tokens, centred; NAN: undefined */
    size_t twins;       /* last tokens whose row another, different text has too */
    size_t twin_text;
    bool   as_before; /* every bit is the layer before's */
} mc_layer_facts;

typedef struct mc_state_scan {
    mc_layer_facts *layers;
    size_t          count;
    size_t          texts, tokens, longest;
    mc_status       status; /* of running the texts, and what was said; counts 0 then */
    mc_error        why;
    bool           *used; /* [vocabulary]: tokens that occur */
} mc_state_scan;

/* Fails for want of memory, and when interrupted; any other failure is in scan->status. */
mc_status mc_state_scan_run(const mc_crm_build_options *options, mc_state_scan *scan,
                            mc_error *err);
void      mc_state_scan_clear(mc_state_scan *scan);

#endif
