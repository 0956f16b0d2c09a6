/* compare_report.h - a comparison as a report for programs and as text for people. */
#ifndef MC_CLI_COMPARE_REPORT_H
#define MC_CLI_COMPARE_REPORT_H

#include <modelcypher/compare.h>

#include "base/buffer.h"
#include "report/report.h"
#include "report/schema.h"
#include "report/write.h"

extern const mc_field mc_compare_fields[];

/* Everything; the root gets the fields above. */
void mc_compare_report(mc_report *report, const mc_crm_comparison *comparison,
                       const mc_compare_options *statistics);
/* A map of the matrix of each metric, and the findings in sentences. */
void mc_compare_text(mc_buffer *out, const mc_crm_comparison *comparison, mc_text_style style);
#endif
