/* bert.c - BERT's stages and model, for the files that hold only its vocabulary: GGUF and
 * vocab.txt. */
#include "base/alloc.h"
#include "tokenizer/parts.h"

mc_status mc_tokenizer_add_bert(mc_tokenizer *tokenizer, bool ideographs, bool strip_accents,
                                bool lowercase, mc_wordpiece **wordpiece, mc_error *err)
{
    mc_wordpiece *made;

    MC_TRY(mc_wordpiece_create(&made, err));
    tokenizer->kind       = &mc_model_wordpiece;
    tokenizer->model      = made;
    tokenizer->style      = MC_STYLE_WORDPIECE;
    made->most_characters = 100; /* Devlin et al.'s tokenization.py */
    made->prefix          = mc_strdup("##");
    made->prefix_size     = 2;
    if (!made->prefix) return mc_fail_memory(err, 3);
    *wordpiece = made;
    MC_TRY(mc_tokenizer_add_bert_normalizer(tokenizer, true, ideographs, strip_accents,
                                            lowercase, err));
    return mc_tokenizer_add_bert_pre_tokenizer(tokenizer, err);
}
