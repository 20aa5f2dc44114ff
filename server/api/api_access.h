/* api_access: whether a request to the API may do what it asks for.
 *
 * Owner:   the key found is the keys'.
 * Thread:  the worker's.
 * Limits:  refusals by address, requests by key.
 * Failure: NULL, and the refusal in the response, which is logged too.
 */
#ifndef PEAL_API_API_ACCESS_H
#define PEAL_API_API_ACCESS_H

#include "api/api.h"
#include "api/api_keys.h"

/* The key that has this scope. */
const struct api_key *api_access_judge(struct api_keys *keys,
                                       struct worker *worker,
                                       const struct api_request *request,
                                       unsigned scope,
                                       struct api_response *response);

#endif
