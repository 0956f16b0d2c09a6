/* responses.h - states in memory, for analyses that look at a run before it begins. */
#ifndef MC_ANALYSIS_RESPONSES_H
#define MC_ANALYSIS_RESPONSES_H

#include "analysis/capture_run.h"

/* A file that holds states, and no model: an ordinary file that is no GGUF. */
bool mc_responses_is_file(const char *source);
/* MC_ERR_ARGUMENT when the options ask for texts or a pooling that such a file cannot have. */
mc_status mc_responses_check(mc_pooling pooling, const mc_crm_build_options *options,
                             mc_error *err);
/* What they take, for the run's sink_memory: all wanted layers. */
uint64_t mc_responses_memory(const mc_capture_run *run);
/* Run an opened and identified run. */
mc_status mc_responses_run(mc_capture_run *run, mc_responses **responses, mc_error *err);

#endif
