/* response: a whole HTTP/1.1 response, written by hand.
 *
 * Owner:   texts are borrowed for the call.
 * Thread:  the reactor's.
 * Limits:  none; what the socket does not take waits in the stream.
 * Failure: false when the socket is dead.
 */
#ifndef PEAL_NET_RESPONSE_H
#define PEAL_NET_RESPONSE_H

#include <stdbool.h>

#include "base/bytes.h"

struct response {
    int status;
    const char *content_type; /* NULL: no body */
    struct bytes headers;     /* whole lines */
    struct bytes body;
    bool head_only;  /* HEAD: the length is told, the body left out */
    bool keep_open;  /* the connection serves another request */
    bool is_chunked; /* the body goes on, and its length is not known */
    bool is_endless; /* the same for HTTP/1.0: until the connection ends */
};

struct socket;

bool response_write(struct socket *socket, const struct response *response);

struct api_response;

/* What the api found; of a body that goes on, `framing` says how. */
bool response_write_api(struct socket *socket, const struct api_response *found,
                        const struct response *framing);

/* More of a body that goes on. */
bool response_write_more(struct socket *socket, struct bytes body, bool is_last,
                         bool is_chunked);

/* Go on and send the body (RFC 9110 section 10.1.1). */
bool response_write_continue(struct socket *socket);

/* A JSON body, after which the connection is to be ended. `headers`: whole
 * lines. */
bool response_write_json(struct socket *socket, int status, const char *headers,
                         struct bytes body);

#endif
