/* parts.h - what a tokenizer is made of; the readers (read_*.c) fill it, encode.c runs it.
 *
 *     text -> added tokens cut out -> normalizers -> normalized added tokens cut out
 *          -> pre-tokenizers -> model, piece by piece -> before + ids + after
 *
 * Whatever the file (tokenizer.json, GGUF, SentencePiece, vocab.json), the result is this. */
#ifndef MC_TOKENIZER_PARTS_H
#define MC_TOKENIZER_PARTS_H

#include "base/hash.h"
#include "tokenizer/added.h"
#include "tokenizer/models.h"
#include "tokenizer/pieces.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/vocab.h"

/* How a token's spelling is written, for showing the text it stands for. */
typedef enum mc_spelling_style {
    MC_STYLE_PLAIN,
    MC_STYLE_BYTE_LEVEL, /* every byte as a visible character */
    MC_STYLE_METASPACE,  /* U+2581 for a space, <0x0A> for a byte */
    MC_STYLE_WORDPIECE   /* ## before what continues a word */
} mc_spelling_style;

typedef struct mc_id_list {
    int32_t *ids;
    size_t   count, capacity;
} mc_id_list;

struct mc_tokenizer {
    mc_vocab vocab; /* the model's own */
    mc_added added;
    size_t   new_ids; /* beyond vocab.count: added tokens that the model's vocabulary
                       * did not have, entries of scores spelled as others are */
    mc_stages            normalizers, pre_tokenizers;
    const mc_model_kind *kind;
    void                *model;         /* owned, of this kind */
    mc_id_list           before, after; /* what add_special adds */
    mc_spelling_style    style;
    mc_tokenizer_info    info;
    char                 decision[384];
    char                 pre[64];
    char                 hash[MC_HASH_TEXT];
};

/* An empty tokenizer for a reader to fill; NULL without memory. */
mc_tokenizer *mc_tokenizer_create(mc_error *err);

mc_status mc_id_list_add(mc_id_list *list, int32_t id, mc_error *err);

/* Note an added token under the id that Hugging Face gives it: the one that its spelling has,
 * else counting on from the size of the model's vocabulary. */
mc_status mc_tokenizer_add_token(mc_tokenizer *tokenizer, const char *text, size_t size,
                                 mc_added_token token, mc_error *err);

/* Stages that several kinds of files name. */
mc_status mc_tokenizer_add_bert_normalizer(mc_tokenizer *tokenizer, bool clean, bool ideographs,
                                           bool strip_accents, bool lowercase, mc_error *err);
mc_status mc_tokenizer_add_bert_pre_tokenizer(mc_tokenizer *tokenizer, mc_error *err);
mc_status mc_tokenizer_add_charsmap(mc_tokenizer *tokenizer, const char *map, size_t size,
                                    mc_error *err); /* an empty map is none */

/* BERT's normaliser, pre-tokeniser and WordPiece model, which the tokenizer owns; the
 * vocabulary is still to come. */
mc_status mc_tokenizer_add_bert(mc_tokenizer *tokenizer, bool ideographs, bool strip_accents,
                                bool lowercase, mc_wordpiece **wordpiece, mc_error *err);
mc_status mc_tokenizer_add_sentencepiece(mc_tokenizer *tokenizer, bool prefix,
                                         bool remove_extra_spaces, mc_error *err);

/* The last step of every reader: build what derives from the parts, fill the info. `authority`
 * says whose word the decision is: "tokenizer.json's post-processor". */
mc_status mc_tokenizer_finish(mc_tokenizer *tokenizer, const char *authority, mc_error *err);

#endif
