/* broadcast: channels, history, presence and direct messages as JSON text;
 * README.md has the wire format. Here is what its transports have in common.
 *
 * Owner:   texts are borrowed for the call.
 * Thread:  the connection's worker.
 * Limits:  a brief connection is charged by its caller; others are here.
 * Failure: answered, and returned.
 */
#ifndef PEAL_PROTOCOLS_BROADCAST_H
#define PEAL_PROTOCOLS_BROADCAST_H

#include "messaging/connection.h"

/* Runs what one message asks for, and answers it unless `is_awaited` says that
 * the bus has to: then the answer comes through broadcast_on_answer. */
enum fault broadcast_run(struct connection *connection, struct bytes message,
                         bool *is_awaited);

/* See struct protocol. */
void broadcast_on_answer(struct connection *connection,
                         const struct request *request);

#endif
