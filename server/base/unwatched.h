/* unwatched: descriptors that the kernel would not watch (epoll_ctl: no memory,
 * or more than fs.epoll.max_user_watches).
 *
 * libuv ends the process then, and libwebsockets goes on with a handle that
 * was never made. So the function that libuv calls is ours: it says that all
 * went well, and the loop's owner is told which descriptor to give up.
 *
 * Owner:   each thread has a list of its own.
 * Thread:  any.
 * Limits:  UNWATCHED_MAX in one turn of a loop; more end the process.
 * Failure: where libuv (from 1.45 on, as in Debian 13) changes what is watched
 *          by io_uring, nothing is seen here: it aborts the process.
 */
#ifndef PEAL_BASE_UNWATCHED_H
#define PEAL_BASE_UNWATCHED_H

enum { UNWATCHED_MAX = 1024 };

/* Has `wake` called on this thread when there is one. */
void unwatched_tell(void (*wake)(void *arg), void *arg);

/* One of this thread's, each once; -1: no more. */
int unwatched_take(void);

#endif
