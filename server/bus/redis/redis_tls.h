/* redis_tls: TLS for connections to Redis and to Sentinels.
 *
 * Owner:   the bus owns the settings, a wire its SSL.
 * Thread:  the settings are immutable; an SSL is used on the bus's thread.
 * Limits:  TLS 1.2 and 1.3.
 * Failure: redis_tls_new names the invalid key; redis_tls_explain returns why a
 *          connection failed.
 */
#ifndef PEAL_BUS_REDIS_TLS_H
#define PEAL_BUS_REDIS_TLS_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "bus/redis/redis_options.h"

struct redis_tls;
struct ssl_st;

/* Reads the files. */
struct redis_tls *redis_tls_new(const struct redis_options *options,
                                struct error *error);

/* NULL is ignored. */
void redis_tls_free(struct redis_tls *tls);

/* Begins the handshake on a connected socket; the certificate must match
 * `host`. End it with redis_tls_end, before the socket is closed. */
struct ssl_st *redis_tls_begin(const struct redis_tls *tls, int fd,
                               const char *host);

/* NULL is ignored. */
void redis_tls_end(struct ssl_st *ssl);

enum redis_tls_step {
    REDIS_TLS_DONE,
    REDIS_TLS_READS, /* waits for the socket to be readable */
    REDIS_TLS_WRITES,
    REDIS_TLS_FAILED
};

/* Continues the handshake. */
enum redis_tls_step redis_tls_shake(struct ssl_st *ssl);

/* Return the number of bytes read or written, 0 for none now, -1 for a broken
 * connection. */
ssize_t redis_tls_read(struct ssl_st *ssl, char *data, size_t size);
ssize_t redis_tls_write(struct ssl_st *ssl, const char *data, size_t len);

/* Why a connection failed, for the log: the reason from TLS, otherwise
 * `fallback`. Without TLS, `ssl` is NULL. */
void redis_tls_explain(const struct ssl_st *ssl, const char *fallback,
                       struct error *why);

#endif
