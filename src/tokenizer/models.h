/* models.h - how a piece of text becomes ids: one kind a file. */
#ifndef MC_TOKENIZER_MODELS_H
#define MC_TOKENIZER_MODELS_H

#include "tokenizer/pieces.h"
#include "tokenizer/trie.h"
#include "tokenizer/vocab.h"

typedef struct mc_model_kind {
    const char *name;
    /* The ids of a piece (at least one byte), added to the work's. */
    mc_status (*encode)(const void *model, const mc_vocab *vocab, mc_work *work,
                        const char *text, size_t size);
    void (*release)(void *model);
} mc_model_kind;

extern const mc_model_kind mc_model_bpe;
extern const mc_model_kind mc_model_unigram;
extern const mc_model_kind mc_model_wordpiece;
extern const mc_model_kind mc_model_wordlevel;

/* What stands for text that has no token. */
typedef struct mc_unknown {
    int32_t id;     /* -1: there is none */
    bool    wanted; /* a name was given: without an id, text that needs it is an error */
} mc_unknown;

mc_status mc_unknown_id(mc_unknown unknown, int32_t *id, mc_error *err);

/* ids of "<0x00>" to "<0xFF>", -1 where there is none. */
void mc_byte_tokens(const mc_vocab *vocab, int32_t ids[256]);

/* Byte pair encoding: characters, joined pair by pair, the pair of least rank first. */
enum { MC_BPE_DIRECT = 512 };

typedef struct mc_bpe {
    mc_pair_map merges; /* (left id, right id) -> (rank, joined id) */
    mc_unknown  unknown;
    bool        fuse_unknown;  /* neighbouring unknown characters are one token */
    bool        byte_fallback; /* unknown characters become byte tokens where all exist */
    bool        ignore_merges; /* a piece that is a token is taken as it is */
    char       *prefix;        /* of every character but the first of a piece; may be NULL */
    char       *suffix;        /* of the last character; may be NULL */
    int32_t     bytes[256];
    int32_t     direct[MC_BPE_DIRECT]; /* ids of the first code points, -1 where none */
} mc_bpe;

mc_status mc_bpe_create(mc_bpe **bpe, mc_error *err);
/* Merges come by the hundred thousand and are looked up in batches: begin with { bpe, vocab },
 * add, finish. The texts must live until the batch is finished. Ranks count up. */
enum { MC_MERGE_BATCH = MC_FIND_MANY / 3, MC_MERGE_JOINED = 64 };

typedef struct mc_merge_batch {
    mc_bpe         *bpe;
    const mc_vocab *vocab;
    uint32_t        rank; /* of the next one */
    size_t          count;
    const char     *texts[MC_FIND_MANY]; /* left, right, joined, and so on */
    size_t          sizes[MC_FIND_MANY];
    char            joined[MC_MERGE_BATCH][MC_MERGE_JOINED];
} mc_merge_batch;

mc_status mc_merge_batch_add(mc_merge_batch *batch, const char *left, size_t left_size,
                             const char *right, size_t right_size, mc_error *err);
mc_status mc_merge_batch_finish(mc_merge_batch *batch, mc_error *err);
/* Once the vocabulary is complete. */
void mc_bpe_finish(mc_bpe *bpe, const mc_vocab *vocab);

/* Unigram language model: the segmentation of the greatest summed score. */
typedef struct mc_unigram {
    mc_trie    trie; /* spelling to id */
    double    *scores;
    size_t     count;
    double     least; /* of all scores */
    mc_unknown unknown;
    bool       byte_fallback;
    int32_t    bytes[256];
} mc_unigram;

mc_status mc_unigram_create(size_t count, mc_unigram **unigram, mc_error *err);
/* Spellings come from the vocabulary, whose ids index the scores. */
mc_status mc_unigram_finish(mc_unigram *unigram, const mc_vocab *vocab, mc_error *err);

/* Greedy longest match from the left; a word that cannot be covered is unknown as a whole. */
typedef struct mc_wordpiece {
    mc_unknown unknown;
    char      *prefix; /* of every token but the first of a word */
    size_t     prefix_size;
    size_t     most_characters; /* longer words are unknown */
    size_t     longest;         /* bytes of the longest token */
} mc_wordpiece;

mc_status mc_wordpiece_create(mc_wordpiece **wordpiece, mc_error *err);
void      mc_wordpiece_finish(mc_wordpiece *wordpiece, const mc_vocab *vocab);

/* Whole pieces or nothing: the model is an mc_unknown. */

#endif
