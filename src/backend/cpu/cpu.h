/* cpu.h - what the pieces of the cpu backend share. */
#ifndef MC_BACKEND_CPU_CPU_H
#define MC_BACKEND_CPU_CPU_H

#include "backend/backend.h"

typedef struct mc_cpu_tier {
    const char *name;
    int (*available)(void);
    const mc_backend *backend;
} mc_cpu_tier;

/* From narrow to wide; a NULL name ends. */
extern const mc_cpu_tier mc_cpu_tiers[];

#endif
