/* pusher_answered: what Peal's API has answered to a list of commands, in the
 * form of Pusher's: an object, or a plain text where something went wrong.
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

/* A member of an object, as raw JSON; empty: there is none. */
struct bytes pusher_answered_member(struct bytes object, const char *name);

/* Appends an answer, by `write` where all went well; returns its status. */
int pusher_answered(const struct backend_request *request, int status,
                    struct bytes body, struct buffer *out,
                    const char **content_type,
                    void (*write)(const struct backend_request *request,
                                  struct bytes results, struct buffer *out));

#endif
