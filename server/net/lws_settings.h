/* lws_settings: sets up libwebsockets: allocator, tables, a context and a vhost
 * for each reactor.
 *
 * Owner:   the reactor owns its context.
 * Thread:  the main thread.
 * Limits:  none.
 * Failure: false if a context cannot be created.
 */
#ifndef PEAL_NET_LWS_SETTINGS_H
#define PEAL_NET_LWS_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

struct reactor;

/* Call once per process, after its limit of open files was set: the library
 * sizes its tables by it. */
void lws_settings_prepare(void);

/* Creates the reactor's context and vhost. */
bool lws_settings_apply(struct reactor *reactor);

#endif
