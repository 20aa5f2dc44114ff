#include "net/stream_transport.h"

bool stream_transport_write(struct connection *connection, struct bytes bytes)
{
    return stream_write(stream_transport_socket(connection), bytes);
}

bool stream_transport_write_later(struct connection *connection,
                                  struct bytes bytes)
{
    return stream_write_later(stream_transport_socket(connection), bytes);
}

bool stream_transport_is_blocked(const struct connection *connection)
{
    return stream_is_blocked(stream_transport_socket(connection));
}

size_t stream_transport_unsent(const struct connection *connection)
{
    return stream_unsent(stream_transport_socket(connection));
}

void stream_transport_want_writable(struct connection *connection)
{
    stream_want_writable(stream_transport_socket(connection));
}

void stream_transport_address(const struct connection *connection,
                              char out[IP_ADDRESS_TEXT])
{
    const struct socket *socket = stream_transport_socket(connection);
    ip_address_print(ip_count_address(socket->ip), out);
}
