/* spin.h - tell the processor that a loop does nothing but look. */
#ifndef MC_BASE_SPIN_H
#define MC_BASE_SPIN_H

static inline void mc_spin(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif
