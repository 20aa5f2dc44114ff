/* stream: moves bytes between libwebsockets and a reader. It passes received
 * bytes to the reader, keeps what the reader did not take, pauses and resumes
 * reading, and ends the connection once everything is written. It is
 * independent of HTTP and WebSocket.
 *
 * Owner:   the socket.
 * Thread:  the reactor's.
 * Limits:  a reader leaves at most 64 KiB (one turn's read) more than before; a
 *          paused reader gets no further read after the end of the turn
 *          (stream_pause). Unsent bytes are counted; a socket that takes none
 *          of them for limits.stalled_seconds is closed (the reactor's list
 *          `blocked`).
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

/* Takes bytes from the start, which it may change, and returns how many it
 * took. After 0, the same bytes are passed again, with more after them, or
 * because of stream_serve_later. It may set another reader, pause, and end the
 * stream; nothing is freed while it runs. */
typedef size_t stream_reader(struct socket *socket, char *data, size_t len);

enum stream_end {
    STREAM_OPEN,
    STREAM_KILL,  /* immediately, dropping unsent bytes */
    STREAM_CLOSE, /* once everything is written */
    STREAM_LINGER /* the same, but further input is read and dropped until the
                     peer closes, so that no reset overtakes the response (RFC
                     9112 section 9.6) */
};

/* State that streams rarely need. */
struct stream_extra {
    struct stream_rest *rest;    /* bytes not taken by the reader, or NULL */
    struct unsent unsent;        /* of a plain one */
    size_t counted;              /* unsent bytes counted in metrics */
    struct socket *next_waiting; /* see stream_serve_all */
};

struct stream {
    stream_reader *read;
    struct tls_socket *tls;  /* set after the handshake; NULL: plain */
    unsigned char end;       /* enum stream_end */
    bool is_waiting : 1;     /* in that list */
    bool is_put_off : 1;     /* the ring contains a send of it */
    bool is_paused : 1;      /* the reader gets nothing */
    bool is_stopped : 1;     /* libwebsockets does not read */
    bool is_held : 1;        /* the same, see stream_hold */
    bool wants_writable : 1; /* a writable event was requested */
};

static inline void stream_init(struct stream *stream, stream_reader *reader)
{
    stream->read = reader;
}

/* Call before the socket is freed. */
void stream_deinit(struct socket *socket);

/* Sets the reader; it also gets the bytes not taken by the previous one. */
void stream_set_reader(struct socket *socket, stream_reader *reader);

/* Writes the bytes; keeps what the kernel has no room for. False if the socket
 * is dead. */
bool stream_write(struct socket *socket, struct bytes bytes);

/* The same, deferred to the end of the turn or stream_settle; the bytes must
 * not change until then. */
bool stream_write_later(struct socket *socket, struct bytes bytes);

/* The same with a copy of the bytes. */
bool stream_write_soon(struct socket *socket, struct bytes bytes);

/* Sends deferred writes. */
void stream_settle(struct reactor *reactor);

/* Whether part of an earlier write is unsent. */
bool stream_is_blocked(const struct socket *socket);

/* How many bytes of it. */
size_t stream_unsent(const struct socket *socket);

/* Calls the socket's owner once everything is written. */
void stream_want_writable(struct socket *socket);

/* Pauses the reader and reading from the socket. */
void stream_pause(struct socket *socket);
void stream_resume(struct socket *socket);

/* Pauses only the reader, which is cheaper; data that arrives until the end of
 * the turn is still read. stream_release ends both. */
void stream_hold(struct socket *socket);
void stream_release(struct socket *socket);

/* Passes the reader its remaining bytes at the end of the turn. */
void stream_serve_later(struct socket *socket);

/* Ends the connection, at the earliest at the end of the turn. A kill may
 * follow another end. */
void stream_end(struct socket *socket, enum stream_end end);

/* Call at the end of a turn: ends and serves scheduled streams. */
void stream_serve_all(struct reactor *reactor);

/* ---- libwebsockets' events: 0 goes on, -1 closes */

int stream_on_receive(struct socket *socket, char *data, size_t len);

/* Call when the socket is writable: writes unsent bytes. */
int stream_on_writable(struct socket *socket);

/* Handles the result of a deferred write (see send_ring_done); false if the
 * socket is dead. */
bool stream_on_sent(struct socket *socket, struct bytes bytes, int sent);

#endif
