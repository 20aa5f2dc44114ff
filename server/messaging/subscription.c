#include "messaging/subscription.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "messaging/connection.h"

/* Const or not, as the caller has it; like memchr. */
struct subscription *subscription_first(const struct connection *connection)
{
    const union subscriptions *all = &connection->subscriptions;
    return connection->subscription_count > 1
               ? all->many
               : (struct subscription *)&all->one;
}

struct subscription *subscription_find(struct connection *connection,
                                       const struct channel *channel)
{
    struct subscription *all = subscription_first(connection);
    for (uint32_t i = 0; i < connection->subscription_count; i++)
        if (all[i].channel == channel)
            return &all[i];
    return NULL;
}

/* The array's capacity doubles at powers of two. */
static void make_room(union subscriptions *all, uint32_t count)
{
    bool is_full = (count & (count - 1)) == 0;
    if (count > 1 && is_full)
        all->many = memory_resize(all->many, count * 2, sizeof *all->many);
    if (count == 1) {
        struct subscription *many = memory_new(2, sizeof *many);
        many[0] = all->one;
        all->many = many;
    }
}

void subscription_add(struct connection *connection, struct channel *channel,
                      bool is_hidden)
{
    make_room(&connection->subscriptions, connection->subscription_count);
    uint32_t index = connection->subscription_count++;
    subscription_first(connection)[index] = (struct subscription){
        .channel = channel, .is_hidden = is_hidden, .is_pending = true};
}

bool subscription_is_wanted(const struct subscription *subscription)
{
    return !subscription->is_cancelled || subscription->is_renewed;
}

uint32_t subscription_count_wanted(const struct connection *connection)
{
    const struct subscription *all = subscription_first(connection);
    uint32_t wanted = 0;
    for (uint32_t i = 0; i < connection->subscription_count; i++)
        wanted += subscription_is_wanted(&all[i]);
    return wanted;
}

struct channel *subscription_only(const struct connection *connection)
{
    const struct subscription *all = subscription_first(connection);
    if (subscription_count_wanted(connection) != 1)
        return NULL;
    while (!subscription_is_wanted(all))
        all++;
    return all->channel;
}

void subscription_renew(struct connection *connection,
                        struct subscription *subscription,
                        struct request *request)
{
    struct connection_extra *extra = connection_extra(connection);
    subscription->is_renewed = true;
    request->next = extra->renewals;
    extra->renewals = request;
}

struct request *subscription_take_renewal(struct connection *connection,
                                          struct subscription *subscription,
                                          const char *channel)
{
    if (!subscription->is_renewed)
        return NULL;
    subscription->is_renewed = false;
    struct request **at = &connection->extra->renewals;
    while (strcmp((*at)->channel, channel) != 0)
        at = &(*at)->next;
    struct request *request = *at;
    *at = request->next;
    return request;
}

void subscription_drop(struct connection *connection,
                       struct subscription *subscription)
{
    struct subscription *all = subscription_first(connection);
    *subscription = all[--connection->subscription_count];
    if (connection->subscription_count != 1)
        return;
    connection->subscriptions.one = all[0];
    free(all);
}

void subscription_drop_all(struct connection *connection)
{
    if (connection->subscription_count > 1)
        free(connection->subscriptions.many);
    connection->subscription_count = 0;
    while (connection->extra && connection->extra->renewals) {
        struct request *request = connection->extra->renewals;
        connection->extra->renewals = request->next;
        request_free(request);
    }
}
