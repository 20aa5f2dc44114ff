/* Applies a new token, and removes what it no longer allows. */
#include <string.h>

#include "messaging/channel.h"
#include "messaging/liveness.h"
#include "messaging/names.h"
#include "messaging/operation_refusal.h"
#include "messaging/operations.h"
#include "messaging/subscription.h"
#include "messaging/worker.h"

void operation_remove(struct connection *connection, struct bytes channel)
{
    if (operation_unsubscribe(connection, channel) == FAULT_NONE &&
        connection->protocol->on_unsubscribed)
        connection->protocol->on_unsubscribed(connection, channel);
}

/* A new token may allow less than the old one. */
static void leave_forbidden(struct connection *connection)
{
    for (uint32_t i = connection->subscription_count; i-- > 0;) {
        struct bytes name =
            bytes_of(subscription_first(connection)[i].channel->name);
        if (caps_allow(connection->identity.caps, CAN_SUBSCRIBE, name))
            continue;
        char copy[CHANNEL_NAME_MAX]; /* the channel may be freed by this */
        memcpy(copy, name.data, name.len);
        name.data = copy;
        operation_remove(connection, name);
    }
}

/* Values set by the application in a hook are kept. */
static void take_on(struct connection *connection, struct identity fresh)
{
    struct identity *identity = &connection->identity;
    struct identity unused = connection->keeps_caps ? fresh : *identity;
    if (!connection->keeps_caps)
        identity->caps = fresh.caps;
    unused.info = connection->keeps_info ? fresh.info : identity->info;
    if (!connection->keeps_info)
        identity->info = fresh.info;
    identity->has_token = fresh.has_token;
    identity->generation = fresh.generation;
    if (!connection->keeps_expiry)
        identity->expires_seconds = fresh.expires_seconds;
    identity_deinit(&unused);
}

enum fault operation_refresh(struct connection *connection, struct bytes token,
                             const char **why)
{
    const struct token_judge *judge =
        &connection->worker->instance->token_judge;
    struct identity fresh = {0};
    enum refusal_reason reason;
    if (!judge->judge(judge->arg, token, connection_client_id(connection),
                      &fresh, &reason, why)) {
        operation_refusal_of_refresh(connection, reason, *why);
        return FAULT_BAD_TOKEN;
    }
    take_on(connection, fresh);
    liveness_watch_expiry(connection->worker, connection);
    leave_forbidden(connection);
    return FAULT_NONE;
}
