#include "messaging/watch/snapshot.h"

#include <stdlib.h>

#include "base/clock.h"
#include "messaging/channel.h"
#include "messaging/hub.h"
#include "messaging/subscription.h"

enum {
    SLICE_CONNECTIONS = 256, /* looked at in one step */
    SLICE_BUCKETS = 64       /* of some ten channels at most */
};

/* ---- rows ---------------------------------------------------------------- */

static void free_row(struct snapshot_row *row)
{
    free(row->name);
    buffer_deinit(&row->text);
}

static void clear_rows(struct snapshot_rows *rows)
{
    for (uint32_t i = 0; i < rows->count; i++)
        free_row(&rows->items[i]);
    free(rows->items);
    *rows = (struct snapshot_rows){0};
}

static bool is_wanted(const struct snapshot_rows *rows, uint32_t limit,
                      uint64_t key)
{
    return rows->count < limit || (limit && key > rows->items[limit - 1].key);
}

/* Makes room for a row at its rank; equal rows keep their order. */
static struct snapshot_row *make_room(struct snapshot_rows *rows,
                                      uint32_t limit, uint64_t key)
{
    if (!rows->items)
        rows->items = memory_new(limit, sizeof *rows->items);
    if (rows->count == limit)
        free_row(&rows->items[--rows->count]);
    uint32_t place = rows->count++;
    for (; place && rows->items[place - 1].key < key; place--)
        rows->items[place] = rows->items[place - 1];
    rows->items[place] = (struct snapshot_row){.key = key};
    return &rows->items[place];
}

static bool has_name(const struct snapshot_rows *rows, const char *name)
{
    for (uint32_t i = 0; i < rows->count; i++)
        if (strcmp(rows->items[i].name, name) == 0)
            return true;
    return false;
}

/* Moves the rows out of `from`. A channel on several workers appears once,
 * because its rates already include all workers. */
static void merge(struct snapshot_rows *rows, struct snapshot_rows *from,
                  uint32_t limit, bool once)
{
    rows->matched += from->matched;
    for (uint32_t i = 0; i < from->count; i++) {
        struct snapshot_row *row = &from->items[i];
        if (!is_wanted(rows, limit, row->key) ||
            (once && has_name(rows, row->name)))
            free_row(row);
        else
            *make_room(rows, limit, row->key) = *row;
    }
    free(from->items);
    *from = (struct snapshot_rows){0};
}

/* ---- one worker's part ------------------------------------------------------
 */

static bool contains(const char *text, struct bytes search)
{
    return !search.len ||
           memmem(text, strlen(text), search.data, search.len) != NULL;
}

static bool has_channel(const struct connection *connection,
                        struct bytes search)
{
    const struct subscription *all = subscription_first(connection);
    for (uint32_t i = 0; i < connection->subscription_count; i++)
        if (contains(all[i].channel->name, search))
            return true;
    return false;
}

static bool connection_matches(const struct connection *connection,
                               struct bytes search)
{
    char address[IP_ADDRESS_TEXT] = "";
    if (contains(connection_client_id(connection), search))
        return true;
    if (connection->transport->address)
        connection->transport->address(connection, address);
    return contains(address, search) || has_channel(connection, search);
}

static uint64_t connection_key(const struct connection *connection,
                               unsigned order)
{
    uint32_t rates[RATE_KINDS];
    if (order == SNAPSHOT_SIZE)
        return connection_waiting(connection);
    if (order == SNAPSHOT_AGE)
        return UINT64_MAX - connection->opened_ms;
    const struct worker *worker = connection->worker;
    rates_read(worker, watch_find(worker, connection->handle), rates);
    return rates[order];
}

static void visit_connection(struct snapshot_part *part,
                             const struct connection *connection)
{
    const struct snapshot_query *query = &part->snapshot->query;
    const struct snapshot_filter *wish = &query->connections;
    struct snapshot_rows *rows = &part->connections;
    if (!connection_matches(connection, wish->search))
        return;
    rows->matched++;
    uint64_t key = connection_key(connection, wish->order);
    if (!is_wanted(rows, wish->limit, key))
        return;
    struct snapshot_row *row = make_room(rows, wish->limit, key);
    const char *id = connection_client_id(connection);
    row->name = memory_copy_text(id, strlen(id));
    query->write_connection(connection, &row->text);
}

static uint64_t channel_key(const struct channel *channel, unsigned order)
{
    uint32_t rates[RATE_KINDS];
    if (order >= SNAPSHOT_SIZE)
        return hub_listeners(channel->hub_channel);
    rates_read(channel->worker, channel->rates, rates);
    return rates[order];
}

static void visit_channel(struct snapshot_part *part,
                          const struct channel *channel)
{
    const struct snapshot_query *query = &part->snapshot->query;
    const struct snapshot_filter *wish = &query->channels;
    struct snapshot_rows *rows = &part->channels;
    if (!channel->subscriber_count || !contains(channel->name, wish->search))
        return;
    rows->matched++;
    uint64_t key = channel_key(channel, wish->order);
    if (!is_wanted(rows, wish->limit, key))
        return;
    struct snapshot_row *row = make_room(rows, wish->limit, key);
    row->name = memory_copy_text(channel->name, strlen(channel->name));
    query->write_channel(channel, &row->text);
}

/* False when all were visited. */
static bool visit_some_connections(struct snapshot_part *part)
{
    const struct worker *worker = part->worker;
    uint32_t end = part->next + SLICE_CONNECTIONS;
    for (; part->next < end && part->next < worker->slot_count; part->next++) {
        const struct connection *connection =
            worker->slots[part->next].connection;
        if (connection && connection->is_open && !connection->is_brief)
            visit_connection(part, connection);
    }
    return part->next < worker->slot_count;
}

static void visit_bucket(struct snapshot_part *part, const UT_hash_table *table)
{
    const UT_hash_handle *at = table->buckets[part->next].hh_head;
    for (; at; at = at->hh_next)
        visit_channel(part, ELMT_FROM_HH(table, at));
}

/* Iterates by buckets, because channels may be freed between steps. If the
 * table has grown meanwhile, channels have moved, so it restarts. */
static bool visit_some_channels(struct snapshot_part *part)
{
    const struct channel *channels = part->worker->channels;
    if (!channels)
        return false;
    const UT_hash_table *table = channels->hh.tbl;
    if (part->buckets != table->num_buckets) {
        clear_rows(&part->channels);
        part->buckets = table->num_buckets;
        part->next = 0;
    }
    uint32_t end = part->next + SLICE_BUCKETS;
    for (; part->next < end && part->next < part->buckets; part->next++)
        visit_bucket(part, table);
    return part->next < part->buckets;
}

/* Whether something is left to visit. */
static bool step(struct snapshot_part *part)
{
    if (part->has_connections)
        return visit_some_channels(part);
    part->has_connections = !visit_some_connections(part);
    return true;
}

static void on_part(void *subject, void *object);

static void run_step(void *subject, void *object)
{
    (void)object;
    struct snapshot_part *part = subject;
    struct inbox *inbox = &part->worker->inbox;
    struct inbox_item item = {run_step, part, NULL};
    if (!step(part)) {
        inbox = &part->snapshot->worker->inbox;
        item.run = on_part;
    }
    inbox_post(inbox, item);
}

static void run_part(void *subject, void *object)
{
    struct snapshot_part *part = subject;
    part->waited_ms = clock_steady_ms() - part->begun_ms;
    watch_start(part->worker);
    run_step(subject, object);
}

/* ---- the asking worker
 * -------------------------------------------------------- */

static void end_snapshot(struct snapshot *snapshot)
{
    struct snapshot **at = &snapshot->worker->snapshots;
    while (*at != snapshot)
        at = &(*at)->next;
    *at = snapshot->next;
    struct connection *connection =
        worker_find_connection(snapshot->worker, snapshot->connection);
    if (connection)
        snapshot->query.done(connection, snapshot);
    clear_rows(&snapshot->channels);
    clear_rows(&snapshot->connections);
    free(snapshot);
}

static void on_part(void *subject, void *object)
{
    (void)object;
    struct snapshot_part *part = subject;
    struct snapshot *snapshot = part->snapshot;
    const struct snapshot_query *query = &snapshot->query;
    merge(&snapshot->channels, &part->channels, query->channels.limit, true);
    merge(&snapshot->connections, &part->connections, query->connections.limit,
          false);
    if (!--snapshot->open)
        end_snapshot(snapshot);
}

static bool has_snapshot(const struct connection *connection)
{
    const struct snapshot *snapshot = connection->worker->snapshots;
    while (snapshot && snapshot->connection != connection->handle)
        snapshot = snapshot->next;
    return snapshot != NULL;
}

static void keep_search(struct snapshot_filter *wish)
{
    if (wish->search.len)
        memcpy(wish->text, wish->search.data, wish->search.len);
    wish->search.data = wish->text;
}

bool snapshot_begin(struct connection *connection,
                    const struct snapshot_query *query)
{
    struct worker *worker = connection->worker;
    const struct hub *hub = worker->instance->hub;
    unsigned count = hub_worker_count(hub);
    if (has_snapshot(connection) || !watch_may_snapshot(worker))
        return false;
    struct snapshot *snapshot =
        memory_new(1, sizeof *snapshot + count * sizeof snapshot->parts[0]);
    snapshot->worker = worker;
    snapshot->connection = connection->handle;
    snapshot->query = *query;
    keep_search(&snapshot->query.channels);
    keep_search(&snapshot->query.connections);
    snapshot->open = snapshot->part_count = count;
    snapshot->next = worker->snapshots;
    worker->snapshots = snapshot;
    for (unsigned i = 0; i < count; i++) {
        struct snapshot_part *part = &snapshot->parts[i];
        *part = (struct snapshot_part){.snapshot = snapshot,
                                       .worker = hub_worker(hub, i),
                                       .begun_ms = clock_steady_ms()};
        inbox_post(&part->worker->inbox,
                   (struct inbox_item){run_part, part, NULL});
    }
    return true;
}
