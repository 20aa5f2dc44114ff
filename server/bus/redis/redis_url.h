/* redis_url: parses the URL of Redis, like redis-cli.
 *
 * User and password are percent-decoded. An unencoded password is accepted if
 * it is unambiguous: with an "@" or a "/" in it, or a "%" without two
 * hexadecimal digits after it.
 *
 * Owner:   the struct owns its texts and its login.
 * Thread:  any.
 * Limits:  REDIS_SEEDS_MAX Sentinels.
 * Failure: redis_url_parse reports the reason, without the password.
 */
#ifndef PEAL_BUS_REDIS_URL_H
#define PEAL_BUS_REDIS_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "bus/redis/redis_login.h"

enum { REDIS_SEEDS_MAX = 16 };

struct redis_host {
    char *name; /* or an address */
    uint16_t port;
};

struct redis_url {
    char *host; /* or NULL with a path */
    uint16_t port;
    char *path;                /* of a Unix socket, or NULL */
    struct redis_login *login; /* shared by copies of the URL */
    uint32_t database;
    bool has_tls;
    char *master; /* the Sentinels' name; NULL: Redis is at `host` */
    struct redis_host *seeds; /* with a master, instead of `host` */
    size_t seed_count;
    bool is_cluster;     /* with seeds: any of its nodes */
    bool is_sentinel;    /* the server is a Sentinel */
    const char *warning; /* a warning about an accepted URL, or NULL */
};

/* redis://[[user]:password@]host[:port][/database], the same with rediss://,
 * or unix:///path. A single word before the "@" is the password.
 *
 * redis+sentinel://[[user]:password@]host[:port],.../master[/database], the
 * same with rediss+sentinel://: the Sentinels and the name of the master. User,
 * password and TLS are those of Redis.
 *
 * redis+cluster://[[user]:password@]host[:port],..., the same with
 * rediss+cluster://: some nodes of a Redis Cluster. */
bool redis_url_parse(const char *text, struct redis_url *url,
                     struct error *error);

void redis_url_deinit(struct redis_url *url);

/* Whether two valid URLs differ at most in user and password. */
bool redis_url_is_same_place(const char *one, const char *other);

#endif
