/* legacy.h - folders from before tokenizer.json: vocab.json with merges.txt, tokenizer.model,
 * vocab.txt.
 *
 * Such files say what the tokens are, but not how text is cut and framed: that was the program
 * of a tokenizer class. The class is named in tokenizer_config.json, or follows from the
 * model_type of config.json; a row of legacy_table.c states what it does. */
#ifndef MC_TOKENIZER_LEGACY_H
#define MC_TOKENIZER_LEGACY_H

#include "base/json.h"
#include "tokenizer/gguf_pre.h"
#include "tokenizer/readers.h"

typedef enum mc_legacy_form {
    MC_LEGACY_MERGES,        /* vocab.json and merges.txt */
    MC_LEGACY_SENTENCEPIECE, /* tokenizer.model */
    MC_LEGACY_WORDS          /* vocab.txt */
} mc_legacy_form;

typedef struct mc_legacy_class {
    const char    *names; /* classes and model types, separated by spaces */
    mc_legacy_form form;
    mc_gguf_step   steps[4]; /* of MERGES: how text is cut (the byte level comes after) */
    bool           add_bos, add_eos;
    bool           no_prefix; /* of SENTENCEPIECE: no space before a text */
    /* Names of special tokens where tokenizer_config.json has none. */
    const char *bos, *eos, *unknown, *pad, *mask;
} mc_legacy_class;

extern const mc_legacy_class mc_legacy_table[]; /* ends with names NULL */

/* The files of a folder, parsed; absent values where a file is missing. */
typedef struct mc_legacy_files {
    mc_json_value tokenizer_config, config, special_tokens, added_tokens;
} mc_legacy_files;

mc_status mc_legacy_find_class(const mc_legacy_files *files, mc_legacy_form form,
                               const mc_legacy_class **row, mc_error *err);

mc_status mc_read_merges_tokenizer(const mc_legacy_files *files, mc_json_value vocab,
                                   const char *merges, size_t size, mc_tokenizer *tokenizer,
                                   mc_error *err);
mc_status mc_read_sentencepiece_tokenizer(const mc_legacy_files *files, const char *bytes,
                                          size_t size, mc_tokenizer *tokenizer, mc_error *err);
mc_status mc_read_words_tokenizer(const mc_legacy_files *files, const char *text, size_t size,
                                  mc_tokenizer *tokenizer, mc_error *err);

/* Note added_tokens_decoder, added_tokens.json and the special tokens. */
mc_status mc_legacy_add_tokens(const mc_legacy_files *files, const mc_legacy_class *row,
                               mc_tokenizer *tokenizer, mc_error *err);
/* The id of the token that a file names by this key, else of `fallback` (may be NULL); -1
 * without. */
int32_t mc_legacy_special(const mc_legacy_files *files, const mc_tokenizer *tokenizer,
                          const char *key, const char *fallback);
/* BOS and EOS by name and whether they frame a text. */
mc_status mc_legacy_add_frame(const mc_legacy_files *files, const mc_legacy_class *row,
                              mc_tokenizer *tokenizer, mc_error *err);

#endif
