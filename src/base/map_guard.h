/* map_guard.h - a mapped file that cannot be read any more is a failure and not a death.
 *
 * Reading a page of a mapping whose file has been cut short, or whose disk fails, raises
 * SIGBUS. The ranges that are guarded here get pages of zeros instead, from the first page that
 * could not be read to the end, and a mark: who reads a mapping asks for the mark before it
 * believes what it has read (mc_file_map_check).
 *
 * The price is a signal handler of the whole process, set when a range is guarded. A
 * SIGBUS that is not about a guarded range goes to whatever the program had set before. See
 * mc_fault_guard_disable() in <modelcypher/system.h>. */
#ifndef MC_BASE_MAP_GUARD_H
#define MC_BASE_MAP_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

typedef struct mc_map_guard mc_map_guard;

mc_status mc_map_guard_create(const void *base, size_t size, mc_map_guard **guard,
                              mc_error *err);
/* Before the range is unmapped. NULL is fine. */
void mc_map_guard_release(mc_map_guard *guard);
/* Some page of the range could not be read. */
bool mc_map_guard_hit(const mc_map_guard *guard);

/* MC_ERR_IO when any range was hit since the process began: a program's last look before it
 * shows a result. */
mc_status mc_map_guard_check_all(mc_error *err);

#endif
