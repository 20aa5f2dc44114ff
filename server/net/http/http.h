/* http: HTTP/1.1 requests, read one after the other and brought to the
 * handshake, or to the api: answered at once, or made an exchange.
 *
 * Owner:   nothing is kept between requests.
 * Thread:  the reactor's.
 * Limits:  limits.head_bytes; limits.handshake_seconds for a whole request.
 * Failure: a request that cannot be served gets a response that says why.
 */
#ifndef PEAL_NET_HTTP_H
#define PEAL_NET_HTTP_H

#include <stddef.h>

struct socket;

/* A stream_reader: requests, in the order in which they come. */
size_t http_read(struct socket *socket, char *data, size_t len);

/* The answers so far were taken: the next request may be read. */
void http_on_writable(struct socket *socket);

/* The request took too long: 408 if any of it has come, and the end. From
 * outside events; the socket may be freed by this. */
void http_give_up(struct socket *socket);

#endif
