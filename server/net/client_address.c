#include "net/client_address.h"

#include "net/headers.h"
#include "net/reactor.h"
#include "net/trusted_proxies.h"

struct ip_address client_address(const struct socket *socket,
                                 struct headers *headers)
{
    const struct trusted_proxies *proxies =
        socket->reactor->net->trusted_proxies;
    const struct ip_address *peer = ip_count_address(socket->ip);
    if (!trusted_proxies_has(proxies, peer))
        return *peer;
    bool is_rfc7239 = trusted_proxies_header(proxies) == FORWARDED_RFC7239;
    struct bytes value = is_rfc7239
                             ? input_forwarded(socket)
                             : headers_get(headers, WSI_TOKEN_X_FORWARDED_FOR);
    return trusted_proxies_client(proxies, peer, value);
}
