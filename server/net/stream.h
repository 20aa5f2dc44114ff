/* stream: moves bytes between libwebsockets and a reader. It gives the reader
 * what arrived, keeps what the reader did not take, pauses and resumes
 * reading, and ends the connection once everything has been written. It knows
 * neither HTTP nor WebSocket.
 *
 * Owner:   the socket.
 * Thread:  the reactor's.
 * Limits:  what a reader leaves is at most what was read in a turn (64 KiB)
 *          beyond what it left before; a reader that cannot go on gets no
 *          further read after the end of the turn (stream_pause). Unsent bytes
 *          are counted; a socket that takes none of them for
 *          limits.stalled_seconds is given up (the reactor's list `blocked`).
 * Failure: a socket that cannot be written to is closed.
 */
#ifndef PEAL_NET_STREAM_H
#define PEAL_NET_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"
#include "net/unsent.h"

struct reactor;
struct socket;
struct stream_rest;
struct tls_socket;

/* Takes what it can from the start of the bytes, which it may change, and
 * returns how many it took. With 0 the same bytes are given again, with more
 * after them, or when stream_serve_later says so. It may set another reader,
 * pause, and end; nothing is freed while it runs. */
typedef size_t stream_reader(struct socket *socket, char *data, size_t len);

enum stream_end {
    STREAM_OPEN,
    STREAM_KILL,  /* whatever waits to be written */
    STREAM_CLOSE, /* once everything was written */
    STREAM_LINGER /* the same, but what still comes is read and dropped until
                     the peer closes, so that no reset overtakes our bytes
                     (RFC 9112 section 9.6) */
};

/* What a stream has only now and then. */
struct stream_extra {
    struct stream_rest *rest;    /* bytes that the reader left, or NULL */
    struct unsent unsent;        /* of a plain one */
    size_t counted;              /* unsent bytes that metrics know of */
    struct socket *next_waiting; /* see stream_serve_all */
};

struct stream {
    stream_reader *read;
    struct tls_socket *tls;  /* once the handshake is over; NULL: plain */
    unsigned char end;       /* enum stream_end */
    bool is_waiting : 1;     /* in that list */
    bool is_put_off : 1;     /* the ring has a send of it */
    bool is_paused : 1;      /* nothing is given to the reader */
    bool is_stopped : 1;     /* libwebsockets reads nothing */
    bool is_held : 1;        /* the same, see stream_hold */
    bool wants_writable : 1; /* libwebsockets was asked to tell */
};

static inline void stream_init(struct stream *stream, stream_reader *reader)
{
    stream->read = reader;
}

/* Forgets the socket, which is about to be freed. */
void stream_deinit(struct socket *socket);

/* From now on; what was not taken goes to this one. */
void stream_set_reader(struct socket *socket, stream_reader *reader);

/* Whole pieces: what the kernel has no room for is kept. False when the socket
 * is dead. */
bool stream_write(struct socket *socket, struct bytes bytes);

/* The same, but not before the end of the turn, or stream_settle; the bytes
 * must stay as they are until then. */
bool stream_write_later(struct socket *socket, struct bytes bytes);

/* The same with a copy of the bytes. */
bool stream_write_soon(struct socket *socket, struct bytes bytes);

/* Sends what was put off. */
void stream_settle(struct reactor *reactor);

/* Part of an earlier write still waits. */
bool stream_is_blocked(const struct socket *socket);

/* How many bytes of it. */
size_t stream_unsent(const struct socket *socket);

/* Calls the socket's owner when everything was written. */
void stream_want_writable(struct socket *socket);

/* The reader gets nothing more, and nothing is read from the socket. */
void stream_pause(struct socket *socket);
void stream_resume(struct socket *socket);

/* The reader gets nothing more either, but what arrives until the end of the
 * turn is read; pausing costs more. stream_release ends both. */
void stream_hold(struct socket *socket);
void stream_release(struct socket *socket);

/* Gives the reader what it left, at the end of the turn. */
void stream_serve_later(struct socket *socket);

/* Ends the connection, at the end of the turn at the earliest. A kill may come
 * after another end. */
void stream_end(struct socket *socket, enum stream_end end);

/* At the end of a turn: ends what is to end, and serves what waits. */
void stream_serve_all(struct reactor *reactor);

/* ---- libwebsockets' events: 0 goes on, -1 closes */

int stream_on_receive(struct socket *socket, char *data, size_t len);

/* The socket takes more: what waited is written. */
int stream_on_writable(struct socket *socket);

/* What became of a write put off (see send_ring_done); false when the socket
 * is dead. */
bool stream_on_sent(struct socket *socket, struct bytes bytes, int sent);

#endif
