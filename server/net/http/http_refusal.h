/* http_refusal: requests that are answered with no, and why.
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

/* A refusal as JSON, after which the connection ends. `headers`: whole
 * lines. */
void http_refuse(struct socket *socket, int status, const char *headers,
                 const char *why);

/* The same for a request that breaks the rules of HTTP: counted, and logged at
 * a bounded rate. */
void http_refuse_malformed(struct socket *socket, int status, const char *why);

/* The same for one that calls us by a name that is not ours, see
 * auth_host_is_allowed. */
void http_refuse_host(struct socket *socket, struct bytes path);

#endif
