/* pusher_request: verifies that a backend request is signed with an app's
 * secret.
 *
 * Owner:   nothing is owned.
 * Thread:  any.
 * Limits:  PUSHER_PARAMETERS_MAX parameters; a signature is valid for 600
 *          seconds before and after its time.
 * Failure: the status of the refusal, and the reason.
 */
#ifndef PEAL_PROTOCOLS_PUSHER_REQUEST_H
#define PEAL_PROTOCOLS_PUSHER_REQUEST_H

#include "messaging/backend_route.h"

enum { PUSHER_PARAMETERS_MAX = 16 };

/* Checks all but the body: BACKEND_ALLOWED, or a status. */
int pusher_request_judge_head(const struct backend_request *request,
                              const char **why);

/* Appends the decoded value of a parameter; false if missing. */
bool pusher_request_parameter(const struct backend_request *request,
                              const char *name, struct buffer *out);

/* Checks the body. */
int pusher_request_judge_body(const struct backend_request *request,
                              struct bytes body, const char **why);

#endif
