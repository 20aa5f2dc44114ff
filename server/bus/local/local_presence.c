#include "bus/local/local_presence.h"

#include "base/clock.h"
#include "messaging/hook.h"
#include "messaging/hub.h"
#include "messaging/worker.h"

/* Notifies the subscribers of joins and leaves, if configured. */
static void announce(const struct local_presence *presence,
                     enum message_kind kind, const char *client,
                     struct bytes info)
{
    if (!presence->options->join_leave)
        return;
    const struct message_parts parts = {.channel = bytes_of(presence->channel),
                                        .from = bytes_of(client),
                                        .info = info};
    struct message *message = message_new_of(kind, &parts);
    message->time_ms = clock_wall_ms();
    hub_deliver(presence->instance->hub, message);
    message_unref(message);
}

static void tell(const struct local_presence *presence, enum hook_event event)
{
    hook_tell_channel(presence->instance, event, presence->channel);
}

static void tell_member(const struct local_presence *presence,
                        enum hook_event event, const char *client,
                        struct bytes info)
{
    hook_tell_member(presence->instance, event, presence->channel, client,
                     info);
}

/* Sends the join before subscribing, so that the new member does not get its
 * own. A client within its grace period never left. */
void local_presence_enter(struct local_presence *presence, const char *client,
                          struct bytes info)
{
    bool was_empty = members_is_empty(&presence->members);
    if (!presence->options->presence || !client[0] ||
        !members_add_with(&presence->members, client, info) ||
        leavers_remove(&presence->leavers, client))
        return;
    announce(presence, MESSAGE_JOIN, client, info);
    if (was_empty)
        tell(presence, EVENT_CHANNEL_OCCUPIED);
    tell_member(presence, EVENT_MEMBER_ADDED, client, info);
}

/* Reports a client that is no longer a member. */
static void report_left(const struct local_presence *presence,
                        const char *client)
{
    const struct bytes none = {0};
    announce(presence, MESSAGE_LEAVE, client, none);
    tell_member(presence, EVENT_MEMBER_REMOVED, client, none);
    if (members_is_empty(&presence->members))
        tell(presence, EVENT_CHANNEL_VACATED);
}

void local_presence_leave(struct local_presence *presence, const char *client,
                          bool may_return)
{
    uint64_t wait_ms = (uint64_t)presence->options->leave_seconds * 1000;
    if (!presence->options->presence || !client[0])
        return;
    if (!wait_ms || !may_return) {
        if (members_remove(&presence->members, client))
            report_left(presence, client);
    } else if (members_release(&presence->members, client)) {
        leavers_add(&presence->leavers, client, clock_steady_ms() + wait_ms);
    }
}

void local_presence_expire(struct local_presence *presence, uint64_t now_ms)
{
    const char *client;
    while ((client = leavers_due(&presence->leavers, now_ms))) {
        members_drop(&presence->members, client);
        report_left(presence, client);
        leavers_remove(&presence->leavers, client);
    }
}

void local_presence_deinit(struct local_presence *presence)
{
    members_clear(&presence->members);
    leavers_clear(&presence->leavers);
}
