/* loop: one thread's event loop (libuv), its timers, watched descriptors and
 * wake-ups.
 *
 * Owner:   the caller; timers and watches belong to their loop and are freed by
 *          loop_timer_free, loop_watch_free.
 * Thread:  loop_wake from any; the rest from the loop's own thread, or from the
 *          creating thread before loop_run and after it returned.
 * Limits:  none.
 * Failure: set-up failures of libuv (out of descriptors, bad descriptor) end
 *          the process, except in loop_watch_new, which returns NULL.
 */
#ifndef PEAL_BASE_LOOP_H
#define PEAL_BASE_LOOP_H

#include <stdint.h>

struct loop;
struct loop_timer;
struct loop_watch;

/* `turn` runs after the loop has handled its events and before it sleeps:
 * there, everything gathered in the turn is flushed. */
struct loop *loop_new(void (*turn)(void *arg), void *arg);

/* Runs until loop_stop was called and every other handle is closed. */
void loop_run(struct loop *loop);

/* Closes the loop's own handles, so that loop_run ends. */
void loop_stop(struct loop *loop);

/* Ends loop_run at the end of this turn, regardless of open handles. */
void loop_leave(struct loop *loop);

/* Call after loop_run returned (or instead of it): runs until every handle is
 * closed. */
void loop_finish(struct loop *loop);

/* Call after loop_finish. */
void loop_free(struct loop *loop);

/* `give_up` is called before a turn, with the argument of `turn`, for each
 * descriptor that the kernel refused to watch. Such a descriptor reports no
 * more events. */
void loop_on_unwatched(struct loop *loop, void (*give_up)(void *arg, int fd));

/* Wakes the loop. */
void loop_wake(struct loop *loop);

/* The uv_loop_t, only for net/. */
void *loop_native(struct loop *loop);

/* First after `delay_ms`, then every `repeat_ms` (0: once). */
struct loop_timer *loop_timer_new(struct loop *loop, uint64_t delay_ms,
                                  uint64_t repeat_ms, void (*fire)(void *arg),
                                  void *arg);

/* Within `fire`: the delay of this call. */
uint64_t loop_timer_late_ns(const struct loop_timer *timer);

/* Stops and frees; allowed inside `fire`. NULL is ignored. */
void loop_timer_free(struct loop_timer *timer);

enum loop_event { LOOP_READABLE = 1, LOOP_WRITABLE = 2 };

/* Calls `ready` with the events of `events` that `fd` is ready for; with all of
 * them on an error. The caller keeps the descriptor and closes it after
 * loop_watch_free. NULL on failure. */
struct loop_watch *loop_watch_new(struct loop *loop, int fd, unsigned events,
                                  void (*ready)(void *arg, unsigned events),
                                  void *arg);

/* Changes the watched events; 0 pauses. */
void loop_watch_set(struct loop_watch *watch, unsigned events);

/* NULL is ignored. */
void loop_watch_free(struct loop_watch *watch);

#endif
