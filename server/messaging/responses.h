/* responses: what a connection asked for and gets in pages, because it may be
 * long: history, presence, and what a subscriber missed. The bus is asked for a
 * page once the socket has taken the one before, so that a connection holds one
 * page, however much it asks for.
 *
 * Owner:   the connection; there while something is under way.
 * Thread:  only the connection's worker.
 * Limits:  one page is asked for at a time, and RESPONSES_SMALL_MAX small
 *          answers; beyond RESPONSES_WAITING_MAX requests that wait nothing
 *          more is read from the socket.
 * Failure: a recovery that the history has left behind ends with a gap; a
 *          history goes on after what it has lost.
 */
#ifndef PEAL_MESSAGING_RESPONSES_H
#define PEAL_MESSAGING_RESPONSES_H

#include "messaging/connection.h"
#include "messaging/request.h"

enum { RESPONSES_SMALL_MAX = 16, RESPONSES_WAITING_MAX = 64 };

/* Asks for the first page, or does so when others are done. Takes the
 * request. */
void responses_add(struct connection *connection, struct request *request);

/* How much the answer to a subscribe may hold. Once it is there, the same is
 * to be given back. */
enum request_page responses_begin_subscribe(struct connection *connection);
void responses_end_subscribe(struct connection *connection,
                             enum request_page page);

/* The answer to this subscribe has more: the rest is sent after it, and then
 * the connection becomes a subscriber. The answer's position becomes that of
 * what it holds. */
void responses_recover(struct connection *connection,
                       struct request *subscribe);

/* Sends no more of what it missed there. */
void responses_drop_recovery(struct connection *connection,
                             const char *channel);

/* The socket has taken what there was. */
void responses_go_on(struct connection *connection);

/* The connection is closing: only what is written in part goes on. */
void responses_close(struct connection *connection);

void responses_free(struct connection *connection);

/* How many requests wait for their turn. */
uint32_t responses_count(const struct connection *connection);

/* At the end of a turn: asks for so many pages, of one connection each. */
void responses_serve(struct worker *worker, uint32_t pages);

#endif
