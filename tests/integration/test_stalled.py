"""A socket that accepts no queued data is closed after limits.stalled_seconds;
a slow one is not."""

import json
import time

import pytest

from support.api import WITH_KEY, api_request, publish
from support.events import Stream
from support.patience import seconds
from support.websocket import PONG, Closed

PAYLOAD = "x" * 12000
COUNT = 30
SMALL = 4096  # receive buffer of a client that does not read
STALLED = 'peal_limit_reached_total{limit="stalled_seconds"}'
CONFIG = {**WITH_KEY, "ping_seconds": 2, "pong_seconds": 1,
          "limits": {"messages_per_second": 0, "stalled_seconds": 2},
          "channels": [{"match": "*", "history_size": 1000}]}


def fill(server, channel="room", count=COUNT):
    for i in range(count):
        publish(server, channel, [i, PAYLOAD])


def ask_for_history(server, **options):
    client = server.connect("alice", [""], protocol="broadcast",
                            receive_buffer=SMALL, **options)
    client.send({"type": "history", "channel": "room", "limit": COUNT})
    return client


def read_slowly(raw, rate, until):
    """Reads at `rate` bytes per second until the condition holds."""
    begun = time.monotonic()
    taken = 0
    while not until():
        time.sleep(max(0, begun + taken / rate - time.monotonic()))
        before = len(raw.buffer)
        raw.buffer += raw.socket.recv(2000)
        if len(raw.buffer) == before:
            raise Closed(None, "end of stream")
        taken += len(raw.buffer) - before


def test_a_client_that_accepts_nothing_is_closed_4513(peal):
    server = peal(config=CONFIG)
    fill(server)
    client = ask_for_history(server)
    server.wait_metric("peal_outbox_connections", 1)
    begun = time.monotonic()
    server.wait_metric('peal_closes_total{reason="too_slow"}', 1, timeout=15)
    assert 1.5 < time.monotonic() - begun < seconds(2 + 2 + 8)
    assert server.metric(STALLED) == 1
    for name in ("peal_outbox_bytes", "peal_waiting_bytes",
                 "peal_outbox_connections"):
        assert server.metric(name) == 0
    client.drop()


def test_its_waiting_messages_are_counted(peal):
    """The queued data is at most one page."""
    server = peal(config={**CONFIG, "limits": {"messages_per_second": 0}})
    fill(server)
    client = ask_for_history(server)
    server.wait_metric("peal_outbox_connections", 1)
    assert 1000 < server.metric("peal_outbox_bytes") < 100000
    assert server.metric("peal_waiting_bytes") == \
        server.metric("peal_outbox_bytes")
    client.drop()
    server.wait_metric("peal_outbox_bytes", 0)


def test_it_gets_the_reason_if_it_reads_again(peal):
    server = peal(config=CONFIG)
    fill(server)
    client = ask_for_history(server)
    server.wait_metric(STALLED, 1, timeout=15)
    with pytest.raises(Closed) as closed:
        client.receive()
    assert closed.value.code == 4513


def test_an_unread_response_is_abandoned(peal):
    server = peal(config=CONFIG)
    fill(server)
    raw = server.socket(receive_buffer=SMALL)
    raw.send(api_request(f"/api/channels/room/history?limit={COUNT}"))
    server.wait_metric("peal_outbox_connections", 1)
    server.wait_metric("peal_sockets", 1, timeout=10)
    assert server.metric(STALLED) == 1
    assert server.metric("peal_outbox_bytes") == 0
    raw.close()


def test_an_unread_stream_is_closed(peal):
    server = peal(config=CONFIG)
    stream = Stream(server, "alice", ["room"],
                    socket={"receive_buffer": SMALL})
    stream.receive("subscribed")
    fill(server)
    server.wait_metric(STALLED, 1, timeout=15)
    server.wait_metric('peal_closes_total{reason="too_slow"}', 1, timeout=15)
    stream.close()


def test_a_slow_but_steady_reader_is_never_closed(peal):
    """20 KB/s, while pings are due and others publish: neither 4508 nor 4513.
    Requested data arrives first, then other messages."""
    server = peal(config=CONFIG)
    fill(server, count=20)
    client = server.join("alice", "other", receive_buffer=SMALL)
    for number in range(2):
        client.send({"type": "history", "channel": "room", "limit": COUNT,
                     "id": number})
    publish(server, "other", "live")
    begun = time.monotonic()
    end = b'"id":1}'
    read_slowly(client.raw, 20000, lambda: end in client.raw.buffer[-20:])
    assert time.monotonic() - begun > 20
    answers = [client.receive() for _ in range(3)]
    assert sorted(answer.get("id", -1) for answer in answers) == [-1, 0, 1]
    assert all(len(answer["messages"]) == 20 for answer in answers
               if "id" in answer)
    client.send_frame(PONG)
    assert client.ask({"type": "ping"})["type"] == "pong"
    assert server.metric(STALLED) == 0


def test_a_late_window_update_is_awaited(peal):
    """A kernel with a large buffer rarely opens the window again: here every 5
    to 6 s, after reading all 129 KB. The server's kernel probes after 3 and
    6.4 s; the window must be open by then."""
    server = peal(config={**CONFIG, "limits": {"stalled_seconds": 5}})
    fill(server, count=40)
    client = server.connect("alice", [""], protocol="broadcast",
                            receive_buffer=65536)
    client.send({"type": "history", "channel": "room", "limit": 40})
    read_slowly(client.raw, 24000,
                lambda: b'"offset":40,' in client.raw.buffer[-200:])
    assert server.metric(STALLED) == 0


def test_a_slow_reader_of_a_stream_is_never_closed(peal):
    """Its window is closed most of the time."""
    server = peal(config={**CONFIG, "limits": {"stalled_seconds": 5}})
    first = server.join("first", "room")
    first.drop()
    fill(server, count=20)
    place = f"room*{first.subscribed[0]['epoch']}.0"
    stream = Stream(server, "alice", ["room"], [("Last-Event-ID", place)],
                    socket={"receive_buffer": SMALL})
    read_slowly(stream.raw, 20000,
                lambda: b'"offset":20,' in stream.raw.buffer[-200:])
    assert server.metric(STALLED) == 0
    assert server.metric('peal_transport_connections{transport="sse"}') == 1
    stream.close()


def test_a_client_that_requests_faster_than_it_reads_is_not_closed(peal):
    """Its requests are read once their answers are sent."""
    server = peal(config={**CONFIG, "limits": {
        "messages_per_second": 0, "stalled_seconds": 2,
        "outbox_bytes": 50000}})
    client = server.connect("alice", [""], protocol="broadcast",
                            receive_buffer=SMALL)
    requests = 40
    text = json.dumps({"type": "echo", "payload": PAYLOAD})
    for _ in range(requests):  # the kernel buffers hold all of them
        client.send(text)
    end = requests * len(PAYLOAD)
    read_slowly(client.raw, 40000, lambda: len(client.raw.buffer) >= end)
    assert server.metric("peal_outbox_bytes") < 250000
    for _ in range(requests):
        assert client.receive()["payload"] == PAYLOAD
    assert server.metric(STALLED) == 0
