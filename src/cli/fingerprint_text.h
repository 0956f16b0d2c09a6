/* fingerprint_text.h - a fingerprint, and two compared, for people. */
#ifndef MC_CLI_FINGERPRINT_TEXT_H
#define MC_CLI_FINGERPRINT_TEXT_H

#include <modelcypher/fingerprint.h>

#include "base/buffer.h"
#include "report/write.h"

/* A table of the layers, and what it says in sentences. */
void mc_fingerprint_text(mc_buffer *out, const mc_fingerprint *fingerprint,
                         mc_text_style style);

#endif
