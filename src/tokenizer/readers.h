/* readers.h - the kinds of files that a tokenizer is read from. */
#ifndef MC_TOKENIZER_READERS_H
#define MC_TOKENIZER_READERS_H

#include "format/format.h"
#include "tokenizer/parts.h"

/* Each fills an empty tokenizer and ends with mc_tokenizer_finish(). */
mc_status mc_read_gguf_tokenizer(const mc_store *store, mc_tokenizer *tokenizer, mc_error *err);

/* Token types of GGUF and of SentencePiece. */
enum {
    MC_TOKEN_NORMAL = 1,
    MC_TOKEN_UNKNOWN,
    MC_TOKEN_CONTROL,
    MC_TOKEN_USER_DEFINED,
    MC_TOKEN_UNUSED,
    MC_TOKEN_BYTE
};

/* A SentencePiece vocabulary of kind BPE: the order of merges follows from the scores, one a
 * token. The vocabulary's ids are 0 .. count - 1. */
mc_status mc_bpe_add_scored_merges(mc_bpe *bpe, const mc_vocab *vocab, const float *scores,
                                   size_t count, mc_error *err);

#endif
