#include "protocols/pusher/pusher_client.h"

#include <stdlib.h>

#include "base/memory.h"
#include "messaging/connection.h"
#include "protocols/pusher/pusher_apps.h"

struct pusher_client *pusher_client_of(const struct connection *connection)
{
    return connection->state;
}

void pusher_client_begin(struct connection *connection, struct pusher_app *app)
{
    struct pusher_client *client = memory_new(1, sizeof *client);
    client->app = app;
    connection->state = client;
}

struct pusher_extra *pusher_client_extra(struct pusher_client *client)
{
    if (!client->extra)
        client->extra = memory_new(1, sizeof *client->extra);
    return client->extra;
}

const char *pusher_client_user(const struct connection *connection)
{
    const struct pusher_client *client = pusher_client_of(connection);
    return client && client->extra ? client->extra->user : NULL;
}

const char *pusher_client_user_id(const struct connection *connection)
{
    const char *user = pusher_client_user(connection);
    return user ? user + pusher_client_of(connection)->app->prefix_len : NULL;
}

static void free_member(struct pusher_member *member)
{
    free(member->user.info);
    free(member);
}

void pusher_client_end(struct connection *connection)
{
    struct pusher_client *client = connection->state;
    if (!client)
        return;
    while (client->members) {
        struct pusher_member *member = client->members;
        client->members = member->next;
        free_member(member);
    }
    pusher_app_leave(client->app);
    pusher_app_unref(client->app);
    if (client->extra) {
        free(client->extra->former);
        free(client->extra->user);
    }
    free(client->extra);
    free(client);
    connection->state = NULL;
}

const char *pusher_client_socket(const struct connection *connection)
{
    const struct pusher_client *client = pusher_client_of(connection);
    return connection_client_id(connection) + client->app->prefix_len;
}

/* Where the pointer to the member is, or would be. */
static struct pusher_member **place_of(const struct connection *connection,
                                       struct bytes channel)
{
    struct pusher_client *client = pusher_client_of(connection);
    struct pusher_member **place = &client->members;
    while (*place &&
           !bytes_equal(channel, (struct bytes){(*place)->channel,
                                                (*place)->channel_len}))
        place = &(*place)->next;
    return place;
}

struct pusher_member *pusher_client_find(const struct connection *connection,
                                         struct bytes channel)
{
    return pusher_client_of(connection) ? *place_of(connection, channel) : NULL;
}

struct pusher_member *pusher_client_add(struct connection *connection,
                                        struct bytes channel,
                                        const struct pusher_user *user)
{
    struct pusher_member *member = memory_new(1, sizeof *member);
    pusher_client_drop(connection, channel);
    member->user = *user;
    member->channel_len = channel.len;
    memcpy(member->channel, channel.data, channel.len);
    member->next = pusher_client_of(connection)->members;
    pusher_client_of(connection)->members = member;
    return member;
}

void pusher_client_drop(struct connection *connection, struct bytes channel)
{
    struct pusher_member *member = pusher_client_find(connection, channel);
    if (!member)
        return;
    *place_of(connection, channel) = member->next;
    free_member(member);
}

bool pusher_client_channel(const struct connection *connection,
                           struct bytes name, char *out, struct bytes *full)
{
    const struct pusher_app *app = pusher_client_of(connection)->app;
    *full = (struct bytes){out, app->prefix_len + name.len};
    if (full->len > CHANNEL_NAME_MAX)
        return false;
    memcpy(out, app->prefix, app->prefix_len);
    memcpy(out + app->prefix_len, name.data, name.len);
    return true;
}
