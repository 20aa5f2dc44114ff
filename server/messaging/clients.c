#include "messaging/clients.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/hash.h"
#include "messaging/operations.h"
#include "messaging/worker.h"

enum { SHARDS = 64 };

struct client {
    struct connection *newest; /* the head of its connections' list */
    uint32_t connections;
    UT_hash_handle hh;
    char id[];
};

struct shard {
    pthread_mutex_t lock;
    uint64_t last_stamp;
    struct client *clients;
};

struct clients {
    struct shard shards[SHARDS];
};

/* Work for one connection, on its way to the connection's worker. */
struct parcel {
    void (*open)(struct connection *connection, struct parcel *parcel);
    uint64_t handle;
    struct message *message; /* a reference, or NULL */
    enum close_reason reason;
    struct bytes text; /* in `copy` */
    char copy[];
};

struct clients *clients_new(void)
{
    struct clients *clients = memory_new(1, sizeof *clients);
    for (int i = 0; i < SHARDS; i++)
        pthread_mutex_init(&clients->shards[i].lock, NULL);
    return clients;
}

void clients_free(struct clients *clients)
{
    for (int i = 0; i < SHARDS; i++) {
        PANIC_IF(clients->shards[i].clients);
        pthread_mutex_destroy(&clients->shards[i].lock);
    }
    free(clients);
}

static struct shard *lock_shard(struct clients *clients, const char *id)
{
    uint64_t hash = hash_bytes(id, strlen(id));
    struct shard *shard = &clients->shards[hash >> 32 & (SHARDS - 1)];
    pthread_mutex_lock(&shard->lock);
    return shard;
}

static struct client *find(struct shard *shard, const char *id)
{
    struct client *client;
    HASH_FIND_STR(shard->clients, id, client);
    return client;
}

static struct client *find_or_add(struct shard *shard, const char *id)
{
    struct client *client = find(shard, id);
    if (client)
        return client;
    size_t len = strlen(id);
    client = memory_new(1, sizeof *client + len + 1);
    memcpy(client->id, id, len + 1);
    HASH_ADD_KEYPTR(hh, shard->clients, client->id, len, client);
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
    struct shard *shard = lock_shard(clients, id);
    struct client *client = find_or_add(shard, id);
    bool entered = !limit || client->connections < limit;
    if (entered)
        link_newest(client, connection, ++shard->last_stamp);
    pthread_mutex_unlock(&shard->lock);
    return entered;
}

void clients_leave(struct clients *clients, struct connection *connection)
{
    struct client *client = connection->client;
    struct shard *shard = lock_shard(clients, client->id);
    unlink_connection(connection);
    if (!client->connections) {
        HASH_DEL(shard->clients, client);
        free(client);
    }
    pthread_mutex_unlock(&shard->lock);
}

const char *client_id(const struct client *client)
{
    return client->id;
}

static void open_message(struct connection *connection, struct parcel *parcel)
{
    connection_send(connection, parcel->message);
}

static void open_close(struct connection *connection, struct parcel *parcel)
{
    connection_close_saying(connection, parcel->reason, parcel->text);
}

static void open_remove(struct connection *connection, struct parcel *parcel)
{
    operation_remove(connection, parcel->text);
}

/* On the connection's worker, where the connection may be gone by now. */
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

/* Posts a copy to each connection from `connection` on; under the lock. */
static uint32_t post_to_list(struct connection *connection,
                             const struct parcel *model)
{
    uint32_t count = 0;
    for (; connection; connection = connection->client_next) {
        post(connection, model);
        count++;
    }
    return count;
}

static uint32_t post_to_client(struct clients *clients, const char *id,
                               const struct parcel *model)
{
    struct shard *shard = lock_shard(clients, id);
    struct client *client = find(shard, id);
    uint32_t count = client ? post_to_list(client->newest, model) : 0;
    if (count && model->message)
        trace_tell(model->message, &client->newest->worker->inbox, count);
    pthread_mutex_unlock(&shard->lock);
    return count;
}

uint32_t clients_send(struct clients *clients, const char *id,
                      struct message *message)
{
    const struct parcel model = {.open = open_message, .message = message};
    return post_to_client(clients, id, &model);
}

uint32_t clients_count(struct clients *clients, const char *id)
{
    struct shard *shard = lock_shard(clients, id);
    struct client *client = find(shard, id);
    uint32_t count = client ? client->connections : 0;
    pthread_mutex_unlock(&shard->lock);
    return count;
}

uint32_t clients_close(struct clients *clients, const char *id,
                       enum close_reason reason, struct bytes text)
{
    const struct parcel model = {
        .open = open_close, .reason = reason, .text = text};
    return post_to_client(clients, id, &model);
}

uint32_t clients_remove(struct clients *clients, const char *id,
                        struct bytes channel)
{
    const struct parcel model = {.open = open_remove, .text = channel};
    return post_to_client(clients, id, &model);
}

uint32_t clients_close_older(struct clients *clients,
                             const struct connection *connection,
                             enum close_reason reason)
{
    const struct parcel model = {.open = open_close, .reason = reason};
    struct shard *shard = lock_shard(clients, connection->client->id);
    uint32_t count = post_to_list(connection->client_next, &model);
    pthread_mutex_unlock(&shard->lock);
    return count;
}

/* How many entered up to the stamp and were not asked to close. */
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
    struct shard *shard = lock_shard(clients, id);
    const struct client *client = find(shard, id);
    const struct connection *at = client ? client->newest : NULL;
    while (at && at->is_asked_to_close)
        at = at->client_next;
    if (at) {
        view.newest = at->client_stamp;
        view.connections = count_up_to(client, at->client_stamp);
    }
    pthread_mutex_unlock(&shard->lock);
    return view;
}

uint32_t clients_close_up_to(struct clients *clients, const char *id,
                             uint64_t stamp, uint32_t spared,
                             enum close_reason reason)
{
    const struct parcel model = {.open = open_close, .reason = reason};
    struct shard *shard = lock_shard(clients, id);
    const struct client *client = find(shard, id);
    uint32_t count = count_up_to(client, stamp);
    uint32_t closed = 0;
    struct connection *at = client ? client->newest : NULL;
    for (; at && closed + spared < count; at = at->client_next) {
        if (at->is_asked_to_close || at->client_stamp > stamp)
            continue;
        post(at, &model);
        closed++;
    }
    pthread_mutex_unlock(&shard->lock);
    return closed;
}

/* The ids of a shard, one behind the other, each with its zero byte. */
static void copy_ids(struct shard *shard, struct buffer *ids)
{
    struct client *client;
    struct client *next;
    buffer_clear(ids);
    pthread_mutex_lock(&shard->lock);
    HASH_ITER(hh, shard->clients, client, next)
        buffer_append(ids, (struct bytes){client->id, strlen(client->id) + 1});
    pthread_mutex_unlock(&shard->lock);
}

void clients_each(struct clients *clients,
                  void (*visit)(void *arg, const char *id), void *arg)
{
    struct buffer ids = {0};
    for (int i = 0; i < SHARDS; i++) {
        copy_ids(&clients->shards[i], &ids);
        for (size_t at = 0; at < ids.len; at += strlen(ids.data + at) + 1)
            visit(arg, ids.data + at);
    }
    buffer_deinit(&ids);
}
