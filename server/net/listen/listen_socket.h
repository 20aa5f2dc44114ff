/* listen_socket: listening descriptors, bound here or passed to the process.
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

/* The purpose of a listener: clients, or administration over TCP or a Unix
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

/* Whether no other process listens there: SO_REUSEPORT would silently share the
 * port with it. */
bool listen_socket_port_is_free(const char *host, uint32_t port,
                                struct error *error);

/* A bound, listening descriptor, or -1 and the reason. `port` 0 is set to the
 * chosen one. */
int listen_socket_bind(const char *host, uint32_t *port, struct error *error);

/* The same for a Unix socket, accessible to its owner and group. A stale socket
 * file is replaced. */
int listen_socket_bind_path(const char *path, struct error *error);

/* Prepares a descriptor opened by another process; false unless it is a
 * listening TCP socket or, for administration, a Unix socket, whose kind is
 * then set. */
bool listen_socket_take(struct listen_socket *socket, struct error *error);

/* The address where it listens, as text; port 0 for a Unix socket. */
uint32_t listen_socket_address(int fd, char address[IP_ADDRESS_TEXT]);

/* The place where it listens in usual notation: 127.0.0.1:80, [::1]:80, or a
 * path. */
void listen_socket_print(int fd, char out[LISTEN_PLACE_TEXT]);

/* Whether host and port match that place; port 0 matches any. */
bool listen_socket_is_at(int fd, const char *host, uint32_t port);

#endif
