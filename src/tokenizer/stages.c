/* stages.c - the kinds of stages that every tokenizer is composed of. */
#include <string.h>

#include "base/alloc.h"
#include "tokenizer/pieces.h"
#include "tokenizer/unicode.h"
#include "tokenizer/utf8.h"

/* GPT-2's words, which byte-level tokenizers cut at unless told otherwise. */
#define GPT2_WORDS \
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

static const char *text_of(const mc_work *work, mc_piece piece)
{
    return work->text.data + piece.start;
}

/* ---- rewriting ---- */

static mc_status rewrite_front(const mc_stage *stage, mc_work *work, mc_piece piece,
                               size_t *origin)
{
    const char *text  = text_of(work, piece);
    bool        there = piece.size >= stage->content_size &&
                 memcmp(text, stage->content, stage->content_size) == 0;

    if (piece.size && (stage->option == MC_FRONT_ALWAYS ||
                       (!there && (stage->option == MC_FRONT_UNLESS_THERE || piece.origin)))) {
        mc_buffer_add(&work->next_text, stage->content, stage->content_size);
        if (piece.origin) *origin = piece.origin + stage->content_size;
    }
    mc_buffer_add(&work->next_text, text, piece.size);
    return MC_OK;
}

/* Go to the next match as Oniguruma's iterator does: an empty match right behind another match
 * is passed over. */
static mc_status next_match(const mc_stage *stage, mc_work *work, const char *text, size_t size,
                            size_t *from, size_t *last_end, mc_range *match)
{
    bool found = false;

    match->match = false;
    while (*from <= size) {
        MC_TRY(mc_regex_find(stage->regex, &work->matcher, text, size, *from, &found,
                             &match->start, &match->end, work->err));
        if (!found) return MC_OK;
        if (match->start != match->end || match->end != *last_end) break;
        *from += *from < size ? mc_utf8_length(text[*from]) : 1;
        found = false;
    }
    if (found) *from = *last_end = match->end;
    match->match = found;
    return MC_OK;
}

/* Copy the bytes from..to of a piece; *origin keeps up. */
static void copy_part(mc_work *work, mc_piece piece, size_t begin, size_t from, size_t to,
                      size_t *origin)
{
    mc_buffer_add(&work->next_text, text_of(work, piece) + from, to - from);
    if (piece.origin > from)
        *origin = work->next_text.size - begin - (piece.origin < to ? to - piece.origin : 0);
}

static mc_status rewrite_replace(const mc_stage *stage, mc_work *work, mc_piece piece,
                                 size_t *origin)
{
    const char *text  = text_of(work, piece);
    size_t      begin = work->next_text.size;
    size_t      from = 0, last_end = SIZE_MAX, copied = 0;
    mc_range    match = { 0, 0, true };

    *origin = 0;
    MC_TRY(mc_regex_view(stage->regex, &work->matcher, &text, piece.size, work->err));
    while (piece.size) {
        MC_TRY(next_match(stage, work, text, piece.size, &from, &last_end, &match));
        if (!match.match) break;
        copy_part(work, piece, begin, copied, match.start, origin);
        mc_buffer_add(&work->next_text, stage->content, stage->content_size);
        MC_TRY(mc_work_check_growth(work));
        copied = match.end;
        if (piece.origin >= match.end && match.end) *origin = work->next_text.size - begin;
    }
    copy_part(work, piece, begin, copied, piece.size, origin);
    return MC_OK;
}

static mc_status rewrite_map(const mc_stage *stage, mc_work *work, mc_piece piece,
                             size_t *origin)
{
    const char *text  = text_of(work, piece);
    size_t      begin = work->next_text.size, length;

    *origin = 0;
    for (size_t at = 0; at < piece.size; at += length) {
        uint32_t codes[3];
        size_t   count = stage->map(mc_utf8_get(text + at, &length), codes);
        char     bytes[12];
        size_t   size = 0;

        for (size_t i = 0; i < count; i++)
            size += mc_utf8_put(codes[i], bytes + size);
        mc_buffer_add(&work->next_text, bytes, size);
        if (at < piece.origin) *origin = work->next_text.size - begin;
    }
    return MC_OK;
}

/* How many bytes of the normalized `text` its first `origin` bytes became: as many characters
 * as they are on their own. */
static size_t normalized_origin(const char *text, size_t origin, mc_unicode_form form,
                                const char *normalized, size_t size)
{
    mc_buffer alone = { 0 };
    size_t    from = 0, to = 0;

    mc_unicode_normalize(text, origin, form, &alone);
    for (; from < alone.size && to < size; from += mc_utf8_length(alone.data[from]))
        to += mc_utf8_length(normalized[to]);
    mc_buffer_clear(&alone);
    return to;
}

static mc_status rewrite_unicode_form(const mc_stage *stage, mc_work *work, mc_piece piece,
                                      size_t *origin)
{
    mc_unicode_form form = (mc_unicode_form)stage->option;
    const char     *text = text_of(work, piece);
    size_t          at = 0, begin = work->next_text.size;

    while (at < piece.size) {
        size_t plain = at, end;

        /* ASCII is never the second half of a composition, so what follows one ASCII character
         * up to the next stands alone; only that one may take part. */
        while (plain < piece.size && (unsigned char)text[plain] < 0x80)
            plain++;
        if (plain < piece.size && plain > at) plain--;
        mc_buffer_add(&work->next_text, text + at, plain - at);
        for (end = plain < piece.size ? plain + 1 : plain;
             end < piece.size && (unsigned char)text[end] >= 0x80;)
            end++;
        mc_unicode_normalize(text + plain, end - plain, form, &work->next_text);
        at = end;
    }
    if (piece.origin && !work->next_text.failed)
        *origin = normalized_origin(text, piece.origin, form, work->next_text.data + begin,
                                    work->next_text.size - begin);
    return MC_OK;
}

static mc_status rewrite_strip(const mc_stage *stage, mc_work *work, mc_piece piece,
                               size_t *origin)
{
    const char *text = text_of(work, piece);
    size_t      from = 0, to = piece.size, length;

    while ((stage->option & 1) && from < to && mc_is_space(mc_utf8_get(text + from, &length)))
        from += length;
    while ((stage->option & 2) && to > from &&
           mc_is_space(mc_utf8_get(text + mc_utf8_back(text, to), &length)))
        to -= length;
    mc_buffer_add(&work->next_text, text + from, to - from);
    *origin = piece.origin > from ? piece.origin - from : 0;
    return MC_OK;
}

uint32_t mc_byte_level_code(unsigned char byte)
{
    if ((byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte != 0xad)) return byte;
    if (byte <= 0x20) return 0x100u + byte;
    if (byte <= 0xa0) return 0x100u + 0x21u + (byte - 0x7fu);
    return 0x100 + 0x21 + 0x22; /* 0xad */
}

int mc_byte_level_byte(uint32_t code)
{
    if (code < 0x100) return mc_byte_level_code((unsigned char)code) == code ? (int)code : -1;
    if (code <= 0x120) return (int)(code - 0x100);
    if (code <= 0x142) return (int)(code - 0x121 + 0x7f);
    return code == 0x143 ? 0xad : -1;
}

static mc_status rewrite_byte_level(const mc_stage *stage, mc_work *work, mc_piece piece,
                                    size_t *origin)
{
    const char *text = text_of(work, piece);
    char       *out  = mc_buffer_reserve(&work->next_text, piece.size * 2);
    size_t      used = 0;

    (void)stage;
    *origin = 0;
    for (size_t i = 0; out && i < piece.size; i++) {
        used += mc_utf8_put(mc_byte_level_code((unsigned char)text[i]), out + used);
        if (i < piece.origin) *origin = used;
    }
    if (out) work->next_text.size += used;
    return MC_OK;
}

/* ---- cutting ---- */

static mc_status cut_regex(const mc_stage *stage, mc_work *work, const char *text, size_t size)
{
    size_t   from = 0, last_end = SIZE_MAX, done = 0;
    mc_range match = { 0, 0, true };

    MC_TRY(mc_regex_view(stage->regex, &work->matcher, &text, size, work->err));
    for (;;) {
        MC_TRY(next_match(stage, work, text, size, &from, &last_end, &match));
        if (!match.match) break;
        if (match.start > done) MC_TRY(mc_work_add_range(work, done, match.start, false));
        MC_TRY(mc_work_add_range(work, match.start, match.end, true));
        done = match.end;
    }
    return done < size ? mc_work_add_range(work, done, size, false) : MC_OK;
}

static mc_status cut_test(const mc_stage *stage, mc_work *work, const char *text, size_t size)
{
    size_t done = 0, length;

    for (size_t at = 0; at < size; at += length) {
        if (!stage->test(mc_utf8_get(text + at, &length))) continue;
        if (at > done) MC_TRY(mc_work_add_range(work, done, at, false));
        done = at + length;
        MC_TRY(mc_work_add_range(work, at, done, true));
    }
    return done < size ? mc_work_add_range(work, done, size, false) : MC_OK;
}

static mc_status cut_length(const mc_stage *stage, mc_work *work, const char *text, size_t size)
{
    size_t start = 0;
    int    count = 0;

    for (size_t at = 0; at < size; at += mc_utf8_length(text[at])) {
        if (count++ < stage->option) continue;
        MC_TRY(mc_work_add_range(work, start, at, false));
        start = at;
        count = 1;
    }
    return mc_work_add_range(work, start, size, false);
}

const mc_stage_kind mc_stage_front        = { .rewrite = rewrite_front };
const mc_stage_kind mc_stage_replace      = { .rewrite = rewrite_replace };
const mc_stage_kind mc_stage_map          = { .rewrite = rewrite_map };
const mc_stage_kind mc_stage_unicode_form = { .rewrite = rewrite_unicode_form };
const mc_stage_kind mc_stage_strip        = { .rewrite = rewrite_strip };
const mc_stage_kind mc_stage_byte_level   = { .rewrite = rewrite_byte_level };
const mc_stage_kind mc_stage_split_regex  = { .cut = cut_regex };
const mc_stage_kind mc_stage_split_test   = { .cut = cut_test };
const mc_stage_kind mc_stage_split_length = { .cut = cut_length };

/* ---- ready-made ---- */

mc_status mc_stages_add_split(mc_stages *stages, const char *pattern, size_t size,
                              mc_split_behavior behavior, bool invert, mc_error *err)
{
    mc_stage stage = { .kind = &mc_stage_split_regex, .behavior = behavior, .invert = invert };

    MC_TRY(mc_regex_compile(pattern, size, &stage.regex, err));
    return mc_stages_add(stages, stage, err);
}

mc_status mc_stages_add_replace(mc_stages *stages, const char *text, size_t size,
                                const char *content, size_t content_size, mc_error *err)
{
    mc_stage stage = { .kind = &mc_stage_replace, .content_size = content_size };

    MC_TRY(mc_regex_literal(text, size, &stage.regex, err));
    stage.content = mc_strndup(content, content_size);
    if (!stage.content) {
        mc_regex_free(stage.regex);
        return mc_fail_memory(err, content_size);
    }
    return mc_stages_add(stages, stage, err);
}

mc_status mc_stages_add_front(mc_stages *stages, const char *content, size_t size, int when,
                              mc_error *err)
{
    mc_stage stage = { .kind = &mc_stage_front, .content_size = size, .option = when };

    stage.content = mc_strndup(content, size);
    if (!stage.content) return mc_fail_memory(err, size);
    return mc_stages_add(stages, stage, err);
}

mc_status mc_stages_add_metaspace(mc_stages *stages, const char *mark, size_t size, int when,
                                  bool split, mc_error *err)
{
    mc_stage cut = { .kind = &mc_stage_split_regex, .behavior = MC_SPLIT_MERGED_WITH_NEXT };

    MC_TRY(mc_stages_add_replace(stages, " ", 1, mark, size, err));
    if (when >= 0) MC_TRY(mc_stages_add_front(stages, mark, size, when, err));
    if (!split) return MC_OK;
    MC_TRY(mc_regex_literal(mark, size, &cut.regex, err));
    return mc_stages_add(stages, cut, err);
}

mc_status mc_stages_add_byte_level(mc_stages *stages, bool add_prefix_space, bool use_regex,
                                   mc_error *err)
{
    if (add_prefix_space)
        MC_TRY(mc_stages_add_front(stages, " ", 1, MC_FRONT_UNLESS_THERE, err));
    if (use_regex)
        MC_TRY(mc_stages_add_split(stages, GPT2_WORDS, strlen(GPT2_WORDS), MC_SPLIT_ISOLATED,
                                   false, err));
    return mc_stages_add(stages, (mc_stage){ .kind = &mc_stage_byte_level }, err);
}
