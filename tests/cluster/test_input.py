"""Messages that backends write directly to Redis, without HTTP."""

import json
import time

import pytest

from support import patience

from cluster import LEASE


def add(connection, channel, payload):
    return connection.call("XADD", "peal:in", "*", "channel", channel,
                           "payload", payload)


def wait_empty(server, timeout=15):
    """Waits until every entry is acknowledged."""
    patience.wait_until(lambda: server.call("XLEN", "peal:in") == 0, timeout,
                        what="the input stream to be empty")
    assert server.call("XPENDING", "peal:in", "peal")[0] == 0


def test_each_entry_is_published_once(redis, cluster):
    server = redis()
    instances = cluster(server.url, 3)
    clients = [each.join("bob", "room") for each in instances.instances]
    connection = server.connect()
    for i in range(300):
        add(connection, "room", json.dumps({"n": i}))
    heard = []
    for client in clients:
        got = [client.receive_type("broadcast") for _ in range(300)]
        assert [m["offset"] for m in got] == list(range(1, 301))
        assert sorted(m["payload"]["n"] for m in got) == list(range(300))
        assert all("from" not in m or m["from"] in ("", None) for m in got)
        heard.append([m["payload"]["n"] for m in got])
        assert client.is_silent()
    assert heard[0] == heard[1] == heard[2]
    wait_empty(server)
    assert instances.metric("peal_redis_input_total") == 300
    history = clients[0].ask({"type": "history", "channel": "room",
                              "limit": 1})
    assert history["offset"] == 300


def test_entries_of_a_dead_instance_are_taken_over(lasting_redis, cluster):
    instances = cluster(lasting_redis.url, 3)
    alice = instances[0].join("alice", "room")
    connection = lasting_redis.connect()
    for i in range(600):
        add(connection, "room", i)
        if i in (200, 400):
            instances.kill(instances[1])
    wait_empty(lasting_redis)
    got = [alice.receive_type("broadcast") for _ in range(600)]
    assert sorted(m["payload"] for m in got) == list(range(600))
    assert [m["offset"] for m in got] == list(range(1, 601))
    assert alice.is_silent()


def test_entries_of_a_lost_reader_are_taken_over(redis, cluster):
    """Read but unacknowledged entries go to another reader after the lease."""
    server = redis()
    server.call("XGROUP", "CREATE", "peal:in", "peal", "0", "MKSTREAM")
    connection = server.connect()
    for i in range(5):
        add(connection, "room", i)
    taken = server.call("XREADGROUP", "GROUP", "peal", "peal", "COUNT", "5",
                        "STREAMS", "peal:in", ">")
    assert len(taken[0][1]) == 5
    instances = cluster(server.url, 2)
    alice = instances[0].join("alice", "room")
    wait_empty(server)
    history = alice.ask({"type": "history", "channel": "room", "limit": 10})
    assert sorted(m["payload"] for m in history["messages"]) == [0, 1, 2, 3, 4]


def test_entries_wait_for_redis_and_for_instances(lasting_redis, cluster):
    add(lasting_redis.connect(), "room", 1)
    instances = cluster(lasting_redis.url, 2)
    alice = instances[0].join("alice", "room")
    wait_empty(lasting_redis)
    lasting_redis.kill()
    lasting_redis.start()
    add(lasting_redis.connect(), "room", 2)
    wait_empty(lasting_redis)
    history = alice.ask({"type": "history", "channel": "room", "limit": 10})
    assert [m["payload"] for m in history["messages"]] == [1, 2]


def test_malformed_entries_are_set_aside(redis, cluster):
    server = redis()
    instances = cluster(server.url, 2)
    alice = instances[0].join("alice", "room")
    bad = [("channel", "room"), ("payload", "1"), (),
           ("channel", "room", "payload", "{"),
           ("channel", "no way", "payload", "1"),
           ("channel", "room", "payload", ""),
           ("channel", "room", "payload", '"' + "x" * 70000 + '"'),
           ("channel", "x" * 300, "payload", "1")]
    for fields in bad:
        server.call("XADD", "peal:in", "*", "mark", "m", *fields)
    add(server.connect(), "room", "7")
    assert alice.receive_type("broadcast")["payload"] == 7
    wait_empty(server)
    time.sleep(LEASE)
    aside = server.call("XRANGE", "peal:in:bad", "-", "+")
    assert len(aside) == len(bad)
    found = [dict(zip(fields[::2], fields[1::2])) for _, fields in aside]
    cut = next(each for each in found if each.get("payload") == "{")
    assert (cut["channel"], cut["mark"]) == ("room", "m")
    assert "JSON" in cut["why"]
    assert instances.metric("peal_redis_malformed_total") == len(bad)
    logged = sum(len(each.log_lines("Malformed entry"))
                 for each in instances.instances)
    assert 1 <= logged <= len(bad)


def holder(server):
    return server.call("GET", "peal:in:lease")


def wait_heard_once(server):
    patience.wait_until(
        lambda: server.call("PUBLISH", "peal:in:probe", "1") == 1, 15,
        what="exactly one instance to listen")


def test_published_input_is_delivered_once(redis, cluster):
    server = redis()
    instances = cluster(server.url, 3)
    clients = [each.join("bob", "room") for each in instances.instances]
    wait_heard_once(server)
    connection = server.connect()
    for i in range(100):
        assert connection.call("PUBLISH", "peal:in:room", i) == 1
    for client in clients:
        got = [client.receive_type("broadcast") for _ in range(100)]
        assert [m["payload"] for m in got] == list(range(100))
        assert client.is_silent()
    connection.call("PUBLISH", "peal:in:room", "{")
    connection.call("PUBLISH", "peal:in:no way", "1")
    patience.wait_until(
        lambda: instances.metric("peal_redis_malformed_total") == 2, 5)


def log_of_bad_message(connection, instance, target, payload):
    """Uses a new instance, because only one line per second is logged."""
    connection.call("PUBLISH", f"peal:in:{target}", payload)
    patience.wait_until(
        lambda: instance.log_lines("Malformed message"), 5,
        what="the line in the log")
    return instance.log_lines("Malformed message")[0]


@pytest.mark.parametrize("target, payload, why", [
    ("room", "hello", "payload is not JSON: "),
    ("no way", "1", "channel is not a valid name"),
    ("room|", "1", "event is not a valid one"),
    ("room|no way", "1", "event is not a valid one"),
    ("room", '"' + "x" * 70000 + '"', "payload is too big"),
])
def test_an_unusable_message_is_logged_with_the_reason(
        redis, cluster, target, payload, why):
    server = redis()
    instances = cluster(server.url, 1)
    wait_heard_once(server)
    line = log_of_bad_message(server.connect(), instances[0], target, payload)
    assert why in line
    assert target in line


def test_another_takes_the_lease(redis, cluster):
    server = redis()
    instances = cluster(server.url, 1)
    wait_heard_once(server)
    first = holder(server)
    instances.add_many(2)
    time.sleep(1)
    assert holder(server) == first
    instances.kill(instances[0])
    patience.wait_until(lambda: holder(server) not in (first, None), 15)
    wait_heard_once(server)
    alice = instances[0].join("alice", "room")
    assert server.call("PUBLISH", "peal:in:room", "7") == 1
    assert alice.receive_type("broadcast")["payload"] == 7


def test_a_graceful_shutdown_releases_the_lease(redis, cluster):
    server = redis()
    instances = cluster(server.url, 1, redis={"lease_seconds": 60})
    wait_heard_once(server)
    first = instances.instances.pop()
    instances.ended.append(first)
    first.signal()
    first.wait_exit()
    assert holder(server) is None
