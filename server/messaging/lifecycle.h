/* lifecycle: start and end of a connection.
 *
 * Owner:   the owner of the socket (net/, or a test) calls connection_new and
 *          connection_free.
 * Thread:  only the connection's worker.
 * Limits:  connections per client.
 * Failure: connection_new returns NULL if the client has too many.
 */
#ifndef PEAL_MESSAGING_LIFECYCLE_H
#define PEAL_MESSAGING_LIFECYCLE_H

#include "messaging/connection.h"

/* Registers the client and takes a slot; takes `identity`. NULL if the client
 * is at its limit of connections: the caller keeps `identity`. */
struct connection *connection_new(struct worker *worker,
                                  const struct protocol *protocol,
                                  const struct transport *transport,
                                  void *socket, const char *client_id,
                                  struct identity identity);

/* Creates a brief connection for the answers of one HTTP request. It may do
 * what the identity allows, in the client's name, but does not count as one of
 * the client's connections: no limit, event or message applies to it, and it
 * has no channels. It ends with CLOSE_BY_CLIENT once its answers are sent.
 * Takes `identity`. */
struct connection *connection_new_brief(struct worker *worker,
                                        const struct protocol *protocol,
                                        const struct transport *transport,
                                        void *socket, const char *client_id,
                                        struct identity identity);

/* Call when the handshake is done; `channels`: requested in the URL. */
void connection_open(struct connection *connection,
                     const struct bytes *channels, size_t count);

/* Sets the identity of a connection without one. False if the client has too
 * many connections; takes the identity otherwise. The protocol must ask the
 * connect hook. */
bool connection_identify(struct connection *connection, const char *client_id,
                         struct identity identity);

/* Starts the closing requested by connection_close; between events. */
void connection_start_close(struct connection *connection);

/* Leaves its channels, logs the end if it was open, and frees it. */
void connection_free(struct connection *connection);

#endif
