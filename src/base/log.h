/* log.h - what the library says while it works: messages to a callback that the program sets.
 * Without a callback nothing is said. Safe from several threads if the callback is. */
#ifndef MC_BASE_LOG_H
#define MC_BASE_LOG_H

#include <modelcypher/log.h>

#include "base/error.h"

void mc_log(mc_log_level level, const char *format, ...) MC_PRINTF(2, 3);
int  mc_log_enabled(mc_log_level level);

/* Seconds of a monotonic clock, for stage times. */
double mc_clock(void);

#endif
