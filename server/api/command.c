#include "api/command.h"

#include <stdlib.h>

#include "api/ban_command.h"
#include "api/call_audit.h"
#include "api/counts_command.h"
#include "api/field.h"
#include "api/key_refusal.h"
#include "api/survey_answer.h"
#include "base/error.h"
#include "messaging/audit.h"
#include "messaging/identity.h"
#include "messaging/info.h"
#include "messaging/names.h"
#include "messaging/pressure.h"
#include "messaging/store/epoch.h"
#include "messaging/store/idempotency.h"
#include "messaging/store/tickets.h"
#include "messaging/watch/survey.h"

enum {
    HISTORY_LIMIT = 50,
    CHANNELS_LIMIT = 1000,
    CHANNELS_LIMIT_MAX = 100000,
    REFUSALS_LIMIT = 50
};

/* ---- writing answers */

static void append_name(struct buffer *out, const char *member,
                        const char *name)
{
    buffer_append_format(out, "{\"%s\":", member);
    buffer_append_json_string(out, bytes_of(name));
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
    if (message->info.len) {
        buffer_append_text(out, "\"info\":");
        buffer_append(out, message->info);
        buffer_append_char(out, ',');
    }
    if (message->event.len) {
        buffer_append_text(out, "\"event\":");
        buffer_append_json_string(out, message->event);
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
    if (!request->is_continued) {
        append_name(out, "channel", request->channel);
        append_position(out, request->position);
        buffer_append_text(out, ",\"messages\":[");
    }
    for (size_t i = 0; i < request->message_count; i++) {
        buffer_append_text(out, i || request->is_continued ? "," : "");
        append_message(out, request->messages[i]);
    }
    buffer_append_text(out, request->has_more ? "" : "]}");
}

static void write_presence(const struct request *request, struct buffer *out)
{
    if (!request->is_continued) {
        append_name(out, "channel", request->channel);
        buffer_append_text(out, ",\"count\":");
        buffer_append_uint(out, request->member_total);
        buffer_append_text(out, ",\"clients\":[");
    }
    for (size_t i = 0; i < request->member_count; i++) {
        buffer_append_text(out, i || request->is_continued ? "," : "");
        const struct member_count *member = &request->members[i];
        append_name(out, "client", member->client);
        buffer_append_format(out, ",\"connections\":%u", member->connections);
        if (member->info)
            buffer_append_format(out, ",\"info\":%s", member->info);
        buffer_append_char(out, '}');
    }
    buffer_append_text(out, request->has_more ? "" : "]}");
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* One more than wanted was requested, to know whether there are more. */
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

/* The number of notified instances, and of connections on this one. */
static void write_told(const struct request *request, struct buffer *out)
{
    append_name(out, "client", request->client);
    buffer_append_format(out, ",\"instances\":%u,\"connectionCount\":%u}",
                         request->instances, request->connections);
}

/* ---- the commands */

/* Without a sender. */
static struct request *new_request(enum request_kind kind, struct bytes name)
{
    return request_new(kind, name, (struct bytes){0}, (struct bytes){0});
}

static void run_publish(struct api_call *call, uint32_t part,
                        const struct json_slot *slots)
{
    char name[CHANNEL_NAME_MAX];
    char event[EVENT_TEXT_MAX];
    char sender[CLIENT_ID_MAX];
    char key_text[IDEMPOTENCY_KEY_MAX];
    struct message_parts parts = {.trace = call_trace(call, slots)};
    const struct bytes none = {0};
    struct bytes key = {0};
    if (!field_read_channel(call, part, slots, name, &parts.channel) ||
        !field_read_event(call, part, slots, event, &parts.event) ||
        !field_read_payload(call, part, slots, &parts.payload))
        return;
    if (slots[FIELD_IDEMPOTENCY_KEY].raw.len &&
        !field_read_text(call, part, slots, FIELD_IDEMPOTENCY_KEY,
                         idempotency_key_is_valid,
                         "must be 1 to 128 printable ASCII characters",
                         key_text, sizeof key_text, &key))
        return;
    if (call->kept)
        client_id_decode(slots[FIELD_SENDER].raw, sender, &parts.from, NULL);
    struct metrics *metrics = &call->worker->metrics;
    metrics_add(metrics, METRIC_PUBLISHED, 1);
    metrics_add(metrics, METRIC_API_PUBLISHED, 1);
    struct request *request =
        request_new_publish(parts.channel, none, key, none);
    request->message = message_new_of(MESSAGE_PUBLICATION, &parts);
    call_ask(call, part, request, write_position);
}

static void run_send(struct api_call *call, uint32_t part,
                     const struct json_slot *slots)
{
    char id[CLIENT_ID_MAX];
    char event[EVENT_TEXT_MAX];
    struct bytes client;
    struct message_parts parts = {.trace = call_trace(call, slots)};
    if (!field_read_client(call, part, slots, id, &client) ||
        !field_read_event(call, part, slots, event, &parts.event) ||
        !field_read_payload(call, part, slots, &parts.payload))
        return;
    struct request *request = new_request(REQUEST_DIRECT, client);
    request->message = message_new_of(MESSAGE_DIRECT, &parts);
    call_ask(call, part, request, write_sent);
}

static void run_disconnect(struct api_call *call, uint32_t part,
                           const struct json_slot *slots)
{
    char id[CLIENT_ID_MAX];
    char text[CLOSE_TEXT_MAX];
    struct bytes client;
    struct bytes reason;
    if (!field_read_reason(call, part, slots, text, &reason))
        return;
    if (slots[FIELD_ADDRESS].raw.len && !slots[FIELD_CLIENT].raw.len)
        ban_command_evict(call, part, slots, reason);
    else if (field_read_client(call, part, slots, id, &client))
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
    if (field_read_client(call, part, slots, id, &client) &&
        field_read_channel(call, part, slots, name, &channel))
        call_ask(call, part, request_new_remove(client, channel), write_told);
}

static void write_ticket(const struct request *request, struct buffer *out)
{
    append_name(out, "ticket", request->channel);
    buffer_append_char(out, '}');
}

static bool reaches(const struct api_call *call, const struct caps *caps)
{
    return !call_channels(call) ||
           caps_are_within(caps, call_channels(call), call_clients(call));
}

/* The handshake cannot refuse them later. A ticket without caps gets those of
 * the config, which may exceed the key's. */
static bool check_caps(struct api_call *call, uint32_t part, struct bytes caps)
{
    struct error error;
    if (!caps.len)
        return field_reaches_all(call, part, FIELD_CAPS);
    struct json *json = json_parse(caps, false, &error);
    struct caps *read = json ? caps_parse(json, &error) : NULL;
    json_free(json);
    bool is_within = read && reaches(call, read);
    if (!read)
        call_refuse(call, part, 400, "caps", error.text);
    else if (!is_within)
        key_refusal_answer(call, part, REFUSAL_API_REACH, "caps");
    caps_unref(read);
    return is_within;
}

/* An owned text, or NULL. */
static bool read_info(struct api_call *call, uint32_t part,
                      const struct json_slot *slots, char **info)
{
    struct error why;
    struct bytes raw = slots[FIELD_INFO].raw;
    *info = raw.len ? info_read(raw, &why) : NULL;
    return !raw.len || *info || field_refuse(call, part, FIELD_INFO, why.text);
}

static bool read_ttl(struct api_call *call, uint32_t part,
                     const struct json_slot *slots, uint32_t *seconds)
{
    uint64_t number = TICKET_SECONDS;
    struct bytes raw = slots[FIELD_TTL].raw;
    if (raw.len && (!json_decode_whole(raw, &number) || !number ||
                    number > TICKET_SECONDS_MAX))
        return field_refuse(call, part, FIELD_TTL,
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
    char id[CLIENT_ID_MAX];
    struct bytes caps = slots[FIELD_CAPS].raw;
    struct bytes client;
    uint32_t seconds = 0;
    char *info;
    if (!field_read_client(call, part, slots, id, &client) ||
        !check_caps(call, part, caps) ||
        !read_ttl(call, part, slots, &seconds) ||
        !read_info(call, part, slots, &info))
        return;
    ask_for_ticket(call, part, seconds,
                   ticket_content(TICKET_FOR_CLIENT, client,
                                  bytes_of(info ? info : ""), caps));
    free(info);
}

static void run_dashboard(struct api_call *call, uint32_t part,
                          const struct json_slot *slots)
{
    char id[CLIENT_ID_MAX];
    const struct bytes none = {0};
    struct bytes client;
    if (field_read_client(call, part, slots, id, &client))
        ask_for_ticket(
            call, part, TICKET_SECONDS,
            ticket_content(TICKET_FOR_DASHBOARD, client, none, none));
}

static void run_history(struct api_call *call, uint32_t part,
                        const struct json_slot *slots)
{
    char name[CHANNEL_NAME_MAX];
    struct bytes channel;
    uint32_t limit = HISTORY_LIMIT;
    if (!field_read_channel(call, part, slots, name, &channel) ||
        !field_read_limit(call, part, slots, UINT32_MAX, &limit) ||
        !field_has_memory(call, part))
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
    uint32_t limit = UINT32_MAX;
    if (!field_read_channel(call, part, slots, name, &channel) ||
        !field_read_limit(call, part, slots, UINT32_MAX, &limit) ||
        !field_has_memory(call, part))
        return;
    struct request *request = new_request(REQUEST_PRESENCE, channel);
    request->limit = limit;
    call_ask(call, part, request, write_presence);
}

static void run_channels(struct api_call *call, uint32_t part,
                         const struct json_slot *slots)
{
    uint32_t limit = CHANNELS_LIMIT;
    if (!field_read_limit(call, part, slots, CHANNELS_LIMIT_MAX, &limit))
        return;
    struct request *request = new_request(REQUEST_CHANNELS, (struct bytes){0});
    request->limit = limit + 1;
    request->reach = call_channels(call);
    call_ask(call, part, request, write_channels);
}

/* The connections of a client, by a survey of every instance. */
static void run_client(struct api_call *call, uint32_t part,
                       const struct json_slot *slots)
{
    char id[CLIENT_ID_MAX];
    struct bytes client;
    if (!field_read_client(call, part, slots, id, &client))
        return;
    struct request *request =
        request_new_survey(SURVEY_CLIENT, client, (struct bytes){0});
    request->reach = call_channels(call);
    call_ask(call, part, request, survey_answer_write_client);
}

/* Recent refusals on every instance, of all clients or some. */
static void run_refusals(struct api_call *call, uint32_t part,
                         const struct json_slot *slots)
{
    char id[CLIENT_ID_MAX];
    char text[IP_RANGE_TEXT];
    struct bytes client = {0};
    struct bytes address = {0};
    uint32_t limit = REFUSALS_LIMIT;
    if (!(slots[FIELD_CLIENT].raw.len
              ? field_read_client(call, part, slots, id, &client)
              : field_reaches_all(call, part, FIELD_CLIENT)) ||
        (slots[FIELD_ADDRESS].raw.len &&
         !field_read_address(call, part, slots, text, &address)) ||
        !field_read_limit(call, part, slots, SURVEY_REFUSALS_MAX, &limit))
        return;
    struct request *request =
        request_new_survey(SURVEY_REFUSALS, client, address);
    request->limit = limit;
    request->reach = call_channels(call);
    call_ask(call, part, request, survey_answer_write_refusals);
}

static const struct command commands[] = {
    {"publish", SCOPE_PUBLISH, .run = run_publish},
    {"counts", SCOPE_CHANNELS, .is_for_protocols = true,
     .run = counts_command_run},
    {"send", SCOPE_SEND, .run = run_send},
    {"disconnect", SCOPE_DISCONNECT, .is_change = true, .run = run_disconnect},
    {"terminate", SCOPE_DISCONNECT, .is_change = true, .is_for_protocols = true,
     .run = ban_command_terminate},
    {"unsubscribe", SCOPE_DISCONNECT, .is_change = true,
     .run = run_unsubscribe},
    {"tickets", SCOPE_TICKETS, .is_change = true, .run = run_tickets},
    {"presence", SCOPE_PRESENCE, .run = run_presence},
    {"history", SCOPE_HISTORY, .run = run_history},
    {"channels", SCOPE_CHANNELS, .run = run_channels},
    {"client", SCOPE_CLIENTS, .is_about_client = true, .run = run_client},
    {"refusals", SCOPE_CLIENTS, .run = run_refusals},
    {"ban", SCOPE_BANS, .is_change = true, .run = ban_command_ban},
    {"unban", SCOPE_BANS, .is_change = true, .run = ban_command_unban},
    {"bans", SCOPE_BANS, .run = ban_command_list},
    {"dashboard", SCOPE_ADMIN, .is_change = true, .shows_all = true,
     .run = run_dashboard},
    {"broadcast", SCOPE_PUBLISH, .kind = COMMAND_BROADCAST},
    {"batch", 0, .kind = COMMAND_BATCH},
};

const struct command *const command_publish = &commands[0];
const struct command *const command_counts = &commands[1];

const struct command *command_named(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

const struct command *command_find(const struct api_call *call,
                                   struct bytes raw)
{
    char name[16] = "";
    size_t len;
    if (!json_decode_string(raw, name, sizeof name - 1, &len) ||
        strlen(name) != len)
        return NULL;
    const struct command *command = command_named(name);
    return command && command->kind == COMMAND_SINGLE &&
                   (call->kept || !command->is_for_protocols)
               ? command
               : NULL;
}

void command_audit(const struct command *command, struct api_call *call,
                   uint32_t part, const struct json_slot *slots)
{
    struct call_target target = {0};
    if (!audit_is_on(command->is_change))
        return;
    if (slots) {
        target.client = slots[FIELD_CLIENT].raw;
        target.channel = slots[FIELD_CHANNEL].raw;
        target.address = slots[FIELD_ADDRESS].raw;
        target.reason = slots[FIELD_REASON].raw;
    }
    call->parts[part].audit = call_audit_new(
        &(struct call_actor){command->name, call_key_name(call), call->client},
        &target);
}

void command_audit_refused(const struct command *command, const char *key,
                           const struct ip_address *client,
                           struct bytes channel, int status)
{
    if (audit_is_on(command->is_change))
        call_audit_write(
            call_audit_new(&(struct call_actor){command->name, key, *client},
                           &(struct call_target){.channel = channel}),
            status);
}

void command_run(const struct command *command, struct api_call *call,
                 uint32_t part, const struct json_slot *slots)
{
    command_audit(command, call, part, slots);
    if (!command->shows_all || field_reaches_all(call, part, FIELD_COMMAND))
        command->run(call, part, slots);
}
