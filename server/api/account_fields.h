/* account_fields: reads and checks the body of an account request; private to
 * api/.
 *
 * Owner:   texts go to the request.
 * Thread:  the worker's.
 * Limits:  emails, names and passwords as in accounts/.
 * Failure: the call's part is refused, and the error names the field.
 */
#ifndef PEAL_API_ACCOUNT_FIELDS_H
#define PEAL_API_ACCOUNT_FIELDS_H

#include "api/account_route.h"
#include "api/call.h"

bool account_fields_read(struct api_call *call,
                         const struct account_route *route,
                         struct account_request *request);

#endif
