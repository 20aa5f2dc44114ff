/* backend_route: an HTTP route for backends that a protocol contributes. It
 * converts a request in the protocol's own form into a command of the HTTP API,
 * which does the rest: limits, counters, the bus, the response.
 *
 * Owner:   routes are static; a request borrows its texts.
 * Thread:  the worker that received the request.
 * Limits:  bodies are bounded by limits.body_bytes.
 * Failure: a refusing function returns an HTTP status and the reason.
 */
#ifndef PEAL_MESSAGING_BACKEND_ROUTE_H
#define PEAL_MESSAGING_BACKEND_ROUTE_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/bytes.h"

struct backend_request {
    struct bytes method;
    struct bytes path;  /* as sent, percent-encoded */
    struct bytes query; /* as sent, without the '?' */
    struct bytes name;  /* match of the route's first `*`, decoded */
    struct bytes item;  /* match of a second one */
    struct bytes authorization;
    struct bytes content_type;
};

enum { BACKEND_ALLOWED = 0 };

struct backend_route {
    const char *path;   /* decoded; at most two *, each matches no slash */
    const char *method; /* POST, or GET without a body */

    /* Check before the body: BACKEND_ALLOWED, or the status of a refusal. */
    int (*judge_head)(const struct backend_request *request, const char **why);

    /* Check after the body, for signatures over it. NULL: not needed. */
    int (*judge_body)(const struct backend_request *request, struct bytes body,
                      const char **why);

    /* Writes the body of the API's command of that name, as a JSON object. */
    const char *command;
    int (*translate)(const struct backend_request *request, struct bytes body,
                     struct buffer *out, const char **why);

    /* Converts the API's JSON response, refusals included, except for
     * HTTP-level ones, into the protocol's own form and returns its status.
     * NULL, or nothing written: the response is unchanged. Not for commands
     * with paged responses. */
    int (*answer)(const struct backend_request *request, int status,
                  struct bytes body, struct buffer *out,
                  const char **content_type);
};

#endif
