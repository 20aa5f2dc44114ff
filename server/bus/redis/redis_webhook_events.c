/* Member events of the whole service, sent to the application by the one
 * instance whose script observed them. */
#include "bus/redis/redis_webhook_events.h"

#include "bus/redis/redis_client_name.h"
#include "bus/redis/redis_push.h"
#include "messaging/hook.h"

static int64_t members_of(const struct redisReply *reply, size_t index)
{
    int64_t members = -1; /* not known */
    redis_push_number(redis_push_element(reply, index), &members);
    return members;
}

static void tell(const struct redis_bus *bus, enum hook_event event,
                 const char *channel)
{
    hook_tell_channel(bus->instance, event, channel);
}

static void tell_member(const struct redis_bus *bus, enum hook_event event,
                        const char *channel, const char *client,
                        struct bytes info)
{
    hook_tell_member(bus->instance, event, channel, client, info);
}

void redis_webhook_events_of_change(struct redis_bus *bus, const char *channel,
                                    const char *client, struct bytes info,
                                    const struct redisReply *reply)
{
    struct bytes event;
    int64_t members = members_of(reply, 1);
    if (!redis_push_bytes(redis_push_element(reply, 0), &event))
        return;
    if (bytes_equal(event, BYTES_LITERAL("J"))) {
        if (members == 1)
            tell(bus, EVENT_CHANNEL_OCCUPIED, channel);
        tell_member(bus, EVENT_MEMBER_ADDED, channel, client, info);
    } else if (bytes_equal(event, BYTES_LITERAL("L"))) {
        tell_member(bus, EVENT_MEMBER_REMOVED, channel, client,
                    (struct bytes){0});
        if (members == 0)
            tell(bus, EVENT_CHANNEL_VACATED, channel);
    }
}

void redis_webhook_events_of_reaped(struct redis_bus *bus, const char *channel,
                                    const struct redisReply *reply)
{
    const struct redisReply *gone = redis_push_element(reply, 1);
    size_t count = redis_push_count(gone);
    struct bytes name;
    char client[CLIENT_ID_MAX + 1];
    for (size_t i = 0; i < count; i++)
        if (redis_push_bytes(redis_push_element(gone, i), &name) &&
            redis_client_name_read(name, client))
            tell_member(bus, EVENT_MEMBER_REMOVED, channel, client,
                        (struct bytes){0});
    if (count && members_of(reply, 0) == 0)
        tell(bus, EVENT_CHANNEL_VACATED, channel);
}
