/* ip_address: IPv4 and IPv6 addresses as one type, and address ranges.
 *
 * Owner:   plain values.
 * Thread:  any.
 * Limits:  none.
 * Failure: false for anything but an address or range.
 */
#ifndef PEAL_BASE_IP_ADDRESS_H
#define PEAL_BASE_IP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/bytes.h"

struct sockaddr;

enum { IP_ADDRESS_TEXT = 46, IP_RANGE_TEXT = IP_ADDRESS_TEXT + 4 };

/* IPv4 is ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2). All zero: none. */
struct ip_address {
    unsigned char bytes[16];
};

/* All addresses with these leading bits. */
struct ip_range {
    struct ip_address first;
    unsigned bits;
};

/* Four bytes of an IPv4 address in network order. */
struct ip_address ip_address_of_v4(const void *bytes);

/* No address if the socket is neither IPv4 nor IPv6. */
struct ip_address ip_address_of_socket(const struct sockaddr *address);

bool ip_address_parse(struct bytes text, struct ip_address *out);

/* In the usual notation; empty for no address. */
void ip_address_print(const struct ip_address *address,
                      char out[IP_ADDRESS_TEXT]);

/* 10.0.0.0/8, fd00::/8, or one address. Bits after the prefix must be zero; set
 * bits are usually a mistake. */
bool ip_range_parse(const char *text, struct ip_range *out);

bool ip_range_contains(const struct ip_range *range,
                       const struct ip_address *address);

/* Whether the address belongs to this machine or a private network (RFC 6890).
 */
bool ip_address_is_private(const struct ip_address *address);

#endif
