/* capture_cache.h - a run that takes what it can from the activation cache, computes the rest,
 * and stores that as it is computed; and that goes on where an interrupted one stopped. */
#ifndef MC_ANALYSIS_CAPTURE_CACHE_H
#define MC_ANALYSIS_CAPTURE_CACHE_H

#include "analysis/capture_run.h"

/* The same layers with the same bits as without a cache go to the run's sink; run->reuse grows
 * by what was served. The texts are those of run->tokens, of a whole run or of one pass. */
mc_status mc_capture_layers_cached(mc_capture_run *run, mc_engine_stats *stats, mc_error *err);

/* The most memory that it takes for them beside the engine. */
uint64_t mc_capture_cache_memory(const mc_capture_run *run);

#endif
