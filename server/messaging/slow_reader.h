/* slow_reader: who does not read what it is sent.
 *
 * Owner:   nothing.
 * Thread:  the connection's worker.
 * Limits:  outbox_bytes and outbox_messages for what nobody asked for; answers
 *          that wait pause the reading of requests instead
 *          (connection_weigh_answers). The transport watches stalled_seconds.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_SLOW_READER_H
#define PEAL_MESSAGING_SLOW_READER_H

#include "messaging/connection.h"

/* Queues a frame for the socket; false when the connection is closed for it.
 * What that takes is added to `memory`. */
bool slow_reader_queue(struct connection *connection, struct frame *frame,
                       const void *topic, int64_t *memory);

/* Its socket has taken nothing for too long: ends it, and drops what waits. */
void slow_reader_give_up(struct connection *connection);

#endif
