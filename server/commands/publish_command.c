#include "commands/publish_command.h"

#include <stdio.h>

#include "base/json.h"
#include "commands/remote.h"
#include "messaging/names.h"
#include "messaging/trace.h"

enum { DONE = 0, REFUSED = 1, BAD_USAGE = 2 };

struct publish {
    struct remote_options remote;
    const char *channel;
    const char *event;
    const char *key;
    const char *trace;
    const char *payload;
    const char *help;
};

static const struct command_flag items[] = {
    REMOTE_FLAGS(struct publish, remote),
    {"channel", "NAME", offsetof(struct publish, channel),
     "channel to publish to (required)"},
    {"event", "EVENT", offsetof(struct publish, event),
     "name of the event: " EVENT_RULE},
    {"idempotency-key", "KEY", offsetof(struct publish, key),
     "publish only once with this key within 5 minutes"},
    {"traceparent", "TRACE", offsetof(struct publish, trace),
     "W3C Trace Context, for the logs of delivering instances"},
    {"help", NULL, offsetof(struct publish, help), "print this help"},
    {0},
};

static const struct command_flags flags = {"publish", items, "PAYLOAD",
                                           offsetof(struct publish, payload)};

static void print_help(void)
{
    printf(
        "Usage: peal publish --channel NAME PAYLOAD\n\n"
        "Publishes JSON to a channel, and prints the position of the message. "
        "The API key is\nread from PEAL_API_KEY.\n\n");
    command_flags_print(&flags);
    printf("\n  PEAL_API_KEY=... peal publish --channel lobby "
           "'{\"text\":\"hello\"}'\n");
}

static bool check(const struct publish *publish, struct error *error)
{
    if (!publish->channel)
        return error_set(error, "--channel is missing; see peal publish "
                                "--help");
    if (!publish->payload)
        return error_set(error, "the payload is missing; see peal publish "
                                "--help");
    struct error why;
    if (publish->event && !event_check(bytes_of(publish->event), &why))
        return error_set(error, "--event: it %.400s", why.text);
    if (publish->trace && !trace_read(bytes_of(publish->trace)).len)
        return error_set(error, "--traceparent: expected "
                                "00-<32 digits>-<16 digits>-<2 digits>");
    return json_check(bytes_of(publish->payload), &why) ||
           error_set(error,
                     "the payload is not JSON: %.200s; a string needs quotes: "
                     "'\"hello\"'",
                     why.text);
}

static bool publish_it(const struct publish *publish, struct error *error)
{
    struct buffer body = {0};
    struct buffer answer = {0};
    buffer_append_text(&body, "{\"channel\":");
    buffer_append_json_string(&body, bytes_of(publish->channel));
    if (publish->event) {
        buffer_append_text(&body, ",\"event\":");
        buffer_append_json_string(&body, bytes_of(publish->event));
    }
    if (publish->key) {
        buffer_append_text(&body, ",\"idempotency_key\":");
        buffer_append_json_string(&body, bytes_of(publish->key));
    }
    if (publish->trace) {
        buffer_append_text(&body, ",\"traceparent\":");
        buffer_append_json_string(&body, bytes_of(publish->trace));
    }
    buffer_append_format(&body, ",\"payload\":%s}", publish->payload);
    bool ok = remote_tell(&publish->remote, "/api/publish", buffer_text(&body),
                          &answer, error);
    if (ok)
        puts(buffer_text(&answer));
    buffer_deinit(&body);
    buffer_deinit(&answer);
    return ok;
}

int publish_command(int argc, char **argv)
{
    struct error error;
    struct publish publish = {0};
    int code = DONE;
    if (!command_flags_read(&flags, argc, argv, &publish, &error))
        code = BAD_USAGE;
    else if (publish.help)
        print_help();
    else if (!check(&publish, &error))
        code = BAD_USAGE;
    else if (!publish_it(&publish, &error))
        code = REFUSED;
    if (code != DONE)
        fprintf(stderr, "peal publish: %s\n", error.text);
    return code;
}
