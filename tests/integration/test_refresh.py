"""Tokens that expire on open connections, and refresh with a new one."""

import time

import pytest

from support.patience import seconds
from support.tokens import SECRET, make_token

AUTH = {"auth": {"secret": SECRET, "leeway_seconds": 0},
        "ping_seconds": 2, "pong_seconds": 1}


def open_for(server, ttl, channels=("room",), **claims):
    return server.join("alice", *channels,
                       token=make_token("alice", ttl=ttl, **claims))


def refresh(client, **options):
    return client.ask({"type": "refresh",
                       "token": make_token("alice", **options)})


def test_an_expired_token_closes_4401(peal):
    """With every protocol."""
    unpinged = {"auth": AUTH["auth"]}  # clients are read sequentially
    server = peal(config=unpinged)
    start = time.time()
    echo = server.connect(token=make_token("alice", ttl=1))
    for client in (open_for(server, 1), echo):
        closed = client.wait_closed()
        assert (closed.code, closed.reason) == (4401, "token expired")
        assert 1 <= time.time() - start <= seconds(6)


def test_a_longer_token_also_expires_in_time(peal):
    """It expires later, so a later check detects it."""
    server = peal(config=AUTH)
    start = time.time()
    assert open_for(server, 3.1).wait_close() == 4401
    assert time.time() - start >= 3


def test_refresh_is_exactly_as_documented(peal):
    client = open_for(peal(config=AUTH), 60)
    token = make_token("alice", exp=4102444800)
    client.send('{"type":"refresh","token":"%s","id":1}' % token)
    assert client.receive_data() == \
        '{"type":"refreshed","expires":4102444800,"id":1}'


def test_refresh_extends_the_connection(peal):
    client = open_for(peal(config=AUTH), 2)
    assert refresh(client, ttl=600)["type"] == "refreshed"
    for _ in range(6):
        time.sleep(0.5)
        assert client.ask({"type": "ping"})["type"] == "pong"


def test_the_leeway_applies_to_the_expiry(peal):
    server = peal(config={**AUTH, "auth": {"secret": SECRET,
                                           "leeway_seconds": 2}})
    client = open_for(server, -1)
    assert client.ask({"type": "ping"})["type"] == "pong"
    assert client.wait_close() == 4401


def test_refresh_may_shorten_the_connection(peal):
    client = open_for(peal(config=AUTH), 600)
    assert refresh(client, ttl=1)["type"] == "refreshed"
    assert client.wait_close() == 4401


@pytest.mark.parametrize("options", [
    {"secret": "another secret that is as long as it should be"},
    {"ttl": -100}, {"sub": "bob"}, {"exp": None}, {"nbf": 4102444800}])
def test_an_invalid_token_changes_nothing(peal, options):
    client = open_for(peal(config=AUTH), 600)
    answer = client.ask({"type": "refresh", "token":
                         make_token(**{"sub": "alice", **options})})
    assert (answer["type"], answer["code"]) == ("error", "bad_token")
    answer = client.ask({"type": "broadcast", "payload": 1})
    assert answer["type"] == "broadcastResult"


def test_refresh_narrows_what_is_allowed(peal):
    """Subscriptions that are no longer allowed are removed."""
    server = peal(config=AUTH)
    client = open_for(server, 600, ("chat:a", "chat:b", "news"))
    bob = server.join("bob", "chat:a", token=make_token("bob"))
    caps = [{"channels": ["news"], "allow": ["sub"]}]
    client.send({"type": "refresh", "id": "r",
                 "token": make_token("alice", caps=caps)})
    got = client.receive_many(3)
    gone = sorted(m["channel"] for m in got if m["type"] == "unsubscribed")
    assert gone == ["chat:a", "chat:b"]
    assert [m["type"] for m in got].count("refreshed") == 1
    answer = bob.ask({"type": "broadcast", "payload": 1})
    assert answer["listenerCount"] == 1
    assert client.is_silent()
    answer = client.ask({"type": "broadcast", "payload": 1})
    assert answer["code"] == "forbidden"
    answer = bob.ask({"type": "presence"})
    assert answer["clients"] == [{"client": "bob", "connections": 1}]


def test_refresh_may_allow_more(peal):
    caps = [{"channels": ["news"], "allow": ["sub"]}]
    client = open_for(peal(config=AUTH), 600, ("news",), caps=caps)
    assert client.ask({"type": "broadcast", "payload": 1})["code"] == \
        "forbidden"
    refresh(client)
    assert client.ask({"type": "broadcast", "payload": 1})["type"] == \
        "broadcastResult"


def test_without_auth_refresh_is_harmless(peal):
    client = peal().join("alice", "room")
    answer = client.ask({"type": "refresh", "token": "whatever"})
    assert answer["type"] == "refreshed"
