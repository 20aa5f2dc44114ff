/* redis_tls: TLS on connections to Redis. hiredis reads and writes through it;
 * the handshake is gone through here, so that what fails has a reason.
 *
 * Owner:   the bus owns the settings, a redisContext its SSL.
 * Thread:  the settings are immutable; an SSL is the bus's thread's.
 * Limits:  TLS 1.2 and 1.3.
 * Failure: redis_tls_new says which key is wrong, or that hiredis was built
 *          without TLS; redis_tls_begin and redis_tls_explain say why a
 *          connection failed.
 */
#ifndef PEAL_BUS_REDIS_TLS_H
#define PEAL_BUS_REDIS_TLS_H

#include "base/error.h"
#include "bus/redis_options.h"
#include "bus/redis_url.h"

struct redis_tls;
struct redisContext;
struct ssl_st;

/* Reads the files. The URL is borrowed: its host is what the certificate must
 * name. */
struct redis_tls *redis_tls_new(const struct redis_options *options,
                                const struct redis_url *url,
                                struct error *error);

/* NULL is ignored. */
void redis_tls_free(struct redis_tls *tls);

/* Begins the handshake on a connected context, which owns the SSL from then
 * on; NULL when it failed at once. */
struct ssl_st *redis_tls_begin(const struct redis_tls *tls,
                               struct redisContext *context,
                               struct error *why);

enum redis_tls_step {
    REDIS_TLS_DONE,
    REDIS_TLS_READS, /* waits for the socket to be readable */
    REDIS_TLS_WRITES,
    REDIS_TLS_FAILED
};

/* Goes on with the handshake. */
enum redis_tls_step redis_tls_shake(struct ssl_st *ssl);

/* Why a connection failed, for the log: as TLS has it, or else as hiredis has
 * it. Without TLS `ssl` is NULL. */
void redis_tls_explain(const struct ssl_st *ssl,
                       const struct redisContext *context, struct error *why);

#endif
