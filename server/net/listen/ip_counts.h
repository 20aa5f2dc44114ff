/* ip_counts: how many sockets each address has open here.
 *
 * Owner:   struct net.
 * Thread:  any; the counts are under one lock.
 * Limits:  one entry an address that has a socket.
 * Failure: none.
 */
#ifndef PEAL_NET_IP_COUNTS_H
#define PEAL_NET_IP_COUNTS_H

#include <stdint.h>

#include "base/ip_address.h"

struct ip_counts;
struct ip_count;

struct ip_counts *ip_counts_new(void);

/* After the last socket left. */
void ip_counts_free(struct ip_counts *counts);

/* One socket more from that address. */
struct ip_count *ip_counts_enter(struct ip_counts *counts,
                                 const struct ip_address *address);

void ip_counts_leave(struct ip_counts *counts, struct ip_count *count);

/* How many sockets it has now. */
uint32_t ip_count_sockets(const struct ip_count *count);

/* Whose they are; valid while one of them is there. */
const struct ip_address *ip_count_address(const struct ip_count *count);

#endif
