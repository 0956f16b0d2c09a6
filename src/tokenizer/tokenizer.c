/* tokenizer.c - the life of a tokenizer and what can be asked of it. Opening: open.c. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "tokenizer/parts.h"
#include "tokenizer/utf8.h"

mc_tokenizer *mc_tokenizer_create(mc_error *err)
{
    mc_tokenizer *tokenizer = mc_calloc(1, sizeof *tokenizer);

    if (!tokenizer) {
        (void)mc_fail_memory(err, sizeof *tokenizer);
        return NULL;
    }
    tokenizer->info.bos = tokenizer->info.eos = -1;
    return tokenizer;
}

void mc_tokenizer_close(mc_tokenizer *tokenizer)
{
    if (!tokenizer) return;
    mc_vocab_clear(&tokenizer->vocab);
    mc_added_clear(&tokenizer->added);
    mc_stages_clear(&tokenizer->normalizers);
    mc_stages_clear(&tokenizer->pre_tokenizers);
    if (tokenizer->kind) tokenizer->kind->release(tokenizer->model);
    mc_free(tokenizer->before.ids);
    mc_free(tokenizer->after.ids);
    mc_free(tokenizer);
}

mc_status mc_id_list_add(mc_id_list *list, int32_t id, mc_error *err)
{
    MC_TRY(mc_grow((void **)&list->ids, &list->capacity, list->count, sizeof *list->ids, err));
    list->ids[list->count++] = id;
    return MC_OK;
}

mc_status mc_tokenizer_add_token(mc_tokenizer *tokenizer, const char *text, size_t size,
                                 mc_added_token token, mc_error *err)
{
    int32_t known = mc_vocab_find(&tokenizer->added.vocab, text, size);

    token.id = known >= 0 ? tokenizer->added.tokens[known].id
                          : mc_vocab_find(&tokenizer->vocab, text, size);
    if (token.id < 0) token.id = (int32_t)(tokenizer->vocab.count + tokenizer->new_ids++);
    if (token.id >= MC_TOKEN_ID_LIMIT)
        return mc_fail(err, MC_ERR_TOKENIZER, "the file is damaged", "more than %d tokens",
                       MC_TOKEN_ID_LIMIT);
    return mc_added_note(&tokenizer->added, text, size, token, err);
}

const mc_tokenizer_info *mc_tokenizer_get_info(const mc_tokenizer *tokenizer)
{
    return &tokenizer->info;
}

int32_t mc_tokenizer_find(const mc_tokenizer *tokenizer, const char *text, size_t size)
{
    int32_t at = mc_vocab_find(&tokenizer->added.vocab, text, size);

    return at >= 0 ? tokenizer->added.tokens[at].id
                   : mc_vocab_find(&tokenizer->vocab, text, size);
}

static int added_mark(const mc_tokenizer *tokenizer, int32_t id)
{
    return id >= 0 && (size_t)id < tokenizer->added.by_id_count ? tokenizer->added.by_id[id]
                                                                : 0;
}

bool mc_tokenizer_is_special(const mc_tokenizer *tokenizer, int32_t id)
{
    return added_mark(tokenizer, id) == 3;
}

bool mc_tokenizer_spelling(const mc_tokenizer *tokenizer, int32_t id, const char **text,
                           size_t *size)
{
    if (mc_vocab_get(&tokenizer->vocab, id, text, size)) return true;
    for (size_t i = 0; added_mark(tokenizer, id) && i < tokenizer->added.count; i++)
        if (tokenizer->added.tokens[i].id == id)
            return mc_vocab_get(&tokenizer->added.vocab, (int32_t)i, text, size);
    return false;
}

/* ---- the text that a token stands for ---- */

typedef struct piece_writer {
    char  *bytes;
    size_t capacity, count;
} piece_writer;

static void put(piece_writer *writer, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++, writer->count++)
        if (writer->count < writer->capacity) writer->bytes[writer->count] = bytes[i];
}

static void put_byte_level(piece_writer *writer, const char *text, size_t size)
{
    for (size_t at = 0, length; at < size; at += length) {
        int  byte = mc_byte_level_byte(mc_utf8_get(text + at, &length));
        char one  = (char)byte;

        put(writer, byte >= 0 ? &one : text + at, byte >= 0 ? 1 : length);
    }
}

/* <0x0A>: 10; anything else: -1. */
static int byte_token(const char *text, size_t size)
{
    char     copy[7] = "";
    unsigned byte;
    int      used = 0;

    if (size != 6) return -1;
    memcpy(copy, text, 6);
    return sscanf(copy, "<0x%2X>%n", &byte, &used) == 1 && used == 6 ? (int)byte : -1;
}

static void put_metaspace(piece_writer *writer, const char *text, size_t size)
{
    int  byte = byte_token(text, size);
    char one  = (char)byte;

    if (byte >= 0) {
        put(writer, &one, 1);
        return;
    }
    for (size_t at = 0, length; at < size; at += length) {
        bool mark = mc_utf8_get(text + at, &length) == 0x2581;

        put(writer, mark ? " " : text + at, mark ? 1 : length);
    }
}

size_t mc_tokenizer_piece(const mc_tokenizer *tokenizer, int32_t id, char *bytes,
                          size_t capacity)
{
    piece_writer writer = { bytes, capacity, 0 };
    const char  *text;
    size_t       size;

    if (!mc_tokenizer_spelling(tokenizer, id, &text, &size)) return 0;
    if (added_mark(tokenizer, id))
        put(&writer, text, size);
    else if (tokenizer->style == MC_STYLE_BYTE_LEVEL)
        put_byte_level(&writer, text, size);
    else if (tokenizer->style == MC_STYLE_METASPACE)
        put_metaspace(&writer, text, size);
    else if (tokenizer->style == MC_STYLE_WORDPIECE && size > 2 && memcmp(text, "##", 2) == 0)
        put(&writer, text + 2, size - 2);
    else
        put(&writer, text, size);
    return writer.count;
}

/* ---- the last step of reading ---- */

static void describe_ids(const mc_tokenizer *tokenizer, const mc_id_list *list, char *out,
                         size_t capacity)
{
    size_t used = 0;

    out[0] = '\0';
    for (size_t i = 0; i < list->count && used < capacity; i++) {
        const char *text = "";
        size_t      size = 0;

        (void)mc_tokenizer_spelling(tokenizer, list->ids[i], &text, &size);
        used += (size_t)snprintf(out + used, capacity - used, "%s%.*s (%d)", i ? " " : "",
                                 (int)(size < 40 ? size : 40), text, (int)list->ids[i]);
    }
}

static void decide(mc_tokenizer *tokenizer, const char *authority)
{
    mc_tokenizer_info *info = &tokenizer->info;
    char               first[120], last[120];

    describe_ids(tokenizer, &tokenizer->before, first, sizeof first);
    describe_ids(tokenizer, &tokenizer->after, last, sizeof last);
    if (tokenizer->before.count && info->bos < 0) info->bos = tokenizer->before.ids[0];
    if (tokenizer->after.count && info->eos < 0)
        info->eos = tokenizer->after.ids[tokenizer->after.count - 1];
    info->adds_bos = tokenizer->before.count && tokenizer->before.ids[0] == info->bos;
    info->adds_eos =
        tokenizer->after.count && tokenizer->after.ids[tokenizer->after.count - 1] == info->eos;
    if (*first && *last)
        snprintf(tokenizer->decision, sizeof tokenizer->decision,
                 "adds %s before and %s after every text (%s)", first, last, authority);
    else if (*first || *last)
        snprintf(tokenizer->decision, sizeof tokenizer->decision, "adds %s %s every text (%s)",
                 *first ? first : last, *first ? "before" : "after", authority);
    else
        snprintf(tokenizer->decision, sizeof tokenizer->decision, "adds no token (%s)",
                 authority);
}

mc_status mc_tokenizer_finish(mc_tokenizer *tokenizer, const char *authority, mc_error *err)
{
    mc_tokenizer_info *info = &tokenizer->info;

    MC_TRY(mc_added_finish(&tokenizer->added, &tokenizer->normalizers, err));
    decide(tokenizer, authority);
    info->kind       = tokenizer->kind->name;
    info->decision   = tokenizer->decision;
    info->hash       = tokenizer->hash;
    info->pre        = tokenizer->pre;
    info->added      = tokenizer->added.count;
    info->vocabulary = tokenizer->vocab.id_count > tokenizer->added.by_id_count
                           ? tokenizer->vocab.id_count
                           : tokenizer->added.by_id_count;
    return MC_OK;
}
