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
struct client;
struct connection;
struct message;

struct clients *clients_new(void);

/* After the last connection left. */
void clients_free(struct clients *clients);

/* Sets connection->client; false when the client has `limit` (0: no limit)
 * connections already. */
bool clients_enter(struct clients *clients, const char *id,
                   struct connection *connection, uint32_t limit);

void clients_leave(struct clients *clients, struct connection *connection);

/* Valid while a connection of the client is entered. */
const char *client_id(const struct client *client);

/* Posts a message to each connection of the client; how many they are. */
uint32_t clients_send(struct clients *clients, const char *id,
                      struct message *message);

/* How many connections the client has on this instance. */
uint32_t clients_count(struct clients *clients, const char *id);

/* The same without those that were asked to close from here. A stamp tells
 * which of two connections of the client entered later. */
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

/* Takes a channel away from each connection of the client; how many
 * connections it has, with the channel or without. */
uint32_t clients_remove(struct clients *clients, const char *id,
                        struct bytes channel);

/* The same for those that entered before this connection of the client. */
uint32_t clients_close_older(struct clients *clients,
                             const struct connection *connection,
                             enum close_reason reason);

/* The same for those up to a stamp, but for the `spared` oldest of them. Who
 * was asked before does not count. */
uint32_t clients_close_up_to(struct clients *clients, const char *id,
                             uint64_t stamp, uint32_t spared,
                             enum close_reason reason);

#endif
