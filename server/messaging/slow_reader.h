/* slow_reader: handles connections that do not read fast enough.
 *
 * Owner:   nothing.
 * Thread:  the connection's worker.
 * Limits:  outbox_bytes and outbox_messages for unrequested data; waiting
 *          answers pause the reading of requests instead
 *          (connection_weigh_answers). The transport enforces stalled_seconds.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_SLOW_READER_H
#define PEAL_MESSAGING_SLOW_READER_H

#include "messaging/connection.h"

/* Queues a frame for the socket; false if the connection is closed because of
 * it. Adds the memory used to `memory`. */
bool slow_reader_queue(struct connection *connection, struct frame *frame,
                       const void *topic, int64_t *memory);

/* Closes a connection whose socket has taken nothing for too long, and drops
 * waiting data. */
void slow_reader_give_up(struct connection *connection);

#endif
