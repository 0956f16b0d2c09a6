/* thread.h - threads of our own, which leave the process's signals to the caller's. */
#ifndef MC_BASE_THREAD_H
#define MC_BASE_THREAD_H

#include <pthread.h>

/* As pthread_create() with default attributes: 0, or an errno value. All signals are blocked in
 * the new thread, but for those that its own instructions raise. */
int mc_thread_start(pthread_t *thread, void *(*run)(void *), void *argument);

#endif
