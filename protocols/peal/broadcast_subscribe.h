/* broadcast_subscribe: the `subscribe` of the broadcast protocol, for one
 * channel or for a list of them.
 *
 * Owner:   the text is borrowed for the call.
 * Thread:  the connection's worker.
 * Limits:  SUBSCRIBE_LIST_MAX channels in a list.
 * Failure: answered with an error, for each channel of a list by itself.
 */
#ifndef PEAL_PROTOCOLS_BROADCAST_SUBSCRIBE_H
#define PEAL_PROTOCOLS_BROADCAST_SUBSCRIBE_H

#include "base/bytes.h"

struct connection;
struct request;

enum { SUBSCRIBE_LIST_MAX = 1024 };

/* Does what the message asks for, a valid JSON object, and answers what goes
 * wrong. */
void broadcast_subscribe(struct connection *connection, struct bytes message,
                         struct bytes id);

/* The bus has answered. When it has confirmed the subscription, asks for what
 * the client wanted with it. */
void broadcast_subscribe_follow_up(struct connection *connection,
                                   const struct request *request);

#endif
