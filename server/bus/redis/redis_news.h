/* redis_news: what the application is told of members.
 *
 * Owner:   replies are borrowed.
 * Thread:  the bus's
 * Limits:  none.
 * Failure: none; see hook.h.
 */
#ifndef PEAL_BUS_REDIS_NEWS_H
#define PEAL_BUS_REDIS_NEWS_H

#include "bus/redis/redis_bus.h"

/* presence.lua, and reap.lua, answered. The first element of the second one's
 * answer says how many clients are left, the second one which are gone. */
void redis_news_of_change(struct redis_bus *bus, const char *channel,
                          const char *client, struct bytes info,
                          const struct redisReply *reply);
void redis_news_of_reaped(struct redis_bus *bus, const char *channel,
                          const struct redisReply *reply);

#endif
