/* http: plain HTTP requests, brought to the api: answered at once, or made an
 * exchange.
 *
 * Owner:   nothing is kept between requests.
 * Thread:  the reactor's.
 * Limits:  the connection ends after a request with a body, except on the
 *          API for backends; see also body_guard.h.
 * Failure: as libwebsockets wants it: -1 closes.
 */
#ifndef PEAL_NET_HTTP_H
#define PEAL_NET_HTTP_H

struct lws;
struct socket;

/* Before each request is acted on: 0 goes on, -1 closes. */
int http_on_request(struct socket *socket);

/* Answers the request; 0 keeps the connection, -1 closes it. */
int http_on_action(struct socket *socket);

/* Answers, without upgrading, a request that asks for an upgrade we do not
 * know (RFC 9110 section 7.8); always -1. */
int http_on_unknown_upgrade(struct socket *socket);

#endif
