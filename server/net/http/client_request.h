/* client_request: a client's request over plain HTTP, as a transport: its body
 * is what a WebSocket would bring in one message, its response what a WebSocket
 * would get. The connection lasts as long as the request.
 *
 * Owner:   the socket, which also owns the connection.
 * Thread:  the reactor's.
 * Limits:  the body, limits.message_bytes, within limits.handshake_seconds. An
 *          answer is kept up to ANSWER_BYTES, then sent in chunks as the client
 *          takes them.
 * Failure: a refusal is a whole response. A response that has begun and cannot
 *          go on is cut off.
 */
#ifndef PEAL_NET_CLIENT_REQUEST_H
#define PEAL_NET_CLIENT_REQUEST_H

#include <stdbool.h>

struct request_head;
struct socket;
struct transport;

extern const struct transport client_request_transport;

/* Begins one, which is then to be judged as a handshake; false for one that
 * needs no judging: it was answered. */
bool client_request_begin(struct socket *socket,
                          const struct request_head *head);

/* The socket is about to count as another address's: until the request ends.
 * False where there is none. */
bool client_request_keep_peer(struct socket *socket);

/* The client may: reads the body. Frees the socket's opening. */
void client_request_accept(struct socket *socket);

/* Whether more of the body is waited for. */
bool client_request_wants_body(const struct socket *socket);

/* Ends the socket's, if it has one. */
void client_request_free(struct socket *socket);

#endif
