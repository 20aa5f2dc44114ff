"""Tickets: created by the API, valid for one handshake."""

import concurrent.futures
import re
import time

import pytest

from support.api import KEY, WITH_KEY, ask, tell
from support.raw import request_text
from support.tokens import WITH_AUTH, make_token
from support.websocket import Refused, frame_bytes, handshake_headers

GATED = {**WITH_AUTH, **WITH_KEY}


@pytest.fixture(scope="module")
def gated(start_shared):
    return start_shared(GATED)


def ticket_for(server, client="alice", **more):
    answer = tell(server, "/api/tickets", {"client": client, **more})
    assert answer.keys() == {"ticket"}
    assert re.fullmatch("[0-9a-f]{32}", answer["ticket"])
    return answer["ticket"]


def connect(server, ticket, client="alice", **options):
    return server.connect(client, protocol="broadcast",
                          query={"ticket": ticket}, **options)


def refusal(server, ticket, client="alice"):
    with pytest.raises(Refused) as caught:
        connect(server, ticket, client)
    return caught.value.response


def test_a_ticket_is_valid_once(gated):
    ticket = ticket_for(gated)
    client = connect(gated, ticket)
    assert client.receive_type("subscribed")["channel"] == "lobby"
    assert client.ask({"type": "ping"})["type"] == "pong"
    response = refusal(gated, ticket)
    assert response.status == 401
    assert response.json == {"error": "Invalid ticket"}
    assert response.headers["www-authenticate"] == "Bearer"


def test_a_ticket_is_for_one_client(gated):
    ticket = ticket_for(gated, "bob")
    response = refusal(gated, ticket, "alice")
    assert response.status == 403
    assert response.json == {"error": "Ticket is for another client"}
    assert refusal(gated, ticket, "bob").status == 401  # it has been used


@pytest.mark.parametrize("ticket", [
    "x", "0" * 31, "0" * 33, "0" * 32, "G" * 32, "0" * 5000, "%00" * 32])
def test_an_invalid_ticket_is_refused_with_401(gated, ticket):
    assert refusal(gated, ticket).status == 401


def test_an_empty_ticket_is_ignored(gated):
    response = refusal(gated, "")
    assert (response.status, response.json) == (
        401, {"error": "Authorization header required"})


def test_a_ticket_expires(gated):
    ticket = ticket_for(gated, ttl=1)
    time.sleep(1.2)
    assert refusal(gated, ticket).status == 401
    assert connect(gated, ticket_for(gated, ttl=3600))


def test_the_caps_of_a_ticket_apply(gated):
    client = connect(gated, ticket_for(gated, caps=[
        {"channels": ["chat:*"], "allow": ["sub"]}]), channels=["chat:1"])
    assert client.receive_type("subscribed")["channel"] == "chat:1"
    assert client.ask({"type": "broadcast", "payload": 1})["code"] == (
        "forbidden")
    assert client.ask({"type": "subscribe", "channel": "x"})["code"] == (
        "forbidden")


def test_a_token_takes_precedence_over_a_ticket(gated):
    ticket = ticket_for(gated)
    with pytest.raises(Refused):
        connect(gated, ticket, token="bad")
    connect(gated, "0" * 32, token=make_token("alice"))
    assert connect(gated, ticket)  # still unused


@pytest.mark.parametrize("body, field", [
    ({}, "client"), ({"client": "a\nb"}, "client"),
    ({"client": "alice", "ttl": 0}, "ttl"),
    ({"client": "alice", "ttl": 3601}, "ttl"),
    ({"client": "alice", "ttl": "30"}, "ttl"),
    ({"client": "alice", "caps": {}}, "caps"),
    ({"client": "alice", "caps": [{"channels": ["a"], "allow": ["fly"]}]},
     "caps"),
])
def test_an_invalid_request_names_its_field(gated, body, field):
    response = ask(gated, "/api/tickets", body)
    assert (response.status, response.json["field"]) == (400, field)


def test_without_auth_a_ticket_still_applies(start_shared):
    server = start_shared(WITH_KEY)
    assert server.connect("alice")
    ticket = ticket_for(server, caps=[])
    client = connect(server, ticket, channels=["x"])
    assert client.receive_type("error")["code"] == "forbidden"
    assert refusal(server, ticket).status == 401


def test_concurrent_uses_of_a_ticket_succeed_once(peal):
    server = peal(GATED)
    for _ in range(5):
        ticket = ticket_for(server)

        def attempt(_, ticket=ticket):
            try:
                return bool(connect(server, ticket))
            except Refused as refused:
                assert refused.response.status == 401
                return False

        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            assert sum(pool.map(attempt, range(16))) == 1
    assert server.metric("peal_tickets_redeemed_total") == 5
    assert server.metric_sum("peal_handshakes_refused_total") == 75
    server.drop_clients()
    server.wait_metric("peal_connections", 0)


def test_frames_sent_with_the_handshake_are_not_lost(gated):
    ticket = ticket_for(gated)
    raw = gated.socket()
    raw.send(request_text(f"/ws/alice?ticket={ticket}",
                          headers=handshake_headers()) +
             frame_bytes(1, "early") + frame_bytes(1, "birds"))
    assert raw.response().status == 101
    assert raw.take(13) == b"\x81\x0bEcho: early"
    assert raw.take(13) == b"\x81\x0bEcho: birds"


def test_a_ticket_on_a_kept_connection(gated):
    raw = gated.socket()
    raw.send(request_text("/health"))
    assert raw.response().status == 200
    path = f"/ws/alice?ticket={ticket_for(gated)}"
    raw.send(request_text(path, headers=handshake_headers()))
    assert raw.response().status == 101
    raw = gated.socket()
    raw.send(request_text("/health"))
    assert raw.response().status == 200
    raw.send(request_text(path, headers=handshake_headers()))
    assert raw.response().status == 401
    assert raw.is_ended()


def test_limits_apply_to_tickets(peal):
    server = peal({**GATED, "limits": {"connections_per_client": 1,
                                       "tickets": 3}})
    tickets = [ticket_for(server, ttl=600) for _ in range(3)]
    response = ask(server, "/api/tickets", {"client": "alice"})
    assert response.status == 503
    assert server.metric('peal_limit_reached_total{limit="tickets"}') == 1
    assert connect(server, tickets[0])
    assert refusal(server, tickets[1]).status == 429
    assert ticket_for(server)


def test_a_refusal_is_explained_on_request(peal):
    server = peal({**GATED, "explain_refusals": True})
    ticket = ticket_for(server)
    assert connect(server, ticket).receive_type("subscribed")
    closed = connect(server, ticket).wait_closed()
    assert (closed.code, closed.reason) == (4401, "unknown, already used or expired")
    closed = connect(server, ticket_for(server, "bob")).wait_closed()
    assert (closed.code, closed.reason) == (4403,
                                            "Ticket is for another client")


def test_creating_tickets_requires_the_scope(peal):
    import test_api_keys as keys
    server = peal({"api": {"keys": [keys.key_of("t", "tickets"),
                                    keys.key_of("p", "publish")]}})
    for key, status in (("key-of-t", 200), ("key-of-p", 403)):
        assert ask(server, "/api/tickets", {"client": "a"},
                   key=key).status == status


def test_a_ticket_is_never_logged(peal):
    server = peal({**GATED, "log": {"level": "debug"}})
    ticket = ticket_for(server)
    client = connect(server, ticket)
    refusal(server, ticket)
    client.end()
    server.wait_metric("peal_connections", 0)
    assert ticket not in server.log()
    assert KEY not in server.log()
