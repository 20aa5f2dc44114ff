/* tls: TLS for all reactors: what each new handshake is made with, and what
 * can be asked about one that was.
 *
 * libwebsockets runs OpenSSL on the sockets and has a context of its own for
 * each reactor. That one never has a certificate: when a client says hello,
 * the connection is given the credentials that are the newest then. So a
 * certificate is replaced without a word to anybody who is connected.
 *
 * Owner:   struct net; credentials are counted.
 * Thread:  tls_new, tls_use, tls_tick, tls_free: the main thread's; the rest
 *          from any.
 * Limits:  handshake_seconds, as for every request.
 * Failure: a handshake that fails is counted, logged, and its socket closed.
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

/* Reads the files. NULL and why on failure. */
struct tls *tls_new(const struct tls_options *options, struct error *error);

/* Whether the files can be used, without a word to the log. */
bool tls_check(const struct tls_options *options, struct error *error);

/* NULL is ignored. */
void tls_free(struct tls *tls);

/* Reads the files anew, for handshakes from now on; on failure the old ones
 * stay. A certificate that is not valid now does not replace one that is. The
 * options are copied. */
bool tls_use(struct tls *tls, const struct tls_options *options,
             struct error *error);

/* Once a second: files that have changed, and then stayed as they are, are
 * read again; ticket keys get old. */
void tls_tick(struct tls *tls);

/* When the certificate in use expires, in seconds since 1970. Any thread. */
int64_t tls_expires(const struct tls *tls);

/* Prepares libwebsockets' own context. */
void tls_attach(struct tls *tls, struct ssl_ctx_st *context);

/* A context for libwebsockets' client side, which nobody uses: without it
 * each of its contexts would load all CAs of the system. */
struct ssl_ctx_st *tls_client_context(struct tls *tls);

/* Where handshakes of this thread are counted. */
void tls_count_in(struct metrics *metrics);

/* The client's name, as its verified certificate's subject has it (CN); empty
 * when there is no certificate, or no single name in it. Cut at `size`. */
size_t tls_client_name(const struct ssl_st *ssl, char *out, size_t size);

/* Whether that name is who the client is. Any thread. */
bool tls_names_clients(const struct tls *tls);

#endif
