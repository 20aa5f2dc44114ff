/* broadcast: channels, history, presence and direct messages as JSON text;
 * README.md describes the wire format. This header declares what its transports
 * share.
 *
 * Owner:   texts are borrowed for the call.
 * Thread:  the connection's worker.
 * Limits:  the caller charges a brief connection; others are charged here.
 * Failure: answered with an error, and returned.
 */
#ifndef PEAL_PROTOCOLS_BROADCAST_H
#define PEAL_PROTOCOLS_BROADCAST_H

#include "messaging/connection.h"

/* Executes one message and answers it, unless `is_awaited` is set: then the bus
 * answers, through broadcast_on_answer. */
enum fault broadcast_run(struct connection *connection, struct bytes message,
                         bool *is_awaited);

/* See struct protocol. */
void broadcast_on_answer(struct connection *connection,
                         const struct request *request);

#endif
