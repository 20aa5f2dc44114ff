/* event_stream: the transport of Server-Sent Events (HTML Standard, section
 * 9.2): an endless response with an event per message.
 *
 * Owner:   nothing; a socket owns its connection.
 * Thread:  the reactor's.
 * Limits:  see connection.h. Data sent by a client after its request is
 *          dropped, and counts towards its rate.
 * Failure: a refusal is a complete HTTP response. A client that must not
 *          reconnect gets an event that says so, and 204 if it does.
 */
#ifndef PEAL_NET_EVENT_STREAM_H
#define PEAL_NET_EVENT_STREAM_H

#include "messaging/framing.h"

struct request_head;
struct socket;
struct transport;

extern const struct transport event_stream_transport;

/* Appends `event`, `data` and `id` for a payload that is a JSON object. */
extern const struct framing event_stream_framing;

/* Answers a stream request that needs no further checks; false for one that
 * does. */
bool event_stream_answer(struct socket *socket,
                         const struct request_head *head);

/* Copies the data that the opening needs from the request. */
void event_stream_keep(struct socket *socket, const struct request_head *head);

/* Begins the response for the socket's opening, which it frees, and opens the
 * connection. */
void event_stream_accept(struct socket *socket);

#endif
