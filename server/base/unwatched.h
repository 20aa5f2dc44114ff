/* unwatched: descriptors that the kernel refused to watch (epoll_ctl: no
 * memory, or more than fs.epoll.max_user_watches).
 *
 * In that case libuv aborts the process, and libwebsockets continues with a
 * handle that does not exist. Therefore Peal replaces the function that libuv
 * calls: it reports success, and the loop's owner is notified which descriptor
 * to give up.
 *
 * Owner:   each thread has its own list.
 * Thread:  any.
 * Limits:  UNWATCHED_MAX per turn of a loop; more end the process.
 * Failure: libuv 1.45 and later (Debian 13) may change watches through
 *          io_uring, which is not intercepted: a failure there aborts the
 *          process.
 */
#ifndef PEAL_BASE_UNWATCHED_H
#define PEAL_BASE_UNWATCHED_H

enum { UNWATCHED_MAX = 1024 };

/* Calls `wake` on this thread when there is a new one. */
void unwatched_tell(void (*wake)(void *arg), void *arg);

/* Removes one descriptor of this thread; -1: no more. */
int unwatched_take(void);

#endif
