/* pusher_request: whether a request of a backend is signed by an app's secret.
 *
 * Owner:   nothing is owned.
 * Thread:  any.
 * Limits:  PUSHER_PARAMETERS_MAX parameters; a signature is good for 600
 *          seconds before and after its time.
 * Failure: the status of a refusal, and why.
 */
#ifndef PEAL_PROTOCOLS_PUSHER_REQUEST_H
#define PEAL_PROTOCOLS_PUSHER_REQUEST_H

#include "messaging/backend_route.h"

enum { PUSHER_PARAMETERS_MAX = 16 };

/* What can be told without the body: BACKEND_ALLOWED, or a status. */
int pusher_request_judge_head(const struct backend_request *request,
                              const char **why);

/* The decoded value of a parameter, appended; false: there is none. */
bool pusher_request_parameter(const struct backend_request *request,
                              const char *name, struct buffer *out);

/* The rest. */
int pusher_request_judge_body(const struct backend_request *request,
                              struct bytes body, const char **why);

#endif
