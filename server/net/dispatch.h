/* dispatch: libwebsockets' events, each brought to the room it belongs to.
 *
 * Owner:   nothing.
 * Thread:  the reactor's.
 * Limits:  none.
 * Failure: as libwebsockets wants it: 0 goes on, -1 closes.
 */
#ifndef PEAL_NET_DISPATCH_H
#define PEAL_NET_DISPATCH_H

#include <stddef.h>

#include <libwebsockets.h>

#include "base/bytes.h"

struct socket;

/* The callback of the one protocol that libwebsockets knows. */
int dispatch_event(struct lws *wsi, enum lws_callback_reasons reason,
                   void *user, void *in, size_t len);

/* Frees what a closed socket carries: a request, a connection. */
void dispatch_on_closed(struct socket *socket);

/* What became of a send of the ring's. */
void dispatch_on_sent(struct socket *socket, struct bytes bytes, int sent);

#endif
