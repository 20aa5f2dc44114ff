#include "protocols/pusher/pusher_subscribe.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/memory.h"
#include "messaging/channel.h"
#include "messaging/connection.h"
#include "messaging/operations.h"
#include "messaging/subscription.h"
#include "protocols/pusher/pusher_answer.h"
#include "protocols/pusher/pusher_apps.h"
#include "protocols/pusher/pusher_cache.h"
#include "protocols/pusher/pusher_client.h"
#include "protocols/pusher/pusher_encode.h"
#include "protocols/pusher/pusher_name.h"
#include "protocols/pusher/pusher_signature.h"
#include "protocols/pusher/pusher_signin.h"
#include "protocols/pusher/pusher_since.h"

enum { UNAUTHORIZED = 401, BAD_REQUEST = 400, UNAVAILABLE = 503 };

/* ---- subscribing --------------------------------------------------------- */

enum { DATA_MAX = 4096, AUTH_MAX = 256 };

/* The data of pusher:subscribe. */
struct wish {
    char name_text[CHANNEL_NAME_MAX];
    char full_text[CHANNEL_NAME_MAX];
    char auth_text[AUTH_MAX];
    char data_text[DATA_MAX];
    struct bytes name;
    struct bytes full; /* with the app's prefix */
    struct bytes auth;
    struct bytes data;  /* channel_data, or empty */
    struct bytes since; /* raw JSON, or empty */
};

static bool decode(struct bytes raw, char *out, size_t size, struct bytes *text)
{
    *text = (struct bytes){out, 0};
    return !raw.len || json_decode_string(raw, out, size, &text->len);
}

static bool read_wish(const struct connection *connection, struct bytes data,
                      struct wish *wish)
{
    struct json_slot slots[] = {{.name = "channel"},
                                {.name = "auth"},
                                {.name = "channel_data"},
                                {.name = "since"}};
    const char *why;
    if (!json_scan_object(data, slots, 4, &why))
        return false;
    wish->since = slots[3].raw;
    return decode(slots[0].raw, wish->name_text, CHANNEL_NAME_MAX,
                  &wish->name) &&
           decode(slots[1].raw, wish->auth_text, AUTH_MAX, &wish->auth) &&
           decode(slots[2].raw, wish->data_text, DATA_MAX, &wish->data) &&
           pusher_name_is_valid(wish->name) &&
           pusher_client_channel(connection, wish->name, wish->full_text,
                                 &wish->full);
}

static bool is_signed(const struct connection *connection,
                      const struct wish *wish)
{
    const struct pusher_app *app = pusher_client_of(connection)->app;
    return pusher_auth_is_good(app->key, app->secret,
                               pusher_client_socket(connection), wish->name,
                               wish->data, wish->auth);
}

static bool has(struct connection *connection, struct bytes channel)
{
    const struct channel *known = channel_find(connection->worker, channel);
    const struct subscription *subscription =
        known ? subscription_find(connection, known) : NULL;
    return subscription && subscription_is_wanted(subscription);
}

/* The status is for programs, the text for humans. */
static void refuse_for(struct connection *connection, struct bytes name,
                       enum fault fault, const char *text)
{
    int status = fault == FAULT_UNAVAILABLE ? UNAVAILABLE
                 : fault == FAULT_REFUSED   ? UNAUTHORIZED
                                            : BAD_REQUEST;
    pusher_answer_refusal(connection, name,
                          status == UNAUTHORIZED ? "AuthError" : "Error",
                          text ? text : fault_info(fault)->text, status);
}

static void start(struct connection *connection, const struct wish *wish)
{
    struct position since;
    bool recovers = pusher_since_read(connection, wish->since, &since);
    enum fault fault = operation_subscribe(
        connection, wish->full, recovers ? &since : NULL, (struct bytes){0});
    if (fault == FAULT_NONE)
        return;
    pusher_client_drop(connection, wish->full);
    refuse_for(connection, wish->name, fault, NULL);
}

/* Subscribes as the user signed by the application. */
static void start_as_member(struct connection *connection,
                            const struct wish *wish)
{
    struct pusher_user user;
    struct error why;
    if (!pusher_user_read(wish->data, &user, &why)) {
        pusher_answer_refusal(connection, wish->name, "Error", why.text,
                              BAD_REQUEST);
        return;
    }
    pusher_client_add(connection, wish->full, &user);
    start(connection, wish);
}

void pusher_subscribe(struct connection *connection, struct bytes data)
{
    struct wish wish;
    if (!read_wish(connection, data, &wish)) {
        pusher_answer_error(connection, PUSHER_NO_CODE,
                            "Invalid channel, auth or channel_data");
        connection_count_fault(connection, FAULT_BAD_CHANNEL);
    } else if (has(connection, wish.full)) {
        pusher_answer_error(connection, PUSHER_NO_CODE,
                            "Existing subscription to this channel");
    } else if (pusher_name_user(wish.name).len &&
               !pusher_signin_is_user(connection,
                                      pusher_name_user(wish.name))) {
        pusher_answer_refusal(connection, wish.name, "AuthError",
                              "Sign in as this user first", UNAUTHORIZED);
    } else if (pusher_name_is_private(wish.name) &&
               !is_signed(connection, &wish)) {
        pusher_answer_refusal(connection, wish.name, "AuthError",
                              "Invalid signature", UNAUTHORIZED);
    } else if (pusher_name_is_presence(wish.name)) {
        start_as_member(connection, &wish);
    } else {
        start(connection, &wish);
    }
}

void pusher_unsubscribe(struct connection *connection, struct bytes data)
{
    struct wish wish;
    if (!read_wish(connection, data, &wish))
        return;
    operation_unsubscribe(connection, wish.full);
    pusher_client_drop(connection, wish.full);
    pusher_cache_drop(connection, wish.full);
}

/* ---- answers ------------------------------------------------------------- */

static void succeed(struct connection *connection, struct bytes channel,
                    struct bytes data, const struct position *position,
                    bool recovered)
{
    struct buffer more = {0};
    pusher_since_append(connection, position, recovered, &more);
    pusher_answer_event_with(
        connection, "pusher_internal:subscription_succeeded",
        pusher_name_of(channel), data, buffer_bytes(&more));
    buffer_deinit(&more);
}

/* The number identifies the query in the answer. */
static void ask_who_is_there(struct connection *connection,
                             struct pusher_member *member,
                             const struct request *subscribed)
{
    char number[24];
    struct bytes channel = {member->channel, member->channel_len};
    member->number =
        ++pusher_client_extra(pusher_client_of(connection))->last_number;
    member->position = subscribed->position;
    member->recovered = subscribed->recovered;
    snprintf(number, sizeof number, "%llu", (unsigned long long)member->number);
    enum fault fault =
        operation_presence_whole(connection, channel, bytes_of(number));
    if (fault == FAULT_NONE)
        return;
    operation_unsubscribe(connection, channel);
    refuse_for(connection, pusher_name_of(channel), fault, NULL);
    pusher_client_drop(connection, channel);
}

/* Sent before its position, so that the position includes them. */
static void tell_missed(struct connection *connection,
                        const struct request *request)
{
    if (request->message_count)
        connection_send_page(connection, request->messages,
                             request->message_count);
}

void pusher_on_subscribed(struct connection *connection,
                          const struct request *request)
{
    struct bytes channel = bytes_of(request->channel);
    struct pusher_member *member = pusher_client_find(connection, channel);
    if (request->fault == FAULT_CANCELLED)
        return; /* not requested */
    if (request->fault != FAULT_NONE) {
        pusher_client_drop(connection, channel);
        refuse_for(connection, pusher_name_of(channel), request->fault,
                   request->why);
    } else {
        tell_missed(connection, request);
        if (member)
            ask_who_is_there(connection, member, request);
        else
            succeed(connection, channel, BYTES_LITERAL("{}"),
                    &request->position, request->recovered);
    }
    /* the answers come in this order */
    if (request->fault == FAULT_NONE && !request->recovered &&
        pusher_name_is_cache(pusher_name_of(channel)) &&
        (!member || pusher_client_find(connection, channel)))
        pusher_cache_ask(connection, channel, request->position.offset);
}

/* The list of members as it is written. */
struct listing {
    struct buffer ids;  /* JSON, without brackets */
    struct buffer hash; /* the same */
    uint64_t count;
    bool has_own;
};

static void append_member(struct listing *listing, struct bytes id,
                          struct bytes info)
{
    const char *comma = listing->count++ ? "," : "";
    buffer_append_text(&listing->ids, comma);
    pusher_user_append_id(&listing->ids, id, info);
    buffer_append_text(&listing->hash, comma);
    buffer_append_json_string(&listing->hash, id);
    buffer_append_char(&listing->hash, ':');
    pusher_user_append_info(&listing->hash, info);
}

/* With the client itself, which Redis cannot count while it takes no writes. */
static void list_members(const struct pusher_member *own,
                         const struct request *request, struct listing *listing)
{
    for (size_t i = 0; i < request->member_count; i++) {
        const struct member_count *one = &request->members[i];
        struct bytes info = {one->info, one->info ? strlen(one->info) : 0};
        append_member(listing, bytes_of(one->client), info);
        listing->has_own |= strcmp(one->client, own->user.id) == 0;
    }
    if (!listing->has_own)
        append_member(listing, bytes_of(own->user.id),
                      bytes_of(own->user.info));
}

/* Who came and left before that is in the list, and is not told again. */
static void pass_over_changes(struct connection *connection,
                              struct bytes channel)
{
    struct channel *known = channel_find(connection->worker, channel);
    if (known && subscription_find(connection, known))
        channel_catch_up(known, connection);
}

static void tell_who_is_there(struct connection *connection,
                              struct pusher_member *member,
                              const struct request *request)
{
    struct bytes channel = {member->channel, member->channel_len};
    struct listing listing = {0};
    struct buffer data = {0};
    pass_over_changes(connection, channel);
    member->has_list = true;
    list_members(member, request, &listing);
    buffer_append_text(&data, "{\"presence\":{\"ids\":[");
    buffer_append(&data, buffer_bytes(&listing.ids));
    buffer_append_text(&data, "],\"hash\":{");
    buffer_append(&data, buffer_bytes(&listing.hash));
    buffer_append_text(&data, "},\"count\":");
    buffer_append_uint(&data, listing.count);
    buffer_append_text(&data, "}}");
    succeed(connection, channel, buffer_bytes(&data), &member->position,
            member->recovered);
    buffer_deinit(&data);
    buffer_deinit(&listing.ids);
    buffer_deinit(&listing.hash);
}

static void leave_full(struct connection *connection, struct bytes channel,
                       uint32_t limit)
{
    char text[80];
    snprintf(text, sizeof text, "The channel is full: it has %u members",
             limit);
    operation_unsubscribe(connection, channel);
    pusher_answer_refusal(connection, pusher_name_of(channel), "LimitReached",
                          text, BAD_REQUEST);
    pusher_client_drop(connection, channel);
}

void pusher_on_presence(struct connection *connection,
                        const struct request *request)
{
    struct bytes channel = bytes_of(request->channel);
    uint32_t limit = pusher_client_of(connection)->app->presence_members;
    struct pusher_member *member = pusher_client_find(connection, channel);
    uint64_t number;
    if (!member || !json_decode_uint(request->id, &number) ||
        number != member->number)
        return; /* unsubscribed, possibly resubscribed, meanwhile */
    if (request->fault != FAULT_NONE) {
        operation_unsubscribe(connection, channel);
        refuse_for(connection, pusher_name_of(channel), request->fault, NULL);
        pusher_client_drop(connection, channel);
    } else if (limit && request->member_total > limit) {
        leave_full(connection, channel, limit);
    } else {
        tell_who_is_there(connection, member, request);
    }
}
