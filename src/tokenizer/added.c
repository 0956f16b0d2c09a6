/* added.c - leftmost, then longest; then the conditions and the white space around.
 *
 * A match that a condition refuses still hides the matches that begin inside it, as in Hugging
 * Face's tokenizers. */
#include "tokenizer/added.h"

#include <string.h>

#include "base/alloc.h"
#include "tokenizer/unicode.h"
#include "tokenizer/utf8.h"

mc_status mc_added_note(mc_added *added, const char *text, size_t size, mc_added_token token,
                        mc_error *err)
{
    int32_t at = mc_vocab_find(&added->vocab, text, size);

    if (at < 0) {
        at = (int32_t)added->count;
        MC_TRY(mc_grow((void **)&added->tokens, &added->capacity, added->count,
                       sizeof *added->tokens, err));
        MC_TRY(mc_vocab_add(&added->vocab, text, size, at, err));
        added->count++;
    }
    added->tokens[at] = token;
    return MC_OK;
}

static mc_status mark_ids(mc_added *added, mc_error *err)
{
    for (size_t i = 0; i < added->count; i++)
        if ((size_t)added->tokens[i].id >= added->by_id_count)
            added->by_id_count = (size_t)added->tokens[i].id + 1;
    if (!added->by_id_count) return MC_OK;
    added->by_id = mc_calloc(added->by_id_count, 1);
    if (!added->by_id) return mc_fail_memory(err, added->by_id_count);
    for (size_t i = 0; i < added->count; i++)
        added->by_id[added->tokens[i].id] = added->tokens[i].special ? 3 : 1;
    return MC_OK;
}

static mc_status add_pattern(mc_added *added, int32_t at, const char *text, size_t size,
                             mc_error *err)
{
    mc_trie *trie = added->tokens[at].normalized ? &added->normalized : &added->raw;

    if (!size || mc_trie_find(trie, text, size) >= 0)
        return mc_fail(err, MC_ERR_TOKENIZER, "this tokenizer cannot be used",
                       "added token %d %s once normalized", (int)added->tokens[at].id,
                       size ? "equals another added token" : "is empty");
    return mc_trie_add(trie, text, size, at, err);
}

/* The spelling as the normalizers leave it. */
static mc_status add_normalized(mc_added *added, int32_t at, const char *text, size_t size,
                                const mc_stages *normalizers, mc_error *err)
{
    mc_work   work   = { 0 };
    mc_status status = mc_work_begin(&work, text, size, err);

    for (size_t i = 0; status == MC_OK && i < normalizers->count; i++)
        status = mc_work_run(&work, &normalizers->items[i]);
    if (status == MC_OK)
        status = add_pattern(added, at, work.text.data + work.pieces[0].start,
                             work.pieces[0].size, err);
    mc_work_clear(&work);
    return status;
}

mc_status mc_added_finish(mc_added *added, const mc_stages *normalizers, mc_error *err)
{
    /* A word character, as Rust's regular expressions see it. */
    static const char word[] = "\\A[\\w\\x{200c}\\x{200d}]\\z";

    for (size_t i = 0; i < added->count; i++) {
        const char *text = "";
        size_t      size = 0;

        mc_vocab_get(&added->vocab, (int32_t)i, &text, &size);
        if (added->tokens[i].normalized)
            MC_TRY(add_normalized(added, (int32_t)i, text, size, normalizers, err));
        else
            MC_TRY(add_pattern(added, (int32_t)i, text, size, err));
        if (added->tokens[i].single_word && !added->word)
            MC_TRY(mc_regex_compile(word, strlen(word), &added->word, err));
    }
    return mark_ids(added, err);
}

void mc_added_clear(mc_added *added)
{
    mc_vocab_clear(&added->vocab);
    mc_free(added->tokens);
    mc_trie_clear(&added->raw);
    mc_trie_clear(&added->normalized);
    mc_regex_free(added->word);
    mc_free(added->by_id);
    *added = (mc_added){ 0 };
}

static mc_status is_word(const mc_added *added, mc_work *work, const char *text, bool *word)
{
    size_t start, end, size = mc_utf8_length(*text);

    MC_TRY(mc_regex_view(added->word, &work->matcher, &text, size, work->err));
    return mc_regex_find(added->word, &work->matcher, text, size, 0, word, &start, &end,
                         work->err);
}

static mc_status stands_alone(const mc_added *added, mc_work *work, const char *text,
                              size_t size, mc_range match, bool *alone)
{
    bool before = false, behind = false;

    if (match.start)
        MC_TRY(is_word(added, work, text + mc_utf8_back(text, match.start), &before));
    if (match.end < size) MC_TRY(is_word(added, work, text + match.end, &behind));
    *alone = !before && !behind;
    return MC_OK;
}

/* White space around the match joins it, but not what the token before (up to `done`) took. */
static mc_range widen(const mc_added_token *token, const char *text, size_t size, size_t done,
                      mc_range match)
{
    size_t length, start = match.start;

    while (token->lstrip && start &&
           mc_is_space(mc_utf8_get(text + mc_utf8_back(text, start), &length)))
        start -= length;
    if (token->lstrip) match.start = start > done ? start : done;
    while (token->rstrip && match.end < size &&
           mc_is_space(mc_utf8_get(text + match.end, &length)))
        match.end += length;
    return match;
}

static mc_status take_match(const mc_added *added, mc_work *work, mc_piece piece,
                            const mc_added_token *token, mc_range match, size_t *done)
{
    const char *text  = work->text.data + piece.start;
    bool        alone = true;
    mc_piece    taken;

    if (token->single_word) MC_TRY(stands_alone(added, work, text, piece.size, match, &alone));
    if (!alone) return MC_OK;
    match = widen(token, text, piece.size, *done, match);
    if (*done < match.start)
        MC_TRY(mc_work_add_piece(work, mc_piece_part(piece, *done, match.start - *done)));
    if (*done < match.end || match.start < match.end) *done = match.end;
    if (match.start >= match.end) return MC_OK; /* the token before took all of it as space */
    taken    = mc_piece_part(piece, match.start, 0);
    taken.id = token->id;
    return mc_work_add_piece(work, taken);
}

static mc_status cut_piece(const mc_added *added, const mc_trie *trie, mc_work *work,
                           mc_piece piece)
{
    const char *text = work->text.data + piece.start;
    size_t      done = 0;

    for (size_t at = 0, size; trie->count && at < piece.size; at += size ? size : 1) {
        int32_t index = -1;

        size = 0;
        if (!trie->root[(unsigned char)text[at]]) continue;
        size = mc_trie_longest(trie, text + at, piece.size - at, &index);
        if (!size) continue;
        MC_TRY(take_match(added, work, piece, &added->tokens[index],
                          (mc_range){ at, at + size, true }, &done));
    }
    if (done == piece.size) return MC_OK;
    return mc_work_add_piece(work, mc_piece_part(piece, done, piece.size - done));
}

mc_status mc_added_cut(const mc_added *added, mc_work *work, bool normalized)
{
    const mc_trie *trie = normalized ? &added->normalized : &added->raw;

    for (size_t i = 0; i < work->count; i++) {
        if (work->pieces[i].id >= 0)
            MC_TRY(mc_work_add_piece(work, work->pieces[i]));
        else if (work->pieces[i].size)
            MC_TRY(cut_piece(added, trie, work, work->pieces[i]));
    }
    mc_work_swap_pieces(work);
    return MC_OK;
}
