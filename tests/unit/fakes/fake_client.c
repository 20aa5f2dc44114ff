#include "fake_client.h"

#include <stdlib.h>

#include "base/memory.h"
#include "messaging/lifecycle.h"

struct fake_client *fake_client_join_as(struct fake_instance *instance,
                                        unsigned worker,
                                        const struct protocol *protocol,
                                        const char *id, const char *channel,
                                        struct identity identity)
{
    struct fake_client *client = memory_new(1, sizeof *client);
    client->instance = instance;
    client->connection =
        connection_new(&instance->workers[worker], protocol, &fake_transport,
                       &client->socket, id, identity);
    PANIC_IF(!client->connection);
    struct bytes name = bytes_of(channel);
    connection_open(client->connection, &name, channel ? 1 : 0);
    return client;
}

struct fake_client *fake_client_join(struct fake_instance *instance,
                                     unsigned worker,
                                     const struct protocol *protocol,
                                     const char *id, const char *channel)
{
    struct identity identity = {.caps = caps_everything()};
    return fake_client_join_as(instance, worker, protocol, id, channel,
                               identity);
}

void fake_client_say(struct fake_client *client, const char *text)
{
    connection_receive(client->connection, bytes_of(text), 0, true, false);
    fake_instance_turn(client->instance);
}

const char *fake_client_hear(struct fake_client *client)
{
    enum frame_opcode opcode;
    struct bytes payload;
    buffer_clear(&client->heard);
    while (fake_socket_read(&client->socket, &opcode, &payload)) {
        if (opcode != FRAME_TEXT && opcode != FRAME_BINARY)
            continue;
        buffer_append(&client->heard, payload);
        return buffer_text(&client->heard);
    }
    return FAKE_CLIENT_SILENCE;
}

void fake_client_skip(struct fake_client *client)
{
    client->socket.read = client->socket.written.len;
}

void fake_client_unblock(struct fake_client *client)
{
    client->socket.is_blocked = false;
    client->socket.wants_writable = false;
    connection_on_writable(client->connection);
    fake_instance_turn(client->instance);
}

void fake_client_leave(struct fake_client *client)
{
    connection_free(client->connection);
    fake_instance_turn(client->instance);
    fake_client_forget(client);
}

void fake_client_forget(struct fake_client *client)
{
    fake_socket_deinit(&client->socket);
    buffer_deinit(&client->heard);
    free(client);
}
