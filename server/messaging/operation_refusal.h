/* operation_refusal: records operations refused to connected clients: counts,
 * logs and keeps them for queries.
 *
 * Owner:   nothing is owned.
 * Thread:  the connection's worker.
 * Limits:  five log lines per second.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_OPERATION_REFUSAL_H
#define PEAL_MESSAGING_OPERATION_REFUSAL_H

#include "messaging/fault.h"
#include "messaging/identity.h"
#include "messaging/refusal_reason.h"

struct connection;

/* FAULT_NONE, or FAULT_FORBIDDEN, which is recorded. `name`: a channel or a
 * client. */
enum fault operation_refusal_check(const struct connection *connection,
                                   enum capability what, struct bytes name);

/* The same for a message with that event, which may be empty. */
enum fault operation_refusal_check_event(const struct connection *connection,
                                         enum capability what,
                                         struct bytes name, struct bytes event);

void operation_refusal_note(const struct connection *connection,
                            enum refusal_reason reason, struct bytes channel,
                            const char *why);

/* Records the refusal of a new token. */
void operation_refusal_of_refresh(struct connection *connection,
                                  enum refusal_reason reason, const char *why);

#endif
