/* tokenizer.h - text to the token ids that a model was trained on.
 *
 *     mc_tokenizer *tokenizer;
 *     int32_t      *ids;
 *     size_t        count;
 *
 *     mc_tokenizer_open("models/tiny", &tokenizer, &err);
 *     mc_tokenizer_encode(tokenizer, "Hello", 5, true, &ids, &count, &err);
 *     mc_tokenizer_free_ids(ids);
 *     mc_tokenizer_close(tokenizer);
 *
 * Ids equal those of Hugging Face `tokenizers` over the same file. A tokenizer is read whole at
 * opening and never changes: any number of threads may encode with one at once. What is not
 * known (a normalizer, a pre-tokenizer's name in a GGUF file) is refused by name, never
 * guessed. */
#ifndef MODELCYPHER_TOKENIZER_H
#define MODELCYPHER_TOKENIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <modelcypher/error.h>
#include <modelcypher/export.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mc_tokenizer mc_tokenizer;

/* What is known of a tokenizer. Texts belong to it and die with it. */
typedef struct mc_tokenizer_info {
    const char *source;     /* "tokenizer.json", "gguf", "tokenizer.model", "vocab.json" */
    const char *kind;       /* "bpe", "unigram", "wordpiece" */
    const char *pre;        /* GGUF's pre-tokenizer name, else "" */
    size_t      vocabulary; /* ids are 0 .. vocabulary - 1; some may have no piece */
    size_t      added;      /* added tokens among them, special or not */
    int32_t     bos, eos;   /* -1: none is named */
    bool        adds_bos;   /* encoding with add_special puts `bos` first */
    bool        adds_eos;   /* ... and `eos` last */
    const char *decision;   /* one line: what add_special adds, and by whose word */
    const char *hash;       /* of the content that decides ids, 32 hex digits */
} mc_tokenizer_info;

/* MODEL: a folder, a .gguf file, a Hugging Face cache name, or a tokenizer.json itself.
 * MC_ERR_TOKENIZER: there is none, or it uses something unknown (named). */
MC_API mc_status mc_tokenizer_open(const char *model, mc_tokenizer **tokenizer,
                                   mc_error *err) MC_MUST_CHECK;
MC_API void      mc_tokenizer_close(mc_tokenizer *tokenizer); /* NULL is fine */

MC_API const mc_tokenizer_info *mc_tokenizer_get_info(const mc_tokenizer *tokenizer);

/* The ids of `size` bytes of UTF-8 (NUL bytes are text). With `add_special` the tokens that the
 * tokenizer's own post-processor adds (BOS, EOS, ...) are there too, added by it alone and so
 * once. *ids belongs to the caller (mc_tokenizer_free_ids) and is not NULL, even when *count is
 * 0.
 * MC_ERR_ENCODING: not UTF-8, with the offset of the first bad byte. */
MC_API mc_status mc_tokenizer_encode(const mc_tokenizer *tokenizer, const char *text,
                                     size_t size, bool add_special, int32_t **ids,
                                     size_t *count, mc_error *err) MC_MUST_CHECK;
MC_API void      mc_tokenizer_free_ids(int32_t *ids); /* NULL is fine */

/* A token as the vocabulary spells it ("\xc4\xa0the" for a byte-level " the"): borrowed, not
 * NUL-terminated. false: no token has this id. */
MC_API bool mc_tokenizer_spelling(const mc_tokenizer *tokenizer, int32_t id, const char **text,
                                  size_t *size);

/* The bytes of text that a token stands for (" the"; one byte for "<0x0A>"), which need not be
 * UTF-8 on their own. Writes at most `capacity` of them and returns how many there are; 0 when
 * no token has this id. */
MC_API size_t mc_tokenizer_piece(const mc_tokenizer *tokenizer, int32_t id, char *bytes,
                                 size_t capacity);

/* The id of a token by its spelling; -1 when there is none. */
MC_API int32_t mc_tokenizer_find(const mc_tokenizer *tokenizer, const char *text, size_t size);

/* Special tokens mark structure (BOS, end of turn); they stand for no text. */
MC_API bool mc_tokenizer_is_special(const mc_tokenizer *tokenizer, int32_t id);

#ifdef __cplusplus
}
#endif
#endif
