#include "protocols/pusher/pusher_lookup.h"

#include "base/clock.h"
#include "base/json.h"
#include "messaging/names.h"
#include "protocols/pusher/pusher_answered.h"
#include "protocols/pusher/pusher_apps.h"
#include "protocols/pusher/pusher_cache.h"
#include "protocols/pusher/pusher_encode.h"
#include "protocols/pusher/pusher_info.h"
#include "protocols/pusher/pusher_name.h"
#include "protocols/pusher/pusher_request.h"

enum { BAD_REQUEST = 400 };

static int refuse(const char **why, const char *text)
{
    *why = text;
    return BAD_REQUEST;
}

void pusher_lookup_append_prefix(struct buffer *out,
                                 const struct backend_request *request)
{
    buffer_append_text(out, PUSHER_PREFIX);
    buffer_append(out, request->name);
    buffer_append_char(out, ':');
}

bool pusher_lookup_append_name(struct buffer *out,
                               const struct backend_request *request,
                               struct bytes name)
{
    if (!pusher_name_is_valid(name) ||
        name.len + strlen(PUSHER_PREFIX) + request->name.len + 1 >
            CHANNEL_NAME_MAX)
        return false;
    buffer_append_char(out, '"');
    pusher_lookup_append_prefix(out, request);
    buffer_append(out, name);
    buffer_append_char(out, '"');
    return true;
}

/* ---- channels ------------------------------------------------------------ */

int pusher_lookup_channels(const struct backend_request *request,
                           struct bytes body, struct buffer *out,
                           const char **why)
{
    struct buffer prefix = {0};
    unsigned info = pusher_info_of(request);
    int status = BACKEND_ALLOWED;
    (void)body;
    pusher_request_parameter(request, "filter_by_prefix", &prefix);
    struct bytes filter = buffer_bytes(&prefix);
    if (info & (PUSHER_INFO_INVALID | PUSHER_INFO_CACHE))
        status = refuse(
            why, "Invalid info: expected user_count or subscription_count");
    else if (info & PUSHER_INFO_USERS && !pusher_name_is_presence(filter))
        status = refuse(why, "user_count requires a filter_by_prefix that "
                             "begins with presence-");
    else if (filter.len > CHANNEL_NAME_MAX - PUSHER_PREFIX_MAX - 1 ||
             (filter.len && !pusher_name_is_valid(filter)))
        status = refuse(why, "Invalid filter_by_prefix");
    buffer_append_text(out, "{\"commands\":[{\"command\":\"counts\","
                            "\"channels\":[\"");
    pusher_lookup_append_prefix(out, request);
    buffer_append(out, filter);
    buffer_append_text(out, "*\"]");
    pusher_info_append_counted(out, info);
    buffer_append_text(out, "}]}");
    buffer_deinit(&prefix);
    return status;
}

static void write_channels(const struct backend_request *request,
                           struct bytes results, struct buffer *out)
{
    struct bytes result = {0};
    json_next_element(&results, &result);
    buffer_append_text(out, "{\"channels\":");
    pusher_info_append_channels(out, pusher_answered_member(result, "counts"),
                                pusher_info_of(request));
    buffer_append_char(out, '}');
}

int pusher_lookup_answer_channels(const struct backend_request *request,
                                  int status, struct bytes body,
                                  struct buffer *out, const char **content_type)
{
    return pusher_answered(request, status, body, out, content_type,
                           write_channels);
}

/* ---- one channel --------------------------------------------------------- */

int pusher_lookup_channel(const struct backend_request *request,
                          struct bytes body, struct buffer *out,
                          const char **why)
{
    unsigned info = pusher_info_of(request);
    (void)body;
    if (info & PUSHER_INFO_INVALID)
        return refuse(
            why,
            "Invalid info: expected user_count, subscription_count or cache");
    if (info & PUSHER_INFO_CACHE && !pusher_name_is_cache(request->item))
        return refuse(why, "cache is available only for cache channels");
    if (info & PUSHER_INFO_USERS && !pusher_name_is_presence(request->item))
        return refuse(why,
                      "user_count is available only for presence channels");
    buffer_append_text(out, "{\"commands\":[{\"command\":\"counts\","
                            "\"channels\":[");
    if (!pusher_lookup_append_name(out, request, request->item))
        return refuse(why, "Invalid channel name");
    buffer_append_char(out, ']');
    pusher_info_append_counted(out, info | PUSHER_INFO_SUBSCRIPTIONS);
    buffer_append_char(out, '}');
    if (info & PUSHER_INFO_CACHE) {
        buffer_append_text(out, ",{\"command\":\"history\",\"limit\":100,"
                                "\"channel\":");
        pusher_lookup_append_name(out, request, request->item);
        buffer_append_char(out, '}');
    }
    buffer_append_text(out, "]}");
    return BACKEND_ALLOWED;
}

/* The last kept message as raw JSON, or empty. */
static struct bytes newest(struct bytes messages)
{
    struct bytes message;
    struct bytes found = {0};
    while (json_next_element(&messages, &message)) {
        char text[EVENT_TEXT_MAX];
        struct bytes event = {text, 0};
        json_decode_string(pusher_answered_member(message, "event"), text,
                           sizeof text, &event.len);
        if (pusher_cache_keeps(event))
            found = message;
    }
    return found;
}

static void append_cache(struct buffer *out, struct bytes messages)
{
    enum { KEPT_SECONDS = 1800 };
    uint64_t then_ms = 0;
    struct bytes message = newest(messages);
    if (!message.len) {
        buffer_append_text(out, ",\"cache\":null");
        return;
    }
    json_decode_whole(pusher_answered_member(message, "time"), &then_ms);
    uint64_t age = clock_elapsed((uint64_t)clock_wall_ms(), then_ms) / 1000;
    buffer_append_text(out, ",\"cache\":{\"data\":");
    pusher_encode_data(pusher_answered_member(message, "payload"), out);
    buffer_append_text(out, ",\"ttl\":");
    buffer_append_uint(out, age < KEPT_SECONDS ? KEPT_SECONDS - age : 0);
    buffer_append_char(out, '}');
}

static void write_channel(const struct backend_request *request,
                          struct bytes results, struct buffer *out)
{
    struct bytes result = {0};
    struct pusher_counts row = {0};
    json_next_element(&results, &result);
    struct bytes counts = pusher_answered_member(result, "counts");
    pusher_info_next(&counts, &row);
    buffer_append_format(out, "{\"occupied\":%s",
                         row.connections ? "true" : "false");
    struct buffer rest = {0};
    if (pusher_info_append(&rest, &row, pusher_info_of(request))) {
        buffer_append_char(out, ',');
        buffer_append(out, buffer_bytes(&rest));
    }
    buffer_deinit(&rest);
    if (json_next_element(&results, &result))
        append_cache(out, pusher_answered_member(result, "messages"));
    buffer_append_char(out, '}');
}

int pusher_lookup_answer_channel(const struct backend_request *request,
                                 int status, struct bytes body,
                                 struct buffer *out, const char **content_type)
{
    return pusher_answered(request, status, body, out, content_type,
                           write_channel);
}

/* ---- its users ----------------------------------------------------------- */

int pusher_lookup_users(const struct backend_request *request,
                        struct bytes body, struct buffer *out, const char **why)
{
    (void)body;
    if (!pusher_name_is_presence(request->item))
        return refuse(why, "Users are available only for presence channels");
    buffer_append_text(out, "{\"commands\":[{\"command\":\"presence\","
                            "\"channel\":");
    if (!pusher_lookup_append_name(out, request, request->item))
        return refuse(why, "Invalid channel name");
    buffer_append_text(out, "}]}");
    return BACKEND_ALLOWED;
}

/* Like Pusher, this reports a number as a string. */
static void write_users(const struct backend_request *request,
                        struct bytes results, struct buffer *out)
{
    struct bytes result = {0};
    struct bytes member;
    const char *comma = "";
    (void)request;
    json_next_element(&results, &result);
    struct bytes members = pusher_answered_member(result, "clients");
    buffer_append_text(out, "{\"users\":[");
    while (json_next_element(&members, &member)) {
        buffer_append_text(out, comma);
        buffer_append_text(out, "{\"id\":");
        buffer_append(out, pusher_answered_member(member, "client"));
        buffer_append_char(out, '}');
        comma = ",";
    }
    buffer_append_text(out, "]}");
}

int pusher_lookup_answer_users(const struct backend_request *request,
                               int status, struct bytes body,
                               struct buffer *out, const char **content_type)
{
    return pusher_answered(request, status, body, out, content_type,
                           write_users);
}

/* ---- the end of a user's connections ------------------------------------- */

int pusher_lookup_terminate(const struct backend_request *request,
                            struct bytes body, struct buffer *out,
                            const char **why)
{
    (void)body;
    if (!pusher_name_is_user_id(request->item))
        return refuse(why, "Invalid user id");
    buffer_append_text(out, "{\"commands\":[{\"command\":\"terminate\","
                            "\"client\":\"");
    pusher_lookup_append_prefix(out, request);
    buffer_append(out, request->item);
    buffer_append_text(out, "\"}]}");
    return BACKEND_ALLOWED;
}

static void write_terminated(const struct backend_request *request,
                             struct bytes results, struct buffer *out)
{
    (void)request, (void)results;
    buffer_append_text(out, "{}");
}

int pusher_lookup_answer_terminated(const struct backend_request *request,
                                    int status, struct bytes body,
                                    struct buffer *out,
                                    const char **content_type)
{
    return pusher_answered(request, status, body, out, content_type,
                           write_terminated);
}
