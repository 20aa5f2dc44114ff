/* redis_relogin: another user or password, while the bus runs. Connections that
 * stand are left alone; new ones log in anew.
 *
 * Owner:   nothing is kept.
 * Thread:  redis_relogin from any; the rest on the bus's.
 * Limits:  none.
 * Failure: a login that Redis refuses is not taken; the log says so.
 */
#ifndef PEAL_BUS_REDIS_RELOGIN_H
#define PEAL_BUS_REDIS_RELOGIN_H

#include "bus/redis/redis_options.h"

struct redis_bus;

/* Uses the logins of these options, where they name the same servers. */
void redis_relogin(struct redis_bus *bus, const struct redis_options *options);

#endif
