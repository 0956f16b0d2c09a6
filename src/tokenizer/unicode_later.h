/* unicode_later.h - where utf8proc's Unicode is not the one of Hugging Face's tokenizers, whose
 * tables are of several ages. Equal ids need their answer, so these sets turn ours around. */
#ifndef MC_TOKENIZER_UNICODE_LATER_H
#define MC_TOKENIZER_UNICODE_LATER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum mc_later_set {
    MC_LATER_NORMALIZATION, /* no decomposition, no combining class there */
    MC_LATER_MARK,
    MC_LATER_NONSPACING,
    MC_LATER_CONTROL,
    MC_LATER_PUNCTUATION,
    MC_LATER_NUMERIC
} mc_later_set;

bool mc_unicode_later(mc_later_set set, uint32_t code);

/* The lower case of letters of which utf8proc knows none; others stay. */
uint32_t mc_unicode_later_lower(uint32_t code);

#endif
