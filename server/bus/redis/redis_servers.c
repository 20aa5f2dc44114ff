#include "bus/redis/redis_servers.h"

#include "bus/redis/redis_cluster.h"
#include "bus/redis/redis_sentinel.h"
#include "bus/redis/redis_topology.h"

/* None until a Sentinel reports one. */
static void show_one(struct redis_bus *bus)
{
    const struct redis_url *target = &bus->target;
    const char *name = target->path ? target->path : target->host;
    if (!name)
        return;
    struct redis_place *place = redis_topology_add(
        bus->topology, bus->url.master ? "master" : "server", name,
        target->path ? 0 : target->port, bus->commands);
    place->is_up = bus->is_ready;
}

void redis_servers_show(struct redis_bus *bus)
{
    redis_topology_begin(bus->topology);
    if (bus->cluster)
        redis_cluster_show(bus->cluster, bus->topology);
    else
        show_one(bus);
    if (bus->sentinels)
        redis_sentinels_show(bus->sentinels, bus->topology);
    redis_topology_end(bus->topology);
}
