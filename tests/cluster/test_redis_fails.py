"""Redis failures under load: acknowledged messages arrive once and in order.
Publishes wait, or are refused at once if Redis runs but refuses writes.
Connections stay open."""

import threading
import time

import pytest

from support.patience import wait_until


@pytest.fixture
def loaded(lasting_redis, cluster, load):
    """A persistent Redis, two instances, and running load."""
    instances = cluster(lasting_redis.url, 2)
    work = load(instances, ["room", "other"], publishers=3, listeners=4,
                rate=40)
    work.wait_acknowledged(100)
    return lasting_redis, instances, work


def check(work, moves=0, refuses=False):
    """Continues the load, then checks that no client had to reconnect."""
    work.wait_acknowledged(200)
    work.finish()
    print(work.summary())
    work.prove()
    assert sum(each.moves for each in work.listeners) == moves
    assert (work.count("refused") > 0) == refuses


def test_stopped_and_started(loaded):
    server, instances, work = loaded
    server.stop()
    instances.wait_not_ready()
    time.sleep(0.5)
    server.start()
    instances.wait_ready()
    check(work)


def test_killed_and_started(loaded):
    server, instances, work = loaded
    for _ in range(3):
        server.kill()
        time.sleep(0.2)
        server.start()
        instances.wait_ready()
        work.wait_acknowledged(50)
    check(work)


def test_paused_beyond_the_time_outs(loaded):
    server, instances, work = loaded
    server.pause()
    instances.wait_not_ready()
    time.sleep(2)
    server.resume()
    instances.wait_ready()
    check(work)


def test_paused_for_a_moment(loaded):
    server, _, work = loaded
    for _ in range(3):
        server.pause()
        time.sleep(0.3)
        server.resume()
        work.wait_acknowledged(30)
    check(work)


def test_read_only_for_a_while(loaded):
    server, instances, work = loaded
    # a replica of an unreachable master: it still serves its data
    server.call("REPLICAOF", "127.0.0.1", "1")
    instances.wait_not_ready()
    time.sleep(0.5)
    assert all(each.request("/ready").status == 503
               for each in instances.instances)
    server.call("REPLICAOF", "NO", "ONE")
    instances.wait_ready()
    check(work, refuses=True)


def wait_refusals(instances):
    """Waits for some refusals on each instance, which serves meanwhile."""
    wait_until(lambda: all(each.metric("peal_redis_not_stored_total") > 20
                           for each in instances.instances), 10,
               what="each instance to refuse some")
    assert all(each.request("/ready").status == 200
               for each in instances.instances)


def test_out_of_memory_for_a_while(loaded):
    server, instances, work = loaded
    server.call("CONFIG", "SET", "maxmemory-policy", "noeviction")
    server.call("CONFIG", "SET", "maxmemory", "1")
    wait_refusals(instances)
    server.call("CONFIG", "SET", "maxmemory", "0")
    check(work, refuses=True)


def test_it_cannot_save_for_a_while(loaded):
    """Redis refuses writes until it can save again."""
    server, instances, work = loaded
    (server.folder / "dump.rdb").mkdir()
    server.call("CONFIG", "SET", "save", "3600 1")
    server.call("BGSAVE")
    wait_refusals(instances)
    server.call("CONFIG", "SET", "stop-writes-on-bgsave-error", "no")
    check(work, refuses=True)


@pytest.mark.parametrize("kind", ["normal", "pubsub"])
def test_connections_cut(loaded, kind):
    server, instances, work = loaded
    for _ in range(10):
        server.call("CLIENT", "KILL", "TYPE", kind)
        time.sleep(0.1)
    instances.wait_ready()
    check(work)


def test_scripts_forgotten(loaded):
    server, instances, work = loaded
    for _ in range(10):
        server.call("SCRIPT", "FLUSH")
        time.sleep(0.1)
    instances.wait_ready()
    check(work)


def test_pubsub_output_overflows(loaded):
    server, instances, work = loaded
    server.call("CONFIG", "SET", "client-output-buffer-limit",
                "pubsub 4096 0 0")
    publisher = instances[0].join("loud", "noise")
    instances[1].join("deaf", "noise")
    for i in range(300):
        publisher.send({"type": "broadcast", "channel": "noise",
                        "payload": "x" * 4000})
    time.sleep(1)
    server.call("CONFIG", "SET", "client-output-buffer-limit", "pubsub 0 0 0")
    instances.wait_ready()
    check(work)


def test_restarted_empty(redis, cluster, load):
    """Epochs change; lost messages are reported."""
    server = redis()
    instances = cluster(server.url, 2)
    work = load(instances, ["room", "plain-room"], publishers=3, listeners=4,
                rate=40)
    work.wait_acknowledged(200)
    server.kill()
    instances.wait_not_ready()
    time.sleep(0.3)
    server.start()
    instances.wait_ready()
    work.wait_acknowledged(200)
    work.move_some(2)
    work.wait_acknowledged(100)
    work.finish()
    print(work.summary())
    work.prove(gaps=True)
    for listener in work.listeners:
        for log in listener.heard.values():
            assert any(getattr(item, "what", "joined") != "joined"
                       for item in log), "a gap should have been told"
