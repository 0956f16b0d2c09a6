/* capture_fit.h - whether a run fits into the memory it may take, and what to do when not. */
#ifndef MC_ANALYSIS_CAPTURE_FIT_H
#define MC_ANALYSIS_CAPTURE_FIT_H

#include "analysis/capture_run.h"

/* Decide in how many passes the run is made (run->passes, run->pass_begins): one, unless the
 * states of all texts at once take more than options->max_memory, or than the machine, its
 * control group and the process's limits leave where that is 0. MC_ERR_MEMORY, at once, when no
 * number of passes fits: the hint names the options with which it would. */
mc_status mc_capture_fit(mc_capture_run *run, mc_error *err);

#endif
