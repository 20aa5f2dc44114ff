#include "messaging/subscription.h"

#include <stdlib.h>

#include "base/memory.h"
#include "messaging/connection.h"

struct subscription *subscription_find(struct connection *connection,
                                       const struct channel *channel)
{
    for (uint32_t i = 0; i < connection->subscription_count; i++)
        if (connection->subscriptions[i].channel == channel)
            return &connection->subscriptions[i];
    return NULL;
}

void subscription_add(struct connection *connection, struct channel *channel)
{
    uint32_t index = connection->subscription_count++;
    bool is_full = (index & (index - 1)) == 0; /* doubled at powers of two */
    if (is_full)
        connection->subscriptions =
            memory_resize(connection->subscriptions, index ? index * 2 : 1,
                          sizeof *connection->subscriptions);
    connection->subscriptions[index] =
        (struct subscription){.channel = channel, .is_pending = true};
}

void subscription_drop(struct connection *connection,
                       struct subscription *subscription)
{
    *subscription = connection->subscriptions[--connection->subscription_count];
    if (!connection->subscription_count) {
        free(connection->subscriptions);
        connection->subscriptions = NULL;
    }
}
