/* client_address: who is at the other end of a request, behind proxies whose
 * word counts.
 *
 * Owner:   plain values.
 * Thread:  the reactor's.
 * Limits:  none.
 * Failure: where nothing can be told, the address of the connection.
 */
#ifndef PEAL_NET_CLIENT_ADDRESS_H
#define PEAL_NET_CLIENT_ADDRESS_H

#include "base/ip_address.h"

struct headers;
struct socket;

/* For the request at hand; over a kept connection of a proxy each may have
 * another one. */
struct ip_address client_address(const struct socket *socket,
                                 struct headers *headers);

#endif
