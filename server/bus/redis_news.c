/* Who came and went in the whole service, told to the application by the one
 * instance whose script saw it. */
#include "bus/redis_bus.h"
#include "bus/redis_push.h"
#include "messaging/names.h"

static int64_t members_of(const struct redisReply *reply, size_t index)
{
    int64_t members = -1; /* not known */
    redis_push_number(redis_push_element(reply, index), &members);
    return members;
}

static void tell(const struct redis_bus *bus, enum hook_event event,
                 const char *channel, const char *client)
{
    hook_tell_channel(bus->instance->hooks, event, channel, client);
}

void redis_news_of_change(struct redis_bus *bus, const char *channel,
                          const char *client, const struct redisReply *reply)
{
    struct bytes event;
    int64_t members = members_of(reply, 1);
    if (!redis_push_bytes(redis_push_element(reply, 0), &event))
        return;
    if (bytes_equal(event, BYTES_LITERAL("J"))) {
        if (members == 1)
            tell(bus, EVENT_CHANNEL_OCCUPIED, channel, NULL);
        tell(bus, EVENT_MEMBER_ADDED, channel, client);
    } else if (bytes_equal(event, BYTES_LITERAL("L"))) {
        tell(bus, EVENT_MEMBER_REMOVED, channel, client);
        if (members == 0)
            tell(bus, EVENT_CHANNEL_VACATED, channel, NULL);
    }
}

void redis_news_of_reaped(struct redis_bus *bus, const char *channel,
                          const struct redisReply *reply)
{
    size_t count = redis_push_count(reply);
    struct bytes client;
    for (size_t i = 1; i < count; i++)
        if (redis_push_bytes(redis_push_element(reply, i), &client) &&
            client_id_is_valid(client))
            tell(bus, EVENT_MEMBER_REMOVED, channel, client.data);
    if (count > 1 && members_of(reply, 0) == 0)
        tell(bus, EVENT_CHANNEL_VACATED, channel, NULL);
}
