"""redis.url points to something other than a standalone master: one log line
and /ready name it, and Peal waits until this is fixed."""

import re
import time

import pytest

from support import patience
from support.ports import free_port

from cluster import QUICK_REDIS


def make_sentinel(redis, sentinel):
    return sentinel()



def make_replica(redis, sentinel):
    master, replica = redis(), redis()
    replica.call("REPLICAOF", "127.0.0.1", master.port)
    return replica


def make_node(redis, sentinel):
    return redis("--cluster-enabled", "yes", "--cluster-port", str(free_port()))


def make_node_with_all_slots(redis, sentinel):
    node = make_node(redis, sentinel)
    node.call("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
    return node


TARGETS = {make_sentinel: "points to a Sentinel",
           make_replica: "points to a replica",
           make_node: "points to a Redis Cluster node",
           make_node_with_all_slots: "points to a Redis Cluster node"}


def attempts(server):
    return int(re.search(r"total_connections_received:(\d+)",
                         server.call("INFO", "stats"))[1])


@pytest.mark.parametrize("sharded", [False, True])
@pytest.mark.parametrize("make", TARGETS)
def test_a_wrong_target_is_named_and_waited_for(redis, sentinel, cluster,
                                                proxy, make, sharded):
    wrong = make(redis, sentinel)
    between = proxy(wrong)
    instances = cluster(between.url, 0, redis={"sharded": sharded})
    one = instances.add()
    assert TARGETS[make] in one.wait_log("Redis server unusable")
    response = one.request("/ready")
    assert response.status == 503
    assert TARGETS[make] in response.body.decode()
    assert one.metric("peal_redis_ready") == 0
    time.sleep(1)
    before = attempts(wrong)
    time.sleep(2)
    # three links; each waits at least half the longest back-off
    most = 3 * 2 / (QUICK_REDIS["backoff_max_ms"] / 2000) + 3
    assert attempts(wrong) - before - 1 <= most
    one.wait_log_count("Redis server unusable", 1)
    assert not one.log_lines("Redis connection lost")
    alice = one.connect("alice", ["room"], protocol="broadcast")
    between.move(redis())
    instances.wait_ready()
    assert alice.receive_type("subscribed")
    assert one.request("/ready").json == {"status": "ready"}
    patience.wait_until(lambda: len(one.log_lines("Redis connected")) == 3, 5)


@pytest.mark.parametrize("userinfo", [":secret", "peal:secret"])
def test_a_sentinel_is_recognized_without_its_refusal(sentinel, cluster,
                                                      userinfo):
    """It has no password and reports that first."""
    wrong = sentinel()
    url = f"redis://{userinfo}@127.0.0.1:{wrong.port}/0"
    one = cluster(url, 0).add()
    assert "points to a Sentinel" in one.wait_log("Redis server unusable")


def test_a_master_that_becomes_a_replica(redis, cluster, load):
    """Its links are up, and it relays messages of its master."""
    server, other = redis(), redis()
    instances = cluster(server.url, 1)
    one = instances[0]
    server.call("REPLICAOF", "127.0.0.1", other.port)
    patience.wait_until(
        lambda: b"replica" in one.request("/ready").body, 15,
        what="/ready to name the target")
    assert "points to a replica" in one.wait_log("Redis server unusable")
    server.call("REPLICAOF", "NO", "ONE")
    instances.wait_ready()
