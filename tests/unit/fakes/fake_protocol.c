#include "fake_protocol.h"

#include <stdio.h>

#include "messaging/connection.h"
#include "messaging/operations.h"

static struct buffer notes;
static char taken[1 << 16];

const char *fake_protocol_notes(void)
{
    snprintf(taken, sizeof taken, "%s", buffer_text(&notes));
    buffer_deinit(&notes);
    return taken;
}

static void begin_note(const struct connection *connection, const char *event)
{
    buffer_append_format(&notes, "%s: %s", connection_client_id(connection),
                         event);
}

static void on_open(struct connection *connection, const struct bytes *channels,
                    size_t count)
{
    begin_note(connection, "open");
    buffer_append_format(&notes, " %zu\n", count);
    for (size_t i = 0; i < count; i++)
        operation_subscribe(connection, channels[i], NULL, (struct bytes){0});
}

static void on_message(struct connection *connection, struct bytes payload,
                       bool binary)
{
    begin_note(connection, binary ? "binary " : "text ");
    buffer_append(&notes, payload);
    buffer_append_char(&notes, '\n');
}

static void note_position(const struct request *request)
{
    buffer_append_format(&notes, " at %llu%s",
                         (unsigned long long)request->position.offset,
                         request->recovered ? " recovered" : "");
    for (size_t i = 0; i < request->message_count; i++)
        buffer_append_format(&notes, " %llu",
                             (unsigned long long)request->messages[i]->offset);
}

static void on_answer(struct connection *connection,
                      const struct request *request)
{
    static const char *const kinds[REQUEST_KIND_COUNT] = {
        [REQUEST_SUBSCRIBE] = "subscribe", [REQUEST_PUBLISH] = "publish",
        [REQUEST_HISTORY] = "history",     [REQUEST_PRESENCE] = "presence",
        [REQUEST_DIRECT] = "direct",       [REQUEST_DISCONNECT] = "disconnect",
        [REQUEST_REMOVE] = "remove",
    };
    begin_note(connection, kinds[request->kind]);
    buffer_append_format(&notes, " %s", request->channel);
    if (request->fault == FAULT_NONE)
        note_position(request);
    else
        buffer_append_format(&notes, " %s", fault_info(request->fault)->code);
    buffer_append_char(&notes, '\n');
}

static void on_unsubscribed(struct connection *connection, struct bytes channel)
{
    begin_note(connection, "unsubscribed ");
    buffer_append(&notes, channel);
    buffer_append_char(&notes, '\n');
}

static void append_word(struct buffer *out, struct bytes word)
{
    buffer_append(out, word.len ? word : BYTES_LITERAL("-"));
}

static void encode(const struct message *message, struct buffer *out)
{
    static const char *const kinds[] = {
        [MESSAGE_PUBLICATION] = "pub", [MESSAGE_JOIN] = "join",
        [MESSAGE_LEAVE] = "leave",     [MESSAGE_GAP] = "gap",
        [MESSAGE_DIRECT] = "direct",
    };
    buffer_append_format(out, "%s ", kinds[message->kind]);
    append_word(out, message->channel);
    buffer_append_format(out, " %llu ", (unsigned long long)message->offset);
    append_word(out, message->from);
    buffer_append_char(out, ' ');
    append_word(out, message->payload);
}

static void encode_other(const struct message *message, struct buffer *out)
{
    buffer_append_text(out, "other ");
    encode(message, out);
}

static const struct encoding encoding = {.number = 2, .encode = encode};

static const struct encoding encoding_other = {.number = 3,
                                               .encode = encode_other};

const struct protocol fake_protocol = {
    .name = "fake",
    .on_open = on_open,
    .on_message = on_message,
    .on_answer = on_answer,
    .on_unsubscribed = on_unsubscribed,
    .encoding = &encoding,
};

const struct protocol fake_protocol_other = {
    .name = "other",
    .on_open = on_open,
    .on_message = on_message,
    .on_answer = on_answer,
    .on_unsubscribed = on_unsubscribed,
    .encoding = &encoding_other,
};
