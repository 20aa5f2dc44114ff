#include "messaging/clients.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/hash.h"
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
    struct client *clients;
};

struct clients {
    struct shard shards[SHARDS];
};

/* Work for one connection, on its way to the connection's worker. */
struct parcel {
    uint64_t handle;
    struct message *message; /* NULL: close it */
    enum close_reason reason;
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

static void link_newest(struct client *client, struct connection *connection)
{
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
        link_newest(client, connection);
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

/* On the connection's worker, where the connection may be gone by now. */
static void open_parcel(void *subject, void *object)
{
    struct parcel *parcel = object;
    struct connection *connection =
        worker_find_connection(subject, parcel->handle);
    if (connection && parcel->message)
        connection_send(connection, parcel->message);
    else if (connection)
        connection_close(connection, parcel->reason);
    message_unref(parcel->message);
    free(parcel);
}

/* Posts a parcel to each connection from `connection` on; under the lock. */
static uint32_t post_to_list(struct connection *connection,
                             struct message *message, enum close_reason reason)
{
    uint32_t count = 0;
    for (; connection; connection = connection->client_next) {
        struct parcel *parcel = memory_new(1, sizeof *parcel);
        parcel->handle = connection->handle;
        parcel->message = message ? message_ref(message) : NULL;
        parcel->reason = reason;
        inbox_post(&connection->worker->inbox,
                   (struct inbox_item){open_parcel, connection->worker,
                                       parcel});
        count++;
    }
    return count;
}

static uint32_t post_to_client(struct clients *clients, const char *id,
                               struct message *message,
                               enum close_reason reason)
{
    struct shard *shard = lock_shard(clients, id);
    struct client *client = find(shard, id);
    uint32_t count =
        client ? post_to_list(client->newest, message, reason) : 0;
    pthread_mutex_unlock(&shard->lock);
    return count;
}

uint32_t clients_send(struct clients *clients, const char *id,
                      struct message *message)
{
    return post_to_client(clients, id, message, CLOSE_NONE);
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
                       enum close_reason reason)
{
    return post_to_client(clients, id, NULL, reason);
}

uint32_t clients_close_older(struct clients *clients,
                             const struct connection *connection,
                             enum close_reason reason)
{
    struct shard *shard = lock_shard(clients, connection->client->id);
    uint32_t count = post_to_list(connection->client_next, NULL, reason);
    pthread_mutex_unlock(&shard->lock);
    return count;
}
