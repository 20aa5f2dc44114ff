/* broadcast_subscribe: the `subscribe` of the broadcast protocol, for one
 * channel or for a list of them.
 *
 * Owner:   the text is borrowed for the call.
 * Thread:  the connection's worker.
 * Limits:  SUBSCRIBE_LIST_MAX channels in a list.
 * Failure: answered with an error; in a list, per channel.
 */
#ifndef PEAL_PROTOCOLS_BROADCAST_SUBSCRIBE_H
#define PEAL_PROTOCOLS_BROADCAST_SUBSCRIBE_H

#include "base/bytes.h"

struct connection;
struct request;

enum { SUBSCRIBE_LIST_MAX = 1024 };

/* Handles the message, a valid JSON object; answers failures with an error. */
void broadcast_subscribe(struct connection *connection, struct bytes message,
                         struct bytes id);

/* Handles the bus's answer. After a confirmed subscription, requests the
 * history or presence that the client asked for along with it. */
void broadcast_subscribe_follow_up(struct connection *connection,
                                   const struct request *request);

#endif
