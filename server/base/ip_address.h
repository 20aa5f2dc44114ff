/* ip_address: IPv4 and IPv6 addresses as one kind, and ranges of them.
 *
 * Owner:   plain values.
 * Thread:  any.
 * Limits:  none.
 * Failure: what is no address or range is refused with false.
 */
#ifndef PEAL_BASE_IP_ADDRESS_H
#define PEAL_BASE_IP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

struct sockaddr;

enum { IP_ADDRESS_TEXT = 46, IP_RANGE_TEXT = IP_ADDRESS_TEXT + 4 };

/* IPv4 stands as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2). All zero: none. */
struct ip_address {
    unsigned char bytes[16];
};

/* All addresses that begin with these bits. */
struct ip_range {
    struct ip_address first;
    unsigned bits;
};

/* Four bytes of an IPv4 address in network order. */
struct ip_address ip_address_of_v4(const void *bytes);

/* None when the socket is neither IPv4 nor IPv6. */
struct ip_address ip_address_of_socket(const struct sockaddr *address);

bool ip_address_parse(struct bytes text, struct ip_address *out);

/* As people write it; empty when there is none. */
void ip_address_print(const struct ip_address *address,
                      char out[IP_ADDRESS_TEXT]);

/* 10.0.0.0/8, fd00::/8, or one address. No bit may be set behind the range's,
 * as that is mostly a mistake. */
bool ip_range_parse(const char *text, struct ip_range *out);

bool ip_range_contains(const struct ip_range *range,
                       const struct ip_address *address);

/* Of this machine or of a network without a place in the Internet (RFC 6890).
 */
bool ip_address_is_private(const struct ip_address *address);

#endif
