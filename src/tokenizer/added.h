/* added.h - tokens that are found in the text itself, before the model sees it. */
#ifndef MC_TOKENIZER_ADDED_H
#define MC_TOKENIZER_ADDED_H

#include "tokenizer/pieces.h"
#include "tokenizer/trie.h"
#include "tokenizer/vocab.h"

typedef struct mc_added_token {
    int32_t id;
    bool    single_word; /* not inside a word */
    bool    lstrip;      /* takes white space on its left along */
    bool    rstrip;
    bool    normalized; /* looked for after normalization, in its own normalized form */
    bool    special;
} mc_added_token;

typedef struct mc_added {
    mc_vocab        vocab; /* spelling to index into `tokens` */
    mc_added_token *tokens;
    size_t          count, capacity;
    mc_trie         raw, normalized; /* spelling to index */
    mc_regex       *word;            /* one word character; NULL: no token asks */
    uint8_t        *by_id;           /* per id: 1 added, 3 added and special */
    size_t          by_id_count;
} mc_added;

/* Note a token. A spelling that is there already takes the new properties. */
mc_status mc_added_note(mc_added *added, const char *text, size_t size, mc_added_token token,
                        mc_error *err);
/* Build the matchers, once all tokens are noted. */
mc_status mc_added_finish(mc_added *added, const mc_stages *normalizers, mc_error *err);
void      mc_added_clear(mc_added *added);

/* Cut the tokens out of every piece of text. */
mc_status mc_added_cut(const mc_added *added, mc_work *work, bool normalized);

#endif
