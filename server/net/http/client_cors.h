/* client_cors: which pages may read what a client is answered over plain HTTP.
 *
 * Owner:   the caller.
 * Thread:  the reactor's.
 * Limits:  none.
 * Failure: none.
 */
#ifndef PEAL_NET_CLIENT_CORS_H
#define PEAL_NET_CLIENT_CORS_H

#include <stdbool.h>

struct request_head;
struct socket;

/* Whether the request names an origin whose pages may. */
bool client_cors_allows(const struct socket *socket,
                        const struct request_head *head);

/* The header lines that say whose pages may read the answer; owned. NULL for
 * a WebSocket's handshake, and for what is no client's. */
char *client_cors(const struct socket *socket, const struct request_head *head);

#endif
