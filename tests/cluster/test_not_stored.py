"""A Redis that serves reads but refuses writes: out of memory, unable to save,
or read-only. Peal refuses writes at once with a clear error; other requests
work. Also a Redis that loses its data under open connections."""

import time

import pytest

from support.api import KEY, ask
from support.patience import seconds, wait_until

NOT_STORED = "peal_redis_not_stored_total"


def ask_once(client, number, channel="room"):
    client.send({"type": "broadcast", "channel": channel, "payload": number,
                 "id": number})
    return client.take(lambda m: m.get("id") == number)


def fill(server):
    server.call("CONFIG", "SET", "maxmemory", "1")


def free(server):
    server.call("CONFIG", "SET", "maxmemory", "0")


def break_disk(server):
    """Puts Redis into the state after a failed snapshot."""
    (server.folder / "dump.rdb").mkdir()
    (server.folder / "dump.rdb/x").touch()
    server.call("CONFIG", "SET", "save", "3600 1")
    server.call("SET", "x", "1")
    server.call("BGSAVE")
    wait_until(lambda: "rdb_last_bgsave_status:err" in
               server.call("INFO", "persistence"), 10)


def mend_disk(server):
    server.call("CONFIG", "SET", "stop-writes-on-bgsave-error", "no")


TROUBLES = pytest.mark.parametrize("begin, end", [
    (fill, free), (break_disk, mend_disk)])


@TROUBLES
def test_publishes_are_refused_at_once_and_the_rest_works(redis, cluster,
                                                          begin, end):
    server = redis()
    instances = cluster(server.url, 2, api={"key": KEY})
    one = instances[0]
    alice = one.join("alice", "room")
    bob = instances[1].join("bob", "room")
    assert ask_once(alice, 1)["type"] == "broadcastResult"
    assert bob.receive_type("broadcast")["payload"] == 1
    begin(server)
    start = time.monotonic()
    for number in range(2, 6):
        answer = ask_once(alice, number)
        assert answer["code"] == "not_stored"
        assert "out of memory" in answer["message"]
    assert time.monotonic() - start < seconds(2)
    response = ask(one, "/api/publish", {"channel": "room", "payload": 1})
    assert response.status == 503 and "out of memory" in response.json["error"]
    # reads are served
    alice.send({"type": "history", "channel": "room", "id": 9})
    history = alice.take(lambda m: m.get("id") == 9)
    assert [m["payload"] for m in history["messages"]] == [1]
    assert one.request("/ready").status == 200
    assert one.metric(NOT_STORED) >= 4
    one.wait_log("Redis refuses writes")
    one.wait_log_count("Redis refuses writes", 1)
    end(server)
    wait_until(lambda: ask_once(alice, 10)["type"] == "broadcastResult")
    wait_until(lambda: bob.receive_type("broadcast")["payload"] == 10)
    assert one.wait_log("Redis accepts writes again")


def test_many_refusals_keep_their_order(redis, cluster):
    server = redis()
    instances = cluster(server.url, 1)
    alice = instances[0].join("alice", "room")
    fill(server)
    for number in range(200):
        alice.send({"type": "broadcast", "channel": "room", "payload": number,
                    "id": number})
    codes = {alice.take(lambda m: "id" in m)["code"] for _ in range(200)}
    assert codes == {"not_stored"}
    assert not instances[0].log_lines("Redis connection lost")
    free(server)
    for number in range(200, 400):
        alice.send({"type": "broadcast", "channel": "room", "payload": number,
                    "id": number})
    done = [m["offset"] for m in (alice.take(lambda m: "id" in m)
                                  for _ in range(200)) if "offset" in m]
    assert done == sorted(done) and len(done) == len(set(done))


def test_a_read_only_redis_refuses_at_once(redis, cluster):
    server, other = redis(), redis()
    instances = cluster(server.url, 1)
    one = instances[0]
    alice = one.join("alice", "room")
    server.call("REPLICAOF", "127.0.0.1", other.port)
    start = time.monotonic()
    for number in range(1, 6):
        assert ask_once(alice, number)["code"] == "not_stored"
    instances.wait_not_ready()
    for number in range(6, 11):
        assert ask_once(alice, number)["code"] == "not_stored"
    assert time.monotonic() - start < seconds(5)
    server.call("REPLICAOF", "NO", "ONE")
    instances.wait_ready()
    assert ask_once(alice, 20)["type"] == "broadcastResult"


def test_an_instance_that_starts_with_a_full_redis_reports_it(redis, cluster):
    server = redis()
    fill(server)
    instances = cluster(server.url, 0)
    one = instances.add()
    line = one.wait_log("Redis refuses writes")
    assert "OOM" in line
    assert one.request("/ready").status == 503
    alice = one.connect("alice", [""], protocol="broadcast")
    start = time.monotonic()
    assert ask_once(alice, 1)["code"] == "not_stored"
    assert time.monotonic() - start < seconds(2)
    free(server)
    instances.wait_ready()
    assert ask_once(alice, 2)["type"] == "broadcastResult"


# --- FLUSHALL

@pytest.mark.parametrize("channel", ["room", "plain-room"])
def test_after_a_flush_a_message_arrives_after_the_gap(redis, cluster,
                                                       channel):
    server = redis()
    instances = cluster(server.url, 2)
    alice = instances[0].join("alice", channel)
    bob = instances[1].join("bob", channel)
    for number in range(1, 6):
        ask_once(alice, number, channel)
        assert bob.receive_type("broadcast")["payload"] == number
    server.call("FLUSHALL")
    for number in range(6, 10):
        answer = ask_once(alice, number, channel)
        assert answer["offset"] == number - 5
    heard = [bob.receive() for _ in range(5)]
    assert [m["type"] for m in heard] == ["gap"] + 4 * ["broadcast"]
    assert [m["payload"] for m in heard[1:]] == [6, 7, 8, 9]
    assert [m["offset"] for m in heard[1:]] == [1, 2, 3, 4]
    assert bob.is_silent()
