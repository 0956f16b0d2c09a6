/* thread.c - a thread inherits the signal mask of who starts it. */
#include "base/thread.h"

#include <signal.h>
#include <stddef.h>

int mc_thread_start(pthread_t *thread, void *(*run)(void *), void *argument)
{
    static const int own[] = { SIGBUS, SIGSEGV, SIGFPE, SIGILL };
    sigset_t         others, before;
    int              failed;

    sigfillset(&others);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        sigdelset(&others, own[i]);
    pthread_sigmask(SIG_SETMASK, &others, &before);
    failed = pthread_create(thread, NULL, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}
