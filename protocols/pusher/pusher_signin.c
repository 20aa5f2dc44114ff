#include "protocols/pusher/pusher_signin.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "base/json.h"
#include "base/memory.h"
#include "messaging/connection.h"
#include "messaging/names.h"
#include "protocols/pusher/pusher_answer.h"
#include "protocols/pusher/pusher_apps.h"
#include "protocols/pusher/pusher_client.h"
#include "protocols/pusher/pusher_name.h"
#include "protocols/pusher/pusher_signature.h"
#include "protocols/pusher/pusher_watch.h"

enum { AUTH_MAX = 256 };

bool pusher_signin_is_user(const struct connection *connection, struct bytes id)
{
    const char *user = pusher_client_user_id(connection);
    return user && bytes_equal(bytes_of(user), id);
}

static void refuse(struct connection *connection, const char *why)
{
    pusher_answer_error(connection, PUSHER_UNAUTHORIZED, why);
    connection_close_with(connection, CLOSE_TOKEN_INVALID, PUSHER_UNAUTHORIZED,
                          bytes_of(why));
}

/* A string; some applications use numbers. */
static bool read_id(struct bytes raw, char text[CLIENT_ID_MAX],
                    struct bytes *id)
{
    *id = raw;
    if (raw.len && raw.data[0] == '"') {
        id->data = text;
        if (!json_decode_string(raw, text, CLIENT_ID_MAX, &id->len))
            return false;
    }
    return pusher_name_is_user_id(*id);
}

static bool read_user(struct bytes user_data, char text[CLIENT_ID_MAX],
                      struct bytes *id, struct bytes *watchlist)
{
    struct json_slot slots[] = {{.name = "id"}, {.name = "watchlist"}};
    const char *why;
    if (!json_scan_object(user_data, slots, 2, &why))
        return false;
    *watchlist = slots[1].raw;
    if (watchlist->len && watchlist->data[0] != '[')
        watchlist->len = 0;
    return read_id(slots[0].raw, text, id);
}

static void succeed(struct connection *connection, struct bytes user_data)
{
    struct buffer data = {0};
    buffer_append_text(&data, "{\"user_data\":");
    buffer_append_json_string(&data, user_data);
    buffer_append_char(&data, '}');
    pusher_answer_event(connection, "pusher:signin_success", (struct bytes){0},
                        buffer_bytes(&data));
    buffer_deinit(&data);
}

/* The user signed by the application. */
static void take_on(struct connection *connection, struct bytes user_data)
{
    struct pusher_client *client = pusher_client_of(connection);
    char text[CLIENT_ID_MAX];
    struct bytes id;
    struct bytes watchlist;
    if (!read_user(user_data, text, &id, &watchlist) ||
        client->app->prefix_len + id.len > CLIENT_ID_MAX) {
        refuse(connection, "The user id must be a string of A-Z a-z 0-9 "
                           "- _ = @ , . ;");
        return;
    }
    if (pusher_client_user(connection) &&
        !pusher_signin_is_user(connection, id)) {
        pusher_answer_error(connection, PUSHER_NO_CODE,
                            "Already signed in as another user");
        return;
    }
    struct buffer user = {0};
    buffer_append_text(&user, client->app->prefix);
    buffer_append(&user, id);
    free(pusher_client_extra(client)->user);
    client->extra->user = memory_copy_text(user.data, user.len);
    buffer_deinit(&user);
    succeed(connection, user_data);
    pusher_watch_begin(connection, watchlist);
}

void pusher_signin(struct connection *connection, struct bytes data)
{
    struct json_slot slots[] = {{.name = "auth"}, {.name = "user_data"}};
    const struct pusher_app *app = pusher_client_of(connection)->app;
    char auth_text[AUTH_MAX];
    char *data_text = memory_new(1, PUSHER_USER_DATA_MAX);
    struct bytes auth = {auth_text, 0};
    struct bytes user_data = {data_text, 0};
    const char *why;
    if (json_scan_object(data, slots, 2, &why) &&
        json_decode_string(slots[0].raw, auth_text, AUTH_MAX, &auth.len) &&
        json_decode_string(slots[1].raw, data_text, PUSHER_USER_DATA_MAX,
                           &user_data.len) &&
        pusher_signin_is_good(app->key, app->secret,
                              pusher_client_socket(connection), user_data,
                              auth))
        take_on(connection, user_data);
    else
        refuse(connection, "Invalid user signature");
    free(data_text);
}
