/* unicode.h - what tokenizers ask about a character. The tables are utf8proc's, corrected
 * by unicode_later.h; regular expressions ask PCRE2's (Unicode 14 in Debian 12). */
#ifndef MC_TOKENIZER_UNICODE_H
#define MC_TOKENIZER_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

bool mc_is_space(uint32_t code);       /* the property White_Space */
bool mc_is_numeric(uint32_t code);     /* categories Nd, Nl, No */
bool mc_is_punctuation(uint32_t code); /* category P, and the ASCII symbols */
bool mc_is_mark(uint32_t code);        /* category M */
bool mc_is_nonspacing(uint32_t code);  /* category Mn */
bool mc_is_control(uint32_t code);     /* BERT's: Cc, Cf and Co but tab and line ends */
bool mc_is_ideograph(uint32_t code);   /* BERT's list of CJK ranges */

/* At most two code points; returns how many. */
size_t mc_lowercase(uint32_t code, uint32_t out[2]);

typedef enum mc_unicode_form { MC_NFC, MC_NFD, MC_NFKC, MC_NFKD } mc_unicode_form;

/* `text` in this normalization form, added to `out`. A failed allocation is the buffer's. */
void mc_unicode_normalize(const char *text, size_t size, mc_unicode_form form, mc_buffer *out);

/* Where the grapheme cluster at the start of `text` ends. */
size_t mc_grapheme_size(const char *text, size_t size);

#endif
