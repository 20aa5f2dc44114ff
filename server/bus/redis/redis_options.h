/* redis_options: what the config says about Redis, as plain data.
 *
 * Owner:   the config owns the memory; everybody else borrows.
 * Thread:  immutable once the server runs.
 * Limits:  ranges are checked where the config is read.
 * Failure: none.
 */
#ifndef PEAL_BUS_REDIS_OPTIONS_H
#define PEAL_BUS_REDIS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct redis_options {
    char *url;           /* NULL: no Redis, the local bus serves */
    char *tls_ca;        /* PEM file: who signs Redis; NULL: the system's CAs */
    char *tls_cert;      /* PEM file: our certificate, or NULL */
    char *tls_key;       /* PEM file: its private key */
    char *sentinel_user; /* of the Sentinels, or NULL */
    char *sentinel_password; /* NULL: none */
    bool sentinel_tls;       /* TLS to the Sentinels too */
    char *prefix;            /* of every key and channel */
    bool sharded;            /* SSUBSCRIBE and SPUBLISH (Redis 7) */
    uint32_t connect_ms;     /* until a connection must stand */
    uint32_t timeout_ms;     /* until an answer must come */
    uint32_t backoff_ms;     /* between attempts, doubled up to the next */
    uint32_t backoff_max_ms;
    uint32_t backlog_messages;    /* requests waiting while Redis is away */
    uint32_t backlog_seconds;     /* how long each of them waits */
    uint32_t ready_grace_seconds; /* until /ready tells that it is away */
    uint32_t lease_seconds;       /* until a silent instance counts as dead */
};

#endif
