/* read_normalizer.c - tokenizer.json's "normalizer": one row a type. */
#include <string.h>

#include "base/alloc.h"
#include "tokenizer/charsmap.h"
#include "tokenizer/read_json.h"
#include "tokenizer/unicode.h"

static mc_status add_map(mc_tokenizer *tokenizer, mc_character_map *map, mc_error *err)
{
    return mc_stages_add(&tokenizer->normalizers,
                         (mc_stage){ .kind = &mc_stage_map, .map = map }, err);
}

static mc_status add_form(mc_tokenizer *tokenizer, mc_unicode_form form, mc_error *err)
{
    return mc_stages_add(&tokenizer->normalizers,
                         (mc_stage){ .kind = &mc_stage_unicode_form, .option = (int)form },
                         err);
}

static mc_status read_nfc(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    (void)value;
    return add_form(tokenizer, MC_NFC, err);
}

static mc_status read_nfd(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    (void)value;
    return add_form(tokenizer, MC_NFD, err);
}

static mc_status read_nfkc(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    (void)value;
    return add_form(tokenizer, MC_NFKC, err);
}

static mc_status read_nfkd(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    (void)value;
    return add_form(tokenizer, MC_NFKD, err);
}

/* ---- maps of characters ---- */

static size_t map_lowercase(uint32_t code, uint32_t out[3])
{
    return mc_lowercase(code, out);
}

static size_t map_without_marks(uint32_t code, uint32_t out[3])
{
    out[0] = code;
    return mc_is_mark(code) ? 0 : 1;
}

static size_t map_without_nonspacing(uint32_t code, uint32_t out[3])
{
    out[0] = code;
    return mc_is_nonspacing(code) ? 0 : 1;
}

/* The cleaning of neural machine translation's scripts, as SentencePiece has it. */
static size_t map_nmt(uint32_t code, uint32_t out[3])
{
    bool dropped = (code >= 0x01 && code <= 0x08) || code == 0x0b ||
                   (code >= 0x0e && code <= 0x1f) || code == 0x7f || code == 0x8f ||
                   code == 0x9f;
    bool space = code == 0x09 || code == 0x0a || code == 0x0c || code == 0x0d ||
                 code == 0x1680 || (code >= 0x200b && code <= 0x200f) || code == 0x2028 ||
                 code == 0x2029 || code == 0x2581 || code == 0xfeff || code == 0xfffd;

    out[0] = space ? ' ' : code;
    return dropped ? 0 : 1;
}

static size_t map_clean(uint32_t code, uint32_t out[3])
{
    out[0] = mc_is_space(code) ? ' ' : code;
    return code == 0 || code == 0xfffd || mc_is_control(code) ? 0 : 1;
}

static size_t map_ideographs_apart(uint32_t code, uint32_t out[3])
{
    if (!mc_is_ideograph(code)) {
        out[0] = code;
        return 1;
    }
    out[0] = out[2] = ' ';
    out[1]          = code;
    return 3;
}

static mc_status read_lowercase(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    (void)value;
    return add_map(tokenizer, map_lowercase, err);
}

static mc_status read_strip_accents(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    (void)value;
    return add_map(tokenizer, map_without_marks, err);
}

static mc_status read_nmt(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    (void)value;
    return add_map(tokenizer, map_nmt, err);
}

mc_status mc_tokenizer_add_bert_normalizer(mc_tokenizer *tokenizer, bool clean, bool ideographs,
                                           bool strip_accents, bool lowercase, mc_error *err)
{
    if (clean) MC_TRY(add_map(tokenizer, map_clean, err));
    if (ideographs) MC_TRY(add_map(tokenizer, map_ideographs_apart, err));
    if (strip_accents) {
        MC_TRY(add_form(tokenizer, MC_NFD, err));
        MC_TRY(add_map(tokenizer, map_without_nonspacing, err));
    }
    return lowercase ? add_map(tokenizer, map_lowercase, err) : MC_OK;
}

static mc_status read_bert(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    bool clean, ideographs, lowercase, strip_accents;

    MC_TRY(mc_require_bool(value, "clean_text", &clean, err));
    MC_TRY(mc_require_bool(value, "handle_chinese_chars", &ideographs, err));
    MC_TRY(mc_require_bool(value, "lowercase", &lowercase, err));
    strip_accents = lowercase;
    MC_TRY(mc_field_bool(value, "strip_accents", &strip_accents, err));
    return mc_tokenizer_add_bert_normalizer(tokenizer, clean, ideographs, strip_accents,
                                            lowercase, err);
}

/* ---- the others ---- */

static mc_status read_strip(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    bool left, right;

    MC_TRY(mc_require_bool(value, "strip_left", &left, err));
    MC_TRY(mc_require_bool(value, "strip_right", &right, err));
    return mc_stages_add(
        &tokenizer->normalizers,
        (mc_stage){ .kind = &mc_stage_strip, .option = (left ? 1 : 0) | (right ? 2 : 0) }, err);
}

static mc_status read_prepend(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    const char *text;
    size_t      size;

    MC_TRY(mc_require_string(value, "prepend", &text, &size, err));
    return mc_stages_add_front(&tokenizer->normalizers, text, size, MC_FRONT_ALWAYS, err);
}

static mc_status read_replace(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    mc_json_value pattern = mc_json_get(value, "pattern");
    mc_stage      stage   = { .kind = &mc_stage_replace };
    const char   *text, *content;
    size_t        size;

    MC_TRY(mc_require_string(value, "content", &content, &stage.content_size, err));
    if (mc_json_string(mc_json_get(pattern, "String"), &text, &size))
        return mc_stages_add_replace(&tokenizer->normalizers, text, size, content,
                                     stage.content_size, err);
    MC_TRY(mc_require_string(pattern, "Regex", &text, &size, err));
    MC_TRY(mc_regex_compile(text, size, &stage.regex, err));
    stage.content = mc_strndup(content, stage.content_size);
    if (!stage.content) {
        mc_regex_free(stage.regex);
        return mc_fail_memory(err, stage.content_size);
    }
    return mc_stages_add(&tokenizer->normalizers, stage, err);
}

static mc_status read_byte_level(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    (void)value;
    tokenizer->style = MC_STYLE_BYTE_LEVEL;
    return mc_stages_add(&tokenizer->normalizers, (mc_stage){ .kind = &mc_stage_byte_level },
                         err);
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static mc_status decode_base64(const char *text, size_t size, char **bytes, size_t *count,
                               mc_error *err)
{
    char    *out  = mc_alloc(size / 4 * 3 + 3);
    uint32_t bits = 0;
    size_t   used = 0, digits = 0;

    if (!out) return mc_fail_memory(err, size);
    while (size && text[size - 1] == '=')
        size--;
    for (; digits < size && base64_value(text[digits]) >= 0; digits++) {
        bits = bits << 6 | (uint32_t)base64_value(text[digits]);
        if (digits % 4) out[used++] = (char)(bits >> (6 - digits % 4 * 2) & 0xff);
    }
    if (digits < size) {
        mc_free(out);
        return mc_fail(err, MC_ERR_CORRUPT, "the file is damaged; fetch it again",
                       "'precompiled_charsmap' is not base64 at offset %zu", digits);
    }
    *bytes = out;
    *count = used;
    return MC_OK;
}

static mc_status read_precompiled(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    const char *text;
    char       *map = NULL;
    size_t      size;
    mc_status   status;

    MC_TRY(mc_require_string(value, "precompiled_charsmap", &text, &size, err));
    MC_TRY(decode_base64(text, size, &map, &size, err));
    status = mc_tokenizer_add_charsmap(tokenizer, map, size, err);
    mc_free(map);
    return status;
}

mc_status mc_tokenizer_add_charsmap(mc_tokenizer *tokenizer, const char *map, size_t size,
                                    mc_error *err)
{
    mc_stage stage = { .kind = &mc_stage_charsmap, .content_size = size };

    if (!size) return MC_OK;
    MC_TRY(mc_charsmap_check(map, size, err));
    stage.content = mc_strndup(map, size);
    if (!stage.content) return mc_fail_memory(err, size);
    return mc_stages_add(&tokenizer->normalizers, stage, err);
}

mc_status mc_read_normalizer(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    static const mc_part_row rows[] = {
        { "BertNormalizer", read_bert },
        { "Strip", read_strip },
        { "StripAccents", read_strip_accents },
        { "NFC", read_nfc },
        { "NFD", read_nfd },
        { "NFKC", read_nfkc },
        { "NFKD", read_nfkd },
        { "Lowercase", read_lowercase },
        { "Nmt", read_nmt },
        { "Precompiled", read_precompiled },
        { "Replace", read_replace },
        { "Prepend", read_prepend },
        { "ByteLevel", read_byte_level },
        { NULL, NULL },
    };

    return mc_read_parts(value, rows, "normalizer", "normalizers", tokenizer, err);
}
