/* fresh_token: checks a new token sent by an open connection.
 *
 * Owner:   nothing is owned.
 * Thread:  any worker's.
 * Limits:  none.
 * Failure: false, and why.
 */
#ifndef PEAL_FRESH_TOKEN_H
#define PEAL_FRESH_TOKEN_H

#include "messaging/worker.h"
#include "net/net.h"

/* For struct token_judge; `net` is a struct net. */
bool fresh_token_judge(void *net, struct bytes token, const char *client_id,
                       struct identity *identity, enum refusal_reason *reason,
                       const char **why);

#endif
