/* broadcast_list: the broadcast protocol's answers that are lists, and may be
 * long: each is written in parts as its request is answered in pages.
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

/* The messages of one page, behind those of the pages before it. */
void broadcast_append_messages(struct buffer *out,
                               const struct request *request);

#endif
