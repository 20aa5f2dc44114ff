/* handshake: a request for a connection, judged: for a WebSocket (RFC 6455
 * section 4.2), or an event stream.
 *
 * Owner:   what it makes goes to the socket.
 * Thread:  the reactor's.
 * Limits:  drain, connections (whole, by address, by client): refused here.
 *          What must be asked first, see admission.h, takes as long.
 * Failure: a refusal is a whole HTTP response, written here; with
 *          explain_refusals it is a WebSocket closed with the reason.
 */
#ifndef PEAL_NET_HANDSHAKE_H
#define PEAL_NET_HANDSHAKE_H

struct protocol;
struct request_head;
struct socket;

/* Answers the request: at once, or when what must be asked has been. */
void handshake_judge(struct socket *socket, const struct request_head *head);

#endif
