/* fingerprint_cache.h - fingerprints that were computed before, under a key of whatever decides
 * them. */
#ifndef MC_ANALYSIS_FINGERPRINT_CACHE_H
#define MC_ANALYSIS_FINGERPRINT_CACHE_H

#include <modelcypher/fingerprint.h>

#include "analysis/capture_run.h"
#include "cache/entry.h"

/* Where the fingerprint of an identified run is kept. The id borrows from the run. */
mc_status mc_fingerprint_cache_id(const mc_capture_run *run, mc_cache_id *id, mc_error *err);
/* Leaves *fingerprint alone when there is none, or none that can be read, which is said. */
void mc_fingerprint_cache_find(const mc_cache_id *id, mc_fingerprint **fingerprint);
void mc_fingerprint_cache_put(const mc_cache_id *id, const mc_fingerprint *fingerprint);

#endif
