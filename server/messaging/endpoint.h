/* endpoint: a path where clients of some protocols connect, and how.
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

/* What carries the connection after the request. */
enum endpoint_kind {
    ENDPOINT_WEBSOCKET,
    ENDPOINT_EVENT_STREAM,
    ENDPOINT_REQUEST /* nothing stays: a request and its answer */
};

struct endpoint {
    /* A path, or its beginning and a `*` for the rest. */
    const char *pattern;
    enum endpoint_kind kind;
    /* Reads who connects and by which protocol into the verdict, or refuses.
     * `rest` stands for the `*`. NULL: the rest is a client id, and one of the
     * endpoint's protocols is chosen by its name. One that gives the verdict
     * an identity has judged whether the client may connect. */
    bool (*read)(const struct handshake *handshake, struct bytes rest,
                 struct verdict *verdict);
};

/* Whether the path is the endpoint's; `rest` is what stands for the `*`. */
bool endpoint_matches(const struct endpoint *endpoint, struct bytes path,
                      struct bytes *rest);

#endif
