/* handshake: checks requests for a WebSocket (RFC 6455 section 4.2), or an
 * event stream.
 *
 * Owner:   the socket owns the results.
 * Thread:  the reactor's.
 * Limits:  drain, connections (in total, per address, per client) are enforced
 *          here; for waiting times see admission.h.
 * Failure: a refusal is a complete HTTP response; with explain_refusals it is a
 *          WebSocket closed with the reason.
 */
#ifndef PEAL_NET_HANDSHAKE_H
#define PEAL_NET_HANDSHAKE_H

struct protocol;
struct request_head;
struct socket;

/* Answers the request, immediately or after the necessary queries. */
void handshake_judge(struct socket *socket, const struct request_head *head);

#endif
