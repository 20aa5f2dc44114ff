/* forwarded: the header of RFC 7239, by which each proxy says whom it got a
 * request from.
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

#include <stddef.h>

#include "base/ip_address.h"

enum { FORWARDED_MAX = 32 };

/* The addresses in the `for`s, the last one first; how many. Several header
 * lines stand behind each other, each ended by a '\n'. */
size_t forwarded_read(struct bytes lines,
                      struct ip_address addresses[FORWARDED_MAX]);

#endif
