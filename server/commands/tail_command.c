/* A minimal WebSocket client: it reads frames and answers pings until it is
 * interrupted. */
#include "commands/tail_command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/random.h"
#include "commands/remote.h"

enum { DONE = 0, REFUSED = 1, BAD_USAGE = 2 };
enum { TEXT = 1, CLOSE = 8, PING = 9, PONG = 10 }; /* RFC 6455, 5.2 */

struct tail {
    struct remote_options remote;
    const char *channel;
    const char *count;
    const char *help;
};

static const struct command_flag items[] = {
    REMOTE_FLAGS(struct tail, remote),
    {"channel", "NAME", offsetof(struct tail, channel),
     "channel to follow (required)"},
    {"count", "N", offsetof(struct tail, count),
     "exit after N messages (never)"},
    {"help", NULL, offsetof(struct tail, help), "print this help"},
    {0},
};

static const struct command_flags flags = {.command = "tail", .items = items};

static void print_help(void)
{
    printf("Usage: peal tail --channel NAME [--count N]\n\n"
           "Prints the messages of a channel as they arrive, one per line, "
           "until\ninterrupted. With PEAL_API_KEY it connects with a ticket, "
           "which is needed if\nclients need a token, and is not listed among "
           "the channel's "
           "members.\n\n");
    command_flags_print(&flags);
    printf("\n  PEAL_API_KEY=... peal tail --channel lobby\n");
}

/* ---- the handshake */

/* A client id that nobody else has. */
static void make_id(char out[32])
{
    snprintf(out, 32, "peal-tail-%016llx", (unsigned long long)random_uint64());
}

static bool get_ticket(const struct tail *tail, const char *id,
                       struct buffer *path, struct error *error)
{
    struct buffer body = {0};
    struct buffer answer = {0};
    struct json_slot slots[] = {{.name = "ticket"}};
    const char *why;
    buffer_append_format(&body, "{\"client\":\"%s\",\"caps\":[{\"channels\":[",
                         id);
    buffer_append_json_string(&body, bytes_of(tail->channel));
    buffer_append_text(&body, "],\"allow\":[\"sub\",\"hid\"]}]}");
    bool ok = remote_tell(&tail->remote, "/api/tickets", buffer_text(&body),
                          &answer, error);
    if (ok && json_scan_object(buffer_bytes(&answer), slots, 1, &why) &&
        slots[0].raw.len > 2)
        buffer_append_format(path, "&ticket=%.*s", (int)slots[0].raw.len - 2,
                             slots[0].raw.data + 1);
    buffer_deinit(&body);
    buffer_deinit(&answer);
    return ok;
}

static bool make_path(const struct tail *tail, struct buffer *path,
                      struct error *error)
{
    char id[32];
    make_id(id);
    buffer_append_format(path, "/ws/%s?protocol=broadcast&channel=", id);
    remote_append_encoded(path, tail->channel);
    return !remote_has_key() || get_ticket(tail, id, path, error);
}

/* The key is any 16 bytes in base64; the response's hash is not checked. */
static bool shake_hands(struct remote *remote, const char *path,
                        struct buffer *in, struct error *error)
{
    int status;
    uint64_t body_len;
    static const char headers[] =
        "Connection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    if (!remote_write_request(remote, "GET", path, headers, error) ||
        !remote_read_head(remote, in, &status, &body_len, error))
        return false;
    return status == 101 ||
           error_set(error, "the server responded %d%s", status,
                     status == 401 ? " (PEAL_API_KEY)" : "");
}

/* ---- frames */

struct frame_view {
    unsigned opcode;
    struct bytes payload;
    size_t len; /* with its header */
};

/* Whether a whole frame has arrived; a server's frames are not masked. */
static bool read_frame(struct bytes in, struct frame_view *frame)
{
    const unsigned char *data = (const unsigned char *)in.data;
    if (in.len < 2)
        return false;
    size_t head = data[1] < 126 ? 2 : data[1] == 126 ? 4 : 10;
    uint64_t len = data[1] < 126 ? data[1] : 0;
    if (in.len < head)
        return false;
    for (size_t i = 2; i < head; i++)
        len = len << 8 | data[i];
    if (len > REMOTE_ANSWER_MAX || in.len < head + len)
        return false;
    *frame = (struct frame_view){
        data[0] & 15U, {in.data + head, (size_t)len}, head + (size_t)len};
    return true;
}

/* A client's frames are masked (RFC 6455 section 5.3). */
static bool answer_ping(struct remote *remote, struct bytes payload,
                        struct error *error)
{
    char frame[2 + 4 + 125] = {(char)(0x80 | PONG), (char)(0x80 | payload.len)};
    random_fill(frame + 2, 4);
    for (size_t i = 0; i < payload.len; i++)
        frame[6 + i] = payload.data[i] ^ frame[2 + i % 4];
    return remote_write(remote, (struct bytes){frame, 6 + payload.len}, error);
}

static bool is_type(const struct json_slot *slot, const char *type)
{
    char text[32];
    size_t len;
    return json_decode_string(slot->raw, text, sizeof text, &len) &&
           bytes_equal((struct bytes){text, len}, bytes_of(type));
}

/* Prints a message of the channel; false if no more will follow. */
static bool print_message(struct bytes text, uint64_t *printed,
                          struct error *error)
{
    struct json_slot slots[] = {{.name = "type"}, {.name = "message"}};
    const char *why;
    if (!json_scan_object(text, slots, 2, &why))
        return error_set(error, "unexpected response; is this a Peal server?");
    if (is_type(&slots[0], "error"))
        return error_set(error, "the server reports %.*s",
                         (int)slots[1].raw.len, slots[1].raw.data);
    if (is_type(&slots[0], "unsubscribed"))
        return error_set(error, "unsubscribed by the server");
    if (is_type(&slots[0], "broadcast")) {
        printf("%.*s\n", (int)text.len, text.data);
        fflush(stdout);
        ++*printed;
    }
    return true;
}

static bool tell_close(struct bytes payload, struct error *error)
{
    const unsigned char *data = (const unsigned char *)payload.data;
    if (payload.len < 2)
        return error_set(error, "the server closed the connection");
    return error_set(error, "the server closed the connection: %d %.*s",
                     data[0] << 8 | data[1], (int)payload.len - 2,
                     payload.data + 2);
}

static bool handle(struct remote *remote, const struct frame_view *frame,
                   uint64_t *printed, struct error *error)
{
    if (frame->opcode == TEXT)
        return print_message(frame->payload, printed, error);
    if (frame->opcode == PING && frame->payload.len <= 125)
        return answer_ping(remote, frame->payload, error);
    return frame->opcode != CLOSE || tell_close(frame->payload, error);
}

/* Prints `count` messages, or all without a limit. */
static bool follow(struct remote *remote, struct buffer *in, uint64_t count,
                   struct error *error)
{
    uint64_t printed = 0;
    while (!count || printed < count) {
        struct frame_view frame;
        if (!read_frame(buffer_bytes(in), &frame)) {
            if (!remote_read(remote, in, true, error))
                return false;
            continue;
        }
        if (!handle(remote, &frame, &printed, error))
            return false;
        in->len -= frame.len;
        memmove(in->data, in->data + frame.len, in->len);
    }
    return true;
}

static bool run(const struct tail *tail, uint64_t count, struct error *error)
{
    struct buffer path = {0};
    struct buffer in = {0};
    struct remote *remote = NULL;
    bool ok = make_path(tail, &path, error) &&
              (remote = remote_open(&tail->remote, error)) &&
              shake_hands(remote, buffer_text(&path), &in, error) &&
              follow(remote, &in, count, error);
    remote_close(remote);
    buffer_deinit(&path);
    buffer_deinit(&in);
    return ok;
}

static bool check(const struct tail *tail, uint64_t *count, struct error *error)
{
    if (!tail->channel)
        return error_set(error, "--channel is missing; see peal tail --help");
    return !tail->count ||
           (json_decode_uint(bytes_of(tail->count), count) && *count) ||
           error_set(error, "--count: expected a whole number from 1");
}

int tail_command(int argc, char **argv)
{
    struct error error;
    struct tail tail = {0};
    uint64_t count = 0;
    int code = DONE;
    if (!command_flags_read(&flags, argc, argv, &tail, &error))
        code = BAD_USAGE;
    else if (tail.help)
        print_help();
    else if (!check(&tail, &count, &error))
        code = BAD_USAGE;
    else if (!run(&tail, count, &error))
        code = REFUSED;
    if (code != DONE)
        fprintf(stderr, "peal tail: %s\n", error.text);
    return code;
}
