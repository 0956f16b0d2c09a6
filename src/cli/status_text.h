/* status_text.h - the report of `mc system status` as a screen: a line for each thing. */
#ifndef MC_CLI_STATUS_TEXT_H
#define MC_CLI_STATUS_TEXT_H

#include "report/write.h"

/* `runs` is the schema of the table of running work. */
void mc_status_text(mc_report *report, const mc_field *runs, mc_text_style style,
                    mc_buffer *out);

#endif
