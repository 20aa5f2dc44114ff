/* fake_transport: a socket that stores written data.
 *
 * Owner:   the test owns the socket and frees it with fake_socket_deinit.
 * Thread:  that of the connection's worker.
 * Limits:  none.
 * Failure: a frame that RFC 6455 forbids for servers ends the test.
 */
#ifndef FAKE_TRANSPORT_H
#define FAKE_TRANSPORT_H

#include <stdbool.h>

#include "base/buffer.h"
#include "messaging/connection.h"
#include "net/websocket/frame_write.h"

/* A zeroed struct is an open socket that accepts everything. */
struct fake_socket {
    /* set by the test */
    bool is_blocked;
    bool is_paused; /* the server does not read */
    uint64_t acked; /* of the data in flight; 0: nothing is in flight */
    bool is_silent; /* and acknowledges none of it */
    bool is_dead;   /* the next write fails */
    /* read by the test */
    struct buffer written;
    size_t read; /* position of fake_socket_read */
    unsigned writes;
    bool wants_writable;
    unsigned closes;
    enum close_reason close_reason;
    char close_text[CLOSE_TEXT_MAX + 1];
};

/* connection->socket must point to a struct fake_socket. */
extern const struct transport fake_transport;

/* The next unread frame, valid until the next write; false if there is none. */
bool fake_socket_read(struct fake_socket *socket, enum frame_opcode *opcode,
                      struct bytes *payload);

/* The number of unread frames. */
unsigned fake_socket_count(const struct fake_socket *socket);

void fake_socket_deinit(struct fake_socket *socket);

#endif
