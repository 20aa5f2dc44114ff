/* dashboard: the protocol of the dashboard page. Each request is answered with
 * metrics and the busiest channels and connections; websocket.md describes the
 * wire format. */
#include <ctype.h>
#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "messaging/audit.h"
#include "messaging/bus.h"
#include "messaging/channel.h"
#include "messaging/hub.h"
#include "messaging/operations.h"
#include "messaging/subscription.h"
#include "messaging/watch/overview.h"
#include "messaging/watch/snapshot.h"
#include "protocols/peal/broadcast_encode.h"
#include "protocols/protocols.h"

enum {
    VIEWERS_MAX = 16,  /* dashboards open on one instance */
    ROWS = 50,         /* default limit */
    CHANNELS_SHOWN = 8 /* of a connection */
};

/* ---- what is sent -------------------------------------------------------- */

static struct buffer *begin(struct connection *connection, const char *type)
{
    struct buffer *out = connection_reply_begin(connection);
    buffer_append_format(out, "{\"type\":\"%s\"", type);
    return out;
}

static void end(struct connection *connection, struct buffer *out)
{
    buffer_append_char(out, '}');
    connection_reply_end(connection, PAYLOAD_TEXT);
}

static void send_error(struct connection *connection, enum fault fault,
                       const char *text)
{
    const struct fault_info *info = fault_info(fault);
    struct buffer *out = begin(connection, "error");
    broadcast_append_string(out, "code", bytes_of(info->code));
    broadcast_append_string(out, "message", bytes_of(text ? text : info->text));
    end(connection, out);
    connection_count_fault(connection, fault);
}

static void append_rates(struct buffer *out, const struct worker *worker,
                         const struct rates *rates)
{
    static const char *const names[RATE_KINDS] = {
        [RATE_MESSAGES_IN] = "in",
        [RATE_MESSAGES_OUT] = "out",
        [RATE_BYTES_IN] = "bytes_in",
        [RATE_BYTES_OUT] = "bytes_out",
    };
    uint32_t counts[RATE_KINDS];
    rates_read(worker, rates, counts);
    for (int i = 0; i < RATE_KINDS; i++)
        broadcast_append_number(out, names[i], counts[i]);
    buffer_append_char(out, '}');
}

static void write_channel(const struct channel *channel, struct buffer *out)
{
    buffer_append_text(out, "{\"channel\":");
    buffer_append_json_string(out, bytes_of(channel->name));
    broadcast_append_number(out, "subscribers",
                            hub_listeners(channel->hub_channel));
    append_rates(out, channel->worker, channel->rates);
}

static void append_channels(const struct connection *connection,
                            struct buffer *out)
{
    const struct subscription *all = subscription_first(connection);
    uint32_t count = connection->subscription_count;
    broadcast_append_number(out, "channel_count", count);
    buffer_append_text(out, ",\"channels\":[");
    for (uint32_t i = 0; i < count && i < CHANNELS_SHOWN; i++) {
        buffer_append_text(out, i ? "," : "");
        buffer_append_json_string(out, bytes_of(all[i].channel->name));
    }
    buffer_append_char(out, ']');
}

static void write_connection(const struct connection *connection,
                             struct buffer *out)
{
    const struct worker *worker = connection->worker;
    char address[IP_ADDRESS_TEXT] = "";
    if (connection->transport->address)
        connection->transport->address(connection, address);
    buffer_append_format(out, "{\"id\":\"%u-%llx\"", worker->index,
                         (unsigned long long)connection->handle);
    broadcast_append_string(out, "client",
                            bytes_of(connection_client_id(connection)));
    broadcast_append_string(out, "address", bytes_of(address));
    broadcast_append_string(out, "protocol",
                            bytes_of(connection->protocol->name));
    broadcast_append_number(out, "worker", worker->index);
    broadcast_append_number(out, "seconds",
                            (clock_steady_ms() - connection->opened_ms) / 1000);
    broadcast_append_number(out, "queued", connection_waiting(connection));
    append_channels(connection, out);
    append_rates(out, worker, watch_find(worker, connection->handle));
}

static void append_rows(struct buffer *out, const char *name,
                        const struct snapshot_rows *rows)
{
    buffer_append_format(out, ",\"%s\":[", name);
    for (uint32_t i = 0; i < rows->count; i++) {
        buffer_append_text(out, i ? "," : "");
        buffer_append(out, buffer_bytes(&rows->items[i].text));
    }
    buffer_append_char(out, ']');
}

/* "name{labels} value". Skips NaN and infinity, which JSON does not have. */
static void append_sample(struct buffer *out, struct bytes line)
{
    const char *blank = memrchr(line.data, ' ', line.len);
    if (line.data[0] == '#' || !blank || !isdigit((unsigned char)blank[1]))
        return;
    size_t len = (size_t)(blank - line.data);
    if (out->data[out->len - 1] != '{')
        buffer_append_char(out, ',');
    buffer_append_json_string(out, (struct bytes){line.data, len});
    buffer_append_char(out, ':');
    buffer_append(out, bytes_skip(line, len + 1));
}

/* Converts Prometheus' text to a JSON object. */
static void append_metrics(struct buffer *out, const struct overview *overview)
{
    struct buffer text = {0};
    overview->write_metrics(overview->arg, &text);
    struct bytes rest = buffer_bytes(&text);
    buffer_append_text(out, ",\"metrics\":{");
    while (rest.len) {
        const char *newline = memchr(rest.data, '\n', rest.len);
        size_t len = newline ? (size_t)(newline - rest.data) : rest.len;
        if (len)
            append_sample(out, (struct bytes){rest.data, len});
        rest = bytes_skip(rest, len + 1);
    }
    buffer_append_char(out, '}');
    buffer_deinit(&text);
}

static uint64_t longest_wait(const struct snapshot *snapshot)
{
    uint64_t longest = 0;
    for (uint32_t i = 0; i < snapshot->part_count; i++)
        if (snapshot->parts[i].waited_ms > longest)
            longest = snapshot->parts[i].waited_ms;
    return longest;
}

static void on_snapshot(struct connection *connection,
                        const struct snapshot *snapshot)
{
    struct buffer *out = begin(connection, "look");
    broadcast_append_number(out, "time", (uint64_t)clock_wall_ms());
    broadcast_append_number(out, "worker_ms", longest_wait(snapshot));
    append_metrics(out, connection->worker->instance->overview);
    append_rows(out, "channels", &snapshot->channels);
    append_rows(out, "connections", &snapshot->connections);
    broadcast_append_number(out, "connections_matched",
                            snapshot->connections.matched);
    end(connection, out);
}

/* ---- what is asked ----------------------------------------------------- */

static bool read_limit(struct bytes raw, uint32_t *limit)
{
    uint64_t number;
    *limit = ROWS;
    if (!raw.len)
        return true;
    if (!json_decode_whole(raw, &number) || !number ||
        number > SNAPSHOT_ROWS_MAX)
        return false;
    *limit = (uint32_t)number;
    return true;
}

static bool read_order(struct bytes raw, const char *const *names,
                       unsigned *order)
{
    char text[16] = "";
    size_t len;
    if (!raw.len)
        return true;
    if (!json_decode_string(raw, text, sizeof text - 1, &len))
        return false;
    for (unsigned i = 0; i < SNAPSHOT_ORDERS; i++)
        if (names[i] && strcmp(names[i], text) == 0) {
            *order = i;
            return true;
        }
    return false;
}

static bool read_search(struct bytes raw, struct snapshot_filter *wish)
{
    wish->search.data = wish->text;
    return !raw.len || json_decode_string(raw, wish->text, sizeof wish->text,
                                          &wish->search.len);
}

/* {"order":..., "limit":..., "search":...}, all optional. */
static bool read_wish(struct bytes raw, const char *const *orders,
                      struct snapshot_filter *wish)
{
    enum { ORDER, LIMIT, SEARCH };
    struct json_slot slots[] = {
        {.name = "order"}, {.name = "limit"}, {.name = "search"}};
    const char *why;
    if (raw.len && !json_scan_object(raw, slots, 3, &why))
        return false;
    return read_order(slots[ORDER].raw, orders, &wish->order) &&
           read_limit(slots[LIMIT].raw, &wish->limit) &&
           read_search(slots[SEARCH].raw, wish);
}

static const char *const channel_orders[SNAPSHOT_ORDERS] = {
    "in", "out", "bytes_in", "bytes_out", "subscribers", NULL};
static const char *const connection_orders[SNAPSHOT_ORDERS] = {
    "in", "out", "bytes_in", "bytes_out", "queued", "age"};

static void on_snapshot_request(struct connection *connection,
                                struct bytes channels, struct bytes connections)
{
    struct snapshot_query query = {
        .channels = {.order = RATE_MESSAGES_OUT},
        .connections = {.order = RATE_MESSAGES_IN},
        .write_channel = write_channel,
        .write_connection = write_connection,
        .done = on_snapshot,
    };
    if (!read_wish(channels, channel_orders, &query.channels))
        send_error(
            connection, FAULT_BAD_REQUEST,
            "channels: order must be in, out, bytes_in, bytes_out or "
            "subscribers, limit 1 to 100, search a string of up to 164 bytes");
    else if (!read_wish(connections, connection_orders, &query.connections))
        send_error(
            connection, FAULT_BAD_REQUEST,
            "connections: order must be in, out, bytes_in, bytes_out, queued "
            "or age, limit 1 to 100, search a string of up to 164 bytes");
    else if (!snapshot_begin(connection, &query))
        send_error(connection, FAULT_UNAVAILABLE,
                   "wait for the previous response, and send fewer requests "
                   "per second");
}

static void on_message(struct connection *connection, struct bytes payload,
                       bool binary)
{
    enum { TYPE, CHANNELS, CONNECTIONS };
    struct json_slot slots[] = {
        {.name = "type"}, {.name = "channels"}, {.name = "connections"}};
    const char *why = NULL;
    if (binary)
        send_error(connection, FAULT_BINARY, NULL);
    else if (!json_scan_object(payload, slots, 3, &why))
        send_error(connection, FAULT_BAD_REQUEST, why);
    else if (bytes_equal(slots[TYPE].raw, BYTES_LITERAL("\"look\"")))
        on_snapshot_request(connection, slots[CHANNELS].raw,
                            slots[CONNECTIONS].raw);
    else if (bytes_equal(slots[TYPE].raw, BYTES_LITERAL("\"instances\"")))
        operation_instances(connection);
    else if (bytes_equal(slots[TYPE].raw, BYTES_LITERAL("\"ping\"")))
        end(connection, begin(connection, "pong"));
    else
        send_error(connection, FAULT_UNKNOWN_TYPE, NULL);
}

/* The only bus request: reports of instances, each already JSON. */
static void on_answer(struct connection *connection,
                      const struct request *request)
{
    if (request->fault != FAULT_NONE) {
        send_error(connection, request->fault, NULL);
        return;
    }
    struct buffer *out = begin(connection, "instances");
    buffer_append_text(out, ",\"instances\":[");
    for (size_t i = 0; i < request->name_count; i++) {
        buffer_append_text(out, i ? "," : "");
        buffer_append_text(out, request->names[i]);
    }
    buffer_append_char(out, ']');
    end(connection, out);
}

/* ---- coming and going ---------------------------------------------------- */

/* The close codes chosen by the server; metrics contain only their names. */
static void append_close_codes(struct buffer *out)
{
    const char *separator = "";
    buffer_append_text(out, ",\"close_codes\":{");
    for (enum close_reason i = CLOSE_NONE + 1; i < CLOSE_REASON_COUNT; i++) {
        const struct close_reason_info *info = close_reason_info(i);
        if (!info->code)
            continue;
        buffer_append_format(out, "%s\"%s\":%d", separator, info->name,
                             info->code);
        separator = ",";
    }
    buffer_append_char(out, '}');
}

static void log_viewer(struct connection *connection)
{
    if (!audit_is_on(true))
        return;
    char address[IP_ADDRESS_TEXT] = "";
    if (connection->transport->address)
        connection->transport->address(connection, address);
    audit_write(&(struct audit_entry){
        .action = "dashboard_open",
        .key = "ticket",
        .address = address,
        .client = bytes_of(connection_client_id(connection)),
        .status = 101,
    });
}

static void on_open(struct connection *connection, const struct bytes *channels,
                    size_t count)
{
    const struct instance *instance = connection->worker->instance;
    struct overview *overview = instance->overview;
    (void)channels;
    (void)count;
    if (atomic_fetch_add(&overview->viewers, 1) >= VIEWERS_MAX) {
        connection_close_saying(
            connection, CLOSE_TOO_MANY_CONNECTIONS,
            BYTES_LITERAL("the limit of 16 open dashboards is reached"));
        return;
    }
    log_viewer(connection);
    struct buffer *out = begin(connection, "hello");
    broadcast_append_string(out, "instance", bytes_of(overview->name));
    broadcast_append_string(out, "version", bytes_of(PEAL_VERSION));
    broadcast_append_number(out, "workers", hub_worker_count(instance->hub));
    broadcast_append_member(
        out, "redis", bytes_of(instance->bus->is_shared ? "true" : "false"));
    append_close_codes(out);
    end(connection, out);
}

static void on_close(struct connection *connection)
{
    atomic_fetch_sub(&connection->worker->instance->overview->viewers, 1);
}

const struct protocol protocol_dashboard = {
    .name = "dashboard",
    .endpoint = &endpoint_websocket,
    .is_for_operators = true,
    .on_open = on_open,
    .on_close = on_close,
    .on_message = on_message,
    .on_answer = on_answer,
};
