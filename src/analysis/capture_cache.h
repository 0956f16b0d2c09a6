/* capture_cache.h - a run that takes what it can from the activation cache, computes the rest,
 * and stores that as it is computed; and that goes on where an interrupted one stopped. */
#ifndef MC_ANALYSIS_CAPTURE_CACHE_H
#define MC_ANALYSIS_CAPTURE_CACHE_H

#include "analysis/capture_run.h"

/* The same layers with the same bits as without a cache go to the run's sink; run->reuse says
 * what was served. *done stays false, with a word to the log, when nothing can be kept: the
 * cache is switched off, or whole rows of all tokens are wanted. MC_ERR_USAGE: its settings are
 * not understood. */
mc_status mc_capture_layers_cached(mc_capture_run *run, mc_engine_stats *stats, bool *done,
                                   mc_error *err);

/* What the states of all wanted layers take in the cache, a checkpoint included. */
uint64_t mc_capture_cache_size(const mc_lowered *model, const bool *wanted, size_t texts,
                               size_t tokens);

#endif
