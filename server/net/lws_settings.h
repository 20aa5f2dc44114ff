/* lws_settings: how libwebsockets is set up: allocator, tables, a context and
 * a vhost for each reactor.
 *
 * Owner:   the reactor, of its context.
 * Thread:  the main thread's.
 * Limits:  none.
 * Failure: false when a context cannot be made.
 */
#ifndef PEAL_NET_LWS_SETTINGS_H
#define PEAL_NET_LWS_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

struct reactor;

/* For the process, once, and after its limit of open files was set: the
 * library sizes its tables by it. */
void lws_settings_prepare(void);

/* Makes the reactor's context and vhost. */
bool lws_settings_apply(struct reactor *reactor);

#endif
