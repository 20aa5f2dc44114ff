/* api_access: decides whether an API request is allowed.
 *
 * Owner:   a found key belongs to the keys.
 * Thread:  the worker's.
 * Limits:  refusals by address, requests by key.
 * Failure: false, and the refusal in the response, which is logged too.
 */
#ifndef PEAL_API_API_ACCESS_H
#define PEAL_API_API_ACCESS_H

#include "api/api_keys.h"
#include "api/routes.h"
#include "messaging/refusal_reason.h"

struct worker;

/* The credentials after Bearer in a header; empty for another scheme. */
struct bytes api_access_bearer(struct bytes authorization);

/* Whether the address is within its limit of refusals; else responds 429. */
bool api_access_has_patience(struct worker *worker,
                             const struct api_request *request,
                             struct api_response *response);

/* Counts a refusal against the address if it is 401, and logs it. */
void api_access_note_refusal(struct worker *worker,
                             const struct ip_address *client, struct bytes path,
                             int status);

/* Counts a refusal by its reason, and logs it. */
void api_access_note(struct worker *worker, const struct ip_address *client,
                     struct bytes path, enum refusal_reason reason, int status);

/* Whether the request's key has this scope. `key`: set to the request's key,
 * even if its scope is insufficient; NULL: no known key. */
bool api_access_judge(struct api_keys *keys, struct worker *worker,
                      const struct api_request *request, unsigned scope,
                      const struct api_key **key,
                      struct api_response *response);

#endif
