#include "messaging/clients.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/name_table.h"
#include "base/shards.h"
#include "messaging/client.h"
#include "messaging/connection.h"
#include "messaging/protocol.h"
#include "messaging/worker.h"

/* State protected by one lock. */
struct part {
    uint64_t last_stamp;
    struct name_table ids; /* of clients */
};

struct clients {
    struct shards shards;
    struct part parts[SHARDS];
};

struct clients *clients_new(void)
{
    struct clients *clients = memory_new(1, sizeof *clients);
    shards_init(&clients->shards);
    return clients;
}

void clients_free(struct clients *clients)
{
    for (unsigned i = 0; i < SHARDS; i++)
        PANIC_IF(clients->parts[i].ids.count);
    shards_deinit(&clients->shards);
    free(clients);
}

static struct part *lock_part(struct clients *clients, const char *id)
{
    return &clients->parts[shards_lock(&clients->shards, bytes_of(id))];
}

static void unlock_part(struct clients *clients, const struct part *part)
{
    shards_unlock(&clients->shards, (unsigned)(part - clients->parts));
}

static struct client *find(const struct part *part, const char *id)
{
    return NAME_TABLE_ENTRY(name_table_find(&part->ids, bytes_of(id)),
                            struct client, id);
}

static struct client *add(struct part *part, const char *id)
{
    size_t size = strlen(id) + 1;
    struct client *client = memory_new(1, offsetof(struct client, id) + size);
    memcpy(client->id, id, size);
    name_table_add(&part->ids, client->id);
    return client;
}

static void link_newest(struct client *client, struct connection *connection,
                        uint64_t stamp)
{
    connection->client_stamp = stamp;
    connection->client = client;
    connection->client_next = client->newest;
    if (client->newest)
        client->newest->client_previous = connection;
    client->newest = connection;
    client->connections++;
}

static void unlink_connection(struct connection *connection)
{
    struct connection *next = connection->client_next;
    struct connection *previous = connection->client_previous;
    if (next)
        next->client_previous = previous;
    if (previous)
        previous->client_next = next;
    else
        connection->client->newest = next;
    connection->client->connections--;
}

bool clients_enter(struct clients *clients, const char *id,
                   struct connection *connection, uint32_t limit)
{
    struct part *part = lock_part(clients, id);
    struct client *client = find(part, id);
    if (!client)
        client = add(part, id);
    bool entered = !limit || client->connections < limit;
    if (entered)
        link_newest(client, connection, ++part->last_stamp);
    unlock_part(clients, part);
    return entered;
}

void clients_leave(struct clients *clients, struct connection *connection)
{
    struct client *client = connection->client;
    struct part *part = lock_part(clients, client->id);
    unlink_connection(connection);
    if (!client->connections) {
        name_table_remove(&part->ids, client->id);
        free(client);
    }
    unlock_part(clients, part);
}

static void open_close(struct connection *connection, struct parcel *parcel)
{
    connection_close_saying(connection, parcel->reason, parcel->text);
}

/* Runs on the connection's worker; the connection may be closed by now. */
static void open_parcel(void *subject, void *object)
{
    struct parcel *parcel = object;
    struct connection *connection =
        worker_find_connection(subject, parcel->handle);
    if (connection)
        parcel->open(connection, parcel);
    message_unref(parcel->message);
    free(parcel);
}

static struct parcel *copy_parcel(const struct parcel *model)
{
    struct parcel *parcel = memory_new(1, sizeof *parcel + model->text.len);
    *parcel = *model;
    if (model->message)
        message_ref(model->message);
    if (model->text.len)
        memcpy(parcel->copy, model->text.data, model->text.len);
    parcel->text.data = parcel->copy;
    return parcel;
}

/* Under the lock. */
static void post(struct connection *connection, const struct parcel *model)
{
    struct parcel *parcel = copy_parcel(model);
    parcel->handle = connection->handle;
    if (model->open == open_close)
        connection->is_asked_to_close = true;
    inbox_post(&connection->worker->inbox,
               (struct inbox_item){open_parcel, connection->worker, parcel});
}

/* Not with a protocol without channels, and not while closing. */
static bool is_for(const struct parcel *model,
                   const struct connection *connection)
{
    return !model->for_receivers ||
           (connection->protocol->encoding && !connection->is_asked_to_close);
}

/* Posts a copy to each connection from `connection` on; under the lock. */
static uint32_t post_to_list(struct connection *connection,
                             const struct parcel *model)
{
    uint32_t count = 0;
    for (; connection; connection = connection->client_next) {
        if (!is_for(model, connection))
            continue;
        post(connection, model);
        count++;
    }
    return count;
}

uint32_t clients_post(struct clients *clients, const char *id,
                      const struct parcel *model)
{
    struct part *part = lock_part(clients, id);
    struct client *client = find(part, id);
    uint32_t count = client ? post_to_list(client->newest, model) : 0;
    if (count && model->message)
        message_log_delivery(model->message, &client->newest->worker->inbox,
                             count);
    unlock_part(clients, part);
    return count;
}

uint32_t clients_count(struct clients *clients, const char *id)
{
    struct part *part = lock_part(clients, id);
    struct client *client = find(part, id);
    uint32_t count = client ? client->connections : 0;
    unlock_part(clients, part);
    return count;
}

void clients_visit(
    struct clients *clients, const char *id, const struct worker *worker,
    void (*visit)(void *arg, const struct connection *connection), void *arg)
{
    struct part *part = lock_part(clients, id);
    const struct client *client = find(part, id);
    const struct connection *at = client ? client->newest : NULL;
    for (; at; at = at->client_next)
        if (at->worker == worker)
            visit(arg, at);
    unlock_part(clients, part);
}

uint32_t clients_close(struct clients *clients, const char *id,
                       enum close_reason reason, struct bytes text)
{
    const struct parcel model = {
        .open = open_close, .reason = reason, .text = text};
    return clients_post(clients, id, &model);
}

uint32_t clients_close_older(struct clients *clients,
                             const struct connection *connection,
                             enum close_reason reason)
{
    const struct parcel model = {.open = open_close, .reason = reason};
    struct part *part = lock_part(clients, connection->client->id);
    uint32_t count = post_to_list(connection->client_next, &model);
    unlock_part(clients, part);
    return count;
}

/* The number of connections up to the stamp that were not asked to close. */
static uint32_t count_up_to(const struct client *client, uint64_t stamp)
{
    uint32_t count = 0;
    const struct connection *at = client ? client->newest : NULL;
    for (; at; at = at->client_next)
        count += !at->is_asked_to_close && at->client_stamp <= stamp;
    return count;
}

struct client_view clients_look(struct clients *clients, const char *id)
{
    struct client_view view = {0};
    struct part *part = lock_part(clients, id);
    const struct client *client = find(part, id);
    const struct connection *at = client ? client->newest : NULL;
    while (at && at->is_asked_to_close)
        at = at->client_next;
    if (at) {
        view.newest = at->client_stamp;
        view.connections = count_up_to(client, at->client_stamp);
    }
    unlock_part(clients, part);
    return view;
}

uint32_t clients_close_up_to(struct clients *clients, const char *id,
                             uint64_t stamp, uint32_t spared,
                             enum close_reason reason)
{
    const struct parcel model = {.open = open_close, .reason = reason};
    struct part *part = lock_part(clients, id);
    const struct client *client = find(part, id);
    uint32_t count = count_up_to(client, stamp);
    uint32_t closed = 0;
    struct connection *at = client ? client->newest : NULL;
    for (; at && closed + spared < count; at = at->client_next) {
        if (at->is_asked_to_close || at->client_stamp > stamp)
            continue;
        post(at, &model);
        closed++;
    }
    unlock_part(clients, part);
    return closed;
}

/* The concatenated ids of a part, each zero-terminated. */
static void copy_ids(struct clients *clients, unsigned part, struct buffer *ids)
{
    uint32_t at = 0;
    const char *id;
    buffer_clear(ids);
    shards_lock_part(&clients->shards, part);
    while ((id = name_table_next(&clients->parts[part].ids, &at)))
        buffer_append(ids, (struct bytes){id, strlen(id) + 1});
    shards_unlock(&clients->shards, part);
}

void clients_each(struct clients *clients,
                  void (*visit)(void *arg, const char *id), void *arg)
{
    struct buffer ids = {0};
    for (unsigned i = 0; i < SHARDS; i++) {
        copy_ids(clients, i, &ids);
        for (size_t at = 0; at < ids.len; at += strlen(ids.data + at) + 1)
            visit(arg, ids.data + at);
    }
    buffer_deinit(&ids);
}
