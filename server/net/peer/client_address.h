/* client_address: who is at the other end of a request, behind proxies whose
 * word counts.
 *
 * Owner:   plain values.
 * Thread:  any.
 * Limits:  none.
 * Failure: where nothing can be told, the address of the connection.
 */
#ifndef PEAL_NET_CLIENT_ADDRESS_H
#define PEAL_NET_CLIENT_ADDRESS_H

#include <stdbool.h>

#include "base/ip_address.h"

struct request_head;
struct trusted_proxies;

/* For the request at hand; over a kept connection of a proxy each may have
 * another one. `peer`: whose socket it is. */
struct ip_address client_address(const struct trusted_proxies *proxies,
                                 const struct ip_address *peer,
                                 const struct request_head *head);

/* Whether the request came over TLS, to us (`tls`) or to a proxy, as
 * X-Forwarded-Proto or Forwarded says. That only makes origins stricter, so
 * the proxy need not be a trusted one. */
bool client_is_secure(const struct trusted_proxies *proxies,
                      const struct ip_address *peer,
                      const struct request_head *head, bool tls);

#endif
