/* examine_text.h - an examination for people: a line a check, reasons where something is. */
#ifndef MC_CLI_EXAMINE_TEXT_H
#define MC_CLI_EXAMINE_TEXT_H

#include <modelcypher/examine.h>

#include "base/buffer.h"
#include "report/write.h"

void mc_examine_text(mc_buffer *out, const char *model, const mc_examination *examination,
                     mc_text_style style);

#endif
