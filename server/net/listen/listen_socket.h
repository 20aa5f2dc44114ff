/* listen_socket: descriptors that listen, bound by us or handed over.
 *
 * Owner:   the caller owns the descriptors.
 * Thread:  any.
 * Limits:  none.
 * Failure: false or -1, with the reason.
 */
#ifndef PEAL_NET_LISTEN_SOCKET_H
#define PEAL_NET_LISTEN_SOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/ip_address.h"

/* What a listener is for: clients, or administration, over TCP or a Unix
 * socket. Metrics are in the same order. */
enum listener_kind {
    LISTENER_PUBLIC,
    LISTENER_ADMIN,
    LISTENER_ADMIN_SOCKET,
    LISTENER_KINDS
};

struct listen_socket {
    enum listener_kind kind;
    int fd;
};

enum {
    LISTEN_PATH_MAX = 107, /* of a Unix socket: see unix(7) */
    LISTEN_PLACE_TEXT = LISTEN_PATH_MAX + 1
};

/* Whether nobody else listens there: SO_REUSEPORT would share the port with
 * another process without a word. */
bool listen_socket_port_is_free(const char *host, uint32_t port,
                                struct error *error);

/* A bound, listening descriptor, or -1 and why. `port` 0 is set to the one
 * picked. */
int listen_socket_bind(const char *host, uint32_t *port, struct error *error);

/* The same for a Unix socket, which its owner and group may use. One that
 * nobody listens at any more is replaced. */
int listen_socket_bind_path(const char *path, struct error *error);

/* Makes one that another process opened like one of ours; false unless it is
 * a listening TCP socket or, for administration, a Unix socket: then its kind
 * tells which. */
bool listen_socket_take(struct listen_socket *socket, struct error *error);

/* Where it listens, the address as text; a port of 0 for a Unix socket. */
uint32_t listen_socket_address(int fd, char address[IP_ADDRESS_TEXT]);

/* Where it listens as people write it: 127.0.0.1:80, [::1]:80, or a path. */
void listen_socket_print(int fd, char out[LISTEN_PLACE_TEXT]);

/* Whether host and port mean that place; port 0 means any. */
bool listen_socket_is_at(int fd, const char *host, uint32_t port);

#endif
