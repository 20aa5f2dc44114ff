/* notify: notifies systemd (sd_notify(3)) when the service is ready, reloading,
 * stopping or alive. Without systemd it does nothing.
 *
 * Owner:   nothing is kept.
 * Thread:  the main thread.
 * Limits:  none.
 * Failure: none: notifications may be lost.
 */
#ifndef PEAL_NOTIFY_H
#define PEAL_NOTIFY_H

#include <stdint.h>

/* Lines of NAME=value, such as "READY=1". */
void notify_send(const char *state);

/* The same, with what `systemctl status` shows, as printf: one line. */
__attribute__((format(printf, 2, 3))) void
notify_send_status(const char *state, const char *format, ...);

/* Reports the start of a reload; send "READY=1" when it ends. */
void notify_reloading(void);

/* The interval of watchdog notifications; 0: none. */
uint64_t notify_watchdog_ms(void);

/* Sends a watchdog notification, unless a thread has been silent for too long:
 * then systemd restarts the service. */
void notify_alive(uint64_t silence_ms);

#endif
