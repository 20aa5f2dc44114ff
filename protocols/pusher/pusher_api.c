#include "protocols/pusher/pusher_api.h"

#include <ctype.h>

#include "base/json.h"
#include "messaging/names.h"
#include "protocols/pusher/pusher_answered.h"
#include "protocols/pusher/pusher_apps.h"
#include "protocols/pusher/pusher_encode.h"
#include "protocols/pusher/pusher_info.h"
#include "protocols/pusher/pusher_lookup.h"
#include "protocols/pusher/pusher_request.h"

enum {
    BAD_REQUEST = 400,
    TOO_LARGE = 413,
    CHANNELS_MAX = 100,
    EVENTS_MAX = 10
};

/* One event of a body, raw JSON. */
enum member { NAME, DATA, CHANNEL, CHANNELS, SOCKET, INFO, MEMBERS };

struct event {
    struct json_slot slots[MEMBERS];
};

static bool read_event(struct bytes text, struct event *event)
{
    const char *why;
    *event = (struct event){{[NAME] = {.name = "name"},
                             [DATA] = {.name = "data"},
                             [CHANNEL] = {.name = "channel"},
                             [CHANNELS] = {.name = "channels"},
                             [SOCKET] = {.name = "socket_id"},
                             [INFO] = {.name = "info"}}};
    return json_scan_object(text, event->slots, MEMBERS, &why);
}

static int refuse(const char **why, int status, const char *text)
{
    *why = text;
    return status;
}

static int append_channel(struct buffer *out,
                          const struct backend_request *request,
                          struct bytes raw, const char **why)
{
    char text[CHANNEL_NAME_MAX];
    struct bytes name = {text, 0};
    if (json_decode_string(raw, text, sizeof text, &name.len) &&
        pusher_lookup_append_name(out, request, name))
        return BACKEND_ALLOWED;
    return refuse(why, BAD_REQUEST, "Invalid channel name");
}

static int append_name(struct buffer *out, struct bytes raw, const char **why)
{
    char text[EVENT_TEXT_MAX];
    struct bytes name = {text, 0};
    if (!json_decode_string(raw, text, sizeof text, &name.len) ||
        !event_text_is_valid(name))
        return refuse(why, BAD_REQUEST,
                      "name must be a string of 1 to 200 bytes");
    buffer_append_text(out, ",\"event\":");
    buffer_append(out, raw);
    return BACKEND_ALLOWED;
}

/* Limit of the data of one event. */
static size_t data_max(const struct backend_request *request)
{
    struct pusher_app *app = pusher_app_of_id(request->name);
    size_t max = app ? app->event_bytes : 0;
    pusher_app_unref(app);
    return max;
}

static int append_data(struct buffer *out,
                       const struct backend_request *request, struct bytes raw,
                       const char **why)
{
    struct buffer text = {0};
    size_t len = 0;
    char *at = buffer_reserve(&text, raw.len + 1);
    int status = BACKEND_ALLOWED;
    if (!json_decode_string(raw, at, raw.len + 1, &len)) {
        status = refuse(why, BAD_REQUEST, "data must be a string");
    } else if (len > data_max(request)) {
        status = refuse(why, TOO_LARGE,
                        "The data content of this event exceeds the allowed "
                        "maximum: event_bytes of the application");
    } else {
        buffer_append_text(out, ",\"payload\":");
        pusher_encode_payload((struct bytes){at, len}, out);
    }
    buffer_deinit(&text);
    return status;
}

/* Digits, a dot, and digits. */
static bool is_socket_id(struct bytes text)
{
    size_t dots = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool is_dot = text.data[i] == '.';
        dots += is_dot;
        if (!is_dot && !isdigit((unsigned char)text.data[i]))
            return false;
    }
    return dots == 1 && text.data[0] != '.' && text.data[text.len - 1] != '.';
}

/* The publisher does not receive it. */
static int append_socket(struct buffer *out,
                         const struct backend_request *request,
                         struct bytes raw, const char **why)
{
    char text[32];
    struct bytes socket = {text, 0};
    if (!raw.len)
        return BACKEND_ALLOWED;
    if (!json_decode_string(raw, text, sizeof text, &socket.len) ||
        !is_socket_id(socket))
        return refuse(why, BAD_REQUEST, "Invalid socket_id");
    buffer_append_text(out, ",\"sender\":\"");
    pusher_lookup_append_prefix(out, request);
    buffer_append(out, socket);
    buffer_append_char(out, '"');
    return BACKEND_ALLOWED;
}

/* The channel attributes to include in the answer. */
static int read_info(struct bytes raw, unsigned *info, const char **why)
{
    char text[100];
    struct bytes list = {text, 0};
    *info = 0;
    if (raw.len && json_decode_string(raw, text, sizeof text, &list.len))
        *info = pusher_info_read(list);
    else if (raw.len)
        *info = PUSHER_INFO_INVALID;
    return *info & (PUSHER_INFO_INVALID | PUSHER_INFO_CACHE)
               ? refuse(
                     why, BAD_REQUEST,
                     "Invalid info: expected user_count or subscription_count")
               : BACKEND_ALLOWED;
}

/* All but the channels. */
static int append_rest(struct buffer *out,
                       const struct backend_request *request,
                       const struct event *event, const char **why)
{
    int status = append_name(out, event->slots[NAME].raw, why);
    if (status == BACKEND_ALLOWED)
        status = append_data(out, request, event->slots[DATA].raw, why);
    if (status == BACKEND_ALLOWED)
        status = append_socket(out, request, event->slots[SOCKET].raw, why);
    return status;
}

static int append_channels(struct buffer *out,
                           const struct backend_request *request,
                           const struct event *event, const char **why)
{
    struct bytes rest = event->slots[CHANNELS].raw;
    struct bytes raw = event->slots[CHANNEL].raw;
    size_t count = 0;
    int status = BACKEND_ALLOWED;
    if (!rest.len && raw.len)
        return append_channel(out, request, raw, why);
    while (status == BACKEND_ALLOWED && count <= CHANNELS_MAX &&
           json_next_element(&rest, &raw)) {
        buffer_append_text(out, count++ ? "," : "");
        status = append_channel(out, request, raw, why);
    }
    if (status == BACKEND_ALLOWED && (!count || count > CHANNELS_MAX))
        status = refuse(why, BAD_REQUEST,
                        "channels must be a list of 1 to 100 names");
    return status;
}

/* Writes a `broadcast` command: the same payload to each of the channels, whose
 * subscribers are then counted. */
static int translate_event(const struct backend_request *request,
                           struct bytes body, struct buffer *out,
                           const char **why)
{
    struct event event;
    if (!read_event(body, &event))
        return refuse(why, BAD_REQUEST, "The body must be a JSON object");
    buffer_append_text(out, "{\"channels\":[");
    unsigned info = 0;
    int status = append_channels(out, request, &event, why);
    buffer_append_char(out, ']');
    if (status == BACKEND_ALLOWED)
        status = append_rest(out, request, &event, why);
    if (status == BACKEND_ALLOWED)
        status = read_info(event.slots[INFO].raw, &info, why);
    pusher_info_append_counted(out, info);
    buffer_append_char(out, '}');
    return status;
}

/* Behind an event of a batch. */
static int append_counting(struct buffer *out,
                           const struct backend_request *request,
                           const struct event *event, const char **why)
{
    unsigned info;
    int status = read_info(event->slots[INFO].raw, &info, why);
    if (status != BACKEND_ALLOWED || !info)
        return status;
    buffer_append_text(out, ",{\"command\":\"counts\",\"channels\":[");
    status = append_channel(out, request, event->slots[CHANNEL].raw, why);
    buffer_append_char(out, ']');
    pusher_info_append_counted(out, info);
    buffer_append_char(out, '}');
    return status;
}

static int append_command(struct buffer *out,
                          const struct backend_request *request,
                          struct bytes text, const char **why)
{
    struct event event;
    if (!read_event(text, &event))
        return refuse(why, BAD_REQUEST, "An event must be a JSON object");
    buffer_append_text(out, "{\"command\":\"publish\",\"channel\":");
    int status = append_channel(out, request, event.slots[CHANNEL].raw, why);
    if (status == BACKEND_ALLOWED)
        status = append_rest(out, request, &event, why);
    buffer_append_char(out, '}');
    return status == BACKEND_ALLOWED
               ? append_counting(out, request, &event, why)
               : status;
}

/* To `batch`. */
static int translate_batch(const struct backend_request *request,
                           struct bytes body, struct buffer *out,
                           const char **why)
{
    struct json_slot slot = {.name = "batch"};
    struct bytes element;
    const char *fault;
    size_t count = 0;
    int status = BACKEND_ALLOWED;
    if (!json_scan_object(body, &slot, 1, &fault))
        return refuse(why, BAD_REQUEST, "The body must be a JSON object");
    buffer_append_text(out, "{\"commands\":[");
    while (status == BACKEND_ALLOWED &&
           json_next_element(&slot.raw, &element)) {
        if (count == EVENTS_MAX)
            return refuse(why, BAD_REQUEST, "Batch too large (> 10)");
        buffer_append_text(out, count++ ? "," : "");
        status = append_command(out, request, element, why);
    }
    buffer_append_text(out, "]}");
    return status == BACKEND_ALLOWED && !count
               ? refuse(why, BAD_REQUEST, "batch must be a list of events")
               : status;
}

/* ---- answers ------------------------------------------------------------- */

enum { ALL_INFO = PUSHER_INFO_USERS | PUSHER_INFO_SUBSCRIPTIONS };

/* The counts, or {}. */
static void write_event(const struct backend_request *request,
                        struct bytes results, struct buffer *out)
{
    struct bytes result;
    struct bytes counts = {0};
    (void)request;
    while (json_next_element(&results, &result))
        counts = pusher_answered_member(result, "counts");
    if (!counts.len) {
        buffer_append_text(out, "{}");
        return;
    }
    buffer_append_text(out, "{\"channels\":");
    pusher_info_append_channels(out, counts, ALL_INFO);
    buffer_append_char(out, '}');
}

static bool is_counted(struct bytes results)
{
    struct bytes result;
    while (json_next_element(&results, &result))
        if (pusher_answered_member(result, "counts").len)
            return true;
    return false;
}

/* One object per event; the counts that follow an event belong to it. */
static void write_batch(const struct backend_request *request,
                        struct bytes results, struct buffer *out)
{
    struct bytes result;
    const char *end = "";
    (void)request;
    if (!is_counted(results)) {
        buffer_append_text(out, "{}");
        return;
    }
    buffer_append_text(out, "{\"batch\":[");
    while (json_next_element(&results, &result)) {
        struct pusher_counts row;
        struct bytes counts = pusher_answered_member(result, "counts");
        if (counts.len) {
            if (pusher_info_next(&counts, &row))
                pusher_info_append(out, &row, ALL_INFO);
            continue;
        }
        buffer_append_text(out, end);
        buffer_append_char(out, '{');
        end = "},";
    }
    buffer_append_text(out, "}]}");
}

static int answer_event(const struct backend_request *request, int status,
                        struct bytes body, struct buffer *out,
                        const char **content_type)
{
    return pusher_answered(request, status, body, out, content_type,
                           write_event);
}

static int answer_batch(const struct backend_request *request, int status,
                        struct bytes body, struct buffer *out,
                        const char **content_type)
{
    return pusher_answered(request, status, body, out, content_type,
                           write_batch);
}

#define SIGNED                                                                 \
    .judge_head = pusher_request_judge_head,                                   \
    .judge_body = pusher_request_judge_body

const struct backend_route pusher_api_routes[] = {
    {"/apps/*/events", "POST", SIGNED, .command = "broadcast",
     .translate = translate_event, .answer = answer_event},
    {"/apps/*/batch_events", "POST", SIGNED, .command = "batch",
     .translate = translate_batch, .answer = answer_batch},
    {"/apps/*/channels", "GET", SIGNED, .command = "batch",
     .translate = pusher_lookup_channels,
     .answer = pusher_lookup_answer_channels},
    {"/apps/*/channels/*", "GET", SIGNED, .command = "batch",
     .translate = pusher_lookup_channel,
     .answer = pusher_lookup_answer_channel},
    {"/apps/*/channels/*/users", "GET", SIGNED, .command = "batch",
     .translate = pusher_lookup_users, .answer = pusher_lookup_answer_users},
    {"/apps/*/users/*/terminate_connections", "POST", SIGNED,
     .command = "batch", .translate = pusher_lookup_terminate,
     .answer = pusher_lookup_answer_terminated},
    {0},
};
