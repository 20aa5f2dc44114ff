/* operation_refusal: what a connected client asked for, and may not: counted,
 * logged, and kept for who asks why.
 *
 * Owner:   nothing is owned.
 * Thread:  the connection's worker.
 * Limits:  five lines a second in the log.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_OPERATION_REFUSAL_H
#define PEAL_MESSAGING_OPERATION_REFUSAL_H

#include "messaging/fault.h"
#include "messaging/identity.h"
#include "messaging/refusal_reason.h"

struct connection;

/* FAULT_NONE, or FAULT_FORBIDDEN, which is noted. `name`: of a channel, or of
 * a client. */
enum fault operation_refusal_check(const struct connection *connection,
                                   enum capability what, struct bytes name);

/* The same for a message with that event, which may be empty. */
enum fault operation_refusal_check_event(const struct connection *connection,
                                         enum capability what,
                                         struct bytes name, struct bytes event);

void operation_refusal_note(const struct connection *connection,
                            enum refusal_reason reason, struct bytes channel,
                            const char *why);

/* A fresh token is not good. */
void operation_refusal_of_refresh(struct connection *connection,
                                  enum refusal_reason reason, const char *why);

#endif
