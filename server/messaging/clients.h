/* clients: the clients connected to this instance, over all workers.
 *
 * Owner:   the server; a client exists while it has a connection.
 * Thread:  any.
 * Limits:  connections per client, if configured.
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

/* Call after the last connection has left. */
void clients_free(struct clients *clients);

/* Sets connection->client; false if the client already has `limit` connections
 * (0: no limit). */
bool clients_enter(struct clients *clients, const char *id,
                   struct connection *connection, uint32_t limit);

void clients_leave(struct clients *clients, struct connection *connection);

/* The number of the client's connections on this instance. */
uint32_t clients_count(struct clients *clients, const char *id);

/* Calls `visit`, under a lock, for each of the client's connections on this
 * worker; call it on the worker's thread. */
void clients_visit(
    struct clients *clients, const char *id, const struct worker *worker,
    void (*visit)(void *arg, const struct connection *connection), void *arg);

/* The number of connections, excluding those asked to close from here. A stamp
 * orders the client's connections by their start. */
struct client_view {
    uint32_t connections;
    uint64_t newest; /* stamp; 0: none */
};

struct client_view clients_look(struct clients *clients, const char *id);

/* Calls `visit`, without a lock, for each client that stays connected during
 * the iteration. */
void clients_each(struct clients *clients,
                  void (*visit)(void *arg, const char *id), void *arg);

/* Asks each connection of the client to close, with the text unless it is
 * empty; returns their number. */
uint32_t clients_close(struct clients *clients, const char *id,
                       enum close_reason reason, struct bytes text);

/* Work for one connection, posted to the connection's worker. */
struct parcel {
    void (*open)(struct connection *connection, struct parcel *parcel);
    bool for_receivers; /* only for connections that can receive messages */
    uint64_t handle;    /* set by clients_post */
    struct message *message; /* a reference, or NULL */
    enum close_reason reason;
    struct bytes text; /* in `copy` once posted */
    char copy[];
};

/* Posts a copy of the parcel to each matching connection of the client, to be
 * opened on its worker's thread if the connection still exists; returns their
 * number. */
uint32_t clients_post(struct clients *clients, const char *id,
                      const struct parcel *model);

/* Asks the client's connections older than this one to close. */
uint32_t clients_close_older(struct clients *clients,
                             const struct connection *connection,
                             enum close_reason reason);

/* The same for connections up to a stamp, except for the `spared` oldest ones.
 * Connections that are already closing do not count. */
uint32_t clients_close_up_to(struct clients *clients, const char *id,
                             uint64_t stamp, uint32_t spared,
                             enum close_reason reason);

#endif
