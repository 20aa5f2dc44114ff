/* responses: possibly long answers that a connection gets in pages: history,
 * presence, and missed messages. The next page is requested from the bus once
 * the socket has taken the previous one, so that a connection holds at most one
 * page.
 *
 * Owner:   the connection; exists while a response is in progress.
 * Thread:  only the connection's worker.
 * Limits:  one page at a time, and RESPONSES_SMALL_MAX small answers; beyond
 *          RESPONSES_WAITING_MAX waiting requests, reading from the socket
 *          pauses.
 * Failure: a recovery whose messages are no longer kept ends with a gap; a
 *          history continues after lost messages.
 */
#ifndef PEAL_MESSAGING_RESPONSES_H
#define PEAL_MESSAGING_RESPONSES_H

#include "messaging/connection.h"
#include "messaging/request.h"

enum { RESPONSES_SMALL_MAX = 16, RESPONSES_WAITING_MAX = 64 };

/* Requests the first page, now or after earlier ones. Takes the request. */
void responses_add(struct connection *connection, struct request *request);

/* Reserves the size of a subscribe's answer. Return the same amount when it
 * arrives. */
enum request_page responses_begin_subscribe(struct connection *connection);
void responses_end_subscribe(struct connection *connection,
                             enum request_page page);

/* Call if the answer to a subscribe has more: sends the rest after it, then the
 * connection becomes a subscriber. The answer's position becomes that of its
 * last message. */
void responses_recover(struct connection *connection,
                       struct request *subscribe);

/* Stops sending missed messages of the channel. */
void responses_drop_recovery(struct connection *connection,
                             const char *channel);

/* Call when the socket has taken everything. */
void responses_go_on(struct connection *connection);

/* Call when the connection closes: only a partly written message continues. */
void responses_close(struct connection *connection);

void responses_free(struct connection *connection);

/* The number of waiting requests. */
uint32_t responses_count(const struct connection *connection);

/* Call at the end of a turn: requests up to that many pages, one per
 * connection. */
void responses_serve(struct worker *worker, uint32_t pages);

#endif
