/* sentencepiece.c - how SentencePiece treats spaces, as stages. */
#include <string.h>

#include "tokenizer/parts.h"
#include "tokenizer/unicode.h"

#define SPACE_MARK "\xe2\x96\x81"

/* With extra white space removed, words are what is between spaces; otherwise every space
 * counts. Both begin with the mark for a space. */
mc_status mc_tokenizer_add_sentencepiece(mc_tokenizer *tokenizer, bool prefix,
                                         bool remove_extra_spaces, mc_error *err)
{
    mc_stages *stages = &tokenizer->pre_tokenizers;
    mc_stage   words  = { .kind     = &mc_stage_split_test,
                          .test     = mc_is_space,
                          .behavior = MC_SPLIT_REMOVED };

    tokenizer->style = MC_STYLE_METASPACE;
    if (remove_extra_spaces) MC_TRY(mc_stages_add(stages, words, err));
    return mc_stages_add_metaspace(stages, SPACE_MARK, strlen(SPACE_MARK),
                                   prefix ? MC_FRONT_UNLESS_THERE : -1, true, err);
}
