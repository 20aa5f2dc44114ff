/* Operations of clients in any order, on several workers turned in any order:
 * the real hub and local bus, compared with a model:
 *
 * - a channel's offsets are 1, 2, 3, ..., each with its message;
 * - a subscriber gets every message after the position in its answer, once and
 *   in order, and recovers exactly the messages it missed;
 * - a client that has left, was closed or has no answer yet gets nothing
 *   (fake_transport checks that nothing follows a close frame);
 * - presence lists exactly the subscribers. */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/memory.h"
#include "fakes/fake_client.h"
#include "fakes/fake_clock.h"
#include "fuzz.h"
#include "messaging/lifecycle.h"
#include "messaging/operations.h"
#include "messaging/store/epoch.h"
#include "messaging/turn.h"

enum { CLIENTS = 8, CHANNELS = 6, MESSAGES = 512, NAMES = 3 };

static const char *const channel_names[CHANNELS] = {
    "plain:a", "latest:a", "loud:a", "x", "y", "z"};
static const uint64_t history_sizes[CHANNELS] = {0, 0, 3, 5, 5, 5};
enum { LATEST = 1, FIRST_WITH_PRESENCE = 2 };

/* CANCELLED: left before the answer; RENEWED: subscribed again as well. */
enum state { NONE, PENDING, SUBSCRIBED, CANCELLED, RENEWED };

/* A channel as known to its client, from answers and from messages, which may
 * arrive later. */
struct view {
    enum state state;
    bool is_leaving; /* a renewal is answered while its client leaves */
    uint64_t asked_from;
    bool is_hearing;
    bool has_gap;
    uint64_t last; /* last offset received or reported */
};

struct member {
    struct fake_client *client; /* NULL: free */
    unsigned name;
    bool was_blocked; /* may have lost messages that `latest` replaced */
    bool is_closed;
    struct view views[CHANNELS];
};

/* One message per offset, with a number as payload. */
struct history_model {
    uint64_t epoch;
    uint64_t top;
    unsigned payloads[MESSAGES + 1];
};

static struct fake_instance *fake;
static struct member members[CLIENTS];
static struct history_model model[CHANNELS];
static unsigned published;

static struct member *member_of(const struct connection *connection)
{
    for (unsigned i = 0; i < CLIENTS; i++)
        if (members[i].client && members[i].client->connection == connection)
            return &members[i];
    PANIC_IF(true);
    return NULL;
}

static unsigned channel_of(struct bytes name)
{
    for (unsigned i = 0; i < CHANNELS; i++)
        if (bytes_equal(name, bytes_of(channel_names[i])))
            return i;
    PANIC_IF(true);
    return 0;
}

static unsigned number_in(struct bytes payload)
{
    char text[16] = {0};
    PANIC_IF(payload.len >= sizeof text);
    memcpy(text, payload.data, payload.len);
    return (unsigned)strtoul(text, NULL, 10);
}

/* ---- received messages --------------------------------------------------- */

/* The broadcast protocol's answers as texts: "s x 7 0", "u x 0 0". */
static void tell(struct connection *connection, char kind, unsigned channel,
                 uint64_t offset)
{
    struct buffer *out = connection_reply_begin(connection);
    buffer_append_format(out, "%c %s %llu 0", kind, channel_names[channel],
                         (unsigned long long)offset);
    connection_reply_end(connection, PAYLOAD_TEXT);
}

static void check_recovered(const struct view *view, unsigned channel,
                            const struct request *request)
{
    PANIC_IF(request->message_count !=
             request->position.offset - view->asked_from);
    for (size_t i = 0; i < request->message_count; i++) {
        const struct message *message = request->messages[i];
        uint64_t offset = view->asked_from + 1 + i;
        PANIC_IF(message->offset != offset);
        PANIC_IF(number_in(message->payload) !=
                 model[channel].payloads[offset]);
    }
}

static void on_cancelled(struct view *view)
{
    PANIC_IF(view->state != CANCELLED && view->state != RENEWED);
    if (!view->is_leaving)
        view->state = view->state == RENEWED ? PENDING : NONE;
}

static void on_subscribed(struct connection *connection, unsigned channel,
                          const struct request *request)
{
    struct view *view = &member_of(connection)->views[channel];
    if (request->fault != FAULT_NONE) {
        PANIC_IF(request->fault != FAULT_CANCELLED);
        on_cancelled(view);
        return;
    }
    PANIC_IF(view->state != PENDING);
    PANIC_IF(request->position.offset > model[channel].top);
    PANIC_IF(model[channel].epoch &&
             request->position.epoch != model[channel].epoch);
    model[channel].epoch = request->position.epoch;
    view->state = SUBSCRIBED;
    tell(connection, 's', channel, request->position.offset);
    bool could = request->recover &&
                 request->since.epoch == model[channel].epoch &&
                 request->since.offset <= request->position.offset &&
                 request->position.offset - request->since.offset <=
                     history_sizes[channel];
    PANIC_IF(could != request->recovered);
    if (request->recovered)
        check_recovered(view, channel, request);
    else
        PANIC_IF(request->message_count);
}

static void on_published(unsigned channel, const struct request *request)
{
    uint64_t offset = request->position.offset;
    PANIC_IF(request->fault != FAULT_NONE);
    PANIC_IF(!offset || offset > model[channel].top);
    PANIC_IF(model[channel].payloads[offset] != number_in(request->id));
}

/* The caller has emptied every inbox. */
static void check_members(unsigned channel, const struct request *request)
{
    unsigned counts[NAMES] = {0};
    unsigned expected = 0;
    for (unsigned i = 0; i < CLIENTS; i++)
        if (members[i].client && !members[i].client->connection->is_closing &&
            members[i].views[channel].state == SUBSCRIBED)
            counts[members[i].name]++;
    for (unsigned name = 0; name < NAMES; name++)
        expected += counts[name] > 0;
    PANIC_IF(request->member_count != expected);
    for (size_t i = 0; i < request->member_count; i++) {
        unsigned name = (unsigned)(request->members[i].client[0] - 'a');
        PANIC_IF(request->members[i].connections != counts[name]);
    }
}

static void check_history(unsigned channel, const struct request *request)
{
    uint64_t first = request->position.offset + 1 - request->message_count;
    PANIC_IF(request->message_count > history_sizes[channel]);
    for (size_t i = 0; i < request->message_count; i++) {
        PANIC_IF(request->messages[i]->offset != first + i);
        PANIC_IF(number_in(request->messages[i]->payload) !=
                 model[channel].payloads[first + i]);
    }
}

static void on_answer(struct connection *connection,
                      const struct request *request)
{
    if (request->kind == REQUEST_DIRECT)
        return;
    unsigned channel = channel_of(bytes_of(request->channel));
    switch (request->kind) {
    case REQUEST_SUBSCRIBE:
        on_subscribed(connection, channel, request);
        break;
    case REQUEST_PUBLISH:
        on_published(channel, request);
        break;
    case REQUEST_PRESENCE:
        if (request->fault == FAULT_NONE)
            check_members(channel, request);
        break;
    case REQUEST_HISTORY:
        if (request->fault == FAULT_NONE)
            check_history(channel, request);
        break;
    default:
        break;
    }
}

static void on_publication(struct member *member, unsigned channel,
                           uint64_t offset, unsigned payload)
{
    struct view *view = &member->views[channel];
    bool may_skip = view->has_gap || (channel == LATEST && member->was_blocked);
    view->has_gap = false;
    PANIC_IF(!view->is_hearing);
    PANIC_IF(may_skip ? offset <= view->last : offset != view->last + 1);
    PANIC_IF(model[channel].payloads[offset] != payload);
    view->last = offset;
}

static void on_heard(struct member *member, char kind, unsigned channel,
                     uint64_t offset, unsigned payload)
{
    struct view *view = &member->views[channel];
    switch (kind) {
    case 's':
    case 'u':
        view->is_hearing = kind == 's';
        view->has_gap = false;
        view->last = offset;
        break;
    case 'p':
        on_publication(member, channel, offset, payload);
        break;
    case 'g': /* the history arrived before a blocked client read */
        PANIC_IF(!member->was_blocked);
        view->has_gap = true;
        break;
    default: /* join and leave */
        PANIC_IF(!view->is_hearing);
    }
}

/* Reads what was written to one client since the last call. */
static void hear(struct member *member)
{
    const char *text;
    while ((text = fake_client_hear(member->client)),
           strcmp(text, FAKE_CLIENT_SILENCE) != 0) {
        char kind;
        char name[32];
        unsigned long long offset;
        unsigned payload;
        PANIC_IF(sscanf(text, "%c %31s %llu %u", &kind, name, &offset,
                        &payload) != 4);
        if (kind != 'd')
            on_heard(member, kind, channel_of(bytes_of(name)), offset, payload);
    }
}

static void hear_all(void)
{
    for (unsigned i = 0; i < CLIENTS; i++)
        if (members[i].client)
            hear(&members[i]);
}

static void encode(const struct message *message, struct buffer *out)
{
    static const char kinds[] = {[MESSAGE_PUBLICATION] = 'p',
                                 [MESSAGE_JOIN] = 'j',
                                 [MESSAGE_LEAVE] = 'j',
                                 [MESSAGE_GAP] = 'g',
                                 [MESSAGE_DIRECT] = 'd'};
    buffer_append_char(out, kinds[message->kind]);
    buffer_append_char(out, ' ');
    buffer_append(out,
                  message->channel.len ? message->channel : BYTES_LITERAL("-"));
    buffer_append_format(out, " %llu ", (unsigned long long)message->offset);
    buffer_append(out, message->kind == MESSAGE_PUBLICATION ||
                               message->kind == MESSAGE_DIRECT
                           ? message->payload
                           : BYTES_LITERAL("0"));
}

static void on_open(struct connection *connection, const struct bytes *channels,
                    size_t count)
{
    (void)connection;
    (void)channels;
    (void)count;
}

static const struct encoding encoding = {.number = 1, .encode = encode};

static const struct protocol checked = {
    .name = "checked",
    .on_open = on_open,
    .on_answer = on_answer,
    .encoding = &encoding,
};

/* ---- operations of clients ----------------------------------------------- */

static void settle(void)
{
    fake_instance_turn(fake);
    hear_all();
}

static void join(struct member *member, unsigned slot, unsigned more)
{
    static const char *const names[NAMES] = {"a", "b", "c"};
    *member = (struct member){.name = more % NAMES};
    member->client = fake_client_join(fake, slot % fake->worker_count, &checked,
                                      names[member->name], NULL);
}

static void leave(struct member *member)
{
    hear(member);
    struct fake_client *client = member->client;
    member->client = NULL;
    connection_free(client->connection);
    fake_client_forget(client);
}

static void subscribe(struct member *member, unsigned channel, unsigned more)
{
    struct view *view = &member->views[channel];
    struct position since = {
        model[channel].epoch ^ (more == 7),
        model[channel].top > more ? model[channel].top - more : 0};
    enum fault fault = operation_subscribe(
        member->client->connection, bytes_of(channel_names[channel]),
        more ? &since : NULL, (struct bytes){0});
    bool had = view->state != NONE && view->state != CANCELLED;
    PANIC_IF(had != (fault == FAULT_ALREADY_SUBSCRIBED));
    if (fault != FAULT_NONE)
        return;
    view->state = view->state == CANCELLED ? RENEWED : PENDING;
    view->asked_from = since.offset;
}

static void unsubscribe(struct member *member, unsigned channel)
{
    struct view *view = &member->views[channel];
    bool had = view->state != NONE && view->state != CANCELLED;
    view->is_leaving = true;
    enum fault fault = operation_unsubscribe(member->client->connection,
                                             bytes_of(channel_names[channel]));
    view->is_leaving = false;
    PANIC_IF(had != (fault == FAULT_NONE));
    if (!had)
        return;
    if (view->state == SUBSCRIBED)
        tell(member->client->connection, 'u', channel, 0);
    view->state = view->state == SUBSCRIBED ? NONE : CANCELLED;
}

static void publish(struct member *member, unsigned channel)
{
    const struct bytes trace = BYTES_LITERAL(
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
    char number[16];
    if (model[channel].top == MESSAGES)
        return;
    snprintf(number, sizeof number, "%u", ++published);
    /* the bus assigns its offset at once, and nobody sees it before the next
     * turn */
    model[channel].payloads[++model[channel].top] = published;
    const struct utterance utterance = {
        .payload = bytes_of(number),
        .event = (struct bytes){"typing", published % 7},
        .trace = trace};
    enum fault fault = operation_publish(member->client->connection,
                                         bytes_of(channel_names[channel]),
                                         &utterance, bytes_of(number));
    if (fault != FAULT_NONE)
        model[channel].top--;
    PANIC_IF(fault != FAULT_NONE && fault != FAULT_UNAVAILABLE);
}

static void block(struct member *member, bool is_blocked)
{
    member->was_blocked = true;
    member->client->socket.is_blocked = is_blocked;
    if (!is_blocked)
        connection_on_writable(member->client->connection);
}

static void finish_close(struct member *member)
{
    if (!member->client->connection->is_closing)
        return;
    hear(member);
    member->is_closed = true;
    for (unsigned i = 0; i < CHANNELS; i++)
        member->views[i].state = NONE;
}

static void ask(struct member *member, unsigned channel, unsigned more)
{
    struct connection *connection = member->client->connection;
    struct bytes name = bytes_of(channel_names[channel]);
    settle();
    for (unsigned i = 0; i < CLIENTS; i++)
        if (members[i].client && members[i].client->connection->is_closing &&
            !members[i].client->socket.closes)
            return; /* it leaves its channels in a later turn */
    if (more & 1)
        operation_history(connection, name, more, (struct bytes){0});
    else
        operation_presence(connection, name, UINT32_MAX, (struct bytes){0});
    settle();
}

/* An operation has three bytes: its kind, the client and channel, and a
 * number. */
static void operate(const uint8_t *at)
{
    enum {
        JOIN,
        LEAVE,
        SUBSCRIBE,
        UNSUBSCRIBE,
        PUBLISH,
        TURN,
        TURN_ALL,
        BLOCK,
        UNBLOCK,
        CLOSE,
        DIRECT,
        ASK,
        KINDS
    };
    unsigned slot = at[1] % CLIENTS;
    unsigned channel = at[1] / CLIENTS % CHANNELS;
    unsigned more = at[2] % 9;
    struct member *member = &members[slot];
    unsigned kind = at[0] % KINDS;
    if (kind == TURN) {
        worker_turn(&fake->workers[more % fake->worker_count]);
        return;
    }
    if (kind == TURN_ALL) {
        settle();
        return;
    }
    if (!member->client) {
        join(member, slot, more);
        return;
    }
    if (kind == LEAVE) {
        leave(member);
        return;
    }
    finish_close(member);
    if (member->is_closed)
        return;
    struct connection *connection = member->client->connection;
    switch (kind) {
    case SUBSCRIBE:
        subscribe(member, channel, more);
        break;
    case UNSUBSCRIBE:
        unsubscribe(member, channel);
        break;
    case PUBLISH:
        publish(member, channel);
        break;
    case BLOCK:
    case UNBLOCK:
        block(member, kind == BLOCK);
        break;
    case CLOSE:
        connection_close(connection, more & 1 ? CLOSE_RESTART : CLOSE_TOO_BIG);
        break;
    case DIRECT:
        operation_direct(connection, BYTES_LITERAL("b"),
                         &(struct utterance){.payload = BYTES_LITERAL("0")},
                         (struct bytes){0});
        break;
    case ASK:
        ask(member, channel, more);
        break;
    default:
        break;
    }
}

/* When everybody reads and nothing is pending, nobody lacks a message. */
static void check_complete(void)
{
    for (unsigned i = 0; i < CLIENTS; i++)
        if (members[i].client && !members[i].is_closed)
            block(&members[i], false);
    settle();
    for (unsigned i = 0; i < CLIENTS; i++) {
        struct member *member = &members[i];
        if (!member->client || member->client->connection->is_closing)
            continue;
        for (unsigned j = 0; j < CHANNELS; j++) {
            PANIC_IF(member->views[j].state == PENDING ||
                     member->views[j].state == RENEWED);
            PANIC_IF(member->views[j].state == SUBSCRIBED &&
                     member->views[j].last != model[j].top);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    log_setup(LOG_ERROR, LOG_FORMAT_TEXT);
    fake_clock_stop();
    if (!size)
        return 0;
    fake = fake_instance_new(data[0] % FAKE_WORKERS_MAX + 1);
    memset(members, 0, sizeof members);
    memset(model, 0, sizeof model);
    published = 0;
    for (size_t at = 1; at + 3 <= size; at += 3)
        operate(data + at);
    check_complete();
    for (unsigned i = 0; i < CLIENTS; i++)
        if (members[i].client)
            leave(&members[i]);
    fake_instance_free(fake);
    return 0;
}
