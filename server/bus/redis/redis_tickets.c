/* Tickets: one key each, which expires; GETDEL returns it only once. */
#include "bus/redis/redis_tickets.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "bus/redis/redis_backlog.h"
#include "bus/redis/redis_keys.h"
#include "bus/redis/redis_link.h"
#include "bus/redis/redis_push.h"
#include "bus/redis/redis_send.h"

char *redis_ticket_key(const struct redis_bus *bus,
                       const struct request *request)
{
    char name[64];
    snprintf(name, sizeof name,
             bus->url.is_cluster ? "{ticket:%s}" : "ticket:%s",
             request->channel);
    return redis_name(bus, name);
}

static void on_kept(void *arg, const struct redisReply *reply)
{
    struct request *request = arg;
    if (redis_is_answered(request, reply))
        request_finish(request);
}

void redis_keep_ticket(struct redis_bus *bus, struct request *request)
{
    char seconds[16];
    char *key = redis_ticket_key(bus, request);
    snprintf(seconds, sizeof seconds, "%" PRIu32, request->seconds);
    const struct bytes words[] = {BYTES_LITERAL("SET"), bytes_of(key),
                                  bytes_of(request->ticket),
                                  BYTES_LITERAL("EX"), bytes_of(seconds)};
    redis_send(bus, words, 5, on_kept, request);
    free(key);
}

/* If the answer is lost, so is the ticket: the client needs another one. */
static void on_redeemed(void *arg, const struct redisReply *reply)
{
    struct request *request = arg;
    struct bytes content;
    if (!redis_is_answered(request, reply))
        return;
    if (redis_push_bytes(reply, &content))
        request->ticket = memory_copy_text(content.data, content.len);
    request_finish(request);
}

void redis_redeem(struct redis_bus *bus, struct request *request)
{
    char *key = redis_ticket_key(bus, request);
    const struct bytes words[] = {BYTES_LITERAL("GETDEL"), bytes_of(key)};
    redis_send(bus, words, 2, on_redeemed, request);
    free(key);
}
