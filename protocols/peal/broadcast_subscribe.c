/* A `subscribe` and an entry of its list have the same members, so the same
 * functions read both. */
#include "protocols/peal/broadcast_subscribe.h"

#include "base/json.h"
#include "messaging/connection.h"
#include "messaging/names.h"
#include "messaging/operations.h"
#include "messaging/store/epoch.h"
#include "messaging/worker.h"
#include "protocols/peal/broadcast_answer.h"

enum { NAME_SIZE = 256 }; /* of a channel; longer ones are not echoed */

enum member { CHANNEL, CHANNELS, SINCE, PRESENCE, HISTORY, MEMBERS };

struct wish {
    struct json_slot members[MEMBERS];
    char name[NAME_SIZE];
    struct bytes channel; /* decoded, perhaps not valid */
};

static struct bytes raw(const struct wish *wish, enum member member)
{
    return wish->members[member].raw;
}

static void read_name(struct wish *wish, struct bytes text)
{
    wish->channel = (struct bytes){wish->name, 0};
    if (!json_decode_string(text, wish->name, sizeof wish->name,
                            &wish->channel.len))
        wish->channel.len = 0;
}

/* A valid object. */
static void read_object(struct wish *wish, struct bytes text)
{
    static const struct json_slot empty[MEMBERS] = {
        [CHANNEL] = {.name = "channel"},
        [CHANNELS] = {.name = "channels"},
        [SINCE] = {.name = "since"},
        [PRESENCE] = {.name = "presence"},
        [HISTORY] = {.name = "history"}};
    const char *why;
    memcpy(wish->members, empty, sizeof empty);
    json_scan_object(text, wish->members, MEMBERS, &why);
    read_name(wish, raw(wish, CHANNEL));
}

/* An entry of a list: an object, or only a name. */
static void read_entry(struct wish *wish, struct bytes text)
{
    *wish = (struct wish){.channel.len = 0};
    if (text.data[0] == '{')
        read_object(wish, text);
    else
        read_name(wish, text);
}

static bool read_epoch(struct bytes text, uint64_t *epoch)
{
    char digits[EPOCH_LEN];
    size_t len;
    return json_decode_string(text, digits, sizeof digits, &len) &&
           epoch_decode((struct bytes){digits, len}, epoch);
}

static bool read_since(struct bytes text, struct position *since)
{
    struct json_slot slots[] = {{.name = "epoch"}, {.name = "offset"}};
    const char *why;
    /* an epoch of another form is not from this server: not recoverable, but
     * not an error either */
    if (!json_scan_object(text, slots, 2, &why) || !slots[0].raw.len ||
        slots[0].raw.data[0] != '"' ||
        !json_decode_whole(slots[1].raw, &since->offset))
        return false;
    if (!read_epoch(slots[0].raw, &since->epoch))
        *since = (struct position){0};
    return true;
}

/* True, false, or missing. */
static bool read_flag(struct bytes text, bool *flag)
{
    *flag = bytes_equal(text, BYTES_LITERAL("true"));
    return *flag || !text.len || bytes_equal(text, BYTES_LITERAL("false"));
}

static bool read_follow_up(const struct wish *wish, struct follow_up *follow_up)
{
    uint64_t limit = 0;
    follow_up->history = raw(wish, HISTORY).len > 0;
    if (follow_up->history && !json_decode_whole(raw(wish, HISTORY), &limit))
        return false;
    follow_up->history_limit =
        limit < UINT32_MAX ? (uint32_t)limit : UINT32_MAX;
    return read_flag(raw(wish, PRESENCE), &follow_up->presence);
}

static enum fault subscribe(struct connection *connection,
                            const struct wish *wish, bool is_of_list,
                            struct bytes id)
{
    struct position since;
    struct follow_up follow_up = {.is_of_list = is_of_list};
    bool recover = raw(wish, SINCE).len > 0;
    if (!channel_name_is_valid(wish->channel))
        return FAULT_BAD_CHANNEL;
    if (recover && !read_since(raw(wish, SINCE), &since))
        return FAULT_BAD_SINCE;
    if (!read_follow_up(wish, &follow_up))
        return FAULT_BAD_REQUEST;
    return operation_subscribe_and(connection, wish->channel,
                                   recover ? &since : NULL, &follow_up, id);
}

/* A list is charged once, because each channel in it can be subscribed only
 * once. Refused entries can be repeated, so each is charged separately. */
static void charge_refusal(struct connection *connection)
{
    if (!connection_take_opening(connection))
        connection_charge(connection, 1);
}

/* One list is one bad message, regardless of how many entries are bad. */
static void count_fault(struct connection *connection, enum fault fault,
                        bool *is_counted)
{
    if (*is_counted && fault_info(fault)->is_bad) {
        metrics_count_fault(&connection->worker->metrics, fault);
        return;
    }
    *is_counted |= fault_info(fault)->is_bad;
    connection_count_fault(connection, fault);
}

/* Identifies the entry by its channel, or by its index if that is unknown. */
static void send_entry_error(struct connection *connection, enum fault fault,
                             const struct wish *wish, uint64_t index,
                             struct bytes id)
{
    struct error error;
    const char *why = broadcast_channel_flaw(wish->channel, fault, &error);
    struct buffer *out = broadcast_begin_error(connection, fault, why);
    if (wish->channel.len)
        broadcast_append_string(out, "channel", wish->channel);
    else
        broadcast_append_number(out, "index", index);
    broadcast_end(connection, out, id);
}

static void subscribe_list(struct connection *connection, struct bytes list,
                           struct bytes id)
{
    struct bytes text;
    bool is_counted = false;
    for (uint64_t i = 0; json_next_element(&list, &text); i++) {
        struct wish wish;
        read_entry(&wish, text);
        enum fault fault = subscribe(connection, &wish, true, id);
        if (fault == FAULT_NONE)
            continue;
        send_entry_error(connection, fault, &wish, i, id);
        count_fault(connection, fault, &is_counted);
        charge_refusal(connection);
        if (connection->is_closing)
            return;
    }
}

/* NULL if the list is valid. */
static const char *fault_of_list(const struct wish *wish)
{
    struct bytes list = raw(wish, CHANNELS);
    struct bytes text;
    size_t count = 0;
    if (raw(wish, CHANNEL).len || raw(wish, SINCE).len ||
        raw(wish, PRESENCE).len || raw(wish, HISTORY).len)
        return "with channels, put channel, since, presence and history into "
               "its entries";
    while (json_next_element(&list, &text))
        count++;
    return count && count <= SUBSCRIBE_LIST_MAX
               ? NULL
               : "channels must be a list of 1 to 1024 channels";
}

void broadcast_subscribe(struct connection *connection, struct bytes message,
                         struct bytes id)
{
    struct wish wish;
    read_object(&wish, message);
    if (!raw(&wish, CHANNELS).len) {
        enum fault fault = subscribe(connection, &wish, false, id);
        if (fault != FAULT_NONE)
            broadcast_send_error(connection, fault, NULL, wish.channel, id);
        return;
    }
    const char *why = fault_of_list(&wish);
    if (why)
        broadcast_send_error(connection, FAULT_BAD_REQUEST, why,
                             (struct bytes){0}, id);
    else
        subscribe_list(connection, raw(&wish, CHANNELS), id);
}

/* Neither an outage nor an unsubscribe by the client. */
static bool is_refusal(enum fault fault)
{
    return fault != FAULT_UNAVAILABLE && fault != FAULT_CANCELLED;
}

void broadcast_subscribe_follow_up(struct connection *connection,
                                   const struct request *request)
{
    const struct follow_up *wanted = &request->follow_up;
    struct bytes channel = bytes_of(request->channel);
    enum fault fault = FAULT_NONE;
    if (request->fault != FAULT_NONE) {
        if (wanted->is_of_list && is_refusal(request->fault))
            charge_refusal(connection);
        return;
    }
    if (wanted->presence)
        fault =
            operation_presence(connection, channel, UINT32_MAX, request->id);
    if (fault != FAULT_NONE)
        broadcast_send_error(connection, fault, NULL, channel, request->id);
    fault = FAULT_NONE;
    if (wanted->history)
        fault = operation_history(connection, channel, wanted->history_limit,
                                  request->id);
    if (fault != FAULT_NONE)
        broadcast_send_error(connection, fault, NULL, channel, request->id);
}
