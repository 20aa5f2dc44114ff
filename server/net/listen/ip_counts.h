/* ip_counts: counts the open sockets of each address.
 *
 * Owner:   struct net.
 * Thread:  any; the counts are under one lock.
 * Limits:  one entry per address with sockets.
 * Failure: none.
 */
#ifndef PEAL_NET_IP_COUNTS_H
#define PEAL_NET_IP_COUNTS_H

#include <stdint.h>

#include "base/ip_address.h"

struct ip_counts;
struct ip_count;

struct ip_counts *ip_counts_new(void);

/* Call after the last socket was closed. */
void ip_counts_free(struct ip_counts *counts);

/* Counts a socket of the address. */
struct ip_count *ip_counts_enter(struct ip_counts *counts,
                                 const struct ip_address *address);

void ip_counts_leave(struct ip_counts *counts, struct ip_count *count);

/* The number of its sockets. */
uint32_t ip_count_sockets(const struct ip_count *count);

/* The address; valid while it has a socket. */
const struct ip_address *ip_count_address(const struct ip_count *count);

#endif
