"""Attacks through open WebSockets: floods, fragments, extreme JSON, and
clients that do not read."""

import threading

import pytest

from support.memory import MEGABYTE, memory_of
from support.patience import SLOWNESS
from support.websocket import (BINARY, CONTINUATION, PING, TEXT, Closed,
                               frame_bytes)

WORD = 'peal_limit_reached_total{limit="%s"}'
NO_RATE = {"limits": {"messages_per_second": 0}}


def send_until_closed(client, data, times):
    """Sends as long as possible; returns the close code."""
    def flood():
        try:
            for _ in range(times):
                client.raw.send(data)
        except OSError:
            pass
    thread = threading.Thread(target=flood)
    thread.start()
    code = client.wait_close(timeout=30)
    client.drop()
    thread.join()
    return code


# ---- floods ------------------------------------------------------------------

def test_a_flood_of_pings_is_4529(peal, bystander):
    server = peal()
    bystander(server)
    for _ in range(3):
        client = server.connect("flood")
        assert send_until_closed(client, frame_bytes(PING, b"x" * 100) * 50,
                                 1000) == 4529
    assert server.metric(WORD % "messages_per_second") == 3


def test_unread_pongs_use_no_memory(peal, bystander):
    """Only the last unanswered ping is kept."""
    server = peal(config=NO_RATE)
    bystander(server)
    before = memory_of(server)
    clients = [server.connect("flood", receive_buffer=4096)
               for _ in range(10)]
    data = b"".join(frame_bytes(PING, b"x" * 125) for _ in range(100))
    for _ in range(300):
        for client in clients:
            try:
                client.raw.socket.setblocking(False)
                client.raw.socket.send(data)
            except OSError:
                pass
    assert memory_of(server) - before < 20 * MEGABYTE * SLOWNESS


def test_a_flood_of_messages_is_4529(peal, bystander):
    server = peal()
    bystander(server)
    client = server.connect("flood")
    assert send_until_closed(client, frame_bytes(TEXT, "x") * 100, 1000) == \
        4529


def test_a_flood_of_nonsense_is_4400(peal, bystander):
    server = peal(config=NO_RATE)
    bystander(server)
    client = server.join("flood", "room")
    assert send_until_closed(client, frame_bytes(TEXT, "{") * 100, 100) == 4400


# ---- fragments ----------------------------------------------------------------

def test_fragments_of_one_byte_end_at_the_limit(peal, bystander):
    server = peal(config={"limits": {"message_bytes": 20000}})
    bystander(server)
    before = memory_of(server)
    client = server.connect("drip")
    client.send_frame(BINARY, b"x", is_final=False)
    data = frame_bytes(CONTINUATION, b"x", is_final=False) * 1000
    assert send_until_closed(client, data, 1000) == 1009
    assert server.metric(WORD % "message_bytes") == 1
    assert memory_of(server) - before < 5 * MEGABYTE * SLOWNESS


def test_endless_empty_fragments_are_4529(peal, bystander):
    server = peal()
    bystander(server)
    client = server.connect("drip")
    client.send_frame(BINARY, b"x", is_final=False)
    data = frame_bytes(CONTINUATION, b"", is_final=False) * 1000
    assert send_until_closed(client, data, 1000) == 4529


def test_unfinished_messages_use_only_the_memory_they_sent(peal, bystander):
    server = peal()
    bystander(server)
    before = memory_of(server)
    for i in range(100):
        client = server.connect(f"c{i}")
        client.send_frame(BINARY, b"x" * 30000, is_final=False)
    assert server.is_alive()
    held = memory_of(server) - before
    assert held < (100 * 65536 * 2 + 10 * MEGABYTE) * SLOWNESS


# ---- JSON ------------------------------------------------------------------------

SIZE = 60000
MONSTERS = {
    "arrays": '{"type":"echo","payload":' + "[" * SIZE,
    "arrays, closed": '{"type":"echo","payload":' + "[" * (SIZE // 2) +
                      "]" * (SIZE // 2) + "}",
    "objects": '{"a":' * (SIZE // 5),
    "members": '{"type":"nope"' + ',"a":1' * (SIZE // 6) + "}",
    "types": '{' + '"type":"ping",' * (SIZE // 14) + '"type":"nope"}',
    "escapes": '{"type":"' + "\\u0041" * (SIZE // 6) + '"}',
    "a number": '{"type":"nope","id":' + "1" * SIZE + "}",
    "an exponent": '{"type":"nope","a":1e' + "9" * SIZE + "}",
    "a string": '{"type":"' + "x" * SIZE + '"}',
    "blanks": " " * SIZE + "{}",
    "quotes": '"' * SIZE,
    "backslashes": '{"type":"' + "\\" * SIZE,
}


@pytest.mark.parametrize("name", MONSTERS)
def test_extreme_json_is_a_normal_error(start_shared, name):
    server = start_shared(config=NO_RATE)
    client = server.join("alice", "room")
    for _ in range(5):
        client.send(MONSTERS[name])
        assert client.receive()["code"] in ("bad_request", "unknown_type")
    client.send('{"type":"ping"}')
    assert client.receive() == {"type": "pong"}


def test_extreme_json_delays_no_others(peal, bystander):
    server = peal(config={"limits": {"messages_per_second": 0,
                                     "bad_messages": 1000000}})
    bystander(server)
    client = server.join("alice", "room")
    for _ in range(10):
        for monster in MONSTERS.values():
            client.send(monster)
            assert client.receive()["type"] == "error"


# ---- channels ----------------------------------------------------------------------

def test_channel_churn_leaks_nothing(peal, bystander):
    """Every round uses new channel names."""
    server = peal(config={"limits": {"messages_per_second": 0},
                          "channels": [{"match": "x*", "history_size": 0,
                                        "presence": False},
                                       {"match": "*"}]})
    bystander(server)
    client = server.connect("alice", [""], protocol="broadcast")

    def come_and_go(count, first):
        for i in range(first, first + count):
            for kind in ("subscribe", "unsubscribe"):
                client.send({"type": kind, "channel": f"x{i}"})
                assert client.receive()["type"] == kind + "d"
    come_and_go(1000, 0)
    before = memory_of(server)
    come_and_go(6000, 1000)
    # positions are kept for a minute: see server/DECISIONS.md
    assert memory_of(server) - before < 6000 * 1024 * SLOWNESS


def test_more_channels_than_allowed_are_refused(peal, bystander):
    server = peal(config={"limits": {"messages_per_second": 0,
                                     "channels": 500,
                                     "channels_per_connection": 400}})
    bystander(server)
    refused = 0
    for i in range(2):
        client = server.connect(f"c{i}", [""], protocol="broadcast")
        for j in range(450):
            answer = client.ask({"type": "subscribe", "channel": f"{i}-{j}"})
            refused += answer.get("code") == "too_many_channels"
    assert refused >= 400
    assert server.metric(WORD % "channels_per_connection") == 50
    assert server.metric(WORD % "channels") >= 300


# ---- clients that do not read ------------------------------------------------

def test_a_hundred_clients_that_do_not_read(peal, bystander):
    config = {"limits": {"messages_per_second": 0, "outbox_bytes": 100000}}
    server = peal(config=config)
    bystander(server)
    slow = [server.join(f"slow{i}", "room", receive_buffer=4096)
            for i in range(100)]
    quick = server.join("quick", "room")
    sender = server.connect("sender", [""], protocol="broadcast")
    before = memory_of(server)
    most = 0
    for i in range(200):
        sender.ask({"type": "broadcast", "channel": "room",
                    "payload": [i, "x" * 4000]})
        assert quick.receive()["payload"][0] == i
        most = max(most, memory_of(server) - before)
    # frames are shared; each client has only a list and a part of one write
    assert most < 60 * MEGABYTE * SLOWNESS
    assert server.metric(WORD % "outbox") == 100
    for client in slow:
        client.drop()
    server.wait_metric('peal_closes_total{reason="too_slow"}', 100)


def test_a_client_that_requests_and_does_not_read_is_closed(peal, bystander):
    """The server stops reading requests; the client reads nothing."""
    server = peal(config={"limits": {"messages_per_second": 0,
                                     "stalled_seconds": 2,
                                     "outbox_bytes": 50000}})
    bystander(server)
    before = memory_of(server)
    client = server.join("greedy", "room", receive_buffer=4096)
    ask = frame_bytes(TEXT, '{"type":"echo","payload":"' + "x" * 2000 + '"}')
    try:
        for _ in range(2000):
            client.raw.send(ask)
    except OSError:
        pass
    server.wait_metric(WORD % "stalled_seconds", 1, timeout=10)
    assert memory_of(server) - before < 20 * MEGABYTE * SLOWNESS
    try:
        client.wait_closed()
    except (Closed, OSError, AssertionError):
        pass
