/* tls: TLS for all reactors: credentials for new handshakes, and properties of
 * completed ones.
 *
 * libwebsockets runs OpenSSL on the sockets and has its own context per
 * reactor, without a certificate. At a ClientHello, the connection gets the
 * current credentials. So a certificate can be replaced without affecting open
 * connections.
 *
 * Owner:   struct net; credentials are counted.
 * Thread:  tls_new, tls_use, tls_tick, tls_free on the main thread; the rest
 *          from any.
 * Limits:  handshake_seconds, as for every request.
 * Failure: failed handshakes are counted and logged, and their sockets closed.
 */
#ifndef PEAL_NET_TLS_H
#define PEAL_NET_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "messaging/metrics.h"
#include "net/tls/tls_options.h"

struct ssl_ctx_st;
struct ssl_st;
struct tls;

/* Reads the files. NULL and the reason on failure. */
struct tls *tls_new(const struct tls_options *options, struct error *error);

/* Whether the files can be used; logs nothing. */
bool tls_check(const struct tls_options *options, struct error *error);

/* NULL is ignored. */
void tls_free(struct tls *tls);

/* Rereads the files for new handshakes; on failure the old ones stay in use. A
 * currently invalid certificate does not replace a valid one. The options are
 * copied. */
bool tls_use(struct tls *tls, const struct tls_options *options,
             struct error *error);

/* Call once a second: rereads files that have changed and then stayed
 * unchanged; rotates ticket keys. */
void tls_tick(struct tls *tls);

/* When the current certificate expires, in seconds since 1970. Any thread. */
int64_t tls_expires(const struct tls *tls);

/* Prepares libwebsockets' own context. */
void tls_attach(struct tls *tls, struct ssl_ctx_st *context);

/* A context for libwebsockets' unused client side: without it, each of its
 * contexts would load all CAs of the system. */
struct ssl_ctx_st *tls_client_context(struct tls *tls);

/* Sets where handshakes of this thread are counted. */
void tls_count_in(struct metrics *metrics);

/* The client's name: the CN of its verified certificate's subject; empty if
 * there is no certificate, or not exactly one name. Truncated to `size`. */
size_t tls_client_name(const struct ssl_st *ssl, char *out, size_t size);

/* Whether that name is the client id. Any thread. */
bool tls_names_clients(const struct tls *tls);

#endif
