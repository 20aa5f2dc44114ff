/* echo: sends text back after a prefix, binary data unchanged. */
#include "messaging/connection.h"
#include "messaging/worker.h"
#include "protocols/protocols.h"

static void on_open(struct connection *connection, const struct bytes *channels,
                    size_t count)
{
    (void)connection;
    (void)channels; /* this protocol has none */
    (void)count;
}

static void on_message(struct connection *connection, struct bytes payload,
                       bool binary)
{
    struct buffer *reply = connection_reply_begin(connection);
    if (!binary)
        buffer_append_text(reply,
                           connection->worker->instance->options->echo_prefix);
    buffer_append(reply, payload);
    connection_reply_end(connection, binary ? PAYLOAD_BINARY : PAYLOAD_TEXT);
}

const struct protocol protocol_echo = {
    .name = "echo",
    .endpoint = &endpoint_websocket,
    .on_open = on_open,
    .on_message = on_message,
};
