/* account_call: handles an account request, from its head to its answer;
 * private to api/.
 *
 * Owner:   as in call.h.
 * Thread:  the worker's.
 * Limits:  see accounts.h.
 * Failure: a refusal in the response, or in the call's part.
 */
#ifndef PEAL_API_ACCOUNT_CALL_H
#define PEAL_API_ACCOUNT_CALL_H

#include "api/account_route.h"
#include "api/api_accounts.h"
#include "api/call.h"

/* The requester. */
struct account_actor {
    const struct api_key *key;   /* a backend's, or NULL */
    char id[ACCOUNT_ID_LEN + 1]; /* a signed-in user's, or empty */
};

/* Whether the request may be served; `id`: the id in its path. */
bool account_call_judge(const struct api_accounts *accounts,
                        struct api_keys *keys, struct worker *worker,
                        const struct api_request *request,
                        const struct account_route *route, struct bytes id,
                        struct account_actor *actor,
                        struct api_response *response);

/* Turns a new call into an account call. */
void account_call_prepare(struct api_call *call,
                          const struct api_accounts *accounts,
                          const struct api_request *request,
                          const struct account_route *route, struct bytes id,
                          const struct account_actor *actor);

#endif
