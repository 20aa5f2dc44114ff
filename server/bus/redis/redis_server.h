/* redis_server: parses INFO of a Redis server: its identity, and whether it is
 * a master.
 *
 * Owner:   plain data.
 * Thread:  any.
 * Limits:  none.
 * Failure: missing data stays unknown. A user may lack the permission for INFO,
 *          so unknown never counts as wrong.
 */
#ifndef PEAL_BUS_REDIS_SERVER_H
#define PEAL_BUS_REDIS_SERVER_H

#include <stdbool.h>

enum redis_mode {
    REDIS_MODE_UNKNOWN,
    REDIS_MODE_STANDALONE,
    REDIS_MODE_SENTINEL,
    REDIS_MODE_CLUSTER
};

enum redis_role { REDIS_ROLE_UNKNOWN, REDIS_ROLE_MASTER, REDIS_ROLE_REPLICA };

/* The expected role, according to the config, the Sentinels or the cluster. */
enum redis_target {
    REDIS_TARGET_SERVER,
    REDIS_TARGET_NAMED, /* a master reported by Sentinels */
    REDIS_TARGET_NODE,  /* a master of a cluster */
    REDIS_TARGET_SEED   /* any node of a cluster */
};

enum { REDIS_RUN_ID_LEN = 40 };

struct redis_server {
    char run_id[REDIS_RUN_ID_LEN + 1];  /* new at each start; empty: unknown */
    char data_id[REDIS_RUN_ID_LEN + 1]; /* replication id; likewise */
    enum redis_mode mode;
    enum redis_role role;
    bool was_promoted; /* it was a replica: there was another master before */
    unsigned version;  /* major version, or 0 */
};

/* Reads a section of INFO; NULL is ignored. */
void redis_server_read(struct redis_server *server, const char *info);

/* Whether both are known, and are two servers, or one that has become a
 * replica and a master again from `before` to `now`. */
bool redis_server_has_changed(const struct redis_server *before,
                              const struct redis_server *now);

/* The same for two of which nobody knows which one is newer. */
bool redis_server_differs(const struct redis_server *one,
                          const struct redis_server *other);

/* Whether `now` certainly has all data of `before`: it is the same process, and
 * has not followed another master meanwhile. */
bool redis_server_has_same_data(const struct redis_server *before,
                                const struct redis_server *now);

/* Why a server does not have the expected role; NULL if it has, or may have.
 * The text is static. */
const char *redis_server_misfit(const struct redis_server *server,
                                bool is_sharded, enum redis_target target);

#endif
