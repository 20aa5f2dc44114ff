"""Channels: joined by URL or message, left, and omitted."""

import re
import string

import pytest

LOBBY = re.compile(r'\{"type":"subscribed","channel":"lobby",'
                   r'"epoch":"[0-9a-f]{16}","offset":0,"recovered":false,'
                   r'"messages":\[\]\}')


def test_without_a_channel_the_lobby_is_joined(peal):
    client = peal().connect(protocol="broadcast")
    assert LOBBY.fullmatch(client.receive_data())
    assert client.is_silent()


def test_the_default_channel_is_configured(peal):
    server = peal(config={"default_channel": "hall"})
    client = server.connect(protocol="broadcast")
    assert client.receive()["channel"] == "hall"


def test_every_channel_of_the_url_is_joined(peal):
    client = peal().connect("alice", ["a", "b", "c/d:e"],
                            protocol="broadcast")
    names = [message["channel"] for message in client.receive_many(3)]
    assert sorted(names) == ["a", "b", "c/d:e"]
    assert client.is_silent()


def test_an_empty_channel_in_the_url_joins_none(peal):
    client = peal().connect(path="/ws/alice?channel=", protocol="broadcast")
    assert client.is_silent()
    answer = client.ask({"type": "broadcast", "payload": 1})
    assert answer["code"] == "no_channel"


def test_an_invalid_channel_in_the_url_does_not_affect_the_others(peal):
    client = peal().connect("alice", ["a b", "good"], protocol="broadcast")
    got = {message["type"]: message for message in client.receive_many(2)}
    assert got["error"]["code"] == "bad_channel"
    assert got["subscribed"]["channel"] == "good"


def test_a_channel_named_twice_in_the_url_is_joined_once(peal):
    server = peal()
    client = server.connect("alice", ["a", "a"], protocol="broadcast")
    got = {message["type"]: message for message in client.receive_many(2)}
    assert got["error"]["code"] == "already_subscribed"
    answer = client.ask({"type": "broadcast", "channel": "a", "payload": 1})
    assert answer["listenerCount"] == 1


def test_echo_joins_no_channel(peal):
    server = peal()
    echo = server.connect("alice", ["room"], protocol="echo")
    bob = server.join("bob", "room")
    answer = bob.ask({"type": "broadcast", "payload": 1})
    assert answer["listenerCount"] == 1
    assert echo.is_silent()


def test_subscribe_and_unsubscribe_by_message(peal):
    server = peal()
    alice = server.join("alice", "room")
    bob = server.connect("bob", [""], protocol="broadcast")
    answer = bob.ask({"type": "subscribe", "channel": "room"})
    assert answer["type"] == "subscribed"
    assert answer["epoch"] == alice.subscribed[0]["epoch"]
    alice.ask({"type": "broadcast", "payload": "one"})
    assert bob.receive()["payload"] == "one"
    bob.send('{"type":"unsubscribe","channel":"room","id":5}')
    assert bob.receive_data() == \
        '{"type":"unsubscribed","channel":"room","id":5}'
    answer = alice.ask({"type": "broadcast", "payload": "two"})
    assert answer["listenerCount"] == 1
    assert bob.is_silent()


def test_with_one_channel_its_name_is_optional(peal):
    client = peal().join("alice", "room")
    for kind in ("broadcast", "presence", "history", "unsubscribe"):
        answer = client.ask({"type": kind, "payload": 1})
        assert answer["channel"] == "room", kind


def test_with_two_channels_a_name_is_required(peal):
    client = peal().join("alice", "one", "two")
    for kind in ("broadcast", "presence", "history", "unsubscribe"):
        answer = client.ask({"type": kind, "payload": 1})
        assert answer["code"] == "no_channel", kind
    client.ask({"type": "unsubscribe", "channel": "one"})
    assert client.ask({"type": "presence"})["channel"] == "two"


def test_messages_stay_in_their_channel(peal):
    server = peal()
    one = server.join("alice", "one")
    two = server.join("bob", "two")
    both = server.join("carol", "one", "two")
    one.ask({"type": "broadcast", "payload": 1})
    two.ask({"type": "broadcast", "payload": 2})
    got = {message["channel"]: message["payload"]
           for message in both.receive_many(2)}
    assert got == {"one": 1, "two": 2}
    assert [one.receive()["payload"], two.receive()["payload"]] == [1, 2]
    assert one.is_silent() and two.is_silent()


def test_offsets_count_per_channel(peal):
    client = peal().join("alice", "one", "two")
    for channel, offset in (("one", 1), ("one", 2), ("two", 1), ("one", 3)):
        answer = client.ask({"type": "broadcast", "channel": channel,
                             "payload": 0})
        assert answer["offset"] == offset


@pytest.mark.parametrize("name", [
    string.ascii_letters + string.digits, "_-=@,.;:#$/", "x", "c" * 164])
def test_every_allowed_name_works(shared, name):
    client = shared.join("alice", name)
    assert client.subscribed[0]["channel"] == name
    answer = client.ask({"type": "broadcast", "payload": 1})
    assert answer["channel"] == name


def test_joining_and_leaving_at_once_leaves_nothing(peal):
    server = peal(config={"limits": {"messages_per_second": 0}})
    client = server.join("alice", "room")
    for _ in range(100):
        client.send({"type": "subscribe", "channel": "quick"})
        client.send({"type": "unsubscribe", "channel": "quick"})
    answer = client.ask({"type": "broadcast", "channel": "quick",
                         "payload": 1})
    assert answer["listenerCount"] == 0
    answer = client.ask({"type": "presence", "channel": "quick"})
    assert answer["clients"] == []
    client.ask({"type": "subscribe", "channel": "quick"})
    answer = client.ask({"type": "broadcast", "channel": "quick",
                         "payload": 2})
    assert answer["listenerCount"] == 1
