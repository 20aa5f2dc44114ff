/* response: a whole HTTP/1.1 response, written by hand.
 *
 * libwebsockets' own helpers write HTML, HTTP/1.0 before the request is
 * parsed, and leave out reason phrases.
 *
 * Owner:   texts are borrowed for the call.
 * Thread:  the reactor's.
 * Limits:  none; what the socket does not take waits in libwebsockets.
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
};

struct socket;

bool response_write(struct socket *socket, const struct response *response);

struct api_response;

/* What the api found. */
bool response_write_api(struct socket *socket,
                        const struct api_response *found, bool head_only,
                        bool keep_open);

/* Go on and send the body (RFC 9110 section 10.1.1). */
bool response_write_continue(struct socket *socket);

/* A JSON body, and the connection closes. `headers`: whole lines. */
bool response_write_json(struct socket *socket, int status,
                         const char *headers, struct bytes body);

#endif
