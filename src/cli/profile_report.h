/* profile_report.h - what --profile prints and writes. */
#ifndef MC_CLI_PROFILE_REPORT_H
#define MC_CLI_PROFILE_REPORT_H

#include "cli/command.h"

/* A trace that could not be written is refused now, not after the work. */
mc_status mc_profile_report_begin(const mc_session *session, mc_error *err);
/* The tables to standard error, in every form of the output, and the trace to its file. */
mc_status mc_profile_report_end(const mc_session *session, mc_error *err);

#endif
