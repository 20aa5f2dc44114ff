/* Messages of clients: the first byte selects the protocol and how messages are
 * fragmented; each line is a message, sent by two clients in turn. Answers must
 * be JSON, and UTF-8 if all input is. */
#include <stdlib.h>

#include "base/json.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "fakes/fake_client.h"
#include "fuzz.h"
#include "protocols/protocols.h"
#include "protocols/pusher/pusher_apps.h"
#include "protocols/pusher/pusher_name.h"
#include "protocols/pusher/pusher_rules.h"

enum { CLIENTS = 2 };

static const struct protocol *protocol_of(unsigned first)
{
    if ((first & 15) == 8)
        return &protocol_dashboard;
    if ((first & 15) == 9)
        return &protocol_pusher;
    return first & 1 ? &protocol_broadcast : &protocol_echo;
}

/* With an app whose secret signed the channels in the corpus. */
static void set_up_pusher(void)
{
    static struct pusher_app_options app = {
        .id = (char *)"1",
        .key = (char *)"app-key",
        .secret = (char *)"app-secret",
        .client_events = true,
        .presence_members = 100,
        .event_bytes = 10240,
    };
    pusher_rules_use(&(struct pusher_app_options_list){&app, 1});
}

static const char *client_id(const struct protocol *protocol, unsigned number)
{
    static const char *const names[2][CLIENTS] = {
        {"alice", "bob"}, {PUSHER_PREFIX "1:1.1", PUSHER_PREFIX "1:2.2"}};
    return names[protocol == &protocol_pusher][number];
}

static void say(struct fake_client *client, struct bytes text, size_t fragment)
{
    struct connection *connection = client->connection;
    while (fragment && text.len > fragment) {
        connection_receive(connection, (struct bytes){text.data, fragment}, 0,
                           false, false);
        text = bytes_skip(text, fragment);
    }
    connection_receive(connection, text, 0, true, false);
}

static void check_answers(struct fake_client *client, bool is_json)
{
    enum frame_opcode opcode;
    struct bytes payload;
    while (fake_socket_read(&client->socket, &opcode, &payload)) {
        PANIC_IF(!utf8_is_valid(payload));
        PANIC_IF(is_json && !json_is_valid(payload));
    }
}

static struct bytes next_line(struct bytes *rest)
{
    const char *end = memchr(rest->data, '\n', rest->len);
    size_t len = end ? (size_t)(end - rest->data) : rest->len;
    struct bytes line = {rest->data, len};
    *rest = bytes_skip(*rest, len + 1);
    return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fake_client *clients[CLIENTS];
    log_setup(LOG_ERROR, LOG_FORMAT_TEXT);
    if (!size)
        return 0;
    bool is_json = protocol_of(data[0]) != &protocol_echo;
    size_t fragment = data[0] >> 4;
    struct bytes rest = {(const char *)data + 1, size - 1};
    struct fake_instance *fake = fake_instance_new(CLIENTS);
    set_up_pusher();
    fake->options.channels.of_protocol = pusher_rules_find;
    fake->options.limits.bad_messages = 1000;
    for (unsigned i = 0; i < CLIENTS; i++)
        clients[i] =
            fake_client_join(fake, i, protocol_of(data[0]),
                             client_id(protocol_of(data[0]), i), "room");
    fake_instance_turn(fake);
    for (unsigned turn = 0; rest.len; turn++) {
        struct bytes line = next_line(&rest);
        if (utf8_is_valid(line)) /* ensured by the socket */
            say(clients[turn % CLIENTS], line, fragment);
        if (turn % 3 == 0)
            fake_instance_turn(fake);
    }
    fake_instance_turn(fake);
    for (unsigned i = 0; i < CLIENTS; i++)
        check_answers(clients[i], is_json);
    for (unsigned i = 0; i < CLIENTS; i++)
        fake_client_leave(clients[i]);
    fake_instance_free(fake);
    return 0;
}
