/* eviction: closes the connections of addresses, of a protocol's user, or of
 * all that are banned or have a revoked token, on every worker of this
 * instance.
 *
 * Owner:   itself, until each worker has walked over its connections.
 * Thread:  eviction_begin from any.
 * Limits:  a few hundred connections in each step.
 * Failure: none; who connects meanwhile is judged by the bans.
 */
#ifndef PEAL_MESSAGING_EVICTION_H
#define PEAL_MESSAGING_EVICTION_H

#include "base/bytes.h"
#include "base/ip_address.h"

struct instance;

/* Behind it stands what the protocol's `user` says. */
#define EVICTION_USER "user="

/* `target`: a range of addresses, or a user; `reason`: for the close frame, or
 * empty. False: it is neither. */
bool eviction_of(const struct instance *instance, struct bytes target,
                 struct bytes reason);

void eviction_of_banned(const struct instance *instance);

#endif
