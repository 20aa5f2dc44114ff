#include "net/peer/client_address.h"

#include <stdatomic.h>

#include "base/log.h"
#include "net/http/request_head.h"
#include "net/peer/trusted_proxies.h"

/* Warns once, because otherwise it is not visible that all clients share one
 * address. */
static void warn_of_proxy(const struct trusted_proxies *proxies,
                          const struct ip_address *peer,
                          const struct request_head *head)
{
    static _Atomic bool is_told;
    bool is_forwarded =
        head->counts[FIELD_X_FORWARDED_FOR] || head->counts[FIELD_FORWARDED];
    if (is_told || !is_forwarded || trusted_proxies_any(proxies) ||
        !ip_address_is_private(peer) || atomic_exchange(&is_told, true))
        return;
    char address[IP_ADDRESS_TEXT];
    ip_address_print(peer, address);
    log_event(LOG_WARN,
              "Proxy not in trusted_proxies; its clients count as one address",
              LOG_TEXT("address", address));
}

struct ip_address client_address(const struct trusted_proxies *proxies,
                                 const struct ip_address *peer,
                                 const struct request_head *head)
{
    if (!trusted_proxies_has(proxies, peer)) {
        warn_of_proxy(proxies, peer, head);
        return *peer;
    }
    bool is_rfc7239 = trusted_proxies_header(proxies) == FORWARDED_RFC7239;
    enum request_field field =
        is_rfc7239 ? FIELD_FORWARDED : FIELD_X_FORWARDED_FOR;
    return trusted_proxies_client(proxies, peer, head->fields[field]);
}

bool client_is_secure(const struct trusted_proxies *proxies,
                      const struct ip_address *peer,
                      const struct request_head *head, bool tls)
{
    return tls ||
           request_list_has(head->fields[FIELD_X_FORWARDED_PROTO], "https") ||
           (head->counts[FIELD_FORWARDED] &&
            trusted_proxies_is_https(proxies, peer,
                                     head->fields[FIELD_FORWARDED]));
}
