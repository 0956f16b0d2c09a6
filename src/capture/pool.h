/* pool.h (capture) - from the vectors of texts to those of probes.
 *
 * A probe's response is the mean over its texts; its two halves are the means over the first
 * ceil(n/2) texts and over the others. Sums are in double, in the order of the texts, so that
 * the result has the same bits however the work was shared out. */
#ifndef MC_CAPTURE_POOL_H
#define MC_CAPTURE_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* texts [text_count, hidden] -> means [probe_count, hidden] and, unless NULL, halves
 * [2, probe_count, hidden]. `offsets`: probe_count + 1 texts, ascending. A probe without a text
 * (or with one, where halves are wanted: see mc_crm_can_split) is MC_ERR_ARGUMENT. */
mc_status mc_pool_probes(const float *texts, const int64_t *offsets, size_t probe_count,
                         size_t hidden, float *means, float *halves, mc_error *err);

#endif
