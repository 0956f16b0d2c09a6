/* spin.h - waiting for a moment without sleeping. */
#ifndef MC_BASE_SPIN_H
#define MC_BASE_SPIN_H

/* A waiting thread looks so many times before it sleeps: what it waits for is mostly
 * microseconds away, and a wake-up costs tens. */
enum { MC_SPINS = 2000 };

/* Tell the processor that the loop does nothing but look. */
static inline void mc_spin(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif
