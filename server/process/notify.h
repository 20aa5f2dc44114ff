/* notify: what systemd wants to know of a service (sd_notify(3)): that it is
 * ready, reloads, stops, and is alive. Without systemd nothing happens.
 *
 * Owner:   nothing is kept.
 * Thread:  the main thread.
 * Limits:  none.
 * Failure: none: whoever is to be told is then not told.
 */
#ifndef PEAL_NOTIFY_H
#define PEAL_NOTIFY_H

#include <stdint.h>

/* "READY=1" and the like, lines of NAME=value. */
void notify_send(const char *state);

/* The same, with what `systemctl status` shows, as printf: one line. */
__attribute__((format(printf, 2, 3))) void
notify_send_status(const char *state, const char *format, ...);

/* A reload begins: what it expects is "READY=1" when that is over. */
void notify_reloading(void);

/* How often it wants to hear that we are alive; 0: not at all. */
uint64_t notify_watchdog_ms(void);

/* Says so, unless a thread has been silent for too long: only systemd can help
 * those who wait for one that hangs. */
void notify_alive(uint64_t silence_ms);

#endif
