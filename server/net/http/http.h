/* http: reads HTTP/1.1 requests one after the other and passes them to the
 * handshake or the API; answers them immediately, or starts an exchange.
 *
 * Owner:   nothing is kept between requests.
 * Thread:  the reactor's.
 * Limits:  limits.head_bytes; limits.handshake_seconds for a whole request.
 * Failure: a request that cannot be served gets a response with the reason.
 */
#ifndef PEAL_NET_HTTP_H
#define PEAL_NET_HTTP_H

#include <stddef.h>

struct socket;

/* A stream_reader that reads requests in order. */
size_t http_read(struct socket *socket, char *data, size_t len);

/* Call when all responses were sent: the next request may be read. */
void http_on_writable(struct socket *socket);

/* Ends a request that took too long, with 408 if any of it has arrived. Call
 * outside events; may free the socket. */
void http_give_up(struct socket *socket);

#endif
