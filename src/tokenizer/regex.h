/* regex.h - Unicode regular expressions, as the Oniguruma library behind Hugging Face's
 * tokenizers reads them, run by PCRE2.
 *
 * The dialects differ (`\h`, `\s`, `\w`, `^`, `{n}+`, `&&` and `[` inside a class, scripts), so
 * a pattern is translated first; whatever the translation does not know is refused, because a
 * pattern that means something else gives wrong tokens without a word. */
#ifndef MC_TOKENIZER_REGEX_H
#define MC_TOKENIZER_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/error.h"

typedef struct mc_regex mc_regex;

/* What one thread needs to match; an all-zero one is valid and made on first use. */
typedef struct mc_matcher {
    void     *data, *context, *stack;
    mc_buffer view;
} mc_matcher;

mc_status mc_regex_compile(const char *pattern, size_t size, mc_regex **regex, mc_error *err);
/* Matches exactly this text; an empty one matches between any two characters. */
mc_status mc_regex_literal(const char *text, size_t size, mc_regex **regex, mc_error *err);
void      mc_regex_free(mc_regex *regex);

/* Turn *text into what the expression is to see of it, which has the same size: newer
 * characters are replaced by what stands in for them (unicode_stand_in.h). It lives in the
 * matcher until the next call. */
mc_status mc_regex_view(const mc_regex *regex, mc_matcher *matcher, const char **text,
                        size_t size, mc_error *err);

/* The first match at or after `from`. *found is false when there is none. MC_ERR_TOKENIZER when
 * the pattern backtracks without end on this text. */
mc_status mc_regex_find(const mc_regex *regex, mc_matcher *matcher, const char *text,
                        size_t size, size_t from, bool *found, size_t *start, size_t *end,
                        mc_error *err);
void      mc_matcher_clear(mc_matcher *matcher);

/* The PCRE2 form of an Oniguruma pattern (regex_translate.c). *by_kind is false when it spells
 * out characters so that it would tell one from its stand-in. */
mc_status mc_regex_translate(const char *pattern, size_t size, mc_buffer *out, bool *by_kind,
                             mc_error *err);

#endif
