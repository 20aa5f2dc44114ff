#include "messaging/hook.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "messaging/connection.h"
#include "messaging/names.h"
#include "messaging/protocol.h"
#include "messaging/webhook_event.h"
#include "messaging/worker.h"

static const char *const hook_names[HOOK_COUNT] = {
    [HOOK_CONNECT] = "connect",
    [HOOK_SUBSCRIBE] = "subscribe",
    [HOOK_PUBLISH] = "publish",
};

static const char *const event_names[EVENT_COUNT] = {
    [EVENT_CONNECTED] = "connected",
    [EVENT_DISCONNECTED] = "disconnected",
    [EVENT_CHANNEL_OCCUPIED] = "channel_occupied",
    [EVENT_CHANNEL_VACATED] = "channel_vacated",
    [EVENT_MEMBER_ADDED] = "member_added",
    [EVENT_MEMBER_REMOVED] = "member_removed",
};

const char *hook_name(unsigned hook)
{
    return hook_names[hook];
}

const char *hook_event_name(unsigned event)
{
    return event_names[event];
}

static bool matches(const struct text_list *patterns, struct bytes channel)
{
    for (size_t i = 0; i < patterns->count; i++)
        if (name_matches(patterns->items[i], channel))
            return true;
    return false;
}

bool hook_is_asked(const struct hooks *hooks, enum hook hook,
                   struct bytes channel)
{
    if (!hooks || !(hooks->asked >> hook & 1))
        return false;
    return !hooks->channels[hook] || matches(hooks->channels[hook], channel);
}

bool hook_shows_header(const struct hooks *hooks, const char *name)
{
    for (size_t i = 0; i < hooks->headers->count; i++)
        if (strcmp(hooks->headers->items[i], name) == 0)
            return true;
    return false;
}

void hook_append_text(struct buffer *body, const char *name, struct bytes text)
{
    buffer_append_format(body, ",\"%s\":", name);
    buffer_append_json_string(body, text);
}

struct question *question_new(enum hook hook, struct worker *worker,
                              const char *client)
{
    struct question *question = memory_new(1, sizeof *question);
    question->hook = hook;
    question->worker = worker;
    hook_append_text(&question->body, "hook", bytes_of(hook_names[hook]));
    hook_append_text(&question->body, "client", bytes_of(client));
    return question;
}

void hook_ask(struct hooks *hooks, struct question *question)
{
    hooks->ops->ask(hooks, question);
}

static void run_done(void *subject, void *object)
{
    struct question *question = object;
    question->done(subject, question);
}

void question_finish(struct question *question)
{
    inbox_post(&question->worker->inbox,
               (struct inbox_item){run_done, question->worker, question});
}

void question_free(struct question *question)
{
    buffer_deinit(&question->body);
    caps_unref(question->caps);
    free(question->info);
    free(question->payload);
    free(question);
}

/* --- events -------------------------------------------------------------- */

static void begin(struct buffer *json, enum hook_event event)
{
    buffer_append_format(json, ",\"event\":\"%s\",\"time\":%lld",
                         event_names[event], (long long)clock_wall_ms());
}

static void tell(struct hooks *hooks, struct buffer *json)
{
    hooks->ops->tell(hooks, webhook_event_new(NULL, json));
}

void hook_tell_target(struct hooks *hooks, struct hook_target *target,
                      struct buffer *json)
{
    hooks->ops->tell(hooks, webhook_event_new(target, json));
}

void hook_append_connection(struct buffer *body,
                            const struct connection *connection)
{
    buffer_append_format(body, ",\"connection\":\"%u-%llx\"",
                         connection->worker->index,
                         (unsigned long long)connection->handle);
}

static void append_client(struct buffer *json,
                          const struct connection *connection)
{
    hook_append_text(json, "client",
                     bytes_of(connection_client_id(connection)));
    hook_append_connection(json, connection);
}

/* Operators are not clients of the application. */
static bool is_told_of(const struct connection *connection,
                       enum hook_event event)
{
    return hook_is_told(connection->worker->instance->hooks, event) &&
           connection->client && !connection->protocol->is_for_operators;
}

void hook_tell_connected(const struct connection *connection)
{
    struct hooks *hooks = connection->worker->instance->hooks;
    if (!is_told_of(connection, EVENT_CONNECTED))
        return;
    struct buffer json = {0};
    char address[IP_ADDRESS_TEXT] = "";
    begin(&json, EVENT_CONNECTED);
    append_client(&json, connection);
    if (connection->transport->address)
        connection->transport->address(connection, address);
    hook_append_text(&json, "address", bytes_of(address));
    hook_append_text(&json, "protocol", bytes_of(connection->protocol->name));
    tell(hooks, &json);
}

void hook_tell_disconnected(const struct connection *connection, int code)
{
    struct hooks *hooks = connection->worker->instance->hooks;
    if (!is_told_of(connection, EVENT_DISCONNECTED))
        return;
    struct buffer json = {0};
    const char *reason = close_reason_info(connection->close_reason)->name;
    begin(&json, EVENT_DISCONNECTED);
    append_client(&json, connection);
    buffer_append_format(&json, ",\"code\":%d", code);
    hook_append_text(&json, "reason", bytes_of(reason));
    buffer_append_text(&json, ",\"duration_ms\":");
    buffer_append_uint(&json, clock_steady_ms() - connection->opened_ms);
    tell(hooks, &json);
}

/* Passes the event to the channel's protocol. */
static void tell_protocol(const struct instance *instance,
                          enum hook_event event, const char *channel,
                          const char *client)
{
    const struct channel_options *options =
        channel_options_find(&instance->options->channels, channel);
    if (options->told)
        options->told(instance->hooks, event, channel, client);
}

void hook_tell_channel(const struct instance *instance, enum hook_event event,
                       const char *channel)
{
    hook_tell_member(instance, event, channel, NULL, (struct bytes){0});
}

void hook_tell_member(const struct instance *instance, enum hook_event event,
                      const char *channel, const char *client,
                      struct bytes info)
{
    if (instance->hooks)
        tell_protocol(instance, event, channel, client);
    if (!hook_is_told(instance->hooks, event))
        return;
    struct buffer json = {0};
    begin(&json, event);
    hook_append_text(&json, "channel", bytes_of(channel));
    if (client)
        hook_append_text(&json, "client", bytes_of(client));
    if (info.len)
        buffer_append_text(&json, ",\"info\":");
    buffer_append(&json, info);
    tell(instance->hooks, &json);
}
