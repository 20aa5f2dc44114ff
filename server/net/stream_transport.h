/* stream_transport: the parts of a transport common to all framings, because a
 * connection's bytes go through the stream of its socket.
 *
 * Owner:   the socket, which outlives its connection.
 * Thread:  the reactor's.
 * Limits:  those of stream.h.
 * Failure: as in stream.h.
 */
#ifndef PEAL_NET_STREAM_TRANSPORT_H
#define PEAL_NET_STREAM_TRANSPORT_H

#include "messaging/connection.h"
#include "net/reactor.h"

static inline struct socket *
stream_transport_socket(const struct connection *connection)
{
    return connection->socket;
}

/* Members of struct transport, with the same names. */
bool stream_transport_write(struct connection *connection, struct bytes bytes);
bool stream_transport_write_later(struct connection *connection,
                                  struct bytes bytes);
bool stream_transport_is_blocked(const struct connection *connection);
size_t stream_transport_unsent(const struct connection *connection);
void stream_transport_want_writable(struct connection *connection);
void stream_transport_address(const struct connection *connection,
                              char out[IP_ADDRESS_TEXT]);

#endif
