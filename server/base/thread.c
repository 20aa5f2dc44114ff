#include "base/thread.h"

#include <signal.h>

#include "base/memory.h"

/* The thread inherits the mask, so it is set during creation. */
void thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg)
{
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    PANIC_IF(pthread_create(thread, NULL, run, arg));
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}
