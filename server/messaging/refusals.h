/* refusals: limits refusals per address.
 *
 * Valid tokens and keys pass regardless of invalid ones from the same address,
 * because offices and proxies share one. So each is verified, at the cost of a
 * signature check; invalid ones beyond the limit get 429. Guessing is not
 * feasible at any rate, because credentials are signed or random. The
 * application is different: it is asked only while it has not refused too many
 * clients of the address, because a question costs far more than a connection.
 *
 * Owner:   struct instance.
 * Thread:  any; under one lock.
 * Limits:  a fixed table with a secret hash; addresses may share a place. An
 *          IPv6 /64 network counts as one address.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_REFUSALS_H
#define PEAL_MESSAGING_REFUSALS_H

#include <stdbool.h>

#include "base/ip_address.h"

struct instance;
struct refusals;

struct refusals *refusals_new(void);
void refusals_free(struct refusals *refusals);

/* Who refuses. Each has its own limit, so that refusals by Peal do not keep
 * valid tokens from reaching the application. */
enum refuser { REFUSER_PEAL, REFUSER_APPLICATION, REFUSER_COUNT };

/* Whether the address is below its limit. */
bool refusals_are_few(const struct instance *instance, enum refuser refuser,
                      const struct ip_address *address);

/* Counts a refusal because of invalid credentials. False: beyond the limit. */
bool refusals_take(const struct instance *instance, enum refuser refuser,
                   const struct ip_address *address);

#endif
