/* clients: who is connected to this instance, on whichever worker.
 *
 * Owner:   the server; a client is known while it has a connection.
 * Thread:  any.
 * Limits:  connections of one client, where configured.
 * Failure: clients_enter refuses beyond the limit.
 */
#ifndef PEAL_MESSAGING_CLIENTS_H
#define PEAL_MESSAGING_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "messaging/close_reason.h"

struct clients;
struct connection;
struct message;
struct worker;

struct clients *clients_new(void);

/* After the last connection left. */
void clients_free(struct clients *clients);

/* Sets connection->client; false when the client has `limit` (0: no limit)
 * connections already. */
bool clients_enter(struct clients *clients, const char *id,
                   struct connection *connection, uint32_t limit);

void clients_leave(struct clients *clients, struct connection *connection);

/* How many connections the client has on this instance. */
uint32_t clients_count(struct clients *clients, const char *id);

/* Calls `visit`, under a lock, for each connection of the client that this
 * worker has; on the worker's thread. */
void clients_visit(
    struct clients *clients, const char *id, const struct worker *worker,
    void (*visit)(void *arg, const struct connection *connection), void *arg);

/* How many there are without those that were asked to close from here. A stamp
 * tells which of two connections of the client entered later. */
struct client_view {
    uint32_t connections;
    uint64_t newest; /* stamp; 0: there is none */
};

struct client_view clients_look(struct clients *clients, const char *id);

/* Calls `visit` for each client that is here all the time, without a lock. */
void clients_each(struct clients *clients,
                  void (*visit)(void *arg, const char *id), void *arg);

/* Asks each connection of the client to close, with a text of its own unless
 * that is empty; how many they are. */
uint32_t clients_close(struct clients *clients, const char *id,
                       enum close_reason reason, struct bytes text);

/* Work for one connection, on its way to the connection's worker. */
struct parcel {
    void (*open)(struct connection *connection, struct parcel *parcel);
    bool for_receivers;      /* only for those that could get a message */
    uint64_t handle;         /* set by clients_post */
    struct message *message; /* a reference, or NULL */
    enum close_reason reason;
    struct bytes text; /* in `copy` once posted */
    char copy[];
};

/* Posts a copy of the parcel to each connection of the client that it is for,
 * to be opened on the thread of its worker if it is still there; how many they
 * are. */
uint32_t clients_post(struct clients *clients, const char *id,
                      const struct parcel *model);

/* Asks those to close that entered before this connection of the client. */
uint32_t clients_close_older(struct clients *clients,
                             const struct connection *connection,
                             enum close_reason reason);

/* The same for those up to a stamp, but for the `spared` oldest of them. Who
 * was asked before does not count. */
uint32_t clients_close_up_to(struct clients *clients, const char *id,
                             uint64_t stamp, uint32_t spared,
                             enum close_reason reason);

#endif
