/* unicode.c - the only file that calls utf8proc for what a tokenizer asks. */
#include "tokenizer/unicode.h"

#include <string.h>
#include <utf8proc.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "tokenizer/unicode_later.h"
#include "tokenizer/utf8.h"

/* The longest decomposition of one character is 18 (U+FDFA, compatibility). */
enum { EXPANSION = 18, FEW = 64 };

static utf8proc_category_t category(uint32_t code)
{
    return utf8proc_category((utf8proc_int32_t)code);
}

bool mc_is_space(uint32_t code)
{
    if (code < 0x80) return code == ' ' || (code >= 0x09 && code <= 0x0d);
    return code == 0x85 || code == 0xa0 || code == 0x1680 ||
           (code >= 0x2000 && code <= 0x200a) || code == 0x2028 || code == 0x2029 ||
           code == 0x202f || code == 0x205f || code == 0x3000;
}

bool mc_is_numeric(uint32_t code)
{
    utf8proc_category_t kind = category(code);

    return (kind == UTF8PROC_CATEGORY_ND || kind == UTF8PROC_CATEGORY_NL ||
            kind == UTF8PROC_CATEGORY_NO) != mc_unicode_later(MC_LATER_NUMERIC, code);
}

bool mc_is_punctuation(uint32_t code)
{
    utf8proc_category_t kind = category(code);

    if (code < 0x80) return code > 0x20 && code < 0x7f && !(kind <= UTF8PROC_CATEGORY_NO);
    return (kind >= UTF8PROC_CATEGORY_PC && kind <= UTF8PROC_CATEGORY_PO) !=
           mc_unicode_later(MC_LATER_PUNCTUATION, code);
}

bool mc_is_nonspacing(uint32_t code)
{
    return (category(code) == UTF8PROC_CATEGORY_MN) !=
           mc_unicode_later(MC_LATER_NONSPACING, code);
}

bool mc_is_mark(uint32_t code)
{
    utf8proc_category_t kind = category(code);

    return (kind == UTF8PROC_CATEGORY_MN || kind == UTF8PROC_CATEGORY_MC ||
            kind == UTF8PROC_CATEGORY_ME) != mc_unicode_later(MC_LATER_MARK, code);
}

bool mc_is_control(uint32_t code)
{
    utf8proc_category_t kind = category(code);

    if (code == '\t' || code == '\n' || code == '\r') return false;
    return (kind == UTF8PROC_CATEGORY_CC || kind == UTF8PROC_CATEGORY_CF ||
            kind == UTF8PROC_CATEGORY_CO) != mc_unicode_later(MC_LATER_CONTROL, code);
}

bool mc_is_ideograph(uint32_t code)
{
    /* The fifth range of Python's BERT begins at 2B820; Hugging Face's at 2B920. */
    static const uint32_t ranges[][2] = {
        { 0x4e00, 0x9fff },   { 0x3400, 0x4dbf },   { 0x20000, 0x2a6df }, { 0x2a700, 0x2b73f },
        { 0x2b740, 0x2b81f }, { 0x2b920, 0x2ceaf }, { 0xf900, 0xfaff },   { 0x2f800, 0x2fa1f },
    };

    for (size_t i = 0; i < MC_ARRAY_LEN(ranges); i++)
        if (code >= ranges[i][0] && code <= ranges[i][1]) return true;
    return false;
}

size_t mc_lowercase(uint32_t code, uint32_t out[2])
{
    if (code == 0x130) { /* the one unconditional mapping to two (SpecialCasing.txt) */
        out[0] = 'i';
        out[1] = 0x307;
        return 2;
    }
    out[0] = (uint32_t)utf8proc_tolower((utf8proc_int32_t)code);
    if (out[0] == code) out[0] = mc_unicode_later_lower(code);
    return 1;
}

size_t mc_grapheme_size(const char *text, size_t size)
{
    utf8proc_int32_t state = 0;
    size_t           length, at = 0;
    uint32_t         before, next;

    if (!size) return 0;
    before = mc_utf8_get(text, &length);
    for (at = length; at < size; at += length, before = next) {
        next = mc_utf8_get(text + at, &length);
        if (utf8proc_grapheme_break_stateful((utf8proc_int32_t)before, (utf8proc_int32_t)next,
                                             &state))
            break;
    }
    return at;
}

/* Combining marks in canonical order: a stable sort of a run by combining class. Counting, as
 * a hostile text may consist of nothing else. */
static void order_run(utf8proc_int32_t *run, size_t count, utf8proc_int32_t *scratch)
{
    size_t first[257] = { 0 };

    for (size_t i = 0; i < count; i++)
        first[(size_t)utf8proc_get_property(run[i])->combining_class + 1]++;
    for (size_t i = 1; i < 257; i++)
        first[i] += first[i - 1];
    for (size_t i = 0; i < count; i++)
        scratch[first[utf8proc_get_property(run[i])->combining_class]++] = run[i];
    memcpy(run, scratch, count * sizeof *run);
}

static void order_marks(utf8proc_int32_t *codes, size_t count, utf8proc_int32_t *scratch)
{
    size_t run = 0;

    for (size_t i = 0; i <= count; i++) {
        if (i < count && utf8proc_get_property(codes[i])->combining_class) {
            run++;
            continue;
        }
        if (run > 1) order_run(codes + i - run, run, scratch);
        run = 0;
    }
}

/* Fills `codes` when it is not NULL; returns how many there are. */
static size_t decompose(const char *text, size_t size, utf8proc_option_t options,
                        utf8proc_int32_t *codes)
{
    size_t count    = 0, length;
    int    boundary = 0;

    for (size_t at = 0; at < size; at += length) {
        utf8proc_int32_t code = (utf8proc_int32_t)mc_utf8_get(text + at, &length);

        count += (size_t)utf8proc_decompose_char(code, codes ? codes + count : NULL,
                                                 codes ? EXPANSION : 0, options, &boundary);
    }
    return count;
}

/* Text without later characters. */
static void normalize_run(const char *text, size_t size, mc_unicode_form form, mc_buffer *out)
{
    bool             compose = form == MC_NFC || form == MC_NFKC;
    int              chosen  = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE;
    utf8proc_int32_t few[2 * FEW], *codes = few;
    size_t           count, most;

    if (form == MC_NFKC || form == MC_NFKD) chosen |= UTF8PROC_COMPAT;
    most = decompose(text, size, (utf8proc_option_t)chosen, NULL) + EXPANSION;
    if (most > FEW) codes = mc_alloc_array(most, 2 * sizeof *codes);
    if (!codes) {
        out->failed = 1;
        return;
    }
    count = decompose(text, size, (utf8proc_option_t)chosen, codes);
    order_marks(codes, count, codes + most);
    if (compose)
        count = (size_t)utf8proc_normalize_utf32(
            codes, (utf8proc_ssize_t)count,
            (utf8proc_option_t)(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    for (size_t i = 0; i < count; i++) {
        char bytes[4];

        mc_buffer_add(out, bytes, mc_utf8_put((uint32_t)codes[i], bytes));
    }
    if (codes != few) mc_free(codes);
}

/* Later characters stay where they are, and nothing moves or joins across them. */
void mc_unicode_normalize(const char *text, size_t size, mc_unicode_form form, mc_buffer *out)
{
    size_t done = 0, length;

    for (size_t at = 0; at < size; at += length) {
        if (!mc_unicode_later(MC_LATER_NORMALIZATION, mc_utf8_get(text + at, &length)))
            continue;
        if (at > done) normalize_run(text + done, at - done, form, out);
        mc_buffer_add(out, text + at, length);
        done = at + length;
    }
    if (done < size) normalize_run(text + done, size - done, form, out);
}
