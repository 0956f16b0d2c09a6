/* system.h - what the library takes of the process: memory, and one signal. */
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

/* Model files are mapped. Reading a page of a file that somebody has cut short meanwhile, or
 * that the disk cannot deliver, raises SIGBUS, which ends a program. So the library sets a
 * handler for SIGBUS whenever it maps one: such a page then reads as zeros, and the call that
 * needed it fails with MC_ERR_IO about that file. A SIGBUS at any other address, or sent by
 * kill(), goes to what was set before. A handler that a program sets while files are open
 * should pass on what is not its own to the one that sigaction() returned. Threads that read
 * models must not block SIGBUS.
 *
 * Called before the first file is opened, mc_fault_guard_disable() leaves the process's signals
 * alone: files must then not be cut short while they are in use. */
MC_API void mc_fault_guard_disable(void);

#ifdef __cplusplus
}
#endif
#endif
