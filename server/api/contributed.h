/* contributed: backend routes provided by protocols, and their processing:
 * check before the body, check after the body, conversion to a command; private
 * to api/.
 *
 * Owner:   routes are static; a call owns its copy of the request.
 * Thread:  the worker's.
 * Limits:  as for any request of a backend.
 * Failure: a refusal in the response, counted and logged.
 */
#ifndef PEAL_API_CONTRIBUTED_H
#define PEAL_API_CONTRIBUTED_H

#include "api/answer.h"
#include "api/routes.h"
#include "messaging/backend_route.h"
#include "messaging/protocol.h"

struct kept_request;
struct worker;

/* The match of a path and a route. */
struct contributed_fit {
    size_t index;      /* index among all contributed routes */
    struct bytes name; /* match of its first * */
    struct bytes item; /* match of its second * */
};

/* The route for the path, or NULL. */
const struct backend_route *
contributed_find(const struct protocol *const *protocols, struct bytes path,
                 struct contributed_fit *fit);

/* The path of the route at the index, or NULL after the last. */
const char *contributed_path(const struct protocol *const *protocols,
                             size_t index);

/* The protocol's check before the body, after the common checks. */
bool contributed_judge_head(const struct backend_route *route,
                            struct worker *worker,
                            const struct api_request *request,
                            const struct contributed_fit *fit,
                            struct api_response *response);

/* Converts the response into the protocol's form. */
void contributed_answer(const struct kept_request *kept,
                        struct api_response *response);

/* The path of the request's route. */
const char *contributed_route(const struct kept_request *kept);

/* A copy of what is needed of the request after its body; free with free(). */
struct kept_request *contributed_keep(const struct backend_route *route,
                                      const struct api_request *request,
                                      const struct contributed_fit *fit);

/* The protocol's check after the body, which it then replaces with the
 * command's body. Returns BACKEND_ALLOWED, or the status of a refusal. */
int contributed_prepare(const struct kept_request *kept, struct worker *worker,
                        struct buffer *body, const char **why);

#endif
