/* client_address: determines the client's address of a request behind trusted
 * proxies.
 *
 * Owner:   plain values.
 * Thread:  any.
 * Limits:  none.
 * Failure: falls back to the connection's address.
 */
#ifndef PEAL_NET_CLIENT_ADDRESS_H
#define PEAL_NET_CLIENT_ADDRESS_H

#include <stdbool.h>

#include "base/ip_address.h"

struct request_head;
struct trusted_proxies;

/* The client's address for this request; requests over one connection of a
 * proxy may have different ones. `peer`: the address of the socket. */
struct ip_address client_address(const struct trusted_proxies *proxies,
                                 const struct ip_address *peer,
                                 const struct request_head *head);

/* Whether the request came over TLS, to Peal (`tls`) or to a proxy, according
 * to X-Forwarded-Proto or Forwarded. This only makes origin checks stricter, so
 * the proxy need not be trusted. */
bool client_is_secure(const struct trusted_proxies *proxies,
                      const struct ip_address *peer,
                      const struct request_head *head, bool tls);

#endif
