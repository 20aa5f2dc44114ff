/* loop: one thread's event loop (libuv), its timers, watched descriptors
 * and wake-ups.
 *
 * Owner:   the caller; timers and watches belong to their loop and are freed
 *          by loop_timer_free, loop_watch_free.
 * Thread:  loop_wake from any; the rest from the loop's own thread, or from
 *          the creating thread before loop_run and after it returned.
 * Limits:  none.
 * Failure: set-up failures of libuv (out of descriptors, bad descriptor) end
 *          the process, except loop_watch_new, which returns NULL.
 */
#ifndef PEAL_BASE_LOOP_H
#define PEAL_BASE_LOOP_H

#include <stdint.h>

struct loop;
struct loop_timer;
struct loop_watch;

/* `turn` runs before the loop sleeps and after it has handled its events:
 * whatever a turn has gathered is flushed there. */
struct loop *loop_new(void (*turn)(void *arg), void *arg);

/* Runs until loop_stop was called and every other handle is closed. */
void loop_run(struct loop *loop);

/* Closes the loop's own handles, so that loop_run ends. */
void loop_stop(struct loop *loop);

/* Ends loop_run at the end of this turn, whatever is open. */
void loop_leave(struct loop *loop);

/* After loop_run returned (or in place of it): runs what is left until every
 * handle is closed. */
void loop_finish(struct loop *loop);

/* After loop_finish. */
void loop_free(struct loop *loop);

/* `give_up` is called, with the argument of `turn` and before one, for each
 * descriptor that the kernel would not watch. Without it nothing is heard of
 * it any more: time-outs must do. */
void loop_on_unwatched(struct loop *loop, void (*give_up)(void *arg, int fd));

/* Ends the loop's sleep. */
void loop_wake(struct loop *loop);

/* The uv_loop_t, for net/ alone. */
void *loop_native(struct loop *loop);

/* First after `delay_ms`, then every `repeat_ms` (0: once). */
struct loop_timer *loop_timer_new(struct loop *loop, uint64_t delay_ms,
                                  uint64_t repeat_ms, void (*fire)(void *arg),
                                  void *arg);

/* Inside `fire`: by how much it is called too late. */
uint64_t loop_timer_late_ns(const struct loop_timer *timer);

/* Stops and frees; allowed inside `fire`. NULL is ignored. */
void loop_timer_free(struct loop_timer *timer);

enum loop_event { LOOP_READABLE = 1, LOOP_WRITABLE = 2 };

/* Calls `ready` with what `fd` is ready for, out of `events`; with all of
 * them when something is wrong with it. The descriptor stays the caller's,
 * who closes it after loop_watch_free. NULL on failure. */
struct loop_watch *loop_watch_new(struct loop *loop, int fd, unsigned events,
                                  void (*ready)(void *arg, unsigned events),
                                  void *arg);

/* Changes what is watched for; 0 pauses. */
void loop_watch_set(struct loop_watch *watch, unsigned events);

/* NULL is ignored. */
void loop_watch_free(struct loop_watch *watch);

#endif
