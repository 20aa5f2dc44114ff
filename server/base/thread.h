/* thread: starts threads that leave signals to the main thread.
 *
 * Owner:   the caller, who joins it with pthread_join.
 * Thread:  any.
 * Limits:  none.
 * Failure: ends the process if no thread can be created: a server without one
 *          of its loops cannot serve.
 */
#ifndef PEAL_BASE_THREAD_H
#define PEAL_BASE_THREAD_H

#include <pthread.h>

/* Starts `run` with every signal blocked. */
void thread_start(pthread_t *thread, void *(*run)(void *arg), void *arg);

#endif
