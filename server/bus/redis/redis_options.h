/* redis_options: the config section `redis`, as plain data.
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
    char *url;               /* NULL: no Redis, use the local bus */
    char *tls_ca;            /* PEM file: CAs of Redis; NULL: the system's */
    char *tls_cert;          /* PEM file: client certificate, or NULL */
    char *tls_key;           /* PEM file: its private key */
    char *sentinel_user;     /* for the Sentinels, or NULL */
    char *sentinel_password; /* NULL: none */
    bool sentinel_tls;       /* TLS to the Sentinels too */
    char *prefix;            /* of every key and channel */
    bool sharded;            /* SSUBSCRIBE and SPUBLISH (Redis 7) */
    uint32_t connect_ms;     /* time limit to connect */
    uint32_t timeout_ms;     /* time limit of an answer */
    uint32_t backoff_ms;     /* between attempts, doubled up to the maximum */
    uint32_t backoff_max_ms;
    uint32_t backlog_messages; /* requests waiting while Redis is unavailable */
    uint32_t backlog_seconds;  /* how long each of them waits */
    uint32_t ready_grace_seconds; /* until /ready reports an outage */
    uint32_t lease_seconds;       /* until a silent instance counts as dead */
};

#endif
