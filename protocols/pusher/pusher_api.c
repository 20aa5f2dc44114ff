#include "protocols/pusher/pusher_api.h"

#include <ctype.h>

#include "base/json.h"
#include "messaging/names.h"
#include "protocols/pusher/pusher_apps.h"
#include "protocols/pusher/pusher_encode.h"
#include "protocols/pusher/pusher_request.h"
#include "protocols/pusher/pusher_subscribe.h"

enum {
    OK = 200,
    BAD_REQUEST = 400,
    TOO_LARGE = 413,
    CHANNELS_MAX = 100,
    EVENTS_MAX = 10,
    DATA_MAX = 10240
};

/* One event as it stands in a body, raw JSON. */
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

/* Where a request is about an app: its channels begin like that. */
static void append_prefix(struct buffer *out,
                          const struct backend_request *request)
{
    buffer_append_text(out, PUSHER_PREFIX);
    buffer_append(out, request->name);
    buffer_append_char(out, ':');
}

static int append_channel(struct buffer *out,
                          const struct backend_request *request,
                          struct bytes raw, const char **why)
{
    char text[CHANNEL_NAME_MAX];
    struct bytes name = {text, 0};
    if (!json_decode_string(raw, text, sizeof text, &name.len) ||
        !pusher_name_is_valid(name) ||
        name.len + strlen(PUSHER_PREFIX) + request->name.len + 1 >
            CHANNEL_NAME_MAX)
        return refuse(why, BAD_REQUEST, "Invalid channel name");
    buffer_append_char(out, '"');
    append_prefix(out, request);
    buffer_append(out, name);
    buffer_append_char(out, '"');
    return BACKEND_ALLOWED;
}

static int append_name(struct buffer *out, struct bytes raw, const char **why)
{
    char text[EVENT_TEXT_MAX];
    struct bytes name = {text, 0};
    if (!json_decode_string(raw, text, sizeof text, &name.len) ||
        !event_text_is_valid(name))
        return refuse(why, BAD_REQUEST,
                      "name must be a text of 1 to 200 bytes");
    buffer_append_text(out, ",\"event\":");
    buffer_append(out, raw);
    return BACKEND_ALLOWED;
}

static int append_data(struct buffer *out, struct bytes raw, const char **why)
{
    struct buffer text = {0};
    size_t len = 0;
    char *at = buffer_reserve(&text, raw.len + 1);
    int status = BACKEND_ALLOWED;
    if (!json_decode_string(raw, at, raw.len + 1, &len)) {
        status = refuse(why, BAD_REQUEST, "data must be a text");
    } else if (len > DATA_MAX) {
        status = refuse(why, TOO_LARGE,
                        "The data content of this event exceeds the allowed "
                        "maximum (10240 bytes)");
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

/* Who published it does not hear it. */
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
    append_prefix(out, request);
    buffer_append(out, socket);
    buffer_append_char(out, '"');
    return BACKEND_ALLOWED;
}

/* All but the channels. */
static int append_rest(struct buffer *out,
                       const struct backend_request *request,
                       const struct event *event, const char **why)
{
    if (event->slots[INFO].raw.len)
        return refuse(why, BAD_REQUEST, "info is not supported here");
    int status = append_name(out, event->slots[NAME].raw, why);
    if (status == BACKEND_ALLOWED)
        status = append_data(out, event->slots[DATA].raw, why);
    if (status == BACKEND_ALLOWED)
        status = append_socket(out, request, event->slots[SOCKET].raw, why);
    buffer_append_char(out, '}');
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

/* To `broadcast`: the same payload to each of the channels. */
static int translate_event(const struct backend_request *request,
                           struct bytes body, struct buffer *out,
                           const char **why)
{
    struct event event;
    if (!read_event(body, &event))
        return refuse(why, BAD_REQUEST, "The body must be a JSON object");
    buffer_append_text(out, "{\"channels\":[");
    int status = append_channels(out, request, &event, why);
    buffer_append_char(out, ']');
    return status == BACKEND_ALLOWED ? append_rest(out, request, &event, why)
                                     : status;
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
    return status == BACKEND_ALLOWED ? append_rest(out, request, &event, why)
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

static int append_error(struct bytes raw, struct buffer *out)
{
    size_t len = 0;
    char *at = buffer_reserve(out, raw.len + 2);
    json_decode_string(raw, at, raw.len + 1, &len);
    out->len += len;
    buffer_append_char(out, '\n');
    return 0;
}

/* The first of the parts that went wrong, or none. */
static int failed_part(struct bytes results, struct bytes *error)
{
    struct bytes element;
    while (json_next_element(&results, &element)) {
        struct json_slot slots[] = {{.name = "status"}, {.name = "error"}};
        uint64_t status;
        const char *why;
        if (!json_scan_object(element, slots, 2, &why) ||
            !json_decode_whole(slots[0].raw, &status))
            continue;
        *error = slots[1].raw;
        return (int)status;
    }
    return OK;
}

/* Pusher says {} where all went well, and a plain text where not. */
static int answer(int status, struct bytes body, struct buffer *out,
                  const char **content_type)
{
    struct json_slot slots[] = {{.name = "results"}, {.name = "error"}};
    struct bytes error;
    const char *why;
    if (!json_scan_object(body, slots, 2, &why))
        return status;
    error = slots[1].raw;
    if (status == OK)
        status = failed_part(slots[0].raw, &error);
    if (status == OK) {
        buffer_append_text(out, "{}");
        return OK;
    }
    *content_type = "text/plain; charset=utf-8";
    append_error(error, out);
    return status;
}

const struct backend_route pusher_api_routes[] = {
    {
        .path = "/apps/*/events",
        .method = "POST",
        .judge_head = pusher_request_judge_head,
        .judge_body = pusher_request_judge_body,
        .command = "broadcast",
        .translate = translate_event,
        .answer = answer,
    },
    {
        .path = "/apps/*/batch_events",
        .method = "POST",
        .judge_head = pusher_request_judge_head,
        .judge_body = pusher_request_judge_body,
        .command = "batch",
        .translate = translate_batch,
        .answer = answer,
    },
    {0},
};
