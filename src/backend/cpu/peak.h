/* peak.h - what the arithmetic of this machine can do, measured. */
#ifndef MC_BACKEND_CPU_PEAK_H
#define MC_BACKEND_CPU_PEAK_H

#include "backend/backend.h"
#include "base/pool.h"

/* Floating-point operations a second of float32 fused multiply-adds on all workers together, in
 * registers, over about `seconds`: the best of several rounds. 0 for a backend without kernels.
 */
double mc_cpu_fma_peak(const mc_backend *backend, mc_pool *pool, double seconds);

#endif
