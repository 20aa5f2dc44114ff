#include "net/trusted_proxies.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "net/forwarded.h"

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

/* The last element of the list, without blanks; the list loses it. */
static struct bytes take_last(struct bytes *list)
{
    const char *comma = memrchr(list->data, ',', list->len);
    size_t start = comma ? (size_t)(comma - list->data) + 1 : 0;
    struct bytes last = bytes_skip(*list, start);
    list->len = comma ? start - 1 : 0;
    while (last.len && strchr(" \t", *last.data))
        last = bytes_skip(last, 1);
    while (last.len && strchr(" \t", last.data[last.len - 1]))
        last.len--;
    return last;
}

/* Some proxies write the port as well: 192.0.2.1:4711, [2001:db8::1]:4711 */
static struct bytes without_port(struct bytes element)
{
    const char *colon = memchr(element.data, ':', element.len);
    const char *bracket = memchr(element.data, ']', element.len);
    if (*element.data == '[' && bracket)
        return (struct bytes){element.data + 1,
                              (size_t)(bracket - element.data) - 1};
    if (colon && colon == memrchr(element.data, ':', element.len))
        element.len = (size_t)(colon - element.data);
    return element;
}

static struct ip_address
read_x_forwarded_for(const struct trusted_proxies *proxies,
                     const struct ip_address *peer, struct bytes list)
{
    struct ip_address client = *peer;
    while (list.len && trusted_proxies_has(proxies, &client)) {
        struct bytes element = take_last(&list);
        struct ip_address next;
        if (!element.len || !ip_address_parse(without_port(element), &next))
            break; /* who is trusted has written that it does not know */
        client = next;
    }
    return client;
}

static struct ip_address read_forwarded(const struct trusted_proxies *proxies,
                                        const struct ip_address *peer,
                                        struct bytes lines)
{
    const struct ip_address none = {0};
    struct ip_address client = *peer;
    struct ip_address found[FORWARDED_MAX];
    size_t count = forwarded_read(lines, found);
    for (size_t i = 0; i < count && trusted_proxies_has(proxies, &client);
         i++) {
        if (memcmp(&found[i], &none, sizeof none) == 0)
            break;
        client = found[i];
    }
    return client;
}

struct ip_address trusted_proxies_client(const struct trusted_proxies *proxies,
                                         const struct ip_address *peer,
                                         struct bytes value)
{
    return proxies->header == FORWARDED_RFC7239
               ? read_forwarded(proxies, peer, value)
               : read_x_forwarded_for(proxies, peer, value);
}
