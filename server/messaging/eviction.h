/* eviction: closes the connections of addresses, of a protocol's user, or of
 * all banned clients and revoked tokens, on every worker of this instance.
 *
 * Owner:   itself, until each worker has visited its connections.
 * Thread:  eviction_begin from any.
 * Limits:  a few hundred connections in each step.
 * Failure: none; new connections are checked against the bans.
 */
#ifndef PEAL_MESSAGING_EVICTION_H
#define PEAL_MESSAGING_EVICTION_H

#include "base/bytes.h"
#include "base/ip_address.h"

struct instance;

/* Prefix of a target; the value of the protocol's `user` follows. */
#define EVICTION_USER "user="

/* `target`: an address range, or a user; `reason`: for the close frame, or
 * empty. False: invalid target. */
bool eviction_of(const struct instance *instance, struct bytes target,
                 struct bytes reason);

void eviction_of_banned(const struct instance *instance);

#endif
