/* eviction: closes the connections of addresses, or of all that are banned or
 * have a revoked token, on every worker of this instance.
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

/* Those whose address is in the range; `reason`: for the close frame, or
 * empty. */
void eviction_of_range(const struct instance *instance,
                       const struct ip_range *range, struct bytes reason);

void eviction_of_banned(const struct instance *instance);

#endif
