/* listeners: the listening sockets of an instance: one port for clients and
 * optionally another one or a Unix socket for administration; bound here, or
 * passed to the process.
 *
 * Owner:   struct net; the reactors own the descriptors.
 * Thread:  the main thread.
 * Limits:  none.
 * Failure: listeners_open reports the address that cannot be used.
 */
#ifndef PEAL_NET_LISTENERS_H
#define PEAL_NET_LISTENERS_H

#include "base/error.h"
#include "net/listen/listen_socket.h"
#include "net/shared.h"

/* Whether administration has its own listeners. */
bool listeners_have_admin(const struct net_options *options);

/* Gives every reactor its listeners. */
bool listeners_open(struct net *net, struct error *error);

/* Returns an owned list of all descriptors, which the reactors keep. */
struct listen_socket *listeners_list(const struct net *net, uint32_t *count);

#endif
