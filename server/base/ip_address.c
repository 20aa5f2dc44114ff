#include "base/ip_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

enum { V4_PREFIX_BYTES = 12, V4_PREFIX_BITS = 96 };

static const unsigned char v4_prefix[V4_PREFIX_BYTES] = {
    [10] = 0xff, [11] = 0xff};

static bool is_v4(const struct ip_address *address)
{
    return memcmp(address->bytes, v4_prefix, V4_PREFIX_BYTES) == 0;
}

struct ip_address ip_address_of_v4(const void *bytes)
{
    struct ip_address address;
    memcpy(address.bytes, v4_prefix, V4_PREFIX_BYTES);
    memcpy(address.bytes + V4_PREFIX_BYTES, bytes, 4);
    return address;
}

struct ip_address ip_address_of_socket(const struct sockaddr *address)
{
    struct ip_address found = {{0}};
    if (address->sa_family == AF_INET)
        found =
            ip_address_of_v4(&((const struct sockaddr_in *)address)->sin_addr);
    else if (address->sa_family == AF_INET6)
        memcpy(found.bytes, &((const struct sockaddr_in6 *)address)->sin6_addr,
               sizeof found.bytes);
    return found;
}

bool ip_address_parse(struct bytes text, struct ip_address *out)
{
    char copy[IP_ADDRESS_TEXT];
    unsigned char v4[4];
    if (!text.len || text.len >= sizeof copy || memchr(text.data, 0, text.len))
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    if (inet_pton(AF_INET6, copy, out->bytes) == 1)
        return true;
    if (inet_pton(AF_INET, copy, v4) != 1)
        return false;
    *out = ip_address_of_v4(v4);
    return true;
}

void ip_address_print(const struct ip_address *address,
                      char out[IP_ADDRESS_TEXT])
{
    static const struct ip_address none;
    out[0] = '\0';
    if (memcmp(address, &none, sizeof none) == 0)
        return;
    if (is_v4(address))
        inet_ntop(AF_INET, address->bytes + V4_PREFIX_BYTES, out,
                  IP_ADDRESS_TEXT);
    else
        inet_ntop(AF_INET6, address->bytes, out, IP_ADDRESS_TEXT);
}

/* 1 to 3 digits, nothing else. */
static bool parse_bits(const char *text, unsigned max, unsigned *bits)
{
    size_t len = strlen(text);
    if (!len || len > 3 || strspn(text, "0123456789") != len)
        return false;
    *bits = 0;
    for (; *text; text++)
        *bits = *bits * 10 + (unsigned)(*text - '0');
    return *bits <= max;
}

static bool bit(const struct ip_address *address, unsigned at)
{
    return address->bytes[at / 8] >> (7 - at % 8) & 1;
}

bool ip_range_parse(const char *text, struct ip_range *out)
{
    size_t len = strcspn(text, "/");
    if (!ip_address_parse((struct bytes){text, len}, &out->first))
        return false;
    bool has_colon = memchr(text, ':', len);
    unsigned most = has_colon ? 128 : 32;
    out->bits = most;
    if (text[len] && !parse_bits(text + len + 1, most, &out->bits))
        return false;
    out->bits += has_colon ? 0 : V4_PREFIX_BITS;
    for (unsigned at = out->bits; at < 128; at++)
        if (bit(&out->first, at))
            return false;
    return true;
}

bool ip_range_contains(const struct ip_range *range,
                       const struct ip_address *address)
{
    unsigned whole = range->bits / 8;
    if (memcmp(range->first.bytes, address->bytes, whole) != 0)
        return false;
    for (unsigned at = whole * 8; at < range->bits; at++)
        if (bit(&range->first, at) != bit(address, at))
            return false;
    return true;
}

bool ip_address_is_private(const struct ip_address *address)
{
    static const char *const ranges[] = {
        "127.0.0.0/8",   "10.0.0.0/8",     "172.16.0.0/12", "192.168.0.0/16",
        "100.64.0.0/10", "169.254.0.0/16", "::1",           "fc00::/7",
        "fe80::/10"};
    struct ip_range range;
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (ip_range_parse(ranges[i], &range) &&
            ip_range_contains(&range, address))
            return true;
    return false;
}
