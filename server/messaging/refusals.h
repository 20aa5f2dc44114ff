/* refusals: how often each address was refused lately, so that nobody can try
 * tokens or keys one after the other.
 *
 * Owner:   struct instance.
 * Thread:  any; under one lock.
 * Limits:  a fixed table. Addresses share its places by a hash that nobody
 *          outside can foresee; an IPv6 network of 64 bits counts as one.
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

/* Whether what it asks for is to be judged at all. */
bool refusals_are_few(const struct instance *instance,
                      const struct ip_address *address);

/* It was refused, for what it said about who it is. */
void refusals_add(const struct instance *instance,
                  const struct ip_address *address);

#endif
