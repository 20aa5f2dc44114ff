#include "fake_transport.h"

#include <stdio.h>

#include "base/memory.h"

static bool write_frames(struct connection *connection, struct bytes frames)
{
    struct fake_socket *socket = connection->socket;
    PANIC_IF(socket->closes); /* nothing is sent after a close */
    /* except the rest of a message that was requested before */
    PANIC_IF(socket->is_blocked && !outbox_is_held(&connection->outbox));
    if (socket->is_dead)
        return false;
    buffer_append(&socket->written, frames);
    socket->writes++;
    return true;
}

static bool is_blocked(const struct connection *connection)
{
    const struct fake_socket *socket = connection->socket;
    return socket->is_blocked;
}

static void want_writable(struct connection *connection)
{
    struct fake_socket *socket = connection->socket;
    socket->wants_writable = true;
}

static void close_socket(struct connection *connection,
                         enum close_reason reason)
{
    struct fake_socket *socket = connection->socket;
    socket->closes++;
    socket->close_reason = reason;
    snprintf(socket->close_text, sizeof socket->close_text, "%s",
             connection_close_text(connection));
}

static void address(const struct connection *connection,
                    char out[IP_ADDRESS_TEXT])
{
    (void)connection;
    strcpy(out, "192.0.2.9");
}

static void pause(struct connection *connection, bool is_paused)
{
    struct fake_socket *socket = connection->socket;
    socket->is_paused = is_paused;
}

static enum acked acked(const struct connection *connection, uint64_t *bytes)
{
    const struct fake_socket *socket = connection->socket;
    *bytes = socket->acked;
    return socket->is_silent ? ACKED_SILENT
           : socket->acked   ? ACKED_PART
                             : ACKED_ALL;
}

static bool ping(struct connection *connection)
{
    char frame[FRAME_CONTROL_SIZE];
    size_t len = frame_write_control(frame, FRAME_PING, BYTES_LITERAL("peal"));
    return write_frames(connection, (struct bytes){frame, len});
}

const struct transport fake_transport = {
    .framing = &frame_write_framing,
    .ping = ping,
    .pause = pause,
    .has_pongs = true,
    .acked = acked,
    .gauge = METRIC_WEBSOCKETS,
    .write = write_frames,
    .is_blocked = is_blocked,
    .want_writable = want_writable,
    .close = close_socket,
    .address = address,
};

/* RFC 6455 section 5.2: final, no extension, no mask, shortest length. */
static size_t read_length(struct bytes from, size_t *header_len)
{
    const unsigned char *at = (const unsigned char *)from.data;
    PANIC_IF(from.len < 2 || (at[0] & 0xf0) != 0x80 || at[1] & 0x80);
    *header_len = at[1] == 127 ? 10 : at[1] == 126 ? 4 : 2;
    PANIC_IF(from.len < *header_len);
    if (*header_len == 2)
        return at[1];
    size_t len = 0;
    for (size_t i = 2; i < *header_len; i++)
        len = len << 8 | at[i];
    PANIC_IF(len <= (*header_len == 4 ? 125 : UINT16_MAX));
    return len;
}

static bool split(struct bytes from, enum frame_opcode *opcode,
                  struct bytes *payload)
{
    if (!from.len)
        return false;
    size_t header_len;
    size_t len = read_length(from, &header_len);
    PANIC_IF(from.len < header_len + len);
    *opcode = (enum frame_opcode)(from.data[0] & 0x0f);
    *payload = (struct bytes){from.data + header_len, len};
    return true;
}

static struct bytes unread(const struct fake_socket *socket)
{
    return bytes_skip(buffer_bytes(&socket->written), socket->read);
}

bool fake_socket_read(struct fake_socket *socket, enum frame_opcode *opcode,
                      struct bytes *payload)
{
    if (!split(unread(socket), opcode, payload))
        return false;
    socket->read =
        (size_t)(payload->data + payload->len - socket->written.data);
    return true;
}

unsigned fake_socket_count(const struct fake_socket *socket)
{
    enum frame_opcode opcode;
    struct bytes payload;
    unsigned count = 0;
    struct bytes rest = unread(socket);
    while (split(rest, &opcode, &payload)) {
        const char *next = payload.data + payload.len;
        rest = bytes_skip(rest, (size_t)(next - rest.data));
        count++;
    }
    return count;
}

void fake_socket_deinit(struct fake_socket *socket)
{
    buffer_deinit(&socket->written);
}
