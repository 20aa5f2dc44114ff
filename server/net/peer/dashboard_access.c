#include "net/peer/dashboard_access.h"

#include <string.h>
#include <strings.h>

#include "net/http/request_head.h"
#include "net/peer/trusted_proxies.h"

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

/* An untrusted forwarder may be any proxy; one that does not report addresses
 * may still add Via (RFC 9110 section 7.6.3). */
static bool is_forwarded_by_anybody(const struct trusted_proxies *proxies,
                                    const struct ip_address *peer,
                                    const struct request_head *head)
{
    static const enum request_field signs[] = {
        FIELD_FORWARDED,         FIELD_X_FORWARDED_FOR, FIELD_X_FORWARDED_HOST,
        FIELD_X_FORWARDED_PROTO, FIELD_X_REAL_IP,       FIELD_VIA,
    };
    if (trusted_proxies_has(proxies, peer))
        return false;
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (head->counts[signs[i]])
            return true;
    return false;
}

bool dashboard_access_is_given(enum api_dashboard dashboard,
                               const struct trusted_proxies *proxies,
                               const struct ip_address *peer,
                               const struct ip_address *client,
                               const struct request_head *head)
{
    if (dashboard != DASHBOARD_LOOPBACK)
        return dashboard == DASHBOARD_ON;
    return is_loopback(peer) && is_loopback(client) &&
           !is_forwarded_by_anybody(proxies, peer, head) &&
           dashboard_access_is_own_name(head->fields[FIELD_HOST]);
}
