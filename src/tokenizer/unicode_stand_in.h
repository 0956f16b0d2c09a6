/* unicode_stand_in.h - PCRE2's Unicode is older than that of the regular expressions of Hugging
 * Face's tokenizers. Where its tables do not know a character, or otherwise, another one stands
 * in for it: of the same category, script and size in UTF-8, and known to both. */
#ifndef MC_TOKENIZER_UNICODE_STAND_IN_H
#define MC_TOKENIZER_UNICODE_STAND_IN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The character itself when nothing stands in for it. */
uint32_t mc_unicode_stand_in(uint32_t code);

/* Where the first character at or after `from` begins that has one; `size`: there is none. */
size_t mc_unicode_next_replaced(const char *text, size_t size, size_t from);

/* Whether some character is in this range and its stand-in is not, or the other way round. */
bool mc_unicode_tells_apart(uint32_t first, uint32_t last, bool ignore_case);

#endif
