/* redis_member_list: reads who is in a channel.
 *
 * Owner:   the list is the reader's, and gone after the call.
 * Thread:  the bus's.
 * Limits:  none of its own.
 * Failure: the reply is NULL or an error, and the list empty.
 */
#ifndef PEAL_BUS_REDIS_MEMBER_LIST_H
#define PEAL_BUS_REDIS_MEMBER_LIST_H

#include "bus/redis/redis_bus.h"
#include "messaging/store/members.h"

typedef void redis_member_list_done(void *arg, const struct redisReply *reply,
                                    const struct members *list);

/* Somebody who left and may be back is listed, with 0 connections. Of a channel
 * with subscribers here, the list is what they were told. `done` may be
 * NULL. */
void redis_member_list_read(struct redis_bus *bus, const char *channel,
                            redis_member_list_done *done, void *arg);

#endif
