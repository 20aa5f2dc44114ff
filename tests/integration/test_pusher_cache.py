"""Cache channels of Pusher's protocol."""

import pytest

from support.api import WITH_KEY, publish
from support.pusher import APP, Pusher

from test_pusher_api import get, told, trigger

CONFIG = {**WITH_KEY, "pusher": {"apps": [APP]}}


@pytest.fixture(scope="module")
def server(start_shared):
    return start_shared(CONFIG)


@pytest.mark.parametrize("prefix", ["cache-", "private-cache-",
                                    "presence-cache-"])
def test_a_new_subscriber_gets_the_last_event(server, prefix):
    name = f"{prefix}one"
    user = ("u", {}) if prefix.startswith("presence-") else None
    first = Pusher(server)
    first.join(name, user)
    assert first.receive("pusher:cache_miss")["channel"] == name
    trigger(server, [name], "old")
    trigger(server, [name], "new", "[2]")
    first.receive("old")
    first.receive("new")
    if user or prefix.startswith("private-"):
        other = Pusher(server)
        other.join(name, user and ("w", {}))
        other.receive("new")
        for number in range(10):
            first.send(f"client-{number}", {}, name)
        for number in range(10):
            other.receive(f"client-{number}")
    second = Pusher(server)
    second.join(name, user and ("v", {}))
    message = second.receive("new")
    assert (message["channel"], message["data"]) == (name, [2])
    assert second.is_silent()
    second.send("pusher:unsubscribe", {"channel": name})
    second.join(name, user and ("v", {}))
    second.receive("new")


def test_other_channels_have_no_cache(server):
    trigger(server, ["plain", "private-plain"])
    client = Pusher(server)
    for name in "plain", "private-plain":
        client.join(name)
    assert client.is_silent()


def test_an_encrypted_event_is_forwarded_unchanged(server):
    name = "private-encrypted-cache-x"
    data = '{"nonce":"AAAA","ciphertext":"BBBB"}'
    trigger(server, [name], "secret", data)
    client = Pusher(server)
    client.join(name)
    assert client.receive("secret")["data"] == {"nonce": "AAAA",
                                                "ciphertext": "BBBB"}


def test_messages_of_peals_clients_are_cached_too(server):
    publish(server, "pusher:1:cache-peal", {"a": 1})
    client = Pusher(server)
    client.join("cache-peal")
    assert client.receive("message")["data"] == {"a": 1}


def test_backends_can_query_the_last_event(server):
    trigger(server, ["cache-told"], "x", '{"a":1}')
    cache = told(server, "channels/cache-told", info="cache")["cache"]
    assert cache["data"] == '{"a":1}'
    assert 1795 <= cache["ttl"] <= 1800
    assert told(server, "channels/cache-none", info="cache") == {
        "occupied": False, "cache": None}
    assert get(server, "channels/news", info="cache").status == 400
