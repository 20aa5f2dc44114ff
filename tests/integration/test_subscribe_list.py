"""Returning to many channels: `subscribe` takes a list, and what a client
needs to come back does not count towards its rate."""

import json

import pytest

from support.application import ALLOW, hooks
from support.recovered import recovered
from support.websocket import frame_bytes

CHANNELS = 128  # limits.channels_per_connection
RATE = 100  # limits.messages_per_second
OPENING = 3 * CHANNELS

NAMES = [f"room-{i:03}" for i in range(CHANNELS)]


def quiet(server, name="alice"):
    return server.connect(name, [""], protocol="broadcast")


def send_all(client, messages):
    """Sends all in one write, like a client after it connects."""
    client.raw.send(b"".join(frame_bytes(1, json.dumps(message))
                             for message in messages))


def test_one_message_subscribes_to_all_channels(shared):
    client = quiet(shared)
    client.send({"type": "subscribe", "id": 1, "channels": NAMES})
    got = client.receive_many(CHANNELS)
    assert {m["type"] for m in got} == {"subscribed"}
    assert sorted(m["channel"] for m in got) == NAMES
    assert {m["id"] for m in got} == {1}
    assert client.is_silent()


def exhaust_opening(client, count):
    send_all(client, [{"type": "presence", "channel": "x"}] * count)
    assert len(client.receive_many(count)) == count


SMALL = {"limits": {"channels_per_connection": 4, "messages_per_second": 5}}
SMALL_OPENING = 12


def test_a_list_counts_as_one_message(peal):
    client = quiet(peal(config=SMALL))
    exhaust_opening(client, SMALL_OPENING)
    send_all(client, [{"type": "subscribe", "channels": list("abcd")}] +
             [{"type": "ping"}] * 4)
    kinds = [m["type"] for m in client.receive_many(8)]
    assert kinds.count("subscribed") == kinds.count("pong") == 4
    send_all(client, [{"type": "ping"}] * 3)
    assert client.wait_close() == 4529


def test_each_refused_entry_of_a_list_counts(peal):
    """Otherwise a short message would cause many long ones."""
    client = quiet(peal(config=SMALL))
    client.send({"type": "subscribe", "channels": ["a"] * 1024})
    assert client.wait_close() == 4529
    assert len(client.backlog) < SMALL_OPENING + 10


def test_each_channel_is_recovered_from_its_own_position(peal):
    server = peal(config={"limits": {"messages_per_second": 0}})
    talker = server.join("talker", *NAMES[:20])
    positions = {m["channel"]: m for m in talker.subscribed}
    for i, name in enumerate(NAMES[:20]):
        for number in range(i):
            talker.ask({"type": "broadcast", "channel": name,
                        "payload": number})
    client = quiet(server)
    client.send({"type": "subscribe", "id": 1, "channels": [
        {"channel": name,
         "since": {"epoch": positions[name]["epoch"], "offset": i // 2}}
        for i, name in enumerate(NAMES[:20])]})
    recovered(client, {name: list(range(i // 2 + 1, i + 1))
                       for i, name in enumerate(NAMES[:20])})


def test_an_error_affects_only_its_channel(peal):
    server = peal(config={"limits": {"channels": 3}})
    client = quiet(server)
    client.send({"type": "subscribe", "id": "x", "channels": [
        "a", "no way", {"channel": "b"}, "a", {"channel": "c", "since": 1},
        "d", "e", "f"]})
    got = client.receive_many(8)
    assert {m["id"] for m in got} == {"x"}
    assert sorted((m["channel"], m.get("code", m["type"])) for m in got) == [
        ("a", "already_subscribed"), ("a", "subscribed"),
        ("b", "subscribed"), ("c", "bad_since"), ("d", "subscribed"),
        ("e", "too_many_channels"), ("f", "too_many_channels"),
        ("no way", "bad_channel")]


def test_the_application_is_asked_about_each_channel(peal, application):
    application.answer = lambda question: (
        {"allow": False, "reason": "not you"}
        if question["channel"].endswith("7") else ALLOW)
    server = peal(config={"hooks": hooks(application,
                                        questions=["subscribe"])})
    client = quiet(server)
    client.send({"type": "subscribe", "id": 1, "channels": NAMES[:20]})
    got = client.receive_many(20)
    refused = {m["channel"]: m["message"] for m in got
               if m["type"] == "error"}
    assert refused == {"room-007": "not you", "room-017": "not you"}


# --- the opening burst

@pytest.mark.parametrize("follow", ["in the list", "one by one"])
def test_all_channels_with_history_and_members_fit(peal, follow):
    """With default limits, however the client asks."""
    server = peal()
    client = quiet(server)
    if follow == "in the list":
        client.send({"type": "subscribe", "id": 1, "channels": [
            {"channel": name, "history": 10, "presence": True}
            for name in NAMES]})
    else:
        send_all(client, [{"type": kind, "channel": name}
                          for name in NAMES
                          for kind in ("subscribe", "history", "presence")])
    kinds = [m["type"] for m in client.receive_many(OPENING)]
    for kind in ("subscribed", "history", "presence"):
        assert kinds.count(kind) == CHANNELS
    assert client.ask({"type": "ping"})["type"] == "pong"


def test_queued_publishes_fit_too(peal):
    server = peal()
    client = quiet(server)
    send_all(client, [{"type": "subscribe", "channel": name}
                      for name in NAMES] +
             [{"type": "broadcast", "channel": NAMES[0], "payload": i, "id": i}
              for i in range(RATE)])
    results = [client.receive_type("broadcastResult") for _ in range(RATE)]
    assert [m["id"] for m in results] == list(range(RATE))
    assert client.ask({"type": "presence", "channel": "x"})[
        "type"] == "presence"


def test_publishes_before_the_subscribes_do_not_count(peal):
    server = peal()
    client = quiet(server)
    send_all(client, [{"type": "broadcast", "channel": "x", "payload": i}
                      for i in range(RATE)] +
             [{"type": "subscribe", "channel": name} for name in NAMES])
    got = client.receive_many(RATE + CHANNELS)
    assert [m["type"] for m in got].count("subscribed") == CHANNELS


def test_the_opening_burst_is_limited(peal):
    """What is beyond it counts: about 384 and 100 of these pass."""
    server = peal()
    client = quiet(server)
    for i in range(OPENING + 3 * RATE):
        try:
            client.send({"type": "presence", "channel": "x"})
        except OSError:
            break
    assert client.wait_close() == 4529
    taken = server.metric("peal_messages_received_total")
    assert OPENING + RATE < taken <= OPENING + 2 * RATE
    assert server.metric(
        'peal_limit_reached_total{limit="messages_per_second"}') == 1


def test_each_connection_has_its_own_opening_burst(peal):
    server = peal()
    for _ in range(3):
        client = quiet(server)
        send_all(client, [{"type": "history", "channel": "x"}] * OPENING)
        assert len(client.receive_many(OPENING)) == OPENING
        client.end()


@pytest.mark.parametrize("kind", ["broadcast", "ping", "unsubscribe", "echo"])
def test_other_messages_count(peal, kind):
    server = peal(config={"limits": {"messages_per_second": 10}})
    client = quiet(server)
    for _ in range(30):
        client.send({"type": kind, "channel": "x"})
    assert client.wait_close() == 4529
    assert len(client.backlog) <= 13
