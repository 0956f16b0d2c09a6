/* fingerprint_text.h - a fingerprint, and two compared, for people. */
#ifndef MC_CLI_FINGERPRINT_TEXT_H
#define MC_CLI_FINGERPRINT_TEXT_H

#include <modelcypher/fingerprint.h>

#include "base/buffer.h"
#include "report/write.h"

/* A table of the layers, and what it says in sentences. */
void mc_fingerprint_text(mc_buffer *out, const mc_fingerprint *fingerprint,
                         mc_text_style style);

/* Layers of equal depth side by side, and what differs in sentences. */
void mc_fingerprint_compare_text(mc_buffer *out, const mc_fingerprint_comparison *comparison,
                                 mc_text_style style);
/* About three digits that count: 0.48, 13.9, 1840. Returns `text`. */
const char *mc_short_number(double value, char text[16]);

#endif
