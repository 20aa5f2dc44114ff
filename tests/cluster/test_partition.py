"""Masters of a cluster cannot reach each other, but instances reach all of
them. Messages acknowledged by the isolated master are lost and reported."""

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


def test_a_master_isolated_from_the_others(placed_redis, cluster, load):
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
        0.1, what="the master to notice its isolation")
    instances.wait_ready(20)
    patience.wait_until(
        lambda: "peal:{room-0}:c" in replica.call("PUBSUB", "SHARDCHANNELS"),
        20, what="the instances to follow")
    work.wait_acknowledged(200, 30)
    set_apart(victim, others, False)
    patience.wait_until(lambda: not is_master(victim), 20, 0.1,
                        what="it to become a replica")
    work.wait_acknowledged(200, 30)
    work.finish(60)
    print(work.summary())
    work.prove(gaps=True)
    assert work.summary()["gap"]


def test_an_isolated_master_is_not_trusted(placed_redis, cluster):
    """Its slot table still lists it as master."""
    masters = RedisCluster(placed_redis, replicas=1)
    victim = masters.owner("peal:{room-0}:c")
    replica = masters.replicas[masters.masters.index(victim)]
    others = [node for node in masters.nodes if node is not victim]
    instances = cluster(f"redis+cluster://{victim.host}:{victim.port}", 1)
    alice = instances[0].join("alice", *ROOMS)
    set_apart(victim, others, True)
    patience.wait_until(lambda: is_master(replica), 20, 0.1,
                        what="its replica to take over")
    patience.wait_until(
        lambda: "cluster_state:fail" in victim.call("CLUSTER", "INFO"), 20,
        0.1, what="the master to notice its isolation")
    patience.wait_until(
        lambda: "peal:{room-0}:c" in replica.call("PUBSUB", "SHARDCHANNELS"),
        20, what="the instance to follow")
    instances.wait_ready(20)
    asked = questions(victim)
    patience.wait_until(lambda: questions(victim) > asked + 1, 60,
                        what="the instance to ask the master for the table")
    answer = alice.ask({"type": "broadcast", "channel": "room-0",
                        "payload": 1})
    assert answer["type"] == "broadcastResult", answer
    assert instances[0].metric("peal_redis_failovers_total") == 1


def questions(node):
    """The number of requests for its slot table."""
    lines = node.call("INFO", "commandstats").splitlines()
    return sum(int(line.split("calls=")[1].split(",")[0]) for line in lines
               if line.startswith("cmdstat_cluster|slots:"))
