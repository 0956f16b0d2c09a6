/* system.h - what this process takes of the machine. */
#ifndef MODELCYPHER_SYSTEM_H
#define MODELCYPHER_SYSTEM_H

#include <stdint.h>

#include <modelcypher/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes of this process in memory now and at most so far, mapped file pages included (VmRSS and
 * VmHWM of proc(5)); 0 where the system does not say. */
MC_API uint64_t mc_memory_active(void);
MC_API uint64_t mc_memory_peak(void);

#ifdef __cplusplus
}
#endif
#endif
