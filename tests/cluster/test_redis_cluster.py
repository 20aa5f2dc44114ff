"""Redis Cluster: everything works with several masters and any seed node."""

import time

import pytest

from redis_cluster import RedisCluster
from redis_server import LASTING
from support import patience
from support.patience import seconds
from support.api import WITH_KEY, publish, tell
from support.server import ROOT
from test_acl import denied, rules

ROOMS = [f"room-{number}" for number in range(12)]


@pytest.fixture
def masters(redis):
    return RedisCluster(redis)


def test_channels_are_spread_over_the_masters(masters, cluster):
    instances = cluster(masters.url, 2)
    alice = instances[0].join("alice", *ROOMS)
    bob = instances[1].join("bob", *ROOMS)
    for room in ROOMS:
        answer = alice.ask({"type": "broadcast", "channel": room,
                            "payload": room})
        assert answer["offset"] == 1
        assert bob.receive_type("broadcast")["payload"] == room
    owners = {masters.owner(f"peal:{{{room}}}:c").port for room in ROOMS}
    assert len(owners) == 3
    for room in ROOMS:
        owner = masters.owner(f"peal:{{{room}}}:c")
        assert f"peal:{{{room}}}:c" in owner.call("PUBSUB", "SHARDCHANNELS")


@pytest.mark.parametrize("seed", range(3))
def test_any_node_is_a_seed(masters, cluster, seed):
    node = masters.masters[seed]
    instances = cluster(f"redis+cluster://127.0.0.1:{node.port}", 1)
    alice = instances[0].join("alice", *ROOMS[:3])
    for room in ROOMS[:3]:
        alice.ask({"type": "broadcast", "channel": room, "payload": 1})
        assert alice.receive_type("broadcast")["payload"] == 1


def test_under_load(masters, cluster, load):
    instances = cluster(masters.url, 2)
    work = load(instances, ROOMS[:6], publishers=1, listeners=4, rate=40)
    work.wait_acknowledged(600)
    work.move_some(2)
    work.wait_acknowledged(200)
    work.finish()
    work.prove()
    assert work.count("refused") == 0
    assert instances.metric("peal_redis_gaps_total") == 0


def test_a_failover_of_a_master(redis, cluster, load):
    masters = RedisCluster(redis, replicas=1)
    instances = cluster(masters.url, 2, redis={"backlog_seconds": 60})
    work = load(instances, ROOMS[:6], publishers=1, listeners=4, rate=30)
    work.wait_acknowledged(200)
    victim = masters.owner("peal:{room-0}:c")
    victim.kill()
    instances.wait_not_ready()
    instances.wait_ready(30)
    work.wait_acknowledged(200, 30)
    work.finish(60)
    print(work.summary())
    work.prove(gaps=True)
    for each in instances.instances:
        assert each.metric("peal_redis_failovers_total") == 1
        assert each.metric("peal_redis_slots_moved_total") in (5461, 5462)
    # all listeners may be on one instance
    assert instances.metric("peal_redis_resubscriptions_total") >= 1


def move_slot(masters, slot, source, target):
    """Moves it key by key, like redis-cli."""
    ids = [masters.id_of(source), masters.id_of(target)]
    target.call("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[0])
    source.call("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[1])
    while True:
        keys = source.call("CLUSTER", "GETKEYSINSLOT", slot, 1)
        if not keys:
            break
        source.call("MIGRATE", "127.0.0.1", target.port, keys[0], 0, 2000)
    others = [node for node in masters.nodes
              if "role:master" in node.call("INFO", "replication")]
    for node in (target, source, *others):
        node.call("CLUSTER", "SETSLOT", slot, "NODE", ids[1])


def test_slots_move_while_messages_are_published(masters, cluster, load):
    instances = cluster(masters.url, 2)
    work = load(instances, ROOMS[:3], publishers=2, listeners=4, rate=40)
    work.wait_acknowledged(200)
    for room in ROOMS[:3]:
        key = f"peal:{{{room}}}:c"
        source = masters.owner(key)
        target = next(each for each in masters.masters if each is not source)
        move_slot(masters, masters.slot(key), source, target)
        work.wait_acknowledged(100)
    work.finish(60)
    print(work.summary())
    work.prove()
    assert work.count("refused") == 0
    for each in instances.instances:
        assert each.metric("peal_redis_slots_moved_total") == 3
        assert each.metric("peal_redis_failovers_total") == 0


def test_all_the_rest(masters, cluster):
    use_all(masters, cluster(masters.url, 2, single_connection=True,
                             **WITH_KEY))


def use_all(masters, instances):
    alice = instances[0].join("alice", "room-1")
    carol = instances[1].join("carol", "room-1", "room-2")
    home = masters.owner("peal:{peal}:in")
    home.call("XADD", "peal:{peal}:in", "*", "channel", "room-1",
              "payload", "3")
    assert alice.receive_type("broadcast")["payload"] == 3
    assert carol.receive_type("broadcast")["payload"] == 3
    patience.wait_until(lambda: home.call("XLEN", "peal:{peal}:in") == 0)
    patience.wait_until(lambda: home.call("EXISTS", "peal:{peal}:in:lease"))
    patience.wait_until(lambda: home.call("PUBSUB", "NUMPAT"))
    home.call("PUBLISH", "peal:{peal}:in:room-1", '"straight"')
    alice.take(lambda message: message.get("payload") == "straight")
    for request in ({"type": "history", "limit": 5}, {"type": "presence"},
                    {"type": "direct", "to": "carol", "payload": 1}):
        assert alice.ask({"channel": "room-1", **request})["type"] != "error"
    carol.receive_type("direct")
    first = publish(instances[0], "room-1", 2, idempotency_key="once")
    again = publish(instances[1], "room-1", 2, idempotency_key="once")
    assert first["offset"] == again["offset"]
    ticket = tell(instances[0], "/api/tickets", {"client": "dave"})["ticket"]
    instances[1].connect("dave", path=f"/ws/dave?ticket={ticket}").drop()
    found = str(tell(instances[0], "/api/channels"))
    assert "room-1" in found and "room-2" in found


def test_a_paused_master(redis, cluster, load):
    masters = RedisCluster(redis, replicas=1)
    instances = cluster(masters.url, 2, redis={"backlog_seconds": 60})
    work = load(instances, ROOMS[:6], publishers=1, listeners=4, rate=30)
    work.wait_acknowledged(200)
    victim = masters.owner("peal:{room-0}:c")
    victim.pause()
    instances.wait_not_ready()
    instances.wait_ready(30)
    work.wait_acknowledged(100, 30)
    victim.resume()
    work.wait_acknowledged(200, 30)
    work.finish(60)
    print(work.summary())
    work.prove(gaps=True)


def test_a_planned_failover(redis, cluster, load):
    masters = RedisCluster(redis, replicas=1)
    instances = cluster(masters.url, 2, redis={"backlog_seconds": 60})
    work = load(instances, ROOMS[:6], publishers=1, listeners=4, rate=30)
    work.wait_acknowledged(200)
    for replica in masters.replicas:
        replica.call("CLUSTER", "FAILOVER")
        work.wait_acknowledged(100, 30)
    work.finish(60)
    print(work.summary())
    work.prove(gaps=True)


def test_a_node_added_and_removed(masters, cluster, load):
    instances = cluster(masters.url, 2, redis={"backlog_seconds": 60})
    work = load(instances, ROOMS[:4], publishers=1, listeners=4, rate=40)
    work.wait_acknowledged(100)
    fresh = masters.add()
    masters.masters.append(fresh)
    masters.meet([fresh])
    patience.wait_until(
        lambda: "cluster_state:ok" in fresh.call("CLUSTER", "INFO") and
        all("cluster_known_nodes:4" in each.call("CLUSTER", "INFO")
            for each in masters.masters), 20)
    homes = {}
    for room in ROOMS[:4]:
        slot = masters.slot(f"peal:{{{room}}}:c")
        homes[slot] = masters.owner(f"peal:{{{room}}}:c")
        move_slot(masters, slot, homes[slot], fresh)
        work.wait_acknowledged(50)
    for slot, home in homes.items():
        move_slot(masters, slot, fresh, home)
    work.wait_acknowledged(50)
    for each in masters.masters[:3]:
        each.call("CLUSTER", "FORGET", masters.id_of(fresh))
    masters.masters.remove(fresh)
    fresh.end()
    work.wait_acknowledged(200, 30)
    work.finish(60)
    print(work.summary())
    work.prove()
    assert work.count("refused") == 0
    assert instances.metric("peal_redis_failovers_total") == 0


def test_all_nodes_restarted(redis, cluster, load):
    masters = RedisCluster(redis, options=LASTING)
    instances = cluster(masters.url, 2, redis={"backlog_seconds": 60})
    work = load(instances, ROOMS[:4], publishers=1, listeners=4, rate=30)
    work.wait_acknowledged(100)
    for node in masters.masters:
        node.kill()
    instances.wait_not_ready()
    for node in masters.masters:
        node.start()
    instances.wait_ready(30)
    work.wait_acknowledged(100, 30)
    work.finish(60)
    print(work.summary())
    work.prove()


def test_a_server_that_is_no_cluster(redis, cluster):
    one = cluster(redis().url.replace("redis://", "redis+cluster://"),
                  0).add()
    assert "does not have cluster-enabled" in one.wait_log("Redis server unusable")
    assert b"does not have cluster-enabled" in one.request("/ready").body


def test_the_rights_that_a_user_needs(redis, cluster):
    masters = RedisCluster(redis)
    more = ["+cluster|slots", "+asking", "+spublish", "+ssubscribe",
            "+sunsubscribe", "+pubsub|shardchannels"]
    assert " ".join(more) in (ROOT / "conf/README.md").read_text()
    for node in masters.masters:
        node.call("ACL", "SETUSER", "peal", *rules(), *more,
                  "&peal:{peal}:in:*")
    url = masters.url.replace("//", "//peal:p4ss%2Fof%3Athe%40tests@")
    instances = cluster(url, 2, single_connection=True, **WITH_KEY)
    use_all(masters, instances)
    key = "peal:{room-1}:c"
    source = masters.owner(key)
    target = next(each for each in masters.masters if each is not source)
    alice = instances[0].join("alice2", "room-1")
    move_slot(masters, masters.slot(key), source, target)
    alice.ask({"type": "broadcast", "channel": "room-1", "payload": "moved"})
    alice.take(lambda message: message.get("payload") == "moved")
    for node in masters.masters:
        assert denied(node) == []


def test_other_masters_are_not_affected(redis, cluster):
    masters = RedisCluster(redis, replicas=1, timeout_ms=3000)
    instances = cluster(masters.url, 2, redis={"backlog_seconds": 60})
    home = masters.owner("peal:{peal}:in")
    owners = {room: masters.owner(f"peal:{{{room}}}:c") for room in ROOMS}
    lost = next(room for room in ROOMS if owners[room] is not home)
    victim = owners[lost]
    others = [room for room in ROOMS if owners[room] is not victim]
    alice = instances[0].join("alice", lost, *others)
    bob = instances[1].join("bob", lost, *others)
    victim.kill()
    instances.wait_not_ready()
    alice.send({"type": "broadcast", "channel": lost, "payload": "late",
                "id": "late"})
    began = time.monotonic()
    for number in range(5):
        for room in others:
            answer = alice.ask({"type": "broadcast", "channel": room,
                                "payload": [room, number]})
            assert answer["type"] == "broadcastResult"
            assert bob.receive_type("broadcast")["payload"] == [room, number]
    assert time.monotonic() - began < seconds(2)
    instances.wait_ready(30)
    assert alice.take(lambda m: m.get("id") == "late")["offset"] == 1
    for server in instances.instances:
        server.wait_metric('peal_redis_nodes{state="up"}', 3)
