/* dashboard_access: decides by address who may see the dashboard; the API key
 * decides what is allowed there.
 *
 * With `loopback`, only local requests are served: the client address is a
 * loopback address, also if reported by a trusted local proxy, and the Host is
 * a loopback name. So requests through a proxy, and foreign pages whose name
 * resolves to this machine (DNS rebinding), are denied.
 *
 * Owner:   nothing.
 * Thread:  any.
 * Limits:  none.
 * Failure: who cannot be told is kept out.
 */
#ifndef PEAL_NET_DASHBOARD_ACCESS_H
#define PEAL_NET_DASHBOARD_ACCESS_H

#include <stdbool.h>

#include "api/api.h"
#include "base/bytes.h"
#include "base/ip_address.h"

struct request_head;
struct trusted_proxies;

/* `peer`: the address of the socket, possibly a proxy's; `client`: the client's
 * address, see client_address.h. */
bool dashboard_access_is_given(enum api_dashboard dashboard,
                               const struct trusted_proxies *proxies,
                               const struct ip_address *peer,
                               const struct ip_address *client,
                               const struct request_head *head);

/* Whether a Host header is a loopback name: localhost, 127.0.0.1, [::1], with
 * or without a port. */
bool dashboard_access_is_own_name(struct bytes host);

#endif
