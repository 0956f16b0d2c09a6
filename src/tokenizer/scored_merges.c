/* scored_merges.c - the merges that a SentencePiece vocabulary implies.
 *
 * SentencePiece joins the neighbours whose union is the token of greatest score. As a list of
 * merges: every way to cut a token into two tokens, ordered by the score of the whole; cuts of
 * one token (and of tokens of equal score) by ids. It is the list that Hugging Face's
 * converter writes into tokenizer.json, so both forms of a model give the same ids. */
#include <math.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "tokenizer/readers.h"
#include "tokenizer/utf8.h"

typedef struct scored_merge {
    float   score;
    int32_t whole, left, right;
} scored_merge;

typedef struct merge_list {
    scored_merge *items;
    size_t        count, capacity;
} merge_list;

static int compare_ids(int32_t left, int32_t right)
{
    return (left > right) - (left < right);
}

static int compare_merges(const void *left, const void *right)
{
    const scored_merge *a = left, *b = right;

    if (a->score != b->score) return a->score > b->score ? -1 : 1;
    if (a->whole != b->whole) return compare_ids(a->whole, b->whole);
    if (a->left != b->left) return compare_ids(a->left, b->left);
    return compare_ids(a->right, b->right);
}

static mc_status add_cuts(merge_list *list, const mc_vocab *vocab, int32_t whole, float score,
                          mc_error *err)
{
    const char *text = "";
    size_t      size = 0;

    (void)mc_vocab_get(vocab, whole, &text, &size);
    for (size_t at = size ? mc_utf8_length(*text) : 0; at < size;
         at += mc_utf8_length(text[at])) {
        int32_t left  = mc_vocab_find(vocab, text, at);
        int32_t right = left < 0 ? -1 : mc_vocab_find(vocab, text + at, size - at);

        if (right < 0) continue;
        MC_TRY(mc_grow((void **)&list->items, &list->capacity, list->count, sizeof *list->items,
                       err));
        list->items[list->count++] = (scored_merge){ score, whole, left, right };
    }
    return MC_OK;
}

mc_status mc_bpe_add_scored_merges(mc_bpe *bpe, const mc_vocab *vocab, const float *scores,
                                   size_t count, mc_error *err)
{
    merge_list list   = { 0 };
    mc_status  status = MC_OK;

    for (size_t id = 0; status == MC_OK && id < count; id++)
        status = add_cuts(&list, vocab, (int32_t)id, isnan(scores[id]) ? -INFINITY : scores[id],
                          err);
    if (list.count) qsort(list.items, list.count, sizeof *list.items, compare_merges);
    if (status == MC_OK) status = mc_pair_map_expect(&bpe->merges, list.count, err);
    for (size_t i = 0; status == MC_OK && i < list.count; i++)
        status = mc_pair_map_add(&bpe->merges,
                                 (mc_pair){ (uint32_t)list.items[i].left,
                                            (uint32_t)list.items[i].right, (uint32_t)i,
                                            (uint32_t)list.items[i].whole },
                                 err);
    mc_free(list.items);
    return status;
}
