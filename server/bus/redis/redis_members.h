/* redis_members: what Redis holds of members: scripts called on those of a
 * channel, and the sets of what an instance has.
 *
 * Owner:   returned texts are the caller's.
 * Thread:  the bus's.
 * Limits:  none of its own.
 * Failure: what is lost with the link, or with a node, is told again later.
 */
#ifndef PEAL_BUS_REDIS_MEMBERS_H
#define PEAL_BUS_REDIS_MEMBERS_H

#include "bus/redis/redis_bus.h"

/* SADD to, or SREM from, what this instance has: "channels" or "clients". */
void redis_presence_list(struct redis_bus *bus, const char *verb,
                         const char *what, const char *name);

/* Adds to what this instance had under its former id. */
void redis_presence_list_former(struct redis_bus *bus, const char *what,
                                const char *name);

/* The answer to what Redis was told of this instance, the bus being its
 * argument: when it is lost, or an error that passes, all is told again. */
void redis_presence_on_told(void *arg, const struct redisReply *reply);

/* The set of what an instance has, as an owned text: "channels" with members,
 * or "clients". */
char *redis_presence_key(const struct redis_bus *bus, const char *id,
                         const char *what);

/* Of a change: the instance, the client, its connections there, and what others
 * may see of it, or an empty text. */
enum { REDIS_CHANGE_WORDS = 4 };

/* Calls a script on a channel's members: `who` it is about, and then what
 * every such script needs to tell the subscribers of it. Who leaves may be back
 * within the channel's leave_seconds, of which `waited_ms` are over. */
void redis_presence_call(struct redis_bus *bus, enum redis_script script,
                         const char *channel, const struct bytes *who,
                         size_t who_count, uint64_t waited_ms,
                         redis_answer *answer, void *arg);

#endif
