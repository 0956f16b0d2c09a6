/* interrupt.h - a polite request to stop, made by a signal handler or another thread.
 *
 * Long work asks between its steps (blocks, tiles, texts) and returns MC_ERR_INTERRUPTED; what
 * it was writing is then removed on the ordinary error path. The request stays until cleared.
 */
#ifndef MC_BASE_INTERRUPT_H
#define MC_BASE_INTERRUPT_H

#include <stdbool.h>

#include "base/error.h"

void mc_interrupt_request(void); /* async-signal-safe */
void mc_interrupt_clear(void);
bool mc_interrupted(void);

/* MC_ERR_INTERRUPTED when somebody asked for it, else MC_OK. */
mc_status mc_interrupt_check(mc_error *err);

#endif
