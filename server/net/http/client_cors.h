/* client_cors: which pages may read the response to a client's plain HTTP
 * request.
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

/* Whether the request has an origin whose pages may read the response. */
bool client_cors_allows(const struct socket *socket,
                        const struct request_head *head);

/* The CORS header lines of the response; owned. NULL for WebSocket handshakes,
 * and for requests that are not a client's. */
char *client_cors(const struct socket *socket, const struct request_head *head);

#endif
