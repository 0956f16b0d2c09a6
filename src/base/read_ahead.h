/* read_ahead.h - a thread that reads mapped files before their bytes are needed.
 *
 * Advice to the system is not enough for that: MADV_WILLNEED starts reading as much as the
 * device's read-ahead window (128 KiB as a rule) however much it is asked for, and whoever
 * touches the rest waits for the disk. The thread touches the pages in order, one window after
 * the other, and is asleep while the disk works. */
#ifndef MC_BASE_READ_AHEAD_H
#define MC_BASE_READ_AHEAD_H

#include <stdbool.h>

#include "base/span.h"

typedef struct mc_read_ahead mc_read_ahead;

/* NULL: no memory. The thread begins with the first range. */
mc_read_ahead *mc_read_ahead_create(void);
/* Returns when the thread no longer touches anything. */
void mc_read_ahead_free(mc_read_ahead *reader);

/* Ranges are read in the order in which they come; they stay mapped until then. False: there
 * are too many, or no thread can be had. */
bool mc_read_ahead_add(mc_read_ahead *reader, mc_span range);
/* Nothing of this is needed any longer. What is being read at this moment may still come. */
void mc_read_ahead_drop(mc_read_ahead *reader, mc_span range);

#endif
