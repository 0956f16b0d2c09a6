/* pieces.h - a text on its way to tokens, and the stages that change it.
 *
 * The text is cut into pieces; normalizers and pre-tokenizers are the same thing here: stages
 * that rewrite every piece or cut it further. A piece that has become an added token is done
 * and no stage touches it. */
#ifndef MC_TOKENIZER_PIECES_H
#define MC_TOKENIZER_PIECES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/error.h"
#include "tokenizer/regex.h"

typedef struct mc_piece {
    size_t start, size; /* in the text */
    /* Leading bytes that stem from the first character of the whole input; 0: none. The
     * "first" scheme of Metaspace asks. */
    size_t  origin;
    int32_t id; /* an added token; -1: still text */
} mc_piece;

typedef struct mc_range {
    size_t start, end; /* in a piece */
    bool   match;
} mc_range;

/* The state of one encoding. An all-zero one is valid. */
typedef struct mc_work {
    mc_buffer  text;
    size_t     text_limit;
    mc_piece  *pieces;
    size_t     count, capacity;
    mc_buffer  next_text; /* what a stage writes; swapped in when it ends */
    mc_piece  *next;
    size_t     next_count, next_capacity;
    mc_range  *ranges; /* of the piece being cut */
    size_t     range_count, range_capacity;
    mc_matcher matcher;
    void      *model; /* scratch of the model (mc_free) */
    size_t     model_size;
    int32_t   *ids;
    size_t     id_count, id_capacity;
    mc_error  *err;
} mc_work;

typedef enum mc_split_behavior {
    MC_SPLIT_ISOLATED,
    MC_SPLIT_REMOVED,
    MC_SPLIT_MERGED_WITH_PREVIOUS,
    MC_SPLIT_MERGED_WITH_NEXT,
    MC_SPLIT_CONTIGUOUS
} mc_split_behavior;

typedef struct mc_stage mc_stage;

/* One kind of stage: exactly one of the two functions.
 * `rewrite` adds the new form of a piece to work->next_text and returns in *origin how many of
 * its leading bytes still stem from the input's first character.
 * `cut` fills work->ranges, which cover the piece without gaps and in order. */
typedef struct mc_stage_kind {
    mc_status (*rewrite)(const mc_stage *stage, mc_work *work, mc_piece piece, size_t *origin);
    mc_status (*cut)(const mc_stage *stage, mc_work *work, const char *text, size_t size);
} mc_stage_kind;

typedef bool   mc_character_test(uint32_t code);
typedef size_t mc_character_map(uint32_t code, uint32_t out[3]); /* 0: dropped */

/* Parameters; a kind uses what it needs. */
struct mc_stage {
    const mc_stage_kind *kind;
    mc_regex            *regex;   /* owned */
    char                *content; /* owned */
    size_t               content_size;
    mc_character_test   *test;
    mc_character_map    *map;
    mc_split_behavior    behavior;
    bool                 invert;
    int                  option; /* of the kind */
};

/* A list of stages. */
typedef struct mc_stages {
    mc_stage *items;
    size_t    count, capacity;
} mc_stages;

/* Takes over what the stage owns, also on failure. */
mc_status mc_stages_add(mc_stages *stages, mc_stage stage, mc_error *err);
void      mc_stages_clear(mc_stages *stages);

mc_status mc_work_begin(mc_work *work, const char *text, size_t size, mc_error *err);
void      mc_work_clear(mc_work *work);
mc_status mc_work_run(mc_work *work, const mc_stage *stage);
mc_status mc_work_add_id(mc_work *work, int32_t id);
/* Stages may lengthen a text, but a file whose stages blow it up is refused. */
mc_status mc_work_check_growth(const mc_work *work);
/* At least `size` bytes of the model's scratch, contents not kept. NULL: no memory. */
void *mc_work_scratch(mc_work *work, size_t size);

/* For stages and for the added tokens: a range of the piece, a piece of the next round. */
mc_status mc_work_add_range(mc_work *work, size_t start, size_t end, bool match);
mc_status mc_work_add_piece(mc_work *work, mc_piece piece);
void      mc_work_swap_pieces(mc_work *work);

/* A part of a piece as a piece of its own. */
static inline mc_piece mc_piece_part(mc_piece piece, size_t start, size_t size)
{
    return (mc_piece){ piece.start + start, size,
                       piece.origin > start ? piece.origin - start : 0, piece.id };
}

/* ---- the kinds (stages.c) ---- */

enum { MC_FRONT_ALWAYS, MC_FRONT_UNLESS_THERE, MC_FRONT_AT_ORIGIN };

extern const mc_stage_kind mc_stage_front;        /* content before the piece (option: when) */
extern const mc_stage_kind mc_stage_replace;      /* regex -> content */
extern const mc_stage_kind mc_stage_map;          /* characters through `map` */
extern const mc_stage_kind mc_stage_unicode_form; /* option: mc_unicode_form */
extern const mc_stage_kind mc_stage_strip;        /* option: 1 left, 2 right, 3 both */
extern const mc_stage_kind mc_stage_byte_level;   /* every byte as a visible character */
extern const mc_stage_kind mc_stage_charsmap;     /* content: SentencePiece's compiled map */
extern const mc_stage_kind mc_stage_split_regex;
extern const mc_stage_kind mc_stage_split_test;   /* characters that pass `test` */
extern const mc_stage_kind mc_stage_split_length; /* option: characters in a piece */

/* The character that stands for a byte in byte-level vocabularies, and the byte that a
 * character stands for (-1: none). */
uint32_t mc_byte_level_code(unsigned char byte);
int      mc_byte_level_byte(uint32_t code);

/* Ready-made stages. */
mc_status mc_stages_add_split(mc_stages *stages, const char *pattern, size_t size,
                              mc_split_behavior behavior, bool invert, mc_error *err);
mc_status mc_stages_add_replace(mc_stages *stages, const char *text, size_t size,
                                const char *content, size_t content_size, mc_error *err);
mc_status mc_stages_add_front(mc_stages *stages, const char *content, size_t size, int when,
                              mc_error *err);
mc_status mc_stages_add_metaspace(mc_stages *stages, const char *mark, size_t size, int when,
                                  bool split, mc_error *err);
mc_status mc_stages_add_byte_level(mc_stages *stages, bool add_prefix_space, bool use_regex,
                                   mc_error *err);

#endif
