/* endpoint: a path where clients of some protocols connect, and its transport.
 *
 * Owner:   static.
 * Thread:  any.
 * Limits:  none.
 * Failure: none.
 */
#ifndef PEAL_MESSAGING_ENDPOINT_H
#define PEAL_MESSAGING_ENDPOINT_H

#include <stdbool.h>

#include "base/bytes.h"

struct handshake;
struct verdict;

/* The transport of the connection after the request. */
enum endpoint_kind {
    ENDPOINT_WEBSOCKET,
    ENDPOINT_EVENT_STREAM,
    ENDPOINT_REQUEST /* no persistent connection: a request and its answer */
};

struct endpoint {
    /* A path, or a prefix and a `*` for the rest. */
    const char *pattern;
    enum endpoint_kind kind;
    /* Sets client id and protocol in the verdict, or refuses. `rest` is the
     * match of the `*`. NULL: the rest is a client id, and one of the
     * endpoint's protocols is chosen by name. A function that sets the
     * verdict's identity has authorized the client. */
    bool (*read)(const struct handshake *handshake, struct bytes rest,
                 struct verdict *verdict);
};

/* Whether the path matches the endpoint; `rest` is the match of the `*`. */
bool endpoint_matches(const struct endpoint *endpoint, struct bytes path,
                      struct bytes *rest);

#endif
