/* dashboard_access: who may see the dashboard, by where they come from; what
 * they may do there, their key says.
 *
 * On loopback it is seen by who sits at this machine: his address is one of
 * loopback, also if a trusted proxy there says so, and he calls the server by
 * a name of loopback. So a proxy in front, and a page of elsewhere whose name
 * leads here (DNS rebinding), do not open it.
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

/* `peer`: whose socket it is, be it a proxy's; `client`: who is behind it, as
 * client_address.h has it. */
bool dashboard_access_is_given(enum api_dashboard dashboard,
                               const struct trusted_proxies *proxies,
                               const struct ip_address *peer,
                               const struct ip_address *client,
                               const struct request_head *head);

/* Whether a Host header names this machine as it calls itself: localhost,
 * 127.0.0.1, [::1], with a port or without. */
bool dashboard_access_is_own_name(struct bytes host);

#endif
