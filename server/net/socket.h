/* socket: one accepted TCP connection, from accept to close, whatever is
 * spoken over it; libwebsockets' opaque user data.
 *
 * Owner:   its reactor; freed when libwebsockets closes its own part.
 * Thread:  only the reactor's.
 * Limits:  without a request for handshake_seconds, or kept open between
 *          requests for SOCKET_KEPT_SECONDS, it is closed.
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

/* Sockets in the order of their time. libwebsockets has timers, but in one
 * sorted list: each insert would walk over all of them. */
struct socket_list {
    struct socket *first;
    struct socket *last;
};

struct socket_place {
    struct socket_list *list;
    struct socket *next;
    struct socket *previous;
    uint64_t since_ms; /* when it came there */
};

/* What a socket has only now and then, or until it is a WebSocket. */
struct socket_extra {
    struct stream_extra stream;
    struct request_reader *head;    /* of a request that came in part */
    struct exchange *exchange;      /* a request under way, or NULL */
    struct client_request *request; /* a client's under way, or NULL */
    struct opening *opening;        /* between upgrade and open, or NULL */
    struct admission *admission;    /* a handshake that waits, or NULL */
    struct socket_place place;      /* its list is NULL: it is in none */
    char *pong; /* a frame that waits to be written, or NULL */
};

/* An idle server is made of these. An open WebSocket is in no list. */
struct socket {
    struct reactor *reactor;
    struct lws *wsi;
    struct ip_count *ip;
    struct connection *connection; /* once it is a WebSocket, or opening */
    struct stream stream;
    struct socket_extra *extra; /* or NULL: see socket_peek, socket_extra */
    struct frame_reader frames;
    struct utf8 text;       /* of the message at hand */
    bool is_counted;        /* in net->connections */
    bool is_guest;          /* see guests.h */
    unsigned char listener; /* enum listener_kind: who accepted it */
    int fd;
};

/* What it has now and then, to be changed: made when there is none. */
struct socket_extra *socket_extra(struct socket *socket);

extern const struct socket_extra socket_without_extra;

/* The same to be read: all empty when there is none. */
static inline const struct socket_extra *
socket_peek(const struct socket *socket)
{
    return socket->extra ? socket->extra : &socket_without_extra;
}

/* Frees it when it is empty. */
void socket_trim(struct socket *socket);

/* Hands an accepted descriptor to libwebsockets. NULL: it was closed. */
struct socket *socket_adopt(struct reactor *reactor, enum listener_kind kind,
                            int fd, const struct ip_address *address);

/* Whether it is of administration, which has listeners of its own. */
static inline bool socket_is_admin(const struct socket *socket)
{
    return socket->listener != LISTENER_PUBLIC;
}

/* Administration is plain. */
bool socket_has_tls(const struct socket *socket);

/* Gives up the parked ones, from outside libwebsockets' events. */
void socket_release_parked(struct reactor *reactor);

/* The running reactor's socket with that descriptor, or NULL. */
struct socket *socket_find(struct reactor *reactor, int fd);

/* Moves the socket to the end of `list` (NULL: to none). */
void socket_move(struct socket *socket, struct socket_list *list);

/* The first socket of `list`, if it came there before `before_ms`. */
struct socket *socket_idle_since(const struct socket_list *list,
                                 uint64_t before_ms);

/* Closes what has been in `list` since before `before_ms`, up to `most`
 * sockets; how many. */
uint32_t socket_close_idle(struct socket_list *list, uint64_t before_ms,
                           uint32_t most);

/* Ends it from outside libwebsockets' events; it is freed by this. */
void socket_close(struct socket *socket);

/* Ends all of the reactor's, from outside events. */
void socket_close_all(struct reactor *reactor);

/* libwebsockets has closed its part: frees; its connection too. */
void socket_free(struct socket *socket);

#endif
