/* refusals: how often each address was refused lately.
 *
 * A good token or key passes at any rate of bad ones from its address: offices
 * and proxies share one. So each is judged, at the price of a signature; of
 * the bad ones, those beyond the limit get 429.
 * Guessing is hopeless at any rate: what is accepted is signed, or random. The
 * application is different: it is asked only while it has not refused too many
 * of the address, since a question costs far more than a connection.
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

/* Who refuses: each has a limit of its own, so that what Peal refuses keeps no
 * good token from the application. */
enum refuser { REFUSER_PEAL, REFUSER_APPLICATION, REFUSER_COUNT };

/* Whether the address could be refused once more within the limit. */
bool refusals_are_few(const struct instance *instance, enum refuser refuser,
                      const struct ip_address *address);

/* It is refused, for what it said about who it is. False: beyond the limit. */
bool refusals_take(const struct instance *instance, enum refuser refuser,
                   const struct ip_address *address);

#endif
