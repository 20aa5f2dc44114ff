/* redis_webhook_events: sends events about members to the application.
 *
 * Owner:   replies are borrowed.
 * Thread:  the bus's
 * Limits:  none.
 * Failure: none; see hook.h.
 */
#ifndef PEAL_BUS_REDIS_WEBHOOK_EVENTS_H
#define PEAL_BUS_REDIS_WEBHOOK_EVENTS_H

#include "bus/redis/redis_bus.h"

/* Call with the answers of presence.lua and reap.lua. The first element of
 * reap.lua's answer is the number of remaining clients, the second lists the
 * removed ones. */
void redis_webhook_events_of_change(struct redis_bus *bus, const char *channel,
                                    const char *client, struct bytes info,
                                    const struct redisReply *reply);
void redis_webhook_events_of_reaped(struct redis_bus *bus, const char *channel,
                                    const struct redisReply *reply);

#endif
