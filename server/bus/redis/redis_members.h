/* redis_members: members in Redis: calls the scripts for a channel's members,
 * and manages the sets of an instance's channels and clients.
 *
 * Owner:   returned texts are the caller's.
 * Thread:  the bus's.
 * Limits:  none of its own.
 * Failure: updates lost with the link, or with a node, are sent again later.
 */
#ifndef PEAL_BUS_REDIS_MEMBERS_H
#define PEAL_BUS_REDIS_MEMBERS_H

#include "bus/redis/redis_bus.h"

/* SADD to, or SREM from, this instance's set of "channels" or "clients". */
void redis_presence_list(struct redis_bus *bus, const char *verb,
                         const char *what, const char *name);

/* Adds to the set of this instance's former id. */
void redis_presence_list_former(struct redis_bus *bus, const char *what,
                                const char *name);

/* The answer callback of updates about this instance; its argument is the bus.
 * After a lost answer, or a temporary error, everything is stored again. */
void redis_presence_on_told(void *arg, const struct redisReply *reply);

/* The key of an instance's set of "channels" with members, or "clients", as an
 * owned text. */
char *redis_presence_key(const struct redis_bus *bus, const char *id,
                         const char *what);

/* Arguments of a change: the instance, the client, its connections there, and
 * its info, or an empty text. */
enum { REDIS_CHANGE_WORDS = 4 };

/* Calls a script on a channel's members: with the arguments `who`, and those
 * that every such script needs to notify subscribers. A leaving client may
 * return within leave_seconds, minus `waited_ms`.
 */
void redis_presence_call(struct redis_bus *bus, enum redis_script script,
                         const char *channel, const struct bytes *who,
                         size_t who_count, uint64_t waited_ms,
                         redis_answer *answer, void *arg);

#endif
