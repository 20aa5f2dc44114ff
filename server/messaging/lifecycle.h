/* lifecycle: how a connection begins and ends.
 *
 * Owner:   the owner of the socket (net/, or a test) calls connection_new and
 *          connection_free.
 * Thread:  only the connection's worker.
 * Limits:  connections of one client.
 * Failure: connection_new returns NULL if the client has too many.
 */
#ifndef PEAL_MESSAGING_LIFECYCLE_H
#define PEAL_MESSAGING_LIFECYCLE_H

#include "messaging/connection.h"

/* Registers the client and takes a slot; takes `identity`. NULL when the
 * client has as many connections as it may: `identity` stays the caller's. */
struct connection *connection_new(struct worker *worker,
                                  const struct protocol *protocol,
                                  const struct transport *transport,
                                  void *socket, const char *client_id,
                                  struct identity identity);

/* For one request over HTTP: a connection that is made for its answers. It may
 * do what the identity allows, in the client's name, but is none of the
 * client's connections: no limit, event or message reaches it, and it has no
 * channels. It ends when it is closed by CLOSE_BY_CLIENT, once what it was
 * answered is sent. Takes `identity`. */
struct connection *connection_new_brief(struct worker *worker,
                                        const struct protocol *protocol,
                                        const struct transport *transport,
                                        void *socket, const char *client_id,
                                        struct identity identity);

/* The handshake is done; `channels` were asked for in the URL. */
void connection_open(struct connection *connection,
                     const struct bytes *channels, size_t count);

/* Says who the client of a connection without an identity is. False when that
 * client has too many connections; takes the identity otherwise. The connect
 * hook is the protocol's to ask. */
bool connection_identify(struct connection *connection, const char *client_id,
                         struct identity identity);

/* Starts the closing that connection_close asked for; between events. */
void connection_start_close(struct connection *connection);

/* Leaves its channels, logs the end once (when it was open), frees. */
void connection_free(struct connection *connection);

#endif
