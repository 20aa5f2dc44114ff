/* redis_url: where Redis is, read from a URL as redis-cli reads it.
 *
 * User and password are percent-decoded. A password that is not encoded is
 * taken as it stands where it can only be meant so: with an "@" or a "/" in
 * it, or a "%" without two hexadecimal digits after it.
 *
 * Owner:   the struct owns its texts and its login.
 * Thread:  any.
 * Limits:  REDIS_SEEDS_MAX Sentinels.
 * Failure: redis_url_parse tells what is wrong, without the password.
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
    struct redis_login *login; /* copies of the URL share it */
    uint32_t database;
    bool has_tls;
    char *master; /* as Sentinels name it; NULL: Redis is at `host` */
    struct redis_host *seeds; /* with a master, in place of `host` */
    size_t seed_count;
    bool is_cluster;     /* with seeds: any of its nodes */
    bool is_sentinel;    /* the server there is a Sentinel itself */
    const char *warning; /* about a URL that is read all the same; or NULL */
};

/* redis://[[user]:password@]host[:port][/database], the same with rediss://,
 * or unix:///path. A word alone before the "@" is the password.
 *
 * redis+sentinel://[[user]:password@]host[:port],.../master[/database], the
 * same with rediss+sentinel://: where Sentinels are, and whom to ask for.
 * User, password and TLS are those of Redis.
 *
 * redis+cluster://[[user]:password@]host[:port],..., the same with
 * rediss+cluster://: some nodes of a Redis Cluster. */
bool redis_url_parse(const char *text, struct redis_url *url,
                     struct error *error);

void redis_url_deinit(struct redis_url *url);

/* Whether two good URLs differ in user and password at most. */
bool redis_url_is_same_place(const char *one, const char *other);

#endif
