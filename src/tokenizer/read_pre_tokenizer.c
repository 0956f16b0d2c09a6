/* read_pre_tokenizer.c - tokenizer.json's "pre_tokenizer": one row a type. */
#include <limits.h>
#include <string.h>

#include "base/checked.h"
#include "tokenizer/read_json.h"
#include "tokenizer/unicode.h"
#include "tokenizer/utf8.h"

static mc_status read_behavior(mc_json_value value, mc_split_behavior *behavior, bool required,
                               mc_error *err)
{
    static const char *const names[] = { "Isolated", "Removed", "MergedWithPrevious",
                                         "MergedWithNext", "Contiguous" };
    const char              *name;
    size_t                   size;

    if (!required && mc_json_is_absent(mc_json_get(value, "behavior"))) return MC_OK;
    MC_TRY(mc_require_string(value, "behavior", &name, &size, err));
    for (size_t i = 0; i < MC_ARRAY_LEN(names); i++) {
        if (strcmp(names[i], name) != 0) continue;
        *behavior = (mc_split_behavior)i;
        return MC_OK;
    }
    return mc_fail(err, MC_ERR_TOKENIZER, "this tokenizer cannot be used",
                   "split behavior '%.64s' is not supported", name);
}

static mc_status add_test(mc_tokenizer *tokenizer, mc_character_test *test,
                          mc_split_behavior behavior, mc_error *err)
{
    return mc_stages_add(
        &tokenizer->pre_tokenizers,
        (mc_stage){ .kind = &mc_stage_split_test, .test = test, .behavior = behavior }, err);
}

static mc_status read_split(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    mc_json_value pattern = mc_json_get(value, "pattern");
    mc_stage      stage   = { .kind = &mc_stage_split_regex };
    const char   *text;
    size_t        size;

    MC_TRY(read_behavior(value, &stage.behavior, true, err));
    MC_TRY(mc_require_bool(value, "invert", &stage.invert, err));
    if (mc_json_string(mc_json_get(pattern, "String"), &text, &size)) {
        MC_TRY(mc_regex_literal(text, size, &stage.regex, err));
    } else {
        MC_TRY(mc_require_string(pattern, "Regex", &text, &size, err));
        MC_TRY(mc_regex_compile(text, size, &stage.regex, err));
    }
    return mc_stages_add(&tokenizer->pre_tokenizers, stage, err);
}

static mc_status read_byte_level(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    bool prefix, use_regex = true;

    MC_TRY(mc_require_bool(value, "add_prefix_space", &prefix, err));
    MC_TRY(mc_field_bool(value, "use_regex", &use_regex, err));
    tokenizer->style = MC_STYLE_BYTE_LEVEL;
    return mc_stages_add_byte_level(&tokenizer->pre_tokenizers, prefix, use_regex, err);
}

/* Older files say add_prefix_space, newer ones prepend_scheme; -1 is never. */
static mc_status read_scheme(mc_json_value value, int *when, mc_error *err)
{
    const char *scheme;
    size_t      size;
    bool        prefix = true;

    MC_TRY(mc_field_bool(value, "add_prefix_space", &prefix, err));
    MC_TRY(mc_field_string(value, "prepend_scheme", &scheme, &size, err));
    if (!scheme) scheme = prefix ? "always" : "never";
    if (strcmp(scheme, "always") == 0 && prefix)
        *when = MC_FRONT_UNLESS_THERE;
    else if (strcmp(scheme, "first") == 0 && prefix)
        *when = MC_FRONT_AT_ORIGIN;
    else if (strcmp(scheme, "never") == 0)
        *when = -1;
    else
        return mc_fail(err, MC_ERR_TOKENIZER, "this tokenizer cannot be used",
                       "Metaspace's prepend_scheme '%.64s' is unknown or contradicts "
                       "add_prefix_space",
                       scheme);
    return MC_OK;
}

static mc_status require_character(mc_json_value value, const char *key, const char **text,
                                   size_t *size, mc_error *err)
{
    MC_TRY(mc_require_string(value, key, text, size, err));
    if (*size && mc_utf8_length(**text) == *size) return MC_OK;
    return mc_fail(err, MC_ERR_TOKENIZER, "this tokenizer cannot be used",
                   "'%s' should be one character, but is '%.64s'", key, *text);
}

static mc_status read_metaspace(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    const char *mark;
    size_t      size;
    int         when  = -1;
    bool        split = true;

    MC_TRY(require_character(value, "replacement", &mark, &size, err));
    MC_TRY(read_scheme(value, &when, err));
    MC_TRY(mc_field_bool(value, "split", &split, err));
    tokenizer->style = MC_STYLE_METASPACE;
    return mc_stages_add_metaspace(&tokenizer->pre_tokenizers, mark, size, when, split, err);
}

static mc_status read_delimiter(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    mc_stage    stage = { .kind = &mc_stage_split_regex, .behavior = MC_SPLIT_REMOVED };
    const char *text;
    size_t      size;

    MC_TRY(require_character(value, "delimiter", &text, &size, err));
    MC_TRY(mc_regex_literal(text, size, &stage.regex, err));
    return mc_stages_add(&tokenizer->pre_tokenizers, stage, err);
}

static mc_status read_digits(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    bool single;

    MC_TRY(mc_require_bool(value, "individual_digits", &single, err));
    return add_test(tokenizer, mc_is_numeric, single ? MC_SPLIT_ISOLATED : MC_SPLIT_CONTIGUOUS,
                    err);
}

static mc_status read_punctuation(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    mc_split_behavior behavior = MC_SPLIT_ISOLATED;

    MC_TRY(read_behavior(value, &behavior, false, err));
    return add_test(tokenizer, mc_is_punctuation, behavior, err);
}

static mc_status read_whitespace(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    /* Rust's \w also has the two joiners. */
    static const char words[] = "[\\w\\x{200c}\\x{200d}]+|[^\\w\\x{200c}\\x{200d}\\s]+";

    (void)value;
    return mc_stages_add_split(&tokenizer->pre_tokenizers, words, strlen(words),
                               MC_SPLIT_REMOVED, true, err);
}

static mc_status read_whitespace_split(mc_json_value value, mc_tokenizer *tokenizer,
                                       mc_error *err)
{
    (void)value;
    return add_test(tokenizer, mc_is_space, MC_SPLIT_REMOVED, err);
}

mc_status mc_tokenizer_add_bert_pre_tokenizer(mc_tokenizer *tokenizer, mc_error *err)
{
    MC_TRY(add_test(tokenizer, mc_is_space, MC_SPLIT_REMOVED, err));
    return add_test(tokenizer, mc_is_punctuation, MC_SPLIT_ISOLATED, err);
}

static mc_status read_bert(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    (void)value;
    return mc_tokenizer_add_bert_pre_tokenizer(tokenizer, err);
}

static mc_status read_fixed_length(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    uint64_t length = 5;

    if (!mc_json_is_absent(mc_json_get(value, "length")) &&
        (!mc_json_uint64(mc_json_get(value, "length"), &length) || !length || length > INT_MAX))
        return mc_fail(err, MC_ERR_TOKENIZER, "this tokenizer cannot be used",
                       "FixedLength's length is no number of characters");
    return mc_stages_add(&tokenizer->pre_tokenizers,
                         (mc_stage){ .kind = &mc_stage_split_length, .option = (int)length },
                         err);
}

mc_status mc_read_pre_tokenizer(mc_json_value value, mc_tokenizer *tokenizer, mc_error *err)
{
    static const mc_part_row rows[] = {
        { "Split", read_split },
        { "ByteLevel", read_byte_level },
        { "Metaspace", read_metaspace },
        { "Digits", read_digits },
        { "Punctuation", read_punctuation },
        { "Whitespace", read_whitespace },
        { "WhitespaceSplit", read_whitespace_split },
        { "BertPreTokenizer", read_bert },
        { "CharDelimiterSplit", read_delimiter },
        { "Delimiter", read_delimiter },
        { "FixedLength", read_fixed_length },
        { NULL, NULL },
    };

    return mc_read_parts(value, rows, "pre-tokenizer", "pretokenizers", tokenizer, err);
}
