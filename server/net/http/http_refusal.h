/* http_refusal: refuses HTTP requests.
 *
 * Owner:   nothing.
 * Thread:  the reactor's.
 * Limits:  log lines at a bounded rate.
 * Failure: none.
 */
#ifndef PEAL_NET_HTTP_REFUSAL_H
#define PEAL_NET_HTTP_REFUSAL_H

#include "base/bytes.h"

struct socket;

/* Sends a refusal as JSON, and then ends the connection. `headers`: whole
 * lines. */
void http_refuse(struct socket *socket, int status, const char *headers,
                 const char *why);

/* The same for a malformed request: counted, and logged at a bounded rate. */
void http_refuse_malformed(struct socket *socket, int status, const char *why);

/* The same for a request with a host name that is not allowed, see
 * auth_host_is_allowed. */
void http_refuse_host(struct socket *socket, struct bytes path);

#endif
