"""subscribe, unsubscribe and subscribe in one write, with Redis available or
not: the last one wins, with one Redis request at a time."""

import json
import time

import pytest

from support.patience import seconds, wait_until
from support.websocket import frame_bytes


def quiet(server, name="alice"):
    return server.connect(name, [""], protocol="broadcast")


def in_one_go(client, channel, *kinds):
    client.raw.send(b"".join(
        frame_bytes(1, json.dumps({"type": kind, "channel": channel,
                                   "id": number}))
        for number, kind in enumerate(kinds, 1)))


def answers(client, count):
    got = client.receive_many(count)
    return {m["id"]: m.get("code", m["type"]) for m in got}


def members(client, channel):
    return client.ask({"type": "presence", "channel": channel})["clients"]


THRICE = ("subscribe", "unsubscribe", "subscribe")
IN = {1: "cancelled", 2: "unsubscribed", 3: "subscribed"}


@pytest.mark.parametrize("workers", [1, 4])
def test_the_last_subscribe_wins(lasting_redis, cluster, workers):
    instances = cluster(lasting_redis.url, 2, workers=workers)
    other = quiet(instances[1], "other")
    for i in range(10):
        client = quiet(instances[0])
        in_one_go(client, f"told-{i}", *THRICE)
        assert answers(client, 3) == IN
        # for a moment, the cancelled subscription counts too
        wait_until(lambda i=i: members(other, f"told-{i}") == [
            {"client": "alice", "connections": 1}], what="one connection")
        other.ask({"type": "broadcast", "channel": f"told-{i}", "payload": i})
        assert client.receive_type("broadcast")["payload"] == i
        client.end()


def test_other_members_do_not_see_a_resubscription(lasting_redis, cluster):
    instances = cluster(lasting_redis.url, 2, workers=2)
    other = instances[1].join("other", "told-1")
    client = quiet(instances[0])
    in_one_go(client, "told-1", *THRICE)
    assert answers(client, 3) == IN
    assert other.receive()["type"] == "join"
    assert other.is_silent()


@pytest.mark.parametrize("kinds,last", [
    (THRICE, "subscribed"),
    (THRICE + ("unsubscribe",), "unsubscribed"),
    (THRICE[:2] * 40 + THRICE[:1], "subscribed"),
])
def test_while_redis_is_away(lasting_redis, cluster, kinds, last):
    instances = cluster(lasting_redis.url, 2, redis={"backlog_seconds": 30})
    client, other = quiet(instances[0]), quiet(instances[1], "other")
    lasting_redis.stop()
    instances.wait_not_ready()
    in_one_go(client, "told-1", *kinds)
    time.sleep(0.3)
    lasting_redis.start()
    instances.wait_ready()
    got = answers(client, len(kinds))
    assert got[len(kinds)] == last
    assert "already_subscribed" not in got.values()
    expected = [{"client": "alice", "connections": 1}] \
        if last == "subscribed" else []
    assert members(other, "told-1") == expected
    other.ask({"type": "broadcast", "channel": "told-1", "payload": 1})
    if expected:
        assert client.receive_type("broadcast")["payload"] == 1
    assert client.is_silent()


def test_redis_does_not_come_back(lasting_redis, cluster):
    """The last one has the same time-out as any request, from its arrival."""
    instances = cluster(lasting_redis.url, 1, redis={"backlog_seconds": 2})
    client = quiet(instances[0])
    lasting_redis.stop()
    instances.wait_not_ready()
    began = time.monotonic()
    in_one_go(client, "told-1", *THRICE)
    got = answers(client, 3)
    assert got == {1: "unavailable", 2: "unsubscribed", 3: "unavailable"}
    assert 1.5 < time.monotonic() - began < seconds(5.5)
    lasting_redis.start()
    instances.wait_ready()
    assert client.ask({"type": "subscribe", "channel": "told-1"})[
        "type"] == "subscribed"


def test_a_subscribe_again_after_each_unsubscribe(lasting_redis, cluster):
    instances = cluster(lasting_redis.url, 1, workers=4)
    client = quiet(instances[0])
    for i in range(100):
        client.send({"type": "subscribe", "channel": "told-1", "id": f"s{i}"})
        client.ask({"type": "unsubscribe", "channel": "told-1"})
    answered = [client.take(lambda m: m.get("id") == f"s{i}")
                for i in range(100)]
    assert {m.get("code") for m in answered} <= {None, "cancelled"}


def test_a_client_lost_meanwhile_leaves_nothing(lasting_redis, cluster):
    instances = cluster(lasting_redis.url, 2, redis={"backlog_seconds": 30})
    other = quiet(instances[1], "other")
    lasting_redis.stop()
    instances.wait_not_ready()
    for i in range(10):
        client = quiet(instances[0], f"c{i}")
        in_one_go(client, "told-1", *THRICE)
        client.ask({"type": "ping"})
        client.drop()
    lasting_redis.start()
    instances.wait_ready()
    instances[0].wait_metric("peal_connections", 0)
    answer = other.ask({"type": "broadcast", "channel": "told-1",
                        "payload": 1})
    assert answer["type"] == "broadcastResult"
    deadline = time.monotonic() + seconds(5)
    while members(other, "told-1") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert members(other, "told-1") == []
