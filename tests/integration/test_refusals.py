"""Reasons for refusals: GET /api/refusals and `peal client refusals`."""

import time

import pytest

from support.api import KEY, WITH_KEY, ask, tell
from support.tokens import WITH_AUTH, make_token
from support.websocket import Refused
from test_api_keys import key_of
from test_clients_api import run

WITH_BOTH = {**WITH_AUTH, **WITH_KEY}


@pytest.fixture
def server(peal):
    return peal(WITH_BOTH)


def refused(server, client="alice", **options):
    with pytest.raises(Refused):
        server.connect(client, protocol="broadcast", **options)


def told(server, query=""):
    answer = tell(server, "/api/refusals" + query)
    assert (answer["instances"], answer["answered"]) == (1, 1)
    return answer["refusals"]


def test_no_refusals_at_first(server):
    assert tell(server, "/api/refusals") == {
        "refusals": [], "more": False, "instances": 1, "answered": 1}


def test_token_errors_are_distinguished(server):
    before = time.time() * 1000 - 1000
    refused(server)
    refused(server, token=make_token("alice", exp=1))
    refused(server, token=make_token("alice") + "x")
    refused(server, token=make_token("bob"))
    refused(server, client="bob", token=make_token("alice"))
    rows = told(server, "?client=alice")
    assert [row["reason"] for row in rows] == [
        "token_client", "token_invalid", "token_expired", "token_missing"]
    assert [row["status"] for row in rows] == [403, 401, 401, 401]
    assert len({row["detail"] for row in rows}) == 4
    for row in rows:
        assert (row["client"], row["address"], row["kind"], row["count"]) == (
            "alice", "127.0.0.1", "handshake", 1)
        assert row["instance"].endswith(f":{server.port}")
        assert before < row["first"] == row["time"] < time.time() * 1000 + 1000
    assert len(told(server)) == 5


def test_repeated_refusals_are_counted(server):
    for _ in range(3):
        refused(server)
    row, = told(server)
    assert row["count"] == 3 and row["first"] <= row["time"]


def test_tokens_are_never_listed(server):
    token = make_token("alice", exp=1)
    refused(server, token=token)
    refused(server, client=token[:120], token=token)
    text = str(told(server))
    assert "eyJ" not in text and "(a token)" in text
    assert "eyJ" not in server.log()


@pytest.mark.parametrize("message, channel, words", [
    ({"type": "subscribe", "channel": "secret"}, "secret", "sub"),
    ({"type": "broadcast", "channel": "room", "payload": 1}, "room", "pub"),
    ({"type": "presence", "channel": "room"}, "room", "prs"),
    ({"type": "history", "channel": "room"}, "room", "hst"),
    ({"type": "direct", "to": "bob", "payload": 1}, None, "dir"),
])
def test_a_forbidden_channel_is_named(server, message, channel, words):
    alice = server.connect("alice", ["room"], protocol="broadcast",
                           token=make_token("alice", caps=[
                               {"channels": ["room"], "allow": ["sub"]}]))
    alice.receive_type("subscribed")
    error = alice.ask(message)
    assert (error["type"], error["code"], error.get("channel")) == (
        "error", "forbidden", channel)
    row, = told(server, "?client=alice")
    assert (row["kind"], row["reason"], row.get("channel")) == (
        "operation", "forbidden", channel)
    assert words in row["detail"]
    line = server.wait_log("Operation refused")
    assert "client=alice" in line and "reason=forbidden" in line
    assert server.metric(
        'peal_operations_refused_total{reason="forbidden"}') == 1


def test_a_refused_refresh_and_api_request_are_listed(server):
    alice = server.connect("alice", protocol="broadcast",
                           token=make_token("alice"))
    assert alice.ask({"type": "refresh", "token": make_token("bob")})[
        "code"] == "bad_token"
    assert ask(server, "/api/channels", key="wrong-" + KEY).status == 401
    api, refresh = told(server)
    assert (refresh["kind"], refresh["client"], refresh["reason"]) == (
        "refresh", "alice", "token_client")
    assert (api["kind"], api["reason"], api["detail"], api["status"]) == (
        "api", "key_unknown", "/api/channels", 401)
    assert "client" not in api


def test_refusals_can_be_filtered_by_address_and_network(peal):
    server = peal({**WITH_BOTH, "trusted_proxies": ["127.0.0.0/8"]})
    for address in ("203.0.113.7", "203.0.113.9", "2001:db8::1"):
        refused(server, headers=[("X-Forwarded-For", address)])
    for query, count in (("203.0.113.7", 1), ("203.0.113.0/24", 2),
                         ("203.0.113.0%2F24", 2), ("2001:db8::/32", 1),
                         ("198.51.100.1", 0)):
        assert len(told(server, f"?address={query}")) == count, query
    assert len(told(server, "?address=203.0.113.0/24&client=alice")) == 2
    assert told(server, "?address=203.0.113.0/24&client=bob") == []


def test_the_number_of_rows_can_be_limited(server):
    for i in range(60):
        refused(server, client=f"c-{i}")
    assert len(told(server)) == 50
    answer = tell(server, "/api/refusals?limit=2")
    assert [row["client"] for row in answer["refusals"]] == ["c-59", "c-58"]
    assert answer["more"] is True
    assert tell(server, "/api/refusals?limit=200")["more"] is False
    assert len(told(server, "?limit=0")) == 0


@pytest.mark.parametrize("query, words", [
    ("client=a%7F", "client must be"), ("address=x", "address must be"),
    ("address=10.0.0.1/8", "address must be"), ("client=%FF", "UTF-8"),
    ("address=" + "1" * 100, "address must be"), ("limit=x", "limit must be"),
])
def test_invalid_queries_are_refused(server, query, words):
    response = ask(server, "/api/refusals?" + query)
    assert response.status == 400 and words in response.json["error"]


def test_it_needs_the_scope_clients(peal):
    server = peal({"api": {"keys": [key_of("support", "clients"),
                                    key_of("rest", "presence")]}})
    for key, status in (("support", 200), ("rest", 403)):
        assert ask(server, "/api/refusals",
                   key=f"key-of-{key}").status == status
    result, = tell(server, "/api/batch", {"commands": [
        {"command": "refusals", "address": "127.0.0.1"}]},
        key="key-of-support")["results"]
    assert [row["reason"] for row in result["refusals"]] == ["key_scope"]


def test_the_program_lists_refusals(server):
    refused(server, token=make_token("alice", exp=1))
    refused(server, token=make_token("alice", exp=1))
    line, = run(server, "refusals", "alice").stdout.splitlines()
    assert line.startswith("20") and line.split()[1:] == [
        "2x", "handshake", "token_expired", "401", "127.0.0.1",
        f"{line.split()[6]}", *line.split()[7:]]
    assert "expired" in line
    assert run(server, "refusals", "bob").stdout == (
        "no refusals in the last 15 minutes\n")
