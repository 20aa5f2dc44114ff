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

/* Whether nobody else listens there: SO_REUSEPORT would share the port with
 * another process without a word. */
bool listen_socket_port_is_free(const char *host, uint32_t port,
                                struct error *error);

/* A bound, listening descriptor, or -1 and why. `port` 0 is set to the one
 * picked. */
int listen_socket_bind(const char *host, uint32_t *port, struct error *error);

/* Makes one that another process opened like one of ours; false unless it is
 * a listening TCP socket. */
bool listen_socket_take(int fd, struct error *error);

/* Where it listens, the address as text. */
uint32_t listen_socket_address(int fd, char address[IP_ADDRESS_TEXT]);

/* Whether host and port mean that place; port 0 means any. */
bool listen_socket_is_at(int fd, const char *host, uint32_t port);

#endif
