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

/* The header that they write. What is in the other one the client may have
 * written, since a proxy that does not know a header lets it through. */
enum forwarded_header { FORWARDED_X_FORWARDED_FOR, FORWARDED_RFC7239 };

/* As in the config. */
#define FORWARDED_HEADERS "x-forwarded-for|forwarded"

/* Whether the text is a range, as the config has them. */
bool trusted_proxies_is_range(const char *text);

struct trusted_proxies *trusted_proxies_new(const struct text_list *ranges,
                                            enum forwarded_header header);

/* NULL is ignored. */
void trusted_proxies_free(struct trusted_proxies *proxies);

bool trusted_proxies_any(const struct trusted_proxies *proxies);

bool trusted_proxies_has(const struct trusted_proxies *proxies,
                         const struct ip_address *address);

enum forwarded_header
trusted_proxies_header(const struct trusted_proxies *proxies);

/* The client behind `peer`, out of that header, of which several lines are
 * one list (X-Forwarded-For), or have a '\n' behind each (Forwarded). Each
 * proxy writes at the end whom it got the request from: so it is read from
 * there, as long as who has written is trusted. What stands further left
 * anybody may have written.
 */
struct ip_address trusted_proxies_client(const struct trusted_proxies *proxies,
                                         const struct ip_address *peer,
                                         struct bytes value);

/* Whether the client's own connection was TLS, as Forwarded says. Where the
 * proxies do not write that header, anybody's word is enough: it only makes
 * origins stricter. */
bool trusted_proxies_is_https(const struct trusted_proxies *proxies,
                              const struct ip_address *peer,
                              struct bytes forwarded);

#endif
