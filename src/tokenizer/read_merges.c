/* read_merges.c - vocab.json with merges.txt (byte-level BPE), and vocab.txt (WordPiece). */
#include <string.h>

#include "tokenizer/legacy.h"
#include "tokenizer/read_json.h"
#include "tokenizer/utf8.h"

/* The next line without its end; false after the last. A carriage return before the end
 * belongs to it. */
static bool next_line(const char **text, size_t *left, const char **line, size_t *size)
{
    const char *end;

    if (!*left) return false;
    end   = memchr(*text, '\n', *left);
    *line = *text;
    *size = end ? (size_t)(end - *text) : *left;
    *left -= *size + (end ? 1 : 0);
    *text += *size + (end ? 1 : 0);
    if (*size && (*line)[*size - 1] == '\r') --*size;
    return true;
}

static mc_status read_lines(mc_bpe *bpe, const mc_vocab *vocab, const char *text, size_t left,
                            mc_error *err)
{
    mc_merge_batch batch = { .bpe = bpe, .vocab = vocab };
    const char    *line, *space;
    size_t         size, first;

    for (size_t number = 1; next_line(&text, &left, &line, &size); number++) {
        if (!size || (size >= 8 && memcmp(line, "#version", 8) == 0)) continue;
        space = memchr(line, ' ', size);
        first = space ? (size_t)(space - line) : size;
        if (!space || memchr(space + 1, ' ', size - first - 1))
            return mc_fail(err, MC_ERR_TOKENIZER, "the file is damaged; fetch it again",
                           "line %zu of merges.txt is not two tokens", number);
        MC_TRY(mc_merge_batch_add(&batch, line, first, space + 1, size - first - 1, err));
    }
    return mc_merge_batch_finish(&batch, err);
}

static mc_status read_vocab(mc_json_value value, mc_vocab *vocab, mc_error *err)
{
    mc_json_iter tokens = mc_json_iterate(value);

    if (!tokens.is_object)
        return mc_fail(err, MC_ERR_TOKENIZER, "the file is damaged; fetch it again",
                       "vocab.json is no object of tokens and ids");
    MC_TRY(mc_vocab_expect(vocab, mc_json_count(value), 0, err));
    while (mc_json_next(&tokens)) {
        int64_t id;

        if (!mc_json_int64(tokens.value, &id))
            return mc_fail(err, MC_ERR_TOKENIZER, "the file is damaged; fetch it again",
                           "vocab.json gives '%.64s' an id that is none", tokens.key);
        MC_TRY(mc_vocab_add(vocab, tokens.key, tokens.key_size, id, err));
    }
    return MC_OK;
}

static mc_status add_steps(const mc_legacy_files *files, const mc_legacy_class *row,
                           mc_tokenizer *tokenizer, mc_error *err)
{
    mc_gguf_pre pre = { .steps = { { MC_STEP_END, NULL } } };

    memcpy(pre.steps, row->steps, sizeof row->steps);
    MC_TRY(mc_field_bool(files->tokenizer_config, "add_prefix_space", &pre.prefix_space, err));
    return mc_gguf_pre_apply(&pre, tokenizer, err);
}

mc_status mc_read_merges_tokenizer(const mc_legacy_files *files, mc_json_value vocab,
                                   const char *merges, size_t size, mc_tokenizer *tokenizer,
                                   mc_error *err)
{
    const mc_legacy_class *row;
    mc_bpe                *bpe;

    MC_TRY(mc_legacy_find_class(files, MC_LEGACY_MERGES, &row, err));
    MC_TRY(mc_utf8_require(merges, size, err));
    MC_TRY(mc_bpe_create(&bpe, err));
    tokenizer->kind  = &mc_model_bpe;
    tokenizer->model = bpe;
    MC_TRY(add_steps(files, row, tokenizer, err));
    MC_TRY(read_vocab(vocab, &tokenizer->vocab, err));
    MC_TRY(read_lines(bpe, &tokenizer->vocab, merges, size, err));
    mc_bpe_finish(bpe, &tokenizer->vocab);
    MC_TRY(mc_legacy_add_tokens(files, row, tokenizer, err));
    MC_TRY(mc_legacy_add_frame(files, row, tokenizer, err));
    tokenizer->info.source = "vocab.json";
    return mc_tokenizer_finish(tokenizer, "the tokenizer's class and tokenizer_config.json",
                               err);
}

/* ---- vocab.txt ---- */

static mc_status add_bert(const mc_legacy_files *files, mc_tokenizer *tokenizer,
                          mc_wordpiece **wordpiece, mc_error *err)
{
    mc_json_value config    = files->tokenizer_config;
    bool          lowercase = true, ideographs = true, strip;

    MC_TRY(mc_field_bool(config, "do_lower_case", &lowercase, err));
    MC_TRY(mc_field_bool(config, "tokenize_chinese_chars", &ideographs, err));
    strip = lowercase;
    MC_TRY(mc_field_bool(config, "strip_accents", &strip, err));
    return mc_tokenizer_add_bert(tokenizer, ideographs, strip, lowercase, wordpiece, err);
}

mc_status mc_read_words_tokenizer(const mc_legacy_files *files, const char *text, size_t size,
                                  mc_tokenizer *tokenizer, mc_error *err)
{
    const mc_legacy_class *row;
    mc_wordpiece          *wordpiece;
    const char            *line;
    size_t                 length;

    MC_TRY(mc_legacy_find_class(files, MC_LEGACY_WORDS, &row, err));
    MC_TRY(mc_utf8_require(text, size, err));
    MC_TRY(add_bert(files, tokenizer, &wordpiece, err));
    for (int64_t id = 0; next_line(&text, &size, &line, &length); id++)
        MC_TRY(mc_vocab_add(&tokenizer->vocab, line, length, id, err));
    MC_TRY(mc_legacy_add_tokens(files, row, tokenizer, err));
    MC_TRY(mc_legacy_add_frame(files, row, tokenizer, err));
    wordpiece->unknown.id = mc_legacy_special(files, tokenizer, "unk_token", row->unknown);
    mc_wordpiece_finish(wordpiece, &tokenizer->vocab);
    tokenizer->info.source = "vocab.txt";
    return mc_tokenizer_finish(tokenizer, "the tokenizer's class", err);
}
