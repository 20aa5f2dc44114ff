#include "bus/redis/redis_receive.h"

#include "bus/redis/redis_channel.h"
#include "bus/redis/redis_cluster.h"
#include "bus/redis/redis_control.h"
#include "bus/redis/redis_input.h"
#include "bus/redis/redis_keys.h"
#include "bus/redis/redis_proof.h"
#include "bus/redis/redis_push.h"
#include "bus/redis/redis_repair.h"
#include "messaging/names.h"

static void on_own_push(struct redis_bus *bus, const struct redis_push *push)
{
    bool is_echo = bytes_equal(push->channel, bytes_of(bus->proof.channel));
    if (push->kind == PUSH_MESSAGE && is_echo) {
        redis_proof_on_echo(bus, push->text);
        redis_repairs_judge(bus, bus->subscriptions, bus->proof.echo.heard);
    } else if (push->kind == PUSH_MESSAGE)
        redis_control_on_message(bus, push->text);
    else if (push->kind == PUSH_SUBSCRIBED && is_echo)
        redis_proof_subscribed(bus);
    else if (push->kind == PUSH_UNSUBSCRIBED && bus->cluster)
        redis_cluster_refresh(bus->cluster);
}

/* An SSUBSCRIBE reached a node that does not have the slot. */
static void on_moved(struct redis_bus *bus, const char *error)
{
    uint16_t slot;
    if (!bus->cluster)
        return;
    if (redis_cluster_redirect(bus->cluster, error, &slot))
        redis_channels_moved(bus);
    else
        redis_channels_refused(bus);
}

void redis_receive(void *arg, const struct redisReply *reply)
{
    struct redis_bus *bus = arg;
    struct redis_push push;
    char name[CHANNEL_NAME_MAX + 1];
    if (redis_push_is_redirection(reply)) {
        on_moved(bus, redis_push_error(reply));
        return;
    }
    if (!redis_push_read(reply, &push))
        return;
    bus->proof.echo.pushes++;
    if (push.kind == PUSH_PATTERN) {
        redis_input_on_message(bus, push.channel, push.text);
    } else if (!redis_read_channel(bus, push.channel, name)) {
        on_own_push(bus, &push);
    } else if (push.kind == PUSH_MESSAGE) {
        redis_channel_on_message(bus, name, push.text);
    } else if (push.kind == PUSH_SUBSCRIBED) {
        redis_channel_on_confirmed(bus, name);
    } else if (push.kind == PUSH_UNSUBSCRIBED) {
        if (redis_channel_on_unsubscribed(bus, name) && bus->cluster)
            redis_cluster_refresh(bus->cluster); /* the slot has moved */
    }
}
