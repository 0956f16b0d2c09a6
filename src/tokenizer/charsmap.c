/* charsmap.c - the stage that applies a compiled normalization map.
 *
 * It works on grapheme clusters of less than six bytes as a whole, and on the characters of
 * every other cluster, and takes the shortest entry where several fit: not what SentencePiece
 * itself does, but what Hugging Face's tokenizers do with the same map, and theirs are the ids
 * that models are run with. */
#include "tokenizer/charsmap.h"

#include <stdint.h>
#include <string.h>

#include "tokenizer/pieces.h"
#include "tokenizer/unicode.h"
#include "tokenizer/utf8.h"

enum { HEADER = 4, WHOLE_CLUSTER = 6 };

static uint32_t read_u32(const char *bytes)
{
    const unsigned char *b = (const unsigned char *)bytes;

    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

mc_status mc_charsmap_check(const char *map, size_t size, mc_error *err)
{
    uint32_t trie = size >= HEADER ? read_u32(map) : 0;

    if (size < HEADER || trie > size - HEADER || trie % 4 || trie < 4)
        return mc_fail(err, MC_ERR_CORRUPT, "the file is damaged; fetch it again",
                       "the precompiled character map of %zu bytes says its trie takes %u",
                       size, (unsigned)trie);
    size -= HEADER + trie;
    if (mc_utf8_check(map + HEADER + trie, size) != size)
        return mc_fail(err, MC_ERR_CORRUPT, "the file is damaged; fetch it again",
                       "the precompiled character map has replacements that are not UTF-8");
    return MC_OK;
}

static uint32_t offset_of(uint32_t unit)
{
    return unit >> 10 << ((unit & 0x200) >> 6);
}

bool mc_charsmap_find(const char *map, size_t map_size, const char *text, size_t size,
                      const char **replacement, size_t *replacement_size)
{
    size_t      trie  = read_u32(map);
    const char *units = map + HEADER, *texts = units + trie;
    size_t      left = map_size - HEADER - trie;
    uint32_t    at   = offset_of(read_u32(units));

    for (size_t i = 0; i < size && text[i]; i++) {
        uint32_t unit, value;

        at ^= (unsigned char)text[i];
        if (at >= trie / 4) return false;
        unit = read_u32(units + 4 * (size_t)at);
        if ((unit & 0x800000ff) != (unsigned char)text[i]) return false;
        at ^= offset_of(unit);
        if (!(unit & 0x100)) continue;
        if (at >= trie / 4) return false;
        value = read_u32(units + 4 * (size_t)at) & 0x7fffffff;
        if (value >= left || ((unsigned char)texts[value] & 0xc0) == 0x80) return false;
        *replacement      = texts + value;
        *replacement_size = strnlen(texts + value, left - value);
        return true;
    }
    return false;
}

/* Add what a part at `at` became. It stems from the first character as `tokenizers` counts: all
 * of it from one character, of several its own first; and what follows dropped parts at the
 * start counts for them. */
static void put_part(mc_work *work, mc_piece piece, size_t begin, size_t at, bool is_one,
                     const char *text, size_t size, size_t *origin)
{
    size_t before = work->next_text.size - begin;
    size_t own    = size && !is_one ? mc_utf8_length(*text) : size;

    mc_buffer_add(&work->next_text, text, size);
    if (size && (at < piece.origin || (piece.origin && !before)))
        *origin = before + (own < size ? own : size);
}

static void replace_characters(const mc_stage *stage, mc_work *work, mc_piece piece,
                               size_t begin, size_t at, size_t end, size_t *origin)
{
    const char *text = work->text.data + piece.start;

    for (size_t length; at < end; at += length) {
        const char *found = text + at;
        size_t      size = length = mc_utf8_length(text[at]);

        (void)mc_charsmap_find(stage->content, stage->content_size, text + at, length, &found,
                               &size);
        put_part(work, piece, begin, at, true, found, size, origin);
    }
}

static mc_status rewrite_charsmap(const mc_stage *stage, mc_work *work, mc_piece piece,
                                  size_t *origin)
{
    const char *text  = work->text.data + piece.start;
    size_t      begin = work->next_text.size;

    *origin = 0;
    for (size_t at = 0, cluster; at < piece.size; at += cluster) {
        const char *found;
        size_t      size;

        cluster = mc_grapheme_size(text + at, piece.size - at);
        if (cluster < WHOLE_CLUSTER && mc_charsmap_find(stage->content, stage->content_size,
                                                        text + at, cluster, &found, &size))
            put_part(work, piece, begin, at, mc_utf8_length(text[at]) == cluster, found, size,
                     origin);
        else
            replace_characters(stage, work, piece, begin, at, at + cluster, origin);
        MC_TRY(mc_work_check_growth(work));
    }
    return MC_OK;
}

const mc_stage_kind mc_stage_charsmap = { .rewrite = rewrite_charsmap };
