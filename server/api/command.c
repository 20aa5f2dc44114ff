#include "api/command.h"

#include <stdlib.h>

#include "base/error.h"
#include "messaging/epoch.h"
#include "messaging/idempotency.h"
#include "messaging/identity.h"
#include "messaging/names.h"
#include "messaging/tickets.h"

enum { HISTORY_LIMIT = 50, CHANNELS_LIMIT = 1000, CHANNELS_LIMIT_MAX = 100000 };

/* ---- reading fields */

static bool refuse_field(struct api_call *call, uint32_t part, enum field field,
                         const char *what)
{
    struct error error;
    error_set(&error, "%s %s", field_names[field], what);
    call_refuse(call, part, 400, field_names[field], error.text);
    return false;
}

/* A text of up to `size` bytes that `is_valid`. */
static bool read_text(struct api_call *call, uint32_t part,
                      const struct json_slot *slots, enum field field,
                      bool (*is_valid)(struct bytes), const char *expected,
                      char *out, size_t size, struct bytes *text)
{
    size_t len;
    if (!slots[field].raw.len)
        return refuse_field(call, part, field, "is missing");
    if (!json_decode_string(slots[field].raw, out, size, &len) ||
        !is_valid((struct bytes){out, len}))
        return refuse_field(call, part, field, expected);
    *text = (struct bytes){out, len};
    return true;
}

static bool read_channel(struct api_call *call, uint32_t part,
                         const struct json_slot *slots,
                         char out[CHANNEL_NAME_MAX], struct bytes *channel)
{
    return read_text(call, part, slots, FIELD_CHANNEL, channel_name_is_valid,
                     "must be 1 to 164 of A-Z a-z 0-9 _ - = @ , . ; : # $ /",
                     out, CHANNEL_NAME_MAX, channel);
}

static bool read_client(struct api_call *call, uint32_t part,
                        const struct json_slot *slots, char out[CLIENT_ID_MAX],
                        struct bytes *client)
{
    return read_text(call, part, slots, FIELD_CLIENT, client_id_is_valid,
                     "must be 1 to 128 of A-Z a-z 0-9 . _ ~ : @ + = -", out,
                     CLIENT_ID_MAX, client);
}

/* What the payload is; and whether there is room for new work. */
static bool read_payload(struct api_call *call, uint32_t part,
                         const struct json_slot *slots, struct bytes *payload)
{
    const struct instance *instance = call->worker->instance;
    const struct limits *limits = &instance->options->limits;
    *payload = slots[FIELD_PAYLOAD].raw;
    if (!payload->len)
        return refuse_field(call, part, FIELD_PAYLOAD, "is missing");
    if (payload->len > limits->message_bytes) {
        struct error error;
        error_set(&error, "payload is longer than limits.message_bytes (%u)",
                  limits->message_bytes);
        call_refuse(call, part, 413, "payload", error.text);
        return false;
    }
    if (!hub_is_swamped(instance->hub, limits->inbox_messages))
        return true;
    metrics_add(&call->worker->metrics, METRIC_LIMIT_INBOX, 1);
    call_refuse(call, part, 503, NULL, fault_info(FAULT_UNAVAILABLE)->text);
    return false;
}

static bool read_limit(struct api_call *call, uint32_t part,
                       const struct json_slot *slots, uint32_t max,
                       uint32_t *limit)
{
    uint64_t number;
    if (!slots[FIELD_LIMIT].raw.len)
        return true;
    if (!json_decode_uint(slots[FIELD_LIMIT].raw, &number))
        return refuse_field(call, part, FIELD_LIMIT, "must be a whole number");
    *limit = number < max ? (uint32_t)number : max;
    return true;
}

/* ---- writing answers */

static void append_name(struct buffer *out, const char *member,
                        const char *name)
{
    buffer_append_format(out, "{\"%s\":\"%s\"", member, name); /* checked */
}

static void append_position(struct buffer *out, struct position position)
{
    char epoch[EPOCH_LEN + 1];
    epoch_encode(position.epoch, epoch);
    buffer_append_text(out, ",\"epoch\":\"");
    buffer_append_text(out, epoch);
    buffer_append_text(out, "\",\"offset\":");
    buffer_append_uint(out, position.offset);
}

static void write_position(const struct request *request, struct buffer *out)
{
    append_name(out, "channel", request->channel);
    append_position(out, request->position);
    buffer_append_char(out, '}');
}

static void write_sent(const struct request *request, struct buffer *out)
{
    append_name(out, "client", request->channel);
    buffer_append_format(out, ",\"connectionCount\":%u}", request->connections);
}

static void append_message(struct buffer *out, const struct message *message)
{
    buffer_append_char(out, '{');
    if (message->from.len) {
        buffer_append_text(out, "\"from\":");
        buffer_append_json_string(out, message->from);
        buffer_append_char(out, ',');
    }
    buffer_append_text(out, "\"payload\":");
    buffer_append(out, message->payload);
    buffer_append_text(out, ",\"offset\":");
    buffer_append_uint(out, message->offset);
    buffer_append_text(out, ",\"time\":");
    buffer_append_uint(out, (uint64_t)message->time_ms);
    if (message->trace)
        buffer_append_format(out, ",\"traceparent\":\"%.*s\"", TRACE_LEN,
                             message->trace);
    buffer_append_char(out, '}');
}

static void write_history(const struct request *request, struct buffer *out)
{
    append_name(out, "channel", request->channel);
    append_position(out, request->position);
    buffer_append_text(out, ",\"messages\":[");
    for (size_t i = 0; i < request->message_count; i++) {
        buffer_append_text(out, i ? "," : "");
        append_message(out, request->messages[i]);
    }
    buffer_append_text(out, "]}");
}

static void write_presence(const struct request *request, struct buffer *out)
{
    append_name(out, "channel", request->channel);
    buffer_append_text(out, ",\"clients\":[");
    for (size_t i = 0; i < request->member_count; i++) {
        buffer_append_text(out, i ? "," : "");
        append_name(out, "client", request->members[i].client);
        buffer_append_format(out, ",\"connections\":%u}",
                             request->members[i].connections);
    }
    buffer_append_text(out, "]}");
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One more than wanted was asked for: so it is known whether there are. */
static void write_channels(const struct request *request, struct buffer *out)
{
    size_t count = request->name_count;
    bool more = count == request->limit;
    if (count)
        qsort(request->names, count, sizeof *request->names, compare_names);
    buffer_append_text(out, "{\"channels\":[");
    for (size_t i = 0; i < count - more; i++)
        buffer_append_format(out, "%s\"%s\"", i ? "," : "", request->names[i]);
    buffer_append_format(out, "],\"more\":%s}", more ? "true" : "false");
}

/* How many instances were told, and how many connections this one has. */
static void write_told(const struct request *request, struct buffer *out)
{
    append_name(out, "client", request->client);
    buffer_append_format(out, ",\"instances\":%u,\"connectionCount\":%u}",
                         request->instances, request->connections);
}

/* ---- the commands */

/* In nobody's name. */
static struct request *new_request(enum request_kind kind, struct bytes name)
{
    return request_new(kind, name, (struct bytes){0}, (struct bytes){0});
}

static void run_publish(struct api_call *call, uint32_t part,
                        const struct json_slot *slots)
{
    char name[CHANNEL_NAME_MAX];
    char key_text[IDEMPOTENCY_KEY_MAX];
    struct bytes channel;
    struct bytes payload;
    struct bytes key = {0};
    if (!read_channel(call, part, slots, name, &channel) ||
        !read_payload(call, part, slots, &payload))
        return;
    if (slots[FIELD_IDEMPOTENCY_KEY].raw.len &&
        !read_text(call, part, slots, FIELD_IDEMPOTENCY_KEY,
                   idempotency_key_is_valid,
                   "must be 1 to 128 printable ASCII characters", key_text,
                   sizeof key_text, &key))
        return;
    struct metrics *metrics = &call->worker->metrics;
    metrics_add(metrics, METRIC_PUBLISHED, 1);
    metrics_add(metrics, METRIC_API_PUBLISHED, 1);
    struct request *request =
        request_new(REQUEST_PUBLISH, channel, (struct bytes){0}, key);
    request->is_once = key.len > 0;
    request->message =
        message_new_traced(MESSAGE_PUBLICATION, channel, (struct bytes){0},
                           payload, call_trace(call, slots));
    call_ask(call, part, request, write_position);
}

static void run_send(struct api_call *call, uint32_t part,
                     const struct json_slot *slots)
{
    char id[CLIENT_ID_MAX];
    struct bytes client;
    struct bytes payload;
    if (!read_client(call, part, slots, id, &client) ||
        !read_payload(call, part, slots, &payload))
        return;
    struct request *request = new_request(REQUEST_DIRECT, client);
    request->message =
        message_new_traced(MESSAGE_DIRECT, (struct bytes){0}, (struct bytes){0},
                           payload, call_trace(call, slots));
    call_ask(call, part, request, write_sent);
}

/* For the close frame; it may be left out. */
static bool read_reason(struct api_call *call, uint32_t part,
                        const struct json_slot *slots, char out[CLOSE_TEXT_MAX],
                        struct bytes *reason)
{
    *reason = (struct bytes){0};
    return !slots[FIELD_REASON].raw.len ||
           read_text(call, part, slots, FIELD_REASON, close_text_is_valid,
                     "must be a text of up to 123 bytes", out, CLOSE_TEXT_MAX,
                     reason);
}

static void run_disconnect(struct api_call *call, uint32_t part,
                           const struct json_slot *slots)
{
    char id[CLIENT_ID_MAX];
    char text[CLOSE_TEXT_MAX];
    struct bytes client;
    struct bytes reason;
    if (read_client(call, part, slots, id, &client) &&
        read_reason(call, part, slots, text, &reason))
        call_ask(call, part, request_new_disconnect(client, reason),
                 write_told);
}

static void run_unsubscribe(struct api_call *call, uint32_t part,
                            const struct json_slot *slots)
{
    char id[CLIENT_ID_MAX];
    char name[CHANNEL_NAME_MAX];
    struct bytes client;
    struct bytes channel;
    if (read_client(call, part, slots, id, &client) &&
        read_channel(call, part, slots, name, &channel))
        call_ask(call, part, request_new_remove(client, channel), write_told);
}

static void write_ticket(const struct request *request, struct buffer *out)
{
    append_name(out, "ticket", request->channel);
    buffer_append_char(out, '}');
}

/* The handshake could not refuse them any more. */
static bool check_caps(struct api_call *call, uint32_t part, struct bytes caps)
{
    struct error error;
    if (!caps.len)
        return true;
    struct json *json = json_parse(caps, false, &error);
    struct caps *read = json ? caps_parse(json, &error) : NULL;
    json_free(json);
    if (!read)
        call_refuse(call, part, 400, "caps", error.text);
    caps_unref(read);
    return read != NULL;
}

static bool read_ttl(struct api_call *call, uint32_t part,
                     const struct json_slot *slots, uint32_t *seconds)
{
    uint64_t number = TICKET_SECONDS;
    struct bytes raw = slots[FIELD_TTL].raw;
    if (raw.len && (!json_decode_uint(raw, &number) || !number ||
                    number > TICKET_SECONDS_MAX))
        return refuse_field(call, part, FIELD_TTL,
                            "must be a whole number of seconds from 1 to 3600");
    *seconds = (uint32_t)number;
    return true;
}

/* Takes `content`. */
static void ask_for_ticket(struct api_call *call, uint32_t part,
                           uint32_t seconds, char *content)
{
    char ticket[TICKET_LEN + 1];
    ticket_make(ticket);
    struct request *request = new_request(REQUEST_TICKET, bytes_of(ticket));
    request->seconds = seconds;
    request->ticket = content;
    call_ask(call, part, request, write_ticket);
}

static void run_tickets(struct api_call *call, uint32_t part,
                        const struct json_slot *slots)
{
    char id[CLIENT_ID_MAX + 1] = "";
    struct bytes caps = slots[FIELD_CAPS].raw;
    struct bytes client;
    uint32_t seconds;
    if (read_client(call, part, slots, id, &client) &&
        check_caps(call, part, caps) && read_ttl(call, part, slots, &seconds))
        ask_for_ticket(call, part, seconds, ticket_content(id, caps));
}

static void run_dashboard(struct api_call *call, uint32_t part,
                          const struct json_slot *slots)
{
    char id[1 + CLIENT_ID_MAX + 1] = {TICKET_FOR_DASHBOARD};
    struct bytes client;
    if (read_client(call, part, slots, id + 1, &client))
        ask_for_ticket(call, part, TICKET_SECONDS,
                       ticket_content(id, (struct bytes){0}));
}

static void run_history(struct api_call *call, uint32_t part,
                        const struct json_slot *slots)
{
    char name[CHANNEL_NAME_MAX];
    struct bytes channel;
    uint32_t limit = HISTORY_LIMIT;
    if (!read_channel(call, part, slots, name, &channel) ||
        !read_limit(call, part, slots, UINT32_MAX, &limit))
        return;
    struct request *request = new_request(REQUEST_HISTORY, channel);
    request->limit = limit;
    call_ask(call, part, request, write_history);
}

static void run_presence(struct api_call *call, uint32_t part,
                         const struct json_slot *slots)
{
    char name[CHANNEL_NAME_MAX];
    struct bytes channel;
    if (!read_channel(call, part, slots, name, &channel))
        return;
    call_ask(call, part, new_request(REQUEST_PRESENCE, channel),
             write_presence);
}

static void run_channels(struct api_call *call, uint32_t part,
                         const struct json_slot *slots)
{
    uint32_t limit = CHANNELS_LIMIT;
    if (!read_limit(call, part, slots, CHANNELS_LIMIT_MAX, &limit))
        return;
    struct request *request = new_request(REQUEST_CHANNELS, (struct bytes){0});
    request->limit = limit + 1;
    call_ask(call, part, request, write_channels);
}

static const struct command commands[] = {
    {"publish", SCOPE_PUBLISH, COMMAND_SINGLE, run_publish},
    {"send", SCOPE_SEND, COMMAND_SINGLE, run_send},
    {"disconnect", SCOPE_DISCONNECT, COMMAND_SINGLE, run_disconnect},
    {"unsubscribe", SCOPE_DISCONNECT, COMMAND_SINGLE, run_unsubscribe},
    {"tickets", SCOPE_TICKETS, COMMAND_SINGLE, run_tickets},
    {"presence", SCOPE_PRESENCE, COMMAND_SINGLE, run_presence},
    {"history", SCOPE_HISTORY, COMMAND_SINGLE, run_history},
    {"channels", SCOPE_CHANNELS, COMMAND_SINGLE, run_channels},
    {"dashboard", SCOPE_ADMIN, COMMAND_SINGLE, run_dashboard},
    {"broadcast", SCOPE_PUBLISH, COMMAND_BROADCAST, NULL},
    {"batch", 0, COMMAND_BATCH, NULL},
};

const struct command *const command_publish = &commands[0];

const struct command *command_named(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

const struct command *command_find(struct bytes raw)
{
    char name[16] = "";
    size_t len;
    if (!json_decode_string(raw, name, sizeof name - 1, &len) ||
        strlen(name) != len)
        return NULL;
    const struct command *command = command_named(name);
    return command && command->kind == COMMAND_SINGLE ? command : NULL;
}

void command_run(const struct command *command, struct api_call *call,
                 uint32_t part, const struct json_slot *slots)
{
    command->run(call, part, slots);
}
