"""The location of a client across several instances."""

import signal
import time

import pytest

from support import patience
from support.api import WITH_KEY, ask, tell
from support.pause import pause
from support.tokens import WITH_AUTH
from support.websocket import Refused


def show(server, client="alice"):
    return tell(server, f"/api/clients/{client}")


def test_connections_on_all_instances_are_listed(redis, cluster):
    three = cluster(redis().url, 3, **WITH_KEY)
    for number, each in enumerate(three.instances):
        each.join("alice", f"room-{number}")
    three[1].join("alice", "other")
    three[2].join("bob", "room-0")
    for each in three.instances:
        answer = show(each)
        assert (answer["connectionCount"], answer["instances"],
                answer["answered"]) == (4, 3, 3)
        assert sorted((row["instance"].split(":")[-1], *row["channels"])
                      for row in answer["connections"]) == sorted([
                          (str(three[0].port), "room-0"),
                          (str(three[1].port), "room-1"),
                          (str(three[1].port), "other"),
                          (str(three[2].port), "room-2")])
    assert show(three[0], "nobody")["connections"] == []


def test_many_concurrent_queries_are_all_answered(redis, cluster):
    pair = cluster(redis().url, **WITH_KEY)
    pair[1].join("alice", "room")
    results = tell(pair[0], "/api/batch", {"commands": [
        {"command": "client", "client": name}
        for name in ("alice", "bob") * 20]})["results"]
    assert [r["connectionCount"] for r in results] == [1, 0] * 20
    results = tell(pair[0], "/api/batch", {"commands": [
        {"command": "client", "client": "alice"}] * 200})["results"]
    done = [r for r in results if r.get("status", 200) == 200]
    assert len(done) >= 64 and all(r["answered"] == 2 for r in done)
    assert {r["status"] for r in results if "status" in r} <= {503}


def test_a_hanging_instance_is_left_out_and_reported(redis, cluster):
    pair = cluster(redis().url, **WITH_KEY)
    pair[0].join("alice", "room")
    pause(pair[1].process)
    try:
        begun = time.monotonic()
        answer = show(pair[0])
        assert time.monotonic() - begun < patience.seconds(5)
    finally:
        pair[1].process.send_signal(signal.SIGCONT)
    assert (answer["connectionCount"], answer["instances"],
            answer["answered"]) == (1, 2, 1)
    patience.wait_until(lambda: show(pair[0])["answered"] == 2, 5)


def test_without_redis_it_is_unavailable(redis, cluster):
    server = redis()
    pair = cluster(server.url, redis={"backlog_seconds": 1}, **WITH_KEY)
    show(pair[0])
    server.kill()
    response = ask(pair[0], "/api/clients/alice")
    assert response.status == 503


def test_invalid_queries_and_answers_are_ignored(redis, cluster):
    server = redis()
    pair = cluster(server.url, **WITH_KEY)
    for text in ("Q|alice|1|0||c", "Q|alice|1|0|me|c", "Q|a b|1|0|me|c",
                 "Q|alice|1|0|0123456789abcdef|z",
                 "Q|alice|1|0|0123456789abcdef|", "A||1|0|me|{", "A||1|0||1"):
        server.call("PUBLISH", "peal:control", text)
    wanted = 7 * 2
    patience.wait_until(lambda: pair.metric("peal_redis_malformed_total")
                        == wanted, 5)
    # an unexpected answer, and a request from an unknown instance
    server.call("PUBLISH", "peal:control", "A||77|0|me|{}")
    server.call("PUBLISH", "peal:control",
                "Q|alice|1|0|0123456789abcdef|c")
    assert show(pair[0])["answered"] == 2
    assert pair.metric("peal_redis_malformed_total") == wanted


def test_refusals_of_all_instances_are_listed_newest_first(redis, cluster):
    three = cluster(redis().url, 3, **WITH_AUTH, **WITH_KEY)
    for index in (1, 0, 2, 1):
        with pytest.raises(Refused):
            three[index].connect("alice", protocol="broadcast")
        time.sleep(0.01)
    for each in three.instances:
        answer = tell(each, "/api/refusals?client=alice")
        assert (answer["instances"], answer["answered"]) == (3, 3)
        assert [(row["instance"].split(":")[-1], row["count"])
                for row in answer["refusals"]] == [
            (str(three[1].port), 2), (str(three[2].port), 1),
            (str(three[0].port), 1)]
    assert tell(three[0], "/api/refusals?client=bob")["refusals"] == []
