/* listeners: the sockets that an instance listens on: one port for clients,
 * and, if wanted, another one or a Unix socket for administration; bound here,
 * or handed over.
 *
 * Owner:   struct net; the reactors own the descriptors.
 * Thread:  the main thread.
 * Limits:  none.
 * Failure: listeners_open says which address cannot be had.
 */
#ifndef PEAL_NET_LISTENERS_H
#define PEAL_NET_LISTENERS_H

#include "base/error.h"
#include "net/listen/listen_socket.h"
#include "net/shared.h"

/* Whether administration has listeners of its own. */
bool listeners_have_admin(const struct net_options *options);

/* Gives every reactor its listeners. */
bool listeners_open(struct net *net, struct error *error);

/* All of them, an owned list of descriptors that stay the reactors' own. */
struct listen_socket *listeners_list(const struct net *net, uint32_t *count);

#endif
