#include "net/peer/trusted_proxies.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "net/peer/forwarded.h"

struct trusted_proxies {
    enum forwarded_header header;
    size_t count;
    struct ip_range ranges[];
};

bool trusted_proxies_is_range(const char *text)
{
    struct ip_range range;
    return ip_range_parse(text, &range);
}

struct trusted_proxies *trusted_proxies_new(const struct text_list *ranges,
                                            enum forwarded_header header)
{
    struct trusted_proxies *proxies = memory_new(
        1, sizeof *proxies + ranges->count * sizeof proxies->ranges[0]);
    proxies->header = header;
    proxies->count = ranges->count;
    for (size_t i = 0; i < ranges->count; i++)
        PANIC_IF(!ip_range_parse(ranges->items[i], &proxies->ranges[i]));
    return proxies;
}

void trusted_proxies_free(struct trusted_proxies *proxies)
{
    free(proxies);
}

bool trusted_proxies_any(const struct trusted_proxies *proxies)
{
    return proxies->count > 0;
}

enum forwarded_header
trusted_proxies_header(const struct trusted_proxies *proxies)
{
    return proxies->header;
}

bool trusted_proxies_has(const struct trusted_proxies *proxies,
                         const struct ip_address *address)
{
    for (size_t i = 0; i < proxies->count; i++)
        if (ip_range_contains(&proxies->ranges[i], address))
            return true;
    return false;
}

/* Reads from the right, as long as a hop's writer is trusted. The last trusted
 * one describes the client's own connection: `hop`, or NULL. */
static struct ip_address walk(const struct trusted_proxies *proxies,
                              const struct ip_address *peer,
                              const struct forwarded_hop *hops, size_t count,
                              const struct forwarded_hop **hop)
{
    const struct ip_address none = {0};
    struct ip_address client = *peer;
    *hop = NULL;
    for (size_t i = 0; i < count && trusted_proxies_has(proxies, &client);
         i++) {
        *hop = &hops[i];
        if (memcmp(&hops[i].from, &none, sizeof none) == 0)
            break; /* a trusted proxy wrote "unknown" */
        client = hops[i].from;
    }
    return client;
}

static size_t read_hops(const struct trusted_proxies *proxies,
                        struct bytes value,
                        struct forwarded_hop hops[FORWARDED_MAX])
{
    return proxies->header == FORWARDED_RFC7239
               ? forwarded_read(value, hops)
               : forwarded_read_x_for(value, hops);
}

struct ip_address trusted_proxies_client(const struct trusted_proxies *proxies,
                                         const struct ip_address *peer,
                                         struct bytes value)
{
    const struct forwarded_hop *hop;
    struct forwarded_hop hops[FORWARDED_MAX];
    size_t count = read_hops(proxies, value, hops);
    return walk(proxies, peer, hops, count, &hop);
}

bool trusted_proxies_is_https(const struct trusted_proxies *proxies,
                              const struct ip_address *peer,
                              struct bytes forwarded)
{
    const struct forwarded_hop *hop;
    struct forwarded_hop hops[FORWARDED_MAX];
    size_t count = forwarded_read(forwarded, hops);
    if (proxies->header == FORWARDED_RFC7239 &&
        trusted_proxies_has(proxies, peer)) {
        walk(proxies, peer, hops, count, &hop);
        return hop && hop->is_https;
    }
    for (size_t i = 0; i < count; i++)
        if (hops[i].is_https)
            return true;
    return false;
}
