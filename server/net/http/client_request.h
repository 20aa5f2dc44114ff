/* client_request: the transport of client requests over plain HTTP: the body is
 * one message as sent over a WebSocket, the response is the answer. The
 * connection lasts as long as the request.
 *
 * Owner:   the socket, which also owns the connection.
 * Thread:  the reactor's.
 * Limits:  the body, limits.message_bytes, within limits.handshake_seconds. An
 *          answer is buffered up to ANSWER_BYTES, then sent in chunks as the
 *          client reads them.
 * Failure: a refusal is a complete response. A response that fails after its
 *          start is cut off.
 */
#ifndef PEAL_NET_CLIENT_REQUEST_H
#define PEAL_NET_CLIENT_REQUEST_H

#include <stdbool.h>

struct request_head;
struct socket;
struct transport;

extern const struct transport client_request_transport;

/* Begins a request, to be checked like a handshake; false if it was already
 * answered. */
bool client_request_begin(struct socket *socket,
                          const struct request_head *head);

/* Counts the socket for another address until the request ends. False if there
 * is no request. */
bool client_request_keep_peer(struct socket *socket);

/* Reads the body of an accepted request. Frees the socket's opening. */
void client_request_accept(struct socket *socket);

/* Whether the body is incomplete. */
bool client_request_wants_body(const struct socket *socket);

/* Ends the socket's request, if any. */
void client_request_free(struct socket *socket);

#endif
