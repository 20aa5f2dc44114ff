/* trusted_proxies: whose word about a client's address counts.
 *
 * Owner:   the caller; immutable once made.
 * Thread:  any.
 * Limits:  none.
 * Failure: a range that cannot be read is our bug: the config checks them.
 */
#ifndef PEAL_NET_TRUSTED_PROXIES_H
#define PEAL_NET_TRUSTED_PROXIES_H

#include "base/ip_address.h"
#include "base/text_list.h"

struct trusted_proxies;

/* Whether the text is a range, as the config has them. */
bool trusted_proxies_is_range(const char *text);

struct trusted_proxies *trusted_proxies_new(const struct text_list *ranges);

/* NULL is ignored. */
void trusted_proxies_free(struct trusted_proxies *proxies);

bool trusted_proxies_any(const struct trusted_proxies *proxies);

bool trusted_proxies_has(const struct trusted_proxies *proxies,
                         const struct ip_address *address);

/* The client behind `peer`, out of X-Forwarded-For. Each proxy writes at the
 * end whom it got the request from: so it is read from there, as long as who
 * has written is trusted. What stands further left anybody may have written.
 */
struct ip_address
trusted_proxies_client(const struct trusted_proxies *proxies,
                       const struct ip_address *peer,
                       struct bytes forwarded_for);

#endif
