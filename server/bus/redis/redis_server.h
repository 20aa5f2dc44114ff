/* redis_server: what a Redis server says about itself in INFO: which one it
 * is, and whether it is a master.
 *
 * Owner:   plain data.
 * Thread:  any.
 * Limits:  none.
 * Failure: what INFO does not say stays unknown. A user may lack the right to
 *          ask, so unknown never counts as wrong.
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

/* What the config, the Sentinels or the cluster say that it is. */
enum redis_target {
    REDIS_TARGET_SERVER,
    REDIS_TARGET_NAMED, /* by Sentinels */
    REDIS_TARGET_NODE,  /* a master of a cluster */
    REDIS_TARGET_SEED   /* any node of it */
};

enum { REDIS_RUN_ID_LEN = 40 };

struct redis_server {
    char run_id[REDIS_RUN_ID_LEN + 1];  /* new at each start; empty: unknown */
    char data_id[REDIS_RUN_ID_LEN + 1]; /* of its replication; the same */
    enum redis_mode mode;
    enum redis_role role;
    bool was_promoted; /* it has been a replica: another master was before */
    unsigned version;  /* the first number of it, or 0 */
};

/* Adds what a section of INFO says; NULL is ignored. */
void redis_server_read(struct redis_server *server, const char *info);

/* Whether both are known, and are two servers, or one that has become a
 * replica and a master again from `before` to `now`. */
bool redis_server_has_changed(const struct redis_server *before,
                              const struct redis_server *now);

/* The same for two of which nobody knows which one is newer. */
bool redis_server_differs(const struct redis_server *one,
                          const struct redis_server *other);

/* Whether `now` certainly has all that `before` had: it is the same process,
 * and has followed no other master meanwhile. */
bool redis_server_has_same_data(const struct redis_server *before,
                                const struct redis_server *now);

/* Why a server is no master that stands alone; NULL for one that is, or may
 * be. The text is static. */
const char *redis_server_misfit(const struct redis_server *server,
                                bool is_sharded, enum redis_target target);

#endif
