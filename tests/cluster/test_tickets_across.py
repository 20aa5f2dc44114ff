"""Tickets across instances, and while Redis is slow or unavailable."""

import concurrent.futures
import time

import pytest

from support import patience
from support.api import WITH_KEY, tell
from support.raw import request_text
from support.tokens import WITH_AUTH
from support.websocket import Refused, frame_bytes, handshake_headers
from test_api_across import is_calm

GATED = {**WITH_AUTH, **WITH_KEY}


def ticket_for(server, client="alice", **more):
    return tell(server, "/api/tickets", {"client": client, **more})["ticket"]


def connect(server, ticket, client="alice"):
    return server.connect(client, protocol="broadcast",
                          query={"ticket": ticket})


def test_a_ticket_is_valid_once_across_instances(redis, cluster):
    pair = cluster(redis().url, **GATED)
    ticket = ticket_for(pair[0], caps=[
        {"channels": ["lobby"], "allow": ["sub"]}])
    client = connect(pair[1], ticket)
    assert client.receive_type("subscribed")["channel"] == "lobby"
    assert client.ask({"type": "broadcast", "payload": 1})["code"] == (
        "forbidden")
    for server in pair.instances:
        with pytest.raises(Refused) as caught:
            connect(server, ticket)
        assert caught.value.response.status == 401


def test_concurrent_uses_of_a_ticket_succeed_once(redis, cluster):
    pair = cluster(redis().url, **GATED)
    for _ in range(5):
        ticket = ticket_for(pair[0])

        def attempt(number, ticket=ticket):
            try:
                return bool(connect(pair[number % 2], ticket))
            except Refused as refused:
                assert refused.response.status == 401
                return False

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            assert sum(pool.map(attempt, range(16))) == 1


def test_a_ticket_expires_in_redis_too(redis, cluster):
    server = redis()
    instance = cluster(server.url, 1, **GATED)[0]
    ticket = ticket_for(instance, ttl=1)
    assert [key for key in server.keys() if ticket in key]
    time.sleep(1.2)
    assert not [key for key in server.keys() if ticket in key]
    with pytest.raises(Refused):
        connect(instance, ticket)


def test_a_handshake_waiting_for_redis_uses_no_cpu(redis, cluster):
    server = redis()
    instance = cluster(server.url, 1, **GATED)[0]
    tickets = [ticket_for(instance, ttl=600) for _ in range(4)] + ["0" * 32]
    server.pause()
    raws = []
    for ticket in tickets:
        raw = instance.socket()
        raw.send(request_text(f"/ws/alice?ticket={ticket}",
                              headers=handshake_headers()) +
                 frame_bytes(1, "early") + frame_bytes(9, "ping"))
        raws.append(raw)
    raws[0].close()
    raws[1].end_sending()
    assert is_calm(instance)
    for raw in raws[2:]:
        raw.set_timeout(0.05)
        with pytest.raises(TimeoutError):
            raw.fill()
        raw.set_timeout(10)
    server.resume()
    for raw in raws[2:4]:
        assert raw.response().status == 101
        frames = raw.take(19)  # a pong may come first
        assert b"\x81\x0bEcho: early" in frames
        assert b"\x8a\x04ping" in frames
    assert raws[4].response().status == 401
    assert raws[4].is_ended()
    instance.drop_clients()
    instance.wait_metric("peal_connections", 0)
    patience.wait_until(lambda: instance.metric("peal_sockets") == 1,
                        what="all sockets to be closed")
    assert is_calm(instance)


def test_without_redis_it_is_503(redis, cluster):
    server = redis()
    instances = cluster(server.url, 1, redis={"backlog_seconds": 1}, **GATED)
    ticket = ticket_for(instances[0], ttl=600)
    server.end()
    with pytest.raises(Refused) as caught:
        connect(instances[0], ticket)
    response = caught.value.response
    assert response.status == 503
    assert response.headers["retry-after"] == "5"


def test_an_exit_does_not_wait_for_tickets(redis, cluster):
    server = redis()
    instance = cluster(server.url, 1, **GATED)[0]
    ticket = ticket_for(instance, ttl=600)
    server.pause()
    raw = instance.socket()
    raw.send(request_text(f"/ws/alice?ticket={ticket}",
                          headers=handshake_headers()))
    time.sleep(0.2)
    instance.signal()
    assert instance.wait_exit() == 0
    assert b" 101 " not in raw.rest()
    server.resume()
