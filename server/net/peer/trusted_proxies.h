/* trusted_proxies: the proxies trusted to report client addresses.
 *
 * Owner:   the caller; immutable once created.
 * Thread:  any.
 * Limits:  none.
 * Failure: an invalid range is a bug: the config checks them.
 */
#ifndef PEAL_NET_TRUSTED_PROXIES_H
#define PEAL_NET_TRUSTED_PROXIES_H

#include "base/ip_address.h"
#include "base/text_list.h"

struct trusted_proxies;

/* The header that the proxies write. The other one may be forged by the client,
 * because a proxy passes unknown headers through. */
enum forwarded_header { FORWARDED_X_FORWARDED_FOR, FORWARDED_RFC7239 };

/* As in the config. */
#define FORWARDED_HEADERS "x-forwarded-for|forwarded"

/* Whether the text is a valid range in the config. */
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

/* The client behind `peer`, according to that header, whose lines form one list
 * (X-Forwarded-For), or each end with a '\n' (Forwarded). Each proxy appends
 * the sender of the request, so the header is read from the end as long as the
 * writers are trusted. Entries further left may be forged.
 */
struct ip_address trusted_proxies_client(const struct trusted_proxies *proxies,
                                         const struct ip_address *peer,
                                         struct bytes value);

/* Whether the client's own connection used TLS, according to Forwarded. If the
 * proxies do not write that header, it is accepted from anyone, because it only
 * makes origin checks stricter. */
bool trusted_proxies_is_https(const struct trusted_proxies *proxies,
                              const struct ip_address *peer,
                              struct bytes forwarded);

#endif
