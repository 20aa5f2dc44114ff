/* fake_transport: a socket that keeps what is written to it.
 *
 * Owner:   the test owns the socket and ends it by fake_socket_deinit.
 * Thread:  that of the connection's worker.
 * Limits:  none.
 * Failure: a frame that RFC 6455 does not allow a server ends the test.
 */
#ifndef FAKE_TRANSPORT_H
#define FAKE_TRANSPORT_H

#include <stdbool.h>

#include "base/buffer.h"
#include "messaging/connection.h"
#include "net/websocket/frame_write.h"

/* A zeroed struct is an open socket that takes everything. */
struct fake_socket {
    /* set by the test */
    bool is_blocked;
    bool is_paused; /* nothing is read */
    uint64_t acked; /* of what is still under way; 0: nothing is */
    bool is_silent; /* and acknowledges nothing of it */
    bool is_dead;   /* the next write fails */
    /* read by the test */
    struct buffer written;
    size_t read; /* up to here fake_socket_read has been */
    unsigned writes;
    bool wants_writable;
    unsigned closes;
    enum close_reason close_reason;
    char close_text[CLOSE_TEXT_MAX + 1];
};

/* connection->socket must point to a struct fake_socket. */
extern const struct transport fake_transport;

/* The next frame that was written, valid until the next write; false when
 * there is none. */
bool fake_socket_read(struct fake_socket *socket, enum frame_opcode *opcode,
                      struct bytes *payload);

/* How many frames were written and not read. */
unsigned fake_socket_count(const struct fake_socket *socket);

void fake_socket_deinit(struct fake_socket *socket);

#endif
