#include "net/dashboard_access.h"

#include <string.h>
#include <strings.h>

#include "net/reactor.h"
#include "net/trusted_proxies.h"

static bool is_loopback(const struct ip_address *address)
{
    struct ip_range v4;
    struct ip_range v6;
    return (ip_range_parse("127.0.0.0/8", &v4) &&
            ip_range_contains(&v4, address)) ||
           (ip_range_parse("::1", &v6) && ip_range_contains(&v6, address));
}

static struct bytes without_port(struct bytes host)
{
    const char *colon = memrchr(host.data, ':', host.len);
    if (colon && !memchr(colon, ']', host.len - (size_t)(colon - host.data)))
        host.len = (size_t)(colon - host.data);
    return host;
}

static struct bytes without_brackets(struct bytes host)
{
    if (host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']')
        return (struct bytes){host.data + 1, host.len - 2};
    return host;
}

bool dashboard_access_is_own_name(struct bytes host)
{
    struct ip_address address;
    struct bytes name = BYTES_LITERAL("localhost");
    if (!host.len)
        return false;
    host = without_port(host);
    if (host.len == name.len &&
        strncasecmp(host.data, name.data, name.len) == 0)
        return true;
    return ip_address_parse(without_brackets(host), &address) &&
           is_loopback(&address);
}

/* Whoever forwards without being trusted may be anybody's proxy. */
static bool is_forwarded_by_anybody(const struct socket *socket,
                                    const struct ip_address *peer,
                                    struct headers *headers)
{
    return !trusted_proxies_has(socket->reactor->net->trusted_proxies, peer) &&
           (headers_get(headers, WSI_TOKEN_X_FORWARDED_FOR).len ||
            input_forwarded(socket).len);
}

bool dashboard_access_is_given(const struct socket *socket,
                               const struct ip_address *peer,
                               const struct ip_address *client,
                               struct headers *headers)
{
    enum api_dashboard dashboard = socket->reactor->net->options.dashboard;
    if (dashboard != DASHBOARD_LOOPBACK)
        return dashboard == DASHBOARD_ON;
    return is_loopback(peer) && is_loopback(client) &&
           !is_forwarded_by_anybody(socket, peer, headers) &&
           dashboard_access_is_own_name(headers_get(headers, WSI_TOKEN_HOST));
}
