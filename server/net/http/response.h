/* response: writes HTTP/1.1 responses.
 *
 * Owner:   texts are borrowed for the call.
 * Thread:  the reactor's.
 * Limits:  none; unsent bytes wait in the stream.
 * Failure: false if the socket is dead.
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
    bool head_only;  /* HEAD: send the length, omit the body */
    bool keep_open;  /* the connection serves another request */
    bool is_chunked; /* the body continues, its length is unknown */
    bool is_endless; /* the same for HTTP/1.0: until the connection ends */
};

struct socket;

bool response_write(struct socket *socket, const struct response *response);

struct api_response;

/* Sends the API's response; `framing` tells how a body continues. */
bool response_write_api(struct socket *socket, const struct api_response *found,
                        const struct response *framing);

/* Sends more of a body. */
bool response_write_more(struct socket *socket, struct bytes body, bool is_last,
                         bool is_chunked);

/* Sends 100 Continue (RFC 9110 section 10.1.1). */
bool response_write_continue(struct socket *socket);

/* Sends a JSON body; the caller then ends the connection. `headers`: whole
 * lines. */
bool response_write_json(struct socket *socket, int status, const char *headers,
                         struct bytes body);

#endif
