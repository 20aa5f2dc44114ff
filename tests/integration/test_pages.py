"""Long answers are sent in pages, each after the socket accepted the previous
one: history and presence as parts of one message, missed messages as separate
messages."""

import json
import threading
import time

import pytest

from support.api import WITH_KEY, api_request, publish
from support.patience import SLOWNESS, seconds, wait_until
from support.websocket import CONTINUATION, TEXT

PAYLOAD = "x" * 12000
COUNT = 99
SMALL = 4096  # receive buffer of a client that does not read
CONFIG = {**WITH_KEY,
          "limits": {"messages_per_second": 0},
          "channels": [{"match": "short:*", "history_size": 20},
                       {"match": "told:*", "history_size": 100,
                        "presence": True, "join_leave": True},
                       {"match": "*", "history_size": 1000}]}


def fill(server, channel, count=COUNT, first=0):
    """Publishes `count` messages; returns the epoch of the channel."""
    for i in range(first, first + count):
        publish(server, channel, [i, PAYLOAD])
    position = server.connect("filler", [""], protocol="broadcast").ask(
        {"type": "history", "channel": channel, "limit": 0})
    return position["epoch"]


def fresh(server, client="bob", **options):
    return server.connect(client, [""], protocol="broadcast", **options)


def numbers(messages):
    return [message["payload"][0] for message in messages]


def subscribe(client, channel, epoch, offset=0):
    client.send({"type": "subscribe", "channel": channel, "id": channel,
                 "since": {"epoch": epoch, "offset": offset}})


def collect(client, channel, count):
    """The missed messages in the answer and after it."""
    answer = client.take(lambda message: message.get("id") == channel)
    got = numbers(answer["messages"])
    assert answer["recovered"] is True
    while len(got) < count:
        message = client.take(lambda message:
                              message["type"] == "broadcast" and
                              message["channel"] == channel)
        got.append(message["payload"][0])
    return got


# --- one message in parts


def test_a_long_history_is_one_message_in_parts(peal):
    server = peal(config=CONFIG)
    fill(server, "room")
    client = fresh(server)
    client.send({"type": "history", "channel": "room", "limit": COUNT,
                 "id": 7})
    frames = [client.receive_frame()]
    while not frames[-1].is_final:
        frames.append(client.receive_frame())
    assert [frame.opcode for frame in frames] == \
        [TEXT] + [CONTINUATION] * (len(frames) - 1)
    assert max(len(frame.payload) for frame in frames) < 80000
    answer = json.loads(b"".join(frame.payload for frame in frames))
    assert list(answer) == ["type", "channel", "epoch", "offset", "messages",
                            "id"]
    assert numbers(answer["messages"]) == list(range(COUNT))
    assert (answer["offset"], answer["id"]) == (COUNT, 7)


def test_a_short_history_is_one_frame(peal):
    server = peal(config=CONFIG)
    publish(server, "room", 1)
    client = fresh(server)
    client.send({"type": "history", "channel": "room"})
    frame = client.receive_frame()
    assert (frame.opcode, frame.is_final) == (TEXT, True)


def test_nothing_is_sent_between_the_parts(peal):
    server = peal(config=CONFIG)
    fill(server, "room")
    client = server.join("bob", "other", receive_buffer=SMALL)
    client.send({"type": "history", "channel": "room", "limit": COUNT,
                 "id": 1})
    client.send({"type": "echo", "payload": 1, "id": 2})
    for i in range(5):
        publish(server, "other", [i])
    got = {}
    live = []
    while len(got) < 2 or len(live) < 5:  # each is valid JSON
        message = client.receive()
        if "id" in message:
            got[message["id"]] = message
        else:
            live.append(message["payload"][0])
    assert numbers(got[1]["messages"]) == list(range(COUNT))
    assert live == list(range(5))


def test_messages_lost_meanwhile_are_omitted(peal):
    """The oldest and newest messages are sent, in order."""
    server = peal(config={**CONFIG, "channels": [
        {"match": "*", "history_size": COUNT}]})
    fill(server, "room")
    client = fresh(server, receive_buffer=SMALL)
    client.send({"type": "history", "channel": "room", "limit": COUNT})
    wait_until(lambda: server.metric("peal_outbox_connections") == 1)
    fill(server, "room", COUNT - 10, first=COUNT)
    answer = client.receive_type("history")
    got = numbers(answer["messages"])
    assert (answer["offset"], got[0], got[-1]) == (COUNT, 0, COUNT - 1)
    assert got == sorted(set(got))
    assert len(got) < COUNT


def test_two_histories_in_a_row_close_nothing(peal):
    server = peal(config=CONFIG)
    fill(server, "room")
    client = fresh(server, receive_buffer=SMALL)
    for number in (1, 2, 3):
        client.send({"type": "history", "channel": "room", "limit": COUNT,
                     "id": number})
    for number in (1, 2, 3):
        answer = client.receive_type("history")
        assert answer["id"] == number
        assert numbers(answer["messages"]) == list(range(COUNT))


def test_a_close_that_flushes_ends_the_message_first(peal):
    server = peal(config={**CONFIG, "drain_seconds": 1})
    fill(server, "room")
    client = fresh(server, receive_buffer=SMALL)
    client.send({"type": "history", "channel": "room", "limit": COUNT})
    wait_until(lambda: server.metric("peal_outbox_connections") == 1)
    server.signal()
    time.sleep(seconds(0.3))
    answer = client.receive_type("history")
    assert numbers(answer["messages"]) == list(range(COUNT))
    assert client.wait_closed().code == 1012


# --- recovery


def test_two_channels_recovered_at_once_close_nothing(peal):
    server = peal(config=CONFIG)
    epochs = {name: fill(server, name) for name in ("a", "b")}
    client = fresh(server, receive_buffer=SMALL)
    for name, epoch in epochs.items():
        subscribe(client, name, epoch)
    for name in epochs:
        assert collect(client, name, COUNT) == list(range(COUNT))
    assert client.is_silent()


def test_the_answer_has_its_last_position(peal):
    server = peal(config=CONFIG)
    epoch = fill(server, "room")
    client = fresh(server)
    subscribe(client, "room", epoch)
    answer = client.receive_type("subscribed")
    assert 0 < answer["offset"] == len(answer["messages"]) < COUNT
    following = client.receive_many(COUNT - answer["offset"])
    assert [message["offset"] for message in following] == \
        list(range(answer["offset"] + 1, COUNT + 1))
    assert {message["type"] for message in following} == {"broadcast"}


def test_live_messages_keep_their_order(peal):
    """Messages are published meanwhile, also with several threads."""
    server = peal(config=CONFIG)
    epoch = fill(server, "room")
    clients = [fresh(server, f"bob{i}") for i in range(4)]
    more = 200
    sending = threading.Thread(target=fill,
                               args=[server, "room", more, COUNT])
    sending.start()
    for client in clients:
        subscribe(client, "room", epoch)
    for client in clients:
        assert collect(client, "room", COUNT + more) == \
            list(range(COUNT + more))
    sending.join()
    for client in clients:
        assert client.is_silent()


def test_an_interrupted_recovery_continues_where_it_stopped(peal):
    server = peal(config=CONFIG)
    epoch = fill(server, "room")
    got = []
    while len(got) < COUNT:
        client = fresh(server, receive_buffer=SMALL)
        subscribe(client, "room", epoch, offset=len(got))
        got += collect(client, "room", min(10, COUNT - len(got)))
        client.drop()
    assert got == list(range(COUNT))


def test_a_recovery_overtaken_by_the_history_ends_with_a_gap(peal):
    server = peal(config=CONFIG)
    epoch = fill(server, "short:a", 20)
    client = fresh(server, receive_buffer=SMALL)
    subscribe(client, "short:a", epoch)
    wait_until(lambda: server.metric("peal_outbox_connections") == 1)
    fill(server, "short:a", 20, first=20)
    got = []
    while (message := client.receive())["type"] != "gap":
        got += numbers(message.get("messages", [message]))
    assert got == list(range(len(got))) and len(got) < 20
    assert message["channel"] == "short:a"
    publish(server, "short:a", [40])
    assert client.receive()["payload"] == [40]


def test_joins_are_sent_to_recovering_clients(peal):
    server = peal(config=CONFIG)
    epoch = fill(server, "told:a")
    client = fresh(server, receive_buffer=SMALL)
    subscribe(client, "told:a", epoch)
    wait_until(lambda: server.metric("peal_outbox_connections") == 1)
    server.join("carol", "told:a")
    assert client.receive_type("join")["client"] == "carol"
    assert collect(client, "told:a", COUNT) == list(range(COUNT))


def test_unsubscribing_ends_a_recovery(peal):
    server = peal(config=CONFIG)
    epoch = fill(server, "room")
    client = fresh(server, receive_buffer=SMALL)
    subscribe(client, "room", epoch)
    wait_until(lambda: server.metric("peal_outbox_connections") == 1)
    client.send({"type": "unsubscribe", "channel": "room"})
    client.receive_type("unsubscribed")
    client.backlog.clear()
    publish(server, "room", [0])
    assert client.is_silent()
    subscribe(client, "room", epoch, offset=COUNT)
    assert collect(client, "room", 1) == [0]


# --- over HTTP

HISTORY = f"/api/channels/room/history?limit={COUNT}"


def test_a_long_api_response_is_chunked(peal):
    server = peal(config=CONFIG)
    fill(server, "room")
    raw = server.socket(receive_buffer=SMALL)
    for _ in range(2):
        raw.send(api_request(HISTORY))
        response = raw.response()
        assert response.headers["transfer-encoding"] == "chunked"
        assert "content-length" not in response.headers
        assert numbers(response.json["messages"]) == list(range(COUNT))
    raw.send(api_request("/api/channels/room/history?limit=1"))
    assert "content-length" in raw.response().headers
    raw.close()


def test_without_chunks_a_response_ends_with_the_connection(peal):
    server = peal(config=CONFIG)
    fill(server, "room")
    raw = server.socket()
    raw.send(api_request(HISTORY).replace(b"HTTP/1.1", b"HTTP/1.0"))
    head, body = raw.rest().split(b"\r\n\r\n", 1)
    assert b"chunked" not in head and b"Content-Length" not in head
    assert numbers(json.loads(body)["messages"]) == list(range(COUNT))


@pytest.mark.parametrize("reads", [True, False])
def test_head_of_a_history_has_no_body(peal, reads):
    server = peal(config=CONFIG)
    fill(server, "room")
    raw = server.socket()
    raw.send(api_request(HISTORY, method="HEAD"))
    assert raw.response("HEAD").status in (200, 405)
    if reads:
        raw.send(api_request("/api/channels/room/history?limit=1"))
        assert raw.response().status == 200
    raw.close()
    server.wait_metric("peal_outbox_bytes", 0, timeout=5 * SLOWNESS)
