"""Pusher clients and backends through every fault of this folder: members,
events, users and closed connections behave as with Pusher."""

import time

import pytest

from redis_cluster import RedisCluster
from support import patience
from support.api import WITH_KEY
from support.patience import seconds
from support.pusher import WITH_APP, Pusher
from support.upgrade import upgrade

from test_partition import is_master, set_apart
from test_redis_cluster import move_slot
from test_sentinel import serves, service  # noqa: F401

DRAIN_SECONDS = 1
# instances follow at different times; none may be considered dead
FAILOVER = {"backlog_seconds": 60, "lease_seconds": int(seconds(5))}
SLOT_KEY = "peal:{pusher:1:presence-room}:c"


def start(cluster, url, count=2, **options):
    return cluster(url, count, **WITH_APP, **WITH_KEY,
                   drain_seconds=DRAIN_SECONDS, **options)


def check(work, instances, gaps=False, moves=False):
    """Continues the load, then checks the results."""
    instances.wait_ready()
    work.wait_acknowledged(20)
    work.finish()
    print(work.prove(gaps, moves))
    work.tell_users()


# ---- Redis

def stop(server, instances):
    server.stop()
    instances.wait_not_ready()
    server.start()


def kill(server, _):
    server.kill()
    server.start()


def pause_long(server, instances):
    server.pause()
    instances.wait_not_ready()
    time.sleep(1)
    server.resume()


def pause_for_a_moment(server, _):
    server.pause()
    time.sleep(0.3)
    server.resume()


def cut(server, _):
    for kind in ["normal", "pubsub"] * 4:
        server.call("CLIENT", "KILL", "TYPE", kind)
        time.sleep(0.1)


def read_only(server, instances):
    server.call("REPLICAOF", "127.0.0.1", "1")
    instances.wait_not_ready()
    server.call("REPLICAOF", "NO", "ONE")


def out_of_memory(server, _):
    server.call("CONFIG", "SET", "maxmemory-policy", "noeviction")
    server.call("CONFIG", "SET", "maxmemory", "1")
    time.sleep(0.5)
    server.call("CONFIG", "SET", "maxmemory", "0")


@pytest.mark.parametrize("fault", [stop, kill, pause_long, pause_for_a_moment,
                                   cut, read_only, out_of_memory])
def test_redis_fails(lasting_redis, cluster, pusher_load, fault):
    instances = start(cluster, lasting_redis.url)
    work = pusher_load(instances)
    work.wait_acknowledged(10)
    fault(lasting_redis, instances)
    check(work, instances)


def test_redis_restarts_empty(redis, cluster, pusher_load):
    """Members are stored again without new events."""
    server = redis()
    instances = start(cluster, server.url)
    work = pusher_load(instances)
    work.wait_acknowledged(10)
    server.kill()
    instances.wait_not_ready()
    server.start()
    check(work, instances, gaps=True)


def test_a_sentinel_failover(service, cluster, pusher_load):  # noqa: F811
    made = service()
    instances = start(cluster, made.url, redis=FAILOVER)
    work = pusher_load(instances)
    work.wait_acknowledged(10)
    master = made.named()
    master.kill()
    other = made.wait_other(master)
    patience.wait_until(lambda: serves(other, instances), 30, 0.1,
                        what="the instances to follow")
    check(work, instances, gaps=True)


def test_a_cluster_moves_a_slot_and_loses_a_master(redis, cluster,
                                                   pusher_load):
    masters = RedisCluster(redis, replicas=1)
    instances = start(cluster, masters.url, redis=FAILOVER)
    work = pusher_load(instances)
    work.wait_acknowledged(10)
    source = masters.owner(SLOT_KEY)
    target = next(each for each in masters.masters if each is not source)
    move_slot(masters, masters.slot(SLOT_KEY), source, target)
    work.wait_acknowledged(20)
    target.kill()
    replica = masters.replicas[masters.masters.index(target)]
    patience.wait_until(lambda: is_master(replica), 20, 0.1,
                        what="its replica to take over")
    check(work, instances, gaps=True)


def test_a_partition(placed_redis, cluster, pusher_load):
    """An isolated master continues for a while; changes that only it has are
    not reported."""
    masters = RedisCluster(placed_redis, replicas=1)
    instances = start(cluster, masters.url, redis=FAILOVER)
    work = pusher_load(instances)
    work.wait_acknowledged(10)
    victim = masters.owner(SLOT_KEY)
    replica = masters.replicas[masters.masters.index(victim)]
    others = [node for node in masters.nodes if node is not victim]
    set_apart(victim, others, True)
    patience.wait_until(lambda: is_master(replica), 20, 0.1,
                        what="its replica to take over")
    work.wait_acknowledged(20, 30)
    set_apart(victim, others, False)
    patience.wait_until(lambda: not is_master(victim), 20, 0.1,
                        what="it to become a replica")
    check(work, instances, gaps=True)


# ---- instances

def test_an_instance_is_killed(lasting_redis, cluster, pusher_load):
    """Clients that do not return are removed once; others never leave."""
    instances = start(cluster, lasting_redis.url)
    work = pusher_load(instances)
    gone = Pusher(instances[0])
    gone.subscribe("presence-room", ("gone", {}))
    patience.wait_until(lambda: all(
        "gone" in each.life.members for each in work.clients[:4]),
        what="all clients to see the user that will leave")
    instances.kill(instances[0])
    instances.add_many(1)
    check(work, instances, moves=True)


def test_an_instance_drains(lasting_redis, cluster, pusher_load):
    """Its clients are closed one by one and told to wait before they
    reconnect; it accepts no new ones."""
    instances = start(cluster, lasting_redis.url)
    work = pusher_load(instances)
    ending = instances[0]
    crowd = [Pusher(ending) for _ in range(10)]
    work.staying = {"both", "two"}
    ending.signal()
    begun = time.monotonic()
    instances.instances.remove(ending)
    instances.ended.append(ending)
    for each in crowd:
        assert each.websocket.wait_closed().code == 4100
    assert time.monotonic() - begun > DRAIN_SECONDS / 2
    assert ending.wait_exit(DRAIN_SECONDS + 10) == 0
    instances.add_many(1)
    check(work, instances, moves=True)
    assert work.codes_of_staying(ending.port) == {4100}


def test_an_instance_is_upgraded(lasting_redis, cluster, pusher_load):
    instances = start(cluster, lasting_redis.url)
    work = pusher_load(instances)
    work.staying = {"both", "two"}
    old = upgrade(instances[0])
    assert old.wait(seconds(20)) == 0
    assert work.codes_of_staying(instances[0].port) == {4100}
    check(work, instances, moves=True)
