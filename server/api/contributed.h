/* contributed: routes for backends that protocols bring, and the way of a
 * request through one: judged before its body, judged after it, and turned
 * into a command; private to api/.
 *
 * Owner:   routes are static; what a call keeps of its request is its own.
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

/* How a path fits a route. */
struct contributed_fit {
    size_t index;      /* the route's place among all that protocols bring */
    struct bytes name; /* what stands for its first * */
    struct bytes item; /* for its second */
};

/* The route of that path, or NULL. */
const struct backend_route *
contributed_find(const struct protocol *const *protocols, struct bytes path,
                 struct contributed_fit *fit);

/* The path of the route at that place, or NULL behind the last. */
const char *contributed_path(const struct protocol *const *protocols,
                             size_t index);

/* The check before the body, after those of any route. */
bool contributed_judge_head(const struct backend_route *route,
                            struct worker *worker,
                            const struct api_request *request,
                            const struct contributed_fit *fit,
                            struct api_response *response);

/* Puts the response of such a request into the protocol's form. */
void contributed_answer(const struct kept_request *kept,
                        struct api_response *response);

/* The path of the route that the request came by. */
const char *contributed_route(const struct kept_request *kept);

/* What is needed of the request once its body is there; owned, by free. */
struct kept_request *contributed_keep(const struct backend_route *route,
                                      const struct api_request *request,
                                      const struct contributed_fit *fit);

/* The check after the body, which then becomes the command's. Returns
 * BACKEND_ALLOWED, or the status of a refusal. */
int contributed_prepare(const struct kept_request *kept, struct worker *worker,
                        struct buffer *body, const char **why);

#endif
