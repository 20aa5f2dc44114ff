"""Bans apply on every instance, even if it or Redis fails."""

import pytest

from support import patience
from support.api import WITH_KEY, tell
from support.websocket import Refused


def is_out(server, client="eve"):
    try:
        server.connect(client, protocol="echo").drop()
        return False
    except Refused as refused:
        return refused.response.json == {"error": "Banned"}


def test_a_ban_applies_and_ends_everywhere(redis, cluster):
    three = cluster(redis().url, 3, **WITH_KEY)
    eves = [each.connect("eve", protocol="echo") for each in three.instances]
    assert tell(three[0], "/api/ban", {"client": "eve", "reason": "spam"})[
        "instances"] == 3
    for eve in eves:
        closed = eve.wait_closed()
        assert (closed.code, closed.reason) == (4403, "spam")
    assert all(is_out(each) for each in three.instances)
    for each in three.instances:
        ban, = tell(each, "/api/bans")["bans"]
        assert (ban["client"], ban["reason"]) == ("eve", "spam")
    assert tell(three[1], "/api/unban", {"client": "eve"})["removed"] is True
    for each in three.instances:
        patience.wait_until(lambda: not is_out(each), 5)


def test_disconnecting_an_address_applies_everywhere(redis, cluster):
    pair = cluster(redis().url, **WITH_KEY)
    clients = [each.connect("eve", protocol="echo") for each in pair.instances]
    assert tell(pair[0], "/api/disconnect", {
        "address": "127.0.0.0/8", "reason": "bye"}) == {
            "address": "127.0.0.0/8", "instances": 2}
    for client in clients:
        assert client.wait_closed().reason == "bye"


def test_a_new_instance_knows_the_bans(redis, cluster):
    instances = cluster(redis().url, 1, **WITH_KEY)
    tell(instances[0], "/api/ban", {"client": "eve"})
    instances.add()
    instances.wait_ready()
    patience.wait_until(lambda: is_out(instances[1]), 5)


def test_a_missed_ban_is_read_later(redis, cluster):
    server = redis()
    pair = cluster(server.url, **WITH_KEY)
    eve = pair[1].connect("eve", protocol="echo")
    server.call("HSET", "peal:bans", "client:eve", "9999999999999 late")
    assert eve.wait_closed(patience.seconds(15)).reason == "late"


def test_without_redis_known_bans_still_apply(redis, cluster):
    server = redis()
    pair = cluster(server.url, **WITH_KEY)
    tell(pair[0], "/api/ban", {"client": "eve"})
    patience.wait_until(lambda: is_out(pair[1]), 5)
    server.kill()
    assert is_out(pair[0]) and is_out(pair[1])


def test_an_invalid_ban_is_removed_and_counted(redis, cluster):
    server = redis()
    pair = cluster(server.url, **WITH_KEY)
    for target, value in (("client:eve", "x"), ("client:eve 2", "1 "),
                          ("host:eve", "9999999999999 "),
                          ("address:10.0.0.1/8", "9999999999999 "),
                          ("client:old", "1000 over")):
        server.call("HSET", "peal:bans", target, value)
    server.call("PUBLISH", "peal:control", "B||0|0||x")
    patience.wait_until(lambda: pair.metric("peal_redis_malformed_total") >= 3,
                        5)
    patience.wait_until(lambda: not server.call("HEXISTS", "peal:bans",
                                                "client:old"), 5)
    assert tell(pair[0], "/api/bans")["bans"] == []
    assert not is_out(pair[0])
