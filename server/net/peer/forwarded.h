/* forwarded: parses the headers in which each proxy reports the sender of a
 * request: Forwarded (RFC 7239) and X-Forwarded-For.
 *
 * Owner:   plain values.
 * Thread:  any.
 * Limits:  FORWARDED_MAX addresses, the last ones.
 * Failure: an element without an address yields none (all zero), and so does a
 *          malformed header line, because the meaning of its last element is
 *          unknown.
 */
#ifndef PEAL_NET_FORWARDED_H
#define PEAL_NET_FORWARDED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/ip_address.h"

enum { FORWARDED_MAX = 32 };

/* One proxy's report about the connection of a request. */
struct forwarded_hop {
    struct ip_address from; /* `for` */
    bool is_https;          /* `proto` */
};

/* Reads the hops, last one first; returns their number. Several header lines
 * are concatenated, each ended by a '\n'. */
size_t forwarded_read(struct bytes lines,
                      struct forwarded_hop hops[FORWARDED_MAX]);

/* The same for X-Forwarded-For, whose lines form one list without TLS
 * information. */
size_t forwarded_read_x_for(struct bytes list,
                            struct forwarded_hop hops[FORWARDED_MAX]);

#endif
