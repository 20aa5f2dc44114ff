/* thread: a thread that leaves signals to the main thread.
 *
 * Owner:   the caller, who joins it with pthread_join.
 * Thread:  any.
 * Limits:  none.
 * Failure: without another thread to be had the process ends: a server that
 *          is missing one of its loops serves nobody.
 */
#ifndef PEAL_BASE_THREAD_H
#define PEAL_BASE_THREAD_H

#include <pthread.h>

/* Starts `run` with every signal blocked. */
void thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg);

#endif
