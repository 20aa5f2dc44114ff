/* backend_route: an HTTP route for backends that a protocol contributes. It
 * turns a request in the protocol's own form into a command of the HTTP API,
 * which does the rest: limits, counts, the bus, the answer.
 *
 * Owner:   routes are static; a request borrows its texts.
 * Thread:  the worker's that got the request.
 * Limits:  bodies are bounded by limits.body_bytes.
 * Failure: a function that refuses returns an HTTP status and says why.
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
    struct bytes name;  /* what stands for the route's first `*`, decoded */
    struct bytes item;  /* the same for a second one */
    struct bytes authorization;
    struct bytes content_type;
};

enum { BACKEND_ALLOWED = 0 };

struct backend_route {
    const char *path;   /* decoded; a * stands for a name without a slash, and
                           there are two at the most */
    const char *method; /* POST, or GET for one without a body */

    /* Before the body: BACKEND_ALLOWED, or the status of a refusal. */
    int (*judge_head)(const struct backend_request *request, const char **why);

    /* After it, for signatures over the body. NULL: the head said all. */
    int (*judge_body)(const struct backend_request *request, struct bytes body,
                      const char **why);

    /* Writes the body of the API's command of that name, as a JSON object. */
    const char *command;
    int (*translate)(const struct backend_request *request, struct bytes body,
                     struct buffer *out, const char **why);

    /* Writes the API's answer, of JSON, in the protocol's own form, and returns
     * its status; of refusals too, but for those of HTTP. NULL, or nothing
     * written: as it is. Not for a command whose answer has pages. */
    int (*answer)(const struct backend_request *request, int status,
                  struct bytes body, struct buffer *out,
                  const char **content_type);
};

#endif
