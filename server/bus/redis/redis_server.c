#include "bus/redis/redis_server.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The value after "name:" at the start of a line; NULL if missing. */
static const char *find(const char *info, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = info; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, len) == 0 && line[len] == ':')
            return line + len + 1;
    }
    return NULL;
}

static bool begins(const char *text, const char *word)
{
    return text && strncmp(text, word, strlen(word)) == 0;
}

static void read_mode(struct redis_server *server, const char *mode)
{
    if (begins(mode, "standalone"))
        server->mode = REDIS_MODE_STANDALONE;
    else if (begins(mode, "sentinel"))
        server->mode = REDIS_MODE_SENTINEL;
    else if (begins(mode, "cluster"))
        server->mode = REDIS_MODE_CLUSTER;
}

static void read_role(struct redis_server *server, const char *role)
{
    if (begins(role, "master"))
        server->role = REDIS_ROLE_MASTER;
    else if (begins(role, "slave"))
        server->role = REDIS_ROLE_REPLICA;
}

void redis_server_read(struct redis_server *server, const char *info)
{
    const char *run_id = find(info, "run_id");
    const char *version = find(info, "redis_version");
    const char *data_id = find(info, "master_replid");
    const char *former = find(info, "master_replid2");
    if (run_id)
        sscanf(run_id, "%40[0-9a-f]", server->run_id);
    if (data_id)
        sscanf(data_id, "%40[0-9a-f]", server->data_id);
    if (version)
        server->version = (unsigned)strtoul(version, NULL, 10);
    /* the id of the master it was a replica of; zeros: of none */
    if (former)
        server->was_promoted = former[strspn(former, "0")] > '0';
    read_mode(server, find(info, "redis_mode"));
    read_mode(server, find(info, "server_mode")); /* Valkey */
    read_role(server, find(info, "role"));
}

static bool ids_differ(const char *one, const char *other)
{
    return one[0] && other[0] && strcmp(one, other) != 0;
}

/* A master also changes its data_id for its first replica, and when it has had
 * none for an hour: only that of a former replica says that its data are of
 * another master. */
bool redis_server_has_changed(const struct redis_server *before,
                              const struct redis_server *now)
{
    return ids_differ(before->run_id, now->run_id) ||
           (now->was_promoted && ids_differ(before->data_id, now->data_id));
}

bool redis_server_differs(const struct redis_server *one,
                          const struct redis_server *other)
{
    return redis_server_has_changed(one, other) ||
           redis_server_has_changed(other, one);
}

bool redis_server_has_same_data(const struct redis_server *before,
                                const struct redis_server *now)
{
    return before->run_id[0] && strcmp(before->run_id, now->run_id) == 0 &&
           strcmp(before->data_id, now->data_id) == 0;
}

const char *redis_server_misfit(const struct redis_server *server,
                                bool is_sharded, enum redis_target target)
{
    bool is_cluster =
        target == REDIS_TARGET_NODE || target == REDIS_TARGET_SEED;
    if (is_cluster && server->mode != REDIS_MODE_UNKNOWN &&
        server->mode != REDIS_MODE_CLUSTER)
        return "redis.url begins with redis+cluster://, but the server does "
               "not have cluster-enabled";
    if (is_cluster && server->version && server->version < 7)
        return "Redis Cluster 7.0 or later is required, for sharded pub/sub";
    if (target == REDIS_TARGET_SEED)
        return NULL;
    if (target == REDIS_TARGET_NODE)
        return server->role == REDIS_ROLE_REPLICA
                   ? "the node that the cluster reports as a master is a "
                     "replica"
                   : NULL;
    if (target == REDIS_TARGET_NAMED && server->role == REDIS_ROLE_REPLICA)
        return "the master that the Sentinels report is a replica";
    if (server->mode == REDIS_MODE_SENTINEL)
        return "redis.url points to a Sentinel, not to a Redis server; use "
               "redis+sentinel://host,host,host/master";
    if (server->mode == REDIS_MODE_CLUSTER)
        return "redis.url points to a Redis Cluster node; use "
               "redis+cluster://host,host";
    if (server->role == REDIS_ROLE_REPLICA)
        return "redis.url points to a replica, which is read-only; use the "
               "address of the master";
    if (is_sharded && server->version && server->version < 7)
        return "redis.sharded requires Redis 7.0 or later";
    return NULL;
}
