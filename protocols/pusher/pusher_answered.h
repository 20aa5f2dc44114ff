/* pusher_answered: converts Peal's API response for a list of commands into
 * Pusher's form: an object, or plain text after a failure.
 *
 * Owner:   texts are borrowed.
 * Thread:  any.
 * Limits:  none.
 * Failure: the status of the first command that failed.
 */
#ifndef PEAL_PROTOCOLS_PUSHER_ANSWERED_H
#define PEAL_PROTOCOLS_PUSHER_ANSWERED_H

#include "base/buffer.h"
#include "messaging/backend_route.h"

/* A member of an object as raw JSON; empty if missing. */
struct bytes pusher_answered_member(struct bytes object, const char *name);

/* Appends a response, written by `write` if all commands succeeded; returns its
 * status. */
int pusher_answered(const struct backend_request *request, int status,
                    struct bytes body, struct buffer *out,
                    const char **content_type,
                    void (*write)(const struct backend_request *request,
                                  struct bytes results, struct buffer *out));

#endif
