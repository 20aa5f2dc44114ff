"""Bans of clients, addresses and networks; disconnecting by address."""

import socket
import time

import pytest

from support.api import WITH_KEY, ask, tell
from support.patience import wait_until
from support.tokens import WITH_AUTH, make_token
from support.websocket import Refused
from test_api_keys import key_of
from test_clients_api import run

PROXIED = {**WITH_KEY, "trusted_proxies": ["127.0.0.0/8"]}


@pytest.fixture
def server(peal):
    return peal(PROXIED)


def from_address(server, address, client="alice"):
    return server.connect(client, protocol="echo",
                          headers=[("X-Forwarded-For", address)])


def refused(server, address="203.0.113.7", client="alice"):
    with pytest.raises(Refused) as caught:
        from_address(server, address, client)
    return caught.value.response


def is_banned(server, address="203.0.113.7", client="alice"):
    response = refused(server, address, client)
    return (response.status, response.json) == (403, {"error": "Banned"})


def test_a_banned_client_is_closed_and_stays_banned(server):
    alice = from_address(server, "203.0.113.7")
    bob = from_address(server, "203.0.113.7", "bob")
    before = time.time() * 1000
    answer = tell(server, "/api/ban", {"client": "alice", "ttl": 60,
                                       "reason": "spam"})
    assert (answer["client"], answer["instances"]) == ("alice", 1)
    assert 59000 < answer["until"] - before < 62000
    closed = alice.wait_closed()
    assert (closed.code, closed.reason) == (4403, "spam")
    assert is_banned(server)
    assert server.metric('peal_handshakes_refused_total{reason="banned"}') == 1
    assert server.metric('peal_closes_total{reason="banned"}') == 1
    assert "reason=banned" in server.wait_log("Handshake refused")
    row, = tell(server, "/api/refusals?client=alice")["refusals"]
    assert (row["reason"], row["detail"]) == ("banned", "spam")
    bob.send("still here")
    assert "still here" in bob.receive_data()


def test_a_ban_expires_or_is_lifted(server):
    tell(server, "/api/ban", {"client": "alice", "ttl": 1})
    tell(server, "/api/ban", {"client": "bob"})
    assert is_banned(server) and is_banned(server, client="bob")
    time.sleep(1.2)
    from_address(server, "203.0.113.7")
    assert [ban["client"] for ban in tell(server, "/api/bans")["bans"]] == [
        "bob"]
    assert tell(server, "/api/unban", {"client": "bob"}) == {
        "client": "bob", "removed": True, "instances": 1}
    from_address(server, "203.0.113.7", "bob")
    assert tell(server, "/api/unban", {"client": "bob"})["removed"] is False
    assert tell(server, "/api/bans") == {"bans": [], "more": False}


@pytest.mark.parametrize("target, spelled, inside, outside", [
    ("203.0.113.7", None, "203.0.113.7", "203.0.113.8"),
    ("203.0.113.0/24", None, "203.0.113.255", "203.0.114.0"),
    ("2001:db8::1", None, "2001:db8::1", "2001:db8::2"),
    ("2001:DB8:0::/32", "2001:db8::/32", "2001:db8:ffff::1", "2001:db9::1"),
])
def test_addresses_and_networks_are_banned(server, target, spelled, inside,
                                           outside):
    gone = from_address(server, inside)
    stays = from_address(server, outside)
    answer = tell(server, "/api/ban", {"address": target})
    assert answer["address"] == (spelled or target)
    closed = gone.wait_closed()
    assert (closed.code, closed.reason) == (4403, "banned")
    assert is_banned(server, inside)
    from_address(server, outside, "carol")
    stays.send("x")
    assert "x" in stays.receive_data()
    ban, = tell(server, "/api/bans")["bans"]
    assert ban["address"] == (spelled or target)
    assert tell(server, "/api/unban", {"address": target})["removed"] is True
    from_address(server, inside)


def test_a_banned_address_is_not_even_accepted(peal):
    server = peal(WITH_KEY)
    tell(server, "/api/ban", {"address": "127.0.0.2", "ttl": 60})
    with socket.create_connection(("127.0.0.1", server.port), 5,
                                  source_address=("127.0.0.2", 0)) as raw:
        raw.settimeout(5)
        try:
            assert raw.recv(100) == b""
        except ConnectionResetError:
            pass
    assert server.metric("peal_banned_sockets_total") == 1
    wait_until(lambda: server.metric("peal_bans") == 1, what="the gauge")


def test_an_unauthenticated_client_does_not_learn_of_a_ban(peal):
    server = peal({**WITH_AUTH, **WITH_KEY})
    tell(server, "/api/ban", {"client": "alice"})
    with pytest.raises(Refused) as caught:
        server.connect("alice", token=make_token("bob"))
    assert caught.value.response.json["error"] == "Token is for another client"
    with pytest.raises(Refused) as caught:
        server.connect("alice", token=make_token("alice"))
    assert caught.value.response.json["error"] == "Banned"
    ticket = tell(server, "/api/tickets", {"client": "alice"})["ticket"]
    with pytest.raises(Refused) as caught:
        server.connect("alice", query={"ticket": ticket})
    assert caught.value.response.json["error"] == "Banned"


def test_connections_are_closed_by_address(server):
    gone = [from_address(server, f"203.0.113.{i}", f"c-{i}") for i in range(5)]
    stays = from_address(server, "198.51.100.1", "stays")
    assert tell(server, "/api/disconnect", {
        "address": "203.0.113.0/24", "reason": "moved"}) == {
            "address": "203.0.113.0/24", "instances": 1}
    for client in gone:
        closed = client.wait_closed()
        assert (closed.code, closed.reason) == (4403, "moved")
    from_address(server, "203.0.113.1")
    stays.send("x")
    assert "x" in stays.receive_data()


@pytest.mark.parametrize("path, body, words", [
    ("ban", {}, "client or address is required"),
    ("ban", {"client": "a", "address": "::1"}, "client or address is required"),
    ("ban", {"client": "a\x7f"}, "client must be"),
    ("ban", {"address": "10.0.0.1/8"}, "address must be"),
    ("ban", {"address": "example.com"}, "address must be"),
    ("ban", {"client": "a", "ttl": 0}, "ttl must be"),
    ("ban", {"client": "a", "ttl": 31622401}, "ttl must be"),
    ("ban", {"client": "a", "reason": "x" * 124}, "reason must be"),
    ("unban", {}, "client or address is required"),
    ("disconnect", {"address": "x"}, "address must be"),
])
def test_invalid_bans_are_refused(server, path, body, words):
    response = ask(server, f"/api/{path}", body)
    assert response.status == 400 and words in response.json["error"]
    assert tell(server, "/api/bans")["bans"] == []


def test_the_number_of_bans_is_limited(server):
    commands = [{"command": "ban", "address": f"10.{i // 256}.{i % 256}.0/24"}
                for i in range(1001)]
    statuses = [r.get("status", 200) for half in (commands[:500],
                                                  commands[500:])
                for r in tell(server, "/api/batch",
                              {"commands": half})["results"]]
    assert statuses == [200] * 1000 + [503]
    assert tell(server, "/api/bans?limit=1")["more"] is True
    assert is_banned(server, "10.3.231.1")
    assert tell(server, "/api/unban", {"address": "10.0.0.0/24"})["removed"]
    tell(server, "/api/ban", commands[1000])


def test_it_needs_the_scope_bans_and_is_audited(peal):
    server = peal({"api": {"keys": [
        key_of("police", "bans"), key_of("rest", "disconnect", "clients")]}})
    for path, body in (("ban", {"client": "eve"}), ("unban", {"client": "eve"}),
                       ("bans", None)):
        for key, status in (("police", 200), ("rest", 403)):
            assert ask(server, f"/api/{path}", body,
                       key=f"key-of-{key}").status == status
    tell(server, "/api/ban", {"address": "192.0.2.0/24", "reason": "why"},
         key="key-of-police")
    line = server.wait_log("target=192.0.2.0/24")
    assert "kind=audit action=ban key=police" in line and "reason=why" in line


def test_the_program_bans(server):
    assert '"client":"eve"' in run(server, "ban", "eve", "--ttl", "60",
                                   "--reason", "so bad").stdout
    run(server, "ban", "--address", "192.0.2.0/24")
    first, second = sorted(run(server, "bans").stdout.splitlines())
    assert first.startswith("20") and first.endswith("Z client eve so bad")
    assert second.endswith("Z address 192.0.2.0/24")
    assert is_banned(server, client="eve")
    run(server, "unban", "eve")
    run(server, "unban", "--address", "192.0.2.0/24")
    assert run(server, "bans").stdout == ""
    eve = from_address(server, "192.0.2.1", "eve")
    run(server, "disconnect", "--address", "192.0.2.1", "--reason", "x")
    assert eve.wait_closed().reason == "x"
