/* socket: one accepted TCP connection, from accept to close, whatever is
 * spoken over it; libwebsockets' opaque user data.
 *
 * Owner:   its reactor; freed when libwebsockets destroys its own part.
 * Thread:  only the reactor's.
 * Limits:  without a request for handshake_seconds, or kept open between
 *          requests for SOCKET_KEPT_SECONDS, it is closed.
 * Failure: none.
 */
#ifndef PEAL_NET_SOCKET_H
#define PEAL_NET_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/utf8.h"
#include "messaging/close_reason.h"
#include "net/input.h"

enum { SOCKET_KEPT_SECONDS = 60 };

struct admission;
struct connection;
struct exchange;
struct held_response;
struct ip_count;
struct lws;
struct opening;
struct reactor;
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

/* An open WebSocket is in no list, and most of these are that. */
struct socket {
    struct reactor *reactor;
    struct lws *wsi;
    struct ip_count *ip;
    struct connection *connection; /* once it is a WebSocket, or opening */
    struct opening *opening;       /* between upgrade and open */
    struct exchange *exchange;     /* a request under way, or NULL */
    struct admission *admission;   /* it waits for leave, or NULL */
    struct held_response *held_response; /* meanwhile */
    struct socket_place *place; /* in a list, or NULL */
    struct socket *next_held; /* see input.h */
    struct input input;
    char *pong; /* a frame that waits to be written, or NULL */
    int fd;
    struct utf8 text; /* of the message at hand */
    uint32_t requests;
    bool is_counted; /* in net->connections */
};

/* Moves the socket to the end of `list` (NULL: to none). */
void socket_move(struct socket *socket, struct socket_list *list);

/* Closes what has been in `list` since before `before_ms`; how many. */
uint32_t socket_close_idle(struct socket_list *list, uint64_t before_ms);

/* Ends it from outside libwebsockets' events; it may be freed by this. */
void socket_close(struct socket *socket);

/* Frees; its connection too. */
void socket_free(struct socket *socket);

#endif
