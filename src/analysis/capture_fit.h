/* capture_fit.h - whether a run fits into the memory it may take, and what to do when not. */
#ifndef MC_ANALYSIS_CAPTURE_FIT_H
#define MC_ANALYSIS_CAPTURE_FIT_H

#include "analysis/capture_run.h"

/* Decide in how many passes the run is made (run->passes, run->pass_begins): one, unless the
 * states of all texts at once take more than options->max_memory, or than the machine, its
 * control group and the process's limits leave where that is 0. MC_ERR_MEMORY, at once, when no
 * number of passes fits: the hint names the options with which it would. */
mc_status mc_capture_fit(mc_capture_run *run, mc_error *err);

/* Whether blocks are let go of, the system's cache included, as soon as they are widened.
 * `stats`: of all texts, in one pass; `room`: what the system has to give.
 *
 * Where weights and pass are more than `room`, reading a block displaces others that the next
 * pass or program reads again. Where they are more than half of it, and the disk takes less
 * time than the arithmetic, a later run would not end sooner for having them there: other
 * programs' files stay instead, and each block comes into the pages of the one before. New
 * pages cost more than the disk on a virtual machine that gets its memory from the host page by
 * page. */
bool mc_capture_must_stream(const mc_engine_stats *stats, uint64_t pass_memory, size_t passes,
                            uint64_t room);

#endif
