/* redis_relogin: changes user or password while the bus runs. Open connections
 * are kept; new ones use the new credentials.
 *
 * Owner:   nothing is kept.
 * Thread:  redis_relogin from any; the rest on the bus's.
 * Limits:  none.
 * Failure: credentials that Redis refuses are not used, and an error is logged.
 */
#ifndef PEAL_BUS_REDIS_RELOGIN_H
#define PEAL_BUS_REDIS_RELOGIN_H

#include "bus/redis/redis_options.h"

struct redis_bus;

/* Uses the credentials of these options, if they name the same servers. */
void redis_relogin(struct redis_bus *bus, const struct redis_options *options);

#endif
