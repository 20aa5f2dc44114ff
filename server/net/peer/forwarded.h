/* forwarded: the headers by which each proxy says whom it got a request from:
 * Forwarded (RFC 7239) and X-Forwarded-For.
 *
 * Owner:   plain values.
 * Thread:  any.
 * Limits:  FORWARDED_MAX addresses, the last ones.
 * Failure: an element that names no address gives none (all zero), and so does
 *          a whole header line that is malformed: nobody can say what the
 *          proxy meant that wrote at its end.
 */
#ifndef PEAL_NET_FORWARDED_H
#define PEAL_NET_FORWARDED_H

#include <stdbool.h>
#include <stddef.h>

#include "base/ip_address.h"

enum { FORWARDED_MAX = 32 };

/* What one proxy says of the connection that a request came over. */
struct forwarded_hop {
    struct ip_address from; /* `for` */
    bool is_https;          /* `proto` */
};

/* The hops, the last one first; how many. Several header lines stand behind
 * each other, each ended by a '\n'. */
size_t forwarded_read(struct bytes lines,
                      struct forwarded_hop hops[FORWARDED_MAX]);

/* The same for X-Forwarded-For, whose lines are one list, and which says
 * nothing about TLS. */
size_t forwarded_read_x_for(struct bytes list,
                            struct forwarded_hop hops[FORWARDED_MAX]);

#endif
