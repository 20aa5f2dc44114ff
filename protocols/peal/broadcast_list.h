/* broadcast_list: list answers of the broadcast protocol. They may be long, so
 * each page of the request becomes one part of the answer.
 *
 * Owner:   requests are borrowed.
 * Thread:  the connection's worker.
 * Limits:  those of a page.
 * Failure: none.
 */
#ifndef PEAL_PROTOCOLS_BROADCAST_LIST_H
#define PEAL_PROTOCOLS_BROADCAST_LIST_H

#include "base/buffer.h"
#include "messaging/request.h"

struct connection;

void broadcast_answer_history(struct connection *connection,
                              const struct request *request);

void broadcast_answer_presence(struct connection *connection,
                               const struct request *request);

/* Writes the messages of one page, after those of earlier pages. */
void broadcast_append_messages(struct buffer *out,
                               const struct request *request);

#endif
