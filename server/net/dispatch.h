/* dispatch: routes libwebsockets' events to their handlers.
 *
 * Owner:   nothing.
 * Thread:  the reactor's.
 * Limits:  none.
 * Failure: as libwebsockets expects: 0 continues, -1 closes.
 */
#ifndef PEAL_NET_DISPATCH_H
#define PEAL_NET_DISPATCH_H

#include <stddef.h>

#include <libwebsockets.h>

#include "base/bytes.h"

struct socket;

/* The callback of the only protocol registered at libwebsockets. */
int dispatch_event(struct lws *wsi, enum lws_callback_reasons reason,
                   void *user, void *in, size_t len);

/* Frees the request or connection of a closed socket. */
void dispatch_on_closed(struct socket *socket);

/* Handles the result of a send of the ring. */
void dispatch_on_sent(struct socket *socket, struct bytes bytes, int sent);

#endif
