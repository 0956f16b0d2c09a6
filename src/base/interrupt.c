/* interrupt.c - one lock-free flag. */
#include "base/interrupt.h"

#include <stdatomic.h>

_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "a signal handler may only touch lock-free atomics");

static atomic_int requested;

void mc_interrupt_request(void)
{
    atomic_store_explicit(&requested, 1, memory_order_relaxed);
}

void mc_interrupt_clear(void)
{
    atomic_store_explicit(&requested, 0, memory_order_relaxed);
}

bool mc_interrupted(void)
{
    return atomic_load_explicit(&requested, memory_order_relaxed) != 0;
}

mc_status mc_interrupt_check(mc_error *err)
{
    if (!mc_interrupted()) return MC_OK;
    return mc_fail(err, MC_ERR_INTERRUPTED, "", "stopped on request");
}
