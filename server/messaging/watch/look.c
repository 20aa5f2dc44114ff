#include "messaging/watch/look.h"

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

static void free_row(struct look_row *row)
{
    free(row->name);
    buffer_deinit(&row->text);
}

static void clear_rows(struct look_rows *rows)
{
    for (uint32_t i = 0; i < rows->count; i++)
        free_row(&rows->items[i]);
    free(rows->items);
    *rows = (struct look_rows){0};
}

static bool is_wanted(const struct look_rows *rows, uint32_t limit,
                      uint64_t key)
{
    return rows->count < limit || (limit && key > rows->items[limit - 1].key);
}

/* Makes room for a row at its rank; equal rows keep their order. */
static struct look_row *make_room(struct look_rows *rows, uint32_t limit,
                                  uint64_t key)
{
    if (!rows->items)
        rows->items = memory_new(limit, sizeof *rows->items);
    if (rows->count == limit)
        free_row(&rows->items[--rows->count]);
    uint32_t place = rows->count++;
    for (; place && rows->items[place - 1].key < key; place--)
        rows->items[place] = rows->items[place - 1];
    rows->items[place] = (struct look_row){.key = key};
    return &rows->items[place];
}

static bool has_name(const struct look_rows *rows, const char *name)
{
    for (uint32_t i = 0; i < rows->count; i++)
        if (strcmp(rows->items[i].name, name) == 0)
            return true;
    return false;
}

/* Moves the rows out of `from`. A channel on several workers appears once,
 * because its rates already include all workers. */
static void merge(struct look_rows *rows, struct look_rows *from,
                  uint32_t limit, bool once)
{
    rows->matched += from->matched;
    for (uint32_t i = 0; i < from->count; i++) {
        struct look_row *row = &from->items[i];
        if (!is_wanted(rows, limit, row->key) ||
            (once && has_name(rows, row->name)))
            free_row(row);
        else
            *make_room(rows, limit, row->key) = *row;
    }
    free(from->items);
    *from = (struct look_rows){0};
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
    uint32_t rates[TALLY_KINDS];
    if (order == LOOK_SIZE)
        return connection_waiting(connection);
    if (order == LOOK_AGE)
        return UINT64_MAX - connection->opened_ms;
    const struct worker *worker = connection->worker;
    tally_read(worker, watch_find(worker, connection->handle), rates);
    return rates[order];
}

static void look_at_connection(struct look_part *part,
                               const struct connection *connection)
{
    const struct look_query *query = &part->look->query;
    const struct look_wish *wish = &query->connections;
    struct look_rows *rows = &part->connections;
    if (!connection_matches(connection, wish->search))
        return;
    rows->matched++;
    uint64_t key = connection_key(connection, wish->order);
    if (!is_wanted(rows, wish->limit, key))
        return;
    struct look_row *row = make_room(rows, wish->limit, key);
    const char *id = connection_client_id(connection);
    row->name = memory_copy_text(id, strlen(id));
    query->write_connection(connection, &row->text);
}

static uint64_t channel_key(const struct channel *channel, unsigned order)
{
    uint32_t rates[TALLY_KINDS];
    if (order >= LOOK_SIZE)
        return hub_listeners(channel->hub_channel);
    tally_read(channel->worker, channel->tally, rates);
    return rates[order];
}

static void look_at_channel(struct look_part *part,
                            const struct channel *channel)
{
    const struct look_query *query = &part->look->query;
    const struct look_wish *wish = &query->channels;
    struct look_rows *rows = &part->channels;
    if (!channel->subscriber_count || !contains(channel->name, wish->search))
        return;
    rows->matched++;
    uint64_t key = channel_key(channel, wish->order);
    if (!is_wanted(rows, wish->limit, key))
        return;
    struct look_row *row = make_room(rows, wish->limit, key);
    row->name = memory_copy_text(channel->name, strlen(channel->name));
    query->write_channel(channel, &row->text);
}

/* False when all were visited. */
static bool look_at_some_connections(struct look_part *part)
{
    const struct worker *worker = part->worker;
    uint32_t end = part->next + SLICE_CONNECTIONS;
    for (; part->next < end && part->next < worker->slot_count; part->next++) {
        const struct connection *connection =
            worker->slots[part->next].connection;
        if (connection && connection->is_open && !connection->is_brief)
            look_at_connection(part, connection);
    }
    return part->next < worker->slot_count;
}

static void look_at_bucket(struct look_part *part, const UT_hash_table *table)
{
    const UT_hash_handle *at = table->buckets[part->next].hh_head;
    for (; at; at = at->hh_next)
        look_at_channel(part, ELMT_FROM_HH(table, at));
}

/* Iterates by buckets, because channels may be freed between steps. If the
 * table has grown meanwhile, channels have moved, so it restarts. */
static bool look_at_some_channels(struct look_part *part)
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
        look_at_bucket(part, table);
    return part->next < part->buckets;
}

/* Whether something is left to visit. */
static bool step(struct look_part *part)
{
    if (part->has_connections)
        return look_at_some_channels(part);
    part->has_connections = !look_at_some_connections(part);
    return true;
}

static void on_part(void *subject, void *object);

static void run_step(void *subject, void *object)
{
    (void)object;
    struct look_part *part = subject;
    struct inbox *inbox = &part->worker->inbox;
    struct inbox_item item = {run_step, part, NULL};
    if (!step(part)) {
        inbox = &part->look->worker->inbox;
        item.run = on_part;
    }
    inbox_post(inbox, item);
}

static void run_part(void *subject, void *object)
{
    struct look_part *part = subject;
    part->waited_ms = clock_steady_ms() - part->begun_ms;
    watch_look(part->worker);
    run_step(subject, object);
}

/* ---- the asking worker
 * -------------------------------------------------------- */

static void end_look(struct look *look)
{
    struct look **at = &look->worker->looks;
    while (*at != look)
        at = &(*at)->next;
    *at = look->next;
    struct connection *connection =
        worker_find_connection(look->worker, look->connection);
    if (connection)
        look->query.done(connection, look);
    clear_rows(&look->channels);
    clear_rows(&look->connections);
    free(look);
}

static void on_part(void *subject, void *object)
{
    (void)object;
    struct look_part *part = subject;
    struct look *look = part->look;
    const struct look_query *query = &look->query;
    merge(&look->channels, &part->channels, query->channels.limit, true);
    merge(&look->connections, &part->connections, query->connections.limit,
          false);
    if (!--look->open)
        end_look(look);
}

static bool is_looking(const struct connection *connection)
{
    const struct look *look = connection->worker->looks;
    while (look && look->connection != connection->handle)
        look = look->next;
    return look != NULL;
}

static void keep_search(struct look_wish *wish)
{
    if (wish->search.len)
        memcpy(wish->text, wish->search.data, wish->search.len);
    wish->search.data = wish->text;
}

bool look_begin(struct connection *connection, const struct look_query *query)
{
    struct worker *worker = connection->worker;
    const struct hub *hub = worker->instance->hub;
    unsigned count = hub_worker_count(hub);
    if (is_looking(connection) || !watch_may_look(worker))
        return false;
    struct look *look =
        memory_new(1, sizeof *look + count * sizeof look->parts[0]);
    look->worker = worker;
    look->connection = connection->handle;
    look->query = *query;
    keep_search(&look->query.channels);
    keep_search(&look->query.connections);
    look->open = look->part_count = count;
    look->next = worker->looks;
    worker->looks = look;
    for (unsigned i = 0; i < count; i++) {
        struct look_part *part = &look->parts[i];
        *part = (struct look_part){.look = look,
                                   .worker = hub_worker(hub, i),
                                   .begun_ms = clock_steady_ms()};
        inbox_post(&part->worker->inbox,
                   (struct inbox_item){run_part, part, NULL});
    }
    return true;
}
