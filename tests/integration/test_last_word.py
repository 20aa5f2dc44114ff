"""If a client subscribes, unsubscribes and subscribes again without waiting,
the last request wins. A `subscribe` after an acknowledged `unsubscribe` is a
new subscription."""

import json
import threading

import pytest

from support.api import WITH_KEY, tell
from support.events import Stream, sse_path
from support.raw import request_text
from support.websocket import frame_bytes

NO_RATE = {"limits": {"messages_per_second": 0}}


def quiet(server, name="alice", **options):
    return server.connect(name, [""], protocol="broadcast", **options)


def in_one_go(client, *messages):
    """Sends all in one write, so that the server reads them together."""
    client.raw.send(b"".join(frame_bytes(1, json.dumps(message))
                             for message in messages))


def toggle(channel, *kinds):
    return [{"type": kind, "channel": channel, "id": number}
            for number, kind in enumerate(kinds, 1)]


def answers(client, count):
    got = client.receive_many(count)
    return {m["id"]: m.get("code", m["type"]) for m in got}


def listeners(client, channel):
    return client.ask({"type": "broadcast", "channel": channel,
                       "payload": 0})["listenerCount"]


SUBSCRIBE, UNSUBSCRIBE = "subscribe", "unsubscribe"
THRICE = (SUBSCRIBE, UNSUBSCRIBE, SUBSCRIBE)


@pytest.mark.parametrize("workers", [1, 4])
def test_the_last_subscribe_wins(peal, workers):
    server = peal(config={"workers": workers, **NO_RATE})
    others = [quiet(server, f"other-{i}") for i in range(workers)]
    for i in range(10):
        client = quiet(server)
        in_one_go(client, *toggle(f"room-{i}", *THRICE))
        assert answers(client, 3) == {
            1: "cancelled", 2: "unsubscribed", 3: "subscribed"}
        for number, other in enumerate(others, 1):
            assert listeners(other, f"room-{i}") == 1
            assert client.receive_type("broadcast")["offset"] == number
        client.end()


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize("pairs", [2, 5, 50])
def test_the_last_unsubscribe_wins(peal, workers, pairs):
    server = peal(config={"workers": workers, **NO_RATE})
    client, other = quiet(server), quiet(server, "other")
    in_one_go(client, *toggle("room", *((SUBSCRIBE, UNSUBSCRIBE) * pairs)))
    got = answers(client, 2 * pairs)
    assert list(got.values()).count("unsubscribed") == pairs
    assert "already_subscribed" not in got.values()
    assert listeners(other, "room") == 0
    assert other.ask({"type": "presence", "channel": "room"})["clients"] == []
    assert client.is_silent()


@pytest.mark.parametrize("pairs", [1, 2, 7, 60])
def test_many_changes_end_with_one_subscription(peal, pairs):
    server = peal(config={"workers": 4, **NO_RATE})
    client, other = quiet(server), quiet(server, "other")
    kinds = (SUBSCRIBE, UNSUBSCRIBE) * pairs + (SUBSCRIBE,)
    in_one_go(client, *toggle("room", *kinds))
    got = answers(client, len(kinds))
    assert got[len(kinds)] == "subscribed"
    assert "already_subscribed" not in got.values()
    assert other.ask({"type": "presence", "channel": "room"})["clients"] == [
        {"client": "alice", "connections": 1}]
    assert listeners(other, "room") == 1
    assert client.receive()["payload"] == 0
    assert client.is_silent()


def test_a_subscribe_after_an_acknowledged_unsubscribe(peal):
    """The acknowledgement may come before the answer to the subscribe."""
    server = peal(config={"workers": 4, **NO_RATE})
    client = quiet(server)
    for i in range(200):
        client.send({"type": "subscribe", "channel": "room", "id": f"s{i}"})
        client.ask({"type": "unsubscribe", "channel": "room"})
    answered = [client.take(lambda m: m.get("id") == f"s{i}")
                for i in range(200)]
    assert {m.get("code") for m in answered} <= {None, "cancelled"}


def test_the_last_subscribe_recovers(peal):
    server = peal(config={"workers": 4, **NO_RATE})
    client, other = quiet(server), server.join("other", "room")
    start = other.subscribed[0]
    for number in range(5):
        other.ask({"type": "broadcast", "channel": "room", "payload": number})
    messages = toggle("room", *THRICE)
    messages[2]["since"] = {"epoch": start["epoch"], "offset": 2}
    in_one_go(client, *messages)
    got = client.take(lambda m: m.get("id") == 3)
    assert got["recovered"] is True
    offsets = [m["offset"] for m in got["messages"]]
    while len(offsets) < 3:
        offsets.append(client.receive_type("broadcast")["offset"])
    assert offsets == [3, 4, 5]


def test_other_members_do_not_see_a_resubscription(peal):
    """One join, and no leave."""
    server = peal(config={"workers": 4, "channels": [
        {"match": "*", "join_leave": True}], **NO_RATE})
    other = server.join("other", "room")
    for _ in range(20):
        client = quiet(server)
        in_one_go(client, *toggle("room", *THRICE))
        answers(client, 3)
        assert other.receive()["type"] == "join"
        assert other.is_silent(timeout=0.02)
        client.end()
        assert other.receive()["type"] == "leave"


def test_a_pending_channel_that_is_left_frees_its_slot(peal):
    server = peal(config={"workers": 4, "limits": {
        "messages_per_second": 0, "channels_per_connection": 2}})
    client = quiet(server)
    for i in range(50):
        in_one_go(client, *[
            {"type": kind, "channel": f"{name}-{i}", "id": kind}
            for name in "abcde" for kind in (SUBSCRIBE, UNSUBSCRIBE)])
    assert client.ask({"type": "subscribe", "channel": "x"})[
        "type"] == "subscribed"
    assert client.ask({"type": "subscribe", "channel": "y"})[
        "type"] == "subscribed"
    assert client.ask({"type": "subscribe", "channel": "z"})[
        "code"] == "too_many_channels"
    assert not [m for m in map(json.loads, client.backlog)
                if m.get("code") not in (None, "cancelled")]


def test_a_channel_left_while_pending_is_not_the_only_one(peal):
    server = peal(config={"workers": 4, **NO_RATE})
    client = quiet(server)
    client.ask({"type": "subscribe", "channel": "kept"})
    in_one_go(client, *toggle("left", SUBSCRIBE, UNSUBSCRIBE),
              {"type": "broadcast", "payload": 1, "id": "kept"})
    answer = client.take(lambda m: m.get("id") == "kept")
    assert answer["channel"] == "kept"


# --- pending subscriptions ended by others

def test_a_backend_ends_a_pending_subscription(peal):
    server = peal(config={"workers": 4, **WITH_KEY, **NO_RATE})
    client = quiet(server)
    for i in range(30):
        channel = f"room-{i}"
        client.send({"type": "subscribe", "channel": channel, "id": "first"})
        tell(server, "/api/unsubscribe",
             {"client": "alice", "channel": channel})
        answer = client.ask({"type": "unsubscribe", "channel": channel})
        assert answer.get("code") in (None, "not_subscribed")
        answer = client.ask({"type": "subscribe", "channel": channel})
        if answer.get("code") == "cancelled":
            # another worker delivered the backend's request after the client's
            answer = client.ask({"type": "subscribe", "channel": channel})
        assert answer["type"] == "subscribed", answer
        assert listeners(client, channel) == 1
        client.ask({"type": "unsubscribe", "channel": channel})


def test_a_backend_disconnects_a_subscribing_client(peal):
    server = peal(config={"workers": 4, **WITH_KEY, **NO_RATE})
    other = quiet(server, "other")
    for i in range(20):
        client = quiet(server)
        in_one_go(client, *toggle(f"room-{i}", *THRICE))
        tell(server, "/api/disconnect", {"client": "alice"})
        assert client.wait_close() == 4403
        assert other.ask({"type": "presence", "channel": f"room-{i}"})[
            "clients"] == []
        assert listeners(other, f"room-{i}") == 0


def test_a_client_lost_while_subscribing_leaves_nothing(peal):
    server = peal(config={"workers": 4, **NO_RATE})
    other = quiet(server, "other")
    for i in range(50):
        client = quiet(server, f"c{i}")
        in_one_go(client, *toggle("room", *THRICE))
        client.drop()
    server.wait_metric("peal_connections", 1)
    assert listeners(other, "room") == 0
    assert other.ask({"type": "presence", "channel": "room"})["clients"] == []


def test_the_newest_connection_of_a_client_has_the_channel(peal):
    server = peal(config={"workers": 4, "single_connection": True, **NO_RATE})
    other = quiet(server, "other")
    for i in range(20):
        older = quiet(server)
        in_one_go(older, *toggle("room", *THRICE))
        newer = quiet(server)
        in_one_go(newer, *toggle("room", *THRICE))
        assert answers(newer, 3)[3] == "subscribed"
        assert older.wait_close() == 4409
        assert listeners(other, "room") == 1
        assert newer.receive_type("broadcast")["payload"] == 0
        newer.end()
        server.wait_metric("peal_connections", 1)


def test_streams_that_close_and_reopen(peal):
    """Each stream is a separate connection: closing one does not unsubscribe
    the next one."""
    server = peal(config={"workers": 4, **NO_RATE})
    other = quiet(server, "other")

    def visit():
        for _ in range(20):
            raw = server.socket()
            raw.send(request_text(sse_path("alice", ["room"])))
            raw.close()

    visitors = [threading.Thread(target=visit) for _ in range(3)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    last = Stream(server, "alice", ["room"]).join()
    server.wait_metric("peal_connections", 2)
    assert other.ask({"type": "presence", "channel": "room"})["clients"] == [
        {"client": "alice", "connections": 1}]
    assert listeners(other, "room") == 1
    last.receive("broadcast")
