"""Masters of a cluster that no longer reach each other, while all instances
reach them: what the one that is alone acknowledged is lost with it, and told."""

import time

from redis_cluster import RedisCluster
from support import patience
from test_redis_cluster import ROOMS


def is_master(node):
    return "role:master" in node.call("INFO", "replication")


def set_apart(one, others, is_apart):
    for other in others:
        if is_apart:
            one.place.leave(other.place)
        else:
            one.place.meet(other.place)


def ask_all(masters, victim, instances):
    """Each lost subscription has the instances ask the next node for the
    table of slots. What the victim says is not taken."""
    asked = next(node for node in masters.masters if node is not victim)
    name = "peal_redis_slots_moved_total"
    patience.wait_until(
        lambda: all(each.metric(name) for each in instances.instances), 20,
        what="both instances to follow")
    moved = instances.metric(name)
    for _ in range(8):
        asked.call("CLIENT", "KILL", "TYPE", "pubsub")
        time.sleep(0.4)
    assert instances.metric(name) == moved


def test_a_master_is_cut_off_from_the_others(placed_redis, cluster, load):
    masters = RedisCluster(placed_redis, replicas=1)
    instances = cluster(masters.url, 2, redis={"backlog_seconds": 60})
    work = load(instances, ROOMS[:6], publishers=1, listeners=4, rate=30)
    work.wait_acknowledged(200)
    victim = masters.owner("peal:{room-0}:c")
    replica = masters.replicas[masters.masters.index(victim)]
    others = [node for node in masters.nodes if node is not victim]
    set_apart(victim, others, True)
    patience.wait_until(lambda: is_master(replica), 20, 0.1,
                        what="its replica to take over")
    patience.wait_until(
        lambda: "cluster_state:fail" in victim.call("CLUSTER", "INFO"), 20,
        0.1, what="the master to see that it is alone")
    instances.wait_ready(20)
    patience.wait_until(
        lambda: "peal:{room-0}:c" in replica.call("PUBSUB", "SHARDCHANNELS"),
        20, what="the instances to follow")
    work.wait_acknowledged(200, 30)
    ask_all(masters, victim, instances)
    set_apart(victim, others, False)
    patience.wait_until(lambda: not is_master(victim), 20, 0.1,
                        what="it to be a replica")
    work.wait_acknowledged(200, 30)
    work.finish(60)
    print(work.summary())
    work.prove(gaps=True)
    assert work.summary()["gap"]
