/* socket: one accepted TCP connection, from accept to close, for any protocol;
 * libwebsockets' opaque user data.
 *
 * Owner:   its reactor; freed when libwebsockets closes its own part.
 * Thread:  only the reactor's.
 * Limits:  it is closed after handshake_seconds without a request, or
 *          SOCKET_KEPT_SECONDS between requests.
 * Failure: none.
 */
#ifndef PEAL_NET_SOCKET_H
#define PEAL_NET_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/ip_address.h"
#include "base/utf8.h"
#include "messaging/close_reason.h"
#include "net/listen/listen_socket.h"
#include "net/stream.h"
#include "net/websocket/frame_reader.h"

enum {
    SOCKET_KEPT_SECONDS = 60,
    SOCKET_CLOSING_SECONDS = 5, /* for the client's close frame */
    SOCKET_LINGER_SECONDS = 2
};

struct admission;
struct client_request;
struct connection;
struct exchange;
struct ip_count;
struct lws;
struct opening;
struct reactor;
struct request_reader;
struct socket;

/* Sockets ordered by time. libwebsockets keeps timers in one sorted list, whose
 * inserts would take linear time. */
struct socket_list {
    struct socket *first;
    struct socket *last;
};

struct socket_place {
    struct socket_list *list;
    struct socket *next;
    struct socket *previous;
    uint64_t since_ms; /* when it was added */
};

/* State that sockets rarely need, or only until they are WebSockets. */
struct socket_extra {
    struct stream_extra stream;
    struct request_reader *head;    /* of a partly received request */
    struct exchange *exchange;      /* a request in progress, or NULL */
    struct client_request *request; /* a client's, or NULL */
    struct opening *opening;        /* between upgrade and open, or NULL */
    struct admission *admission;    /* a handshake that waits, or NULL */
    struct socket_place place;      /* list is NULL: in none */
    char *pong; /* a frame that waits to be written, or NULL */
};

/* Idle servers consist mostly of these. Open WebSockets are in no list. */
struct socket {
    struct reactor *reactor;
    struct lws *wsi;
    struct ip_count *ip;
    struct connection *connection; /* once it is a WebSocket, or opening */
    struct stream stream;
    struct socket_extra *extra; /* or NULL: see socket_peek, socket_extra */
    struct frame_reader frames;
    struct utf8 text;       /* of the current message */
    bool is_counted;        /* in net->connections */
    bool is_guest;          /* see guests.h */
    unsigned char listener; /* enum listener_kind: who accepted it */
    int fd;
};

/* The socket's extra state for writing, created if missing. */
struct socket_extra *socket_extra(struct socket *socket);

extern const struct socket_extra socket_without_extra;

/* The same for reading: an empty one if missing. */
static inline const struct socket_extra *
socket_peek(const struct socket *socket)
{
    return socket->extra ? socket->extra : &socket_without_extra;
}

/* Frees it if it is empty. */
void socket_trim(struct socket *socket);

/* Passes an accepted descriptor to libwebsockets. NULL: it was closed. */
struct socket *socket_adopt(struct reactor *reactor, enum listener_kind kind,
                            int fd, const struct ip_address *address);

/* Whether it belongs to a separate administration listener. */
static inline bool socket_is_admin(const struct socket *socket)
{
    return socket->listener != LISTENER_PUBLIC;
}

/* Administration does not use TLS. */
bool socket_has_tls(const struct socket *socket);

/* Frees parked sockets; call outside libwebsockets' events. */
void socket_release_parked(struct reactor *reactor);

/* The running reactor's socket with the descriptor, or NULL. */
struct socket *socket_find(struct reactor *reactor, int fd);

/* Moves the socket to the end of `list` (NULL: to none). */
void socket_move(struct socket *socket, struct socket_list *list);

/* The first socket of `list`, if it came there before `before_ms`. */
struct socket *socket_idle_since(const struct socket_list *list,
                                 uint64_t before_ms);

/* Closes up to `most` sockets in `list` since before `before_ms`; returns their
 * number. */
uint32_t socket_close_idle(struct socket_list *list, uint64_t before_ms,
                           uint32_t most);

/* Closes and frees it; call outside libwebsockets' events. */
void socket_close(struct socket *socket);

/* Closes all sockets of the reactor; call outside events. */
void socket_close_all(struct reactor *reactor);

/* Call when libwebsockets has closed its part: frees the socket and its
 * connection. */
void socket_free(struct socket *socket);

#endif
