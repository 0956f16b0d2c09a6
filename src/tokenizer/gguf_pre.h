/* gguf_pre.h - what GGUF's names of pre-tokenizers (tokenizer.ggml.pre) stand for.
 *
 * A GGUF file says "smollm" where tokenizer.json spells out how text is cut. The names are
 * llama.cpp's; a row states the stages of the tokenizer.json that the name was made for. */
#ifndef MC_TOKENIZER_GGUF_PRE_H
#define MC_TOKENIZER_GGUF_PRE_H

#include "tokenizer/parts.h"

typedef enum mc_gguf_step_kind {
    MC_STEP_END,
    MC_STEP_CUT,         /* at matches of the regular expression, each a piece */
    MC_STEP_DIGITS,      /* every digit a piece */
    MC_STEP_NUMBERS,     /* every run of digits a piece */
    MC_STEP_PUNCTUATION, /* every run of punctuation a piece */
    MC_STEP_MARKS,       /* every mark of punctuation a piece */
    MC_STEP_BYTES,       /* to byte-level characters */
    MC_STEP_WORDS,       /* GPT-2's words, then to byte-level characters */
    MC_STEP_NFC,         /* a normalizer */
    MC_STEP_MARK_SPACES  /* a normalizer: U+2581 for every space */
} mc_gguf_step_kind;

typedef struct mc_gguf_step {
    mc_gguf_step_kind kind;
    const char       *regex;
} mc_gguf_step;

typedef struct mc_gguf_pre {
    const char  *names; /* separated by spaces */
    mc_gguf_step steps[8];
    bool         ignore_merges;
    bool         add_bos;       /* unless the file says otherwise */
    bool         byte_fallback; /* <0x0A> tokens, text is not byte-level */
    bool         prefix_space;  /* before every piece that the step to bytes is given */
} mc_gguf_pre;

/* A row with names NULL ends the table. */
extern const mc_gguf_pre mc_gguf_pre_table[];

/* MC_ERR_TOKENIZER with the nearest name when there is no such row. */
mc_status mc_gguf_pre_find(const char *name, const mc_gguf_pre **row, mc_error *err);
mc_status mc_gguf_pre_apply(const mc_gguf_pre *row, mc_tokenizer *tokenizer, mc_error *err);

#endif
