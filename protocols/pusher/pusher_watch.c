#include "protocols/pusher/pusher_watch.h"

#include "base/json.h"
#include "messaging/connection.h"
#include "messaging/names.h"
#include "messaging/operations.h"
#include "protocols/pusher/pusher_answer.h"
#include "protocols/pusher/pusher_apps.h"
#include "protocols/pusher/pusher_client.h"
#include "protocols/pusher/pusher_name.h"

bool pusher_watch_is_own(const struct connection *connection,
                         struct bytes channel)
{
    const char *id = pusher_client_user_id(connection);
    return id && bytes_equal(bytes_of(id),
                             pusher_name_watched(pusher_name_of(channel)));
}

/* Skips users that are duplicates, or beyond the limit. */
static void watch(struct connection *connection, struct bytes user)
{
    struct buffer name = {0};
    struct bytes full;
    char text[CHANNEL_NAME_MAX];
    buffer_append_text(&name, PUSHER_WATCH_CHANNEL);
    buffer_append(&name, user);
    if (pusher_client_channel(connection, buffer_bytes(&name), text, &full))
        operation_subscribe(connection, full, NULL, (struct bytes){0});
    buffer_deinit(&name);
}

static bool read_user(struct bytes raw, char text[CLIENT_ID_MAX],
                      struct bytes *user)
{
    *user = (struct bytes){text, 0};
    return raw.len && raw.data[0] == '"' &&
           json_decode_string(raw, text, CLIENT_ID_MAX, &user->len) &&
           pusher_name_is_user_id(*user);
}

static bool is_too_long(struct bytes list)
{
    unsigned count = 0;
    struct bytes raw;
    while (count <= PUSHER_WATCHED_MAX && json_next_element(&list, &raw))
        count++;
    return count > PUSHER_WATCHED_MAX;
}

void pusher_watch_begin(struct connection *connection, struct bytes list)
{
    struct bytes raw;
    struct bytes user;
    char text[CLIENT_ID_MAX];
    if (!pusher_client_of(connection)->app->watchlists)
        return;
    watch(connection, bytes_of(pusher_client_user_id(connection)));
    if (is_too_long(list)) {
        pusher_answer_error(connection, PUSHER_WATCHLIST_TOO_LONG,
                            "A watchlist has at most 100 users");
        return;
    }
    while (json_next_element(&list, &raw))
        if (read_user(raw, text, &user))
            watch(connection, user);
}

void pusher_watch_append(struct buffer *out, bool is_online, struct bytes user)
{
    struct buffer data = {0};
    buffer_append_format(&data, "{\"events\":[{\"name\":\"%s\",\"user_ids\":[",
                         is_online ? "online" : "offline");
    buffer_append_json_string(&data, user);
    buffer_append_text(&data, "]}]}");
    buffer_append_json_string(out, buffer_bytes(&data));
    buffer_deinit(&data);
}

void pusher_watch_on_subscribed(struct connection *connection,
                                const struct request *request)
{
    struct bytes channel = bytes_of(request->channel);
    if (request->fault == FAULT_NONE &&
        !pusher_watch_is_own(connection, channel))
        operation_presence(connection, channel, 0, (struct bytes){0});
}

void pusher_watch_on_presence(struct connection *connection,
                              const struct request *request)
{
    struct bytes user =
        pusher_name_watched(pusher_name_of(bytes_of(request->channel)));
    struct buffer data = {0};
    if (request->fault != FAULT_NONE)
        return;
    pusher_watch_append(&data, request->member_total > 0, user);
    pusher_answer_raw(connection, "pusher_internal:watchlist_events",
                      buffer_bytes(&data));
    buffer_deinit(&data);
}
