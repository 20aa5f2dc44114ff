"""A client that stops reading is closed or skipped and delays no other."""

import time

from support.patience import seconds
from support.websocket import Closed

PAYLOAD = "x" * 8000
COUNT = 400
CONFIG = {
    "limits": {"messages_per_second": 0, "outbox_bytes": 200000},
    "channels": [{"match": "latest:*", "slow_reader": "latest"},
                 {"match": "*"}],
}
HASTY = {**CONFIG, "limits": {**CONFIG["limits"], "stalled_seconds": 1}}
STALLED = 'peal_limit_reached_total{limit="stalled_seconds"}'
SMALL = 4096  # receive buffer of a client that does not read


def flood(sender, channel, count=COUNT):
    """Publishes sequentially, so that the sender itself keeps up."""
    for i in range(count):
        sender.ask({"type": "broadcast", "channel": channel,
                    "payload": [i, PAYLOAD]})


def numbers(messages):
    return [message["payload"][0] for message in messages]


def read_to_close(client):
    got = []
    try:
        while True:
            got.append(client.receive())
    except Closed as closed:
        return got, closed


def test_a_slow_reader_is_closed_4513_and_others_get_everything(peal):
    server = peal(config=CONFIG)
    slow = server.join("slow", "room", receive_buffer=SMALL)
    quick = server.join("quick", "room")
    sender = server.connect("sender", [""], protocol="broadcast")
    for i in range(COUNT):
        sender.ask({"type": "broadcast", "channel": "room",
                    "payload": [i, PAYLOAD]})
        assert quick.receive()["payload"][0] == i
    assert server.metric('peal_limit_reached_total{limit="outbox"}') == 1
    assert server.metric('peal_dropped_total{reason="closed"}') > 0
    answer = quick.ask({"type": "presence"})
    assert answer["clients"] == [{"client": "quick", "connections": 1}]
    slow.drop()
    server.wait_metric('peal_closes_total{reason="too_slow"}', 1)


def test_a_client_that_never_reads_again_is_dropped(peal):
    server = peal(config=CONFIG)
    server.join("slow", "room", receive_buffer=SMALL)
    sender = server.connect("sender", [""], protocol="broadcast")
    flood(sender, "room", 150)
    server.wait_metric("peal_connections", 1, timeout=15)
    server.wait_metric("peal_sockets", 2)
    assert "reason=too_slow" in server.wait_log("Client slow disconnected")


def test_a_late_read_is_complete_and_ends_with_4513(peal):
    server = peal(config=CONFIG)
    slow = server.join("slow", "room", receive_buffer=SMALL)
    sender = server.connect("sender", [""], protocol="broadcast")
    flood(sender, "room")
    got, closed = read_to_close(slow)
    assert (closed.code, closed.reason) == (4513, "too slow")
    assert numbers(got) == list(range(len(got)))
    assert 0 < len(got) < COUNT


def test_a_slow_reader_reconnects_and_recovers(peal):
    server = peal(config={**CONFIG, "channels": [
        {"match": "*", "history_size": COUNT}]})
    slow = server.join("slow", "room", receive_buffer=SMALL)
    position = slow.subscribed[0]
    sender = server.connect("sender", [""], protocol="broadcast")
    flood(sender, "room", 150)
    got, closed = read_to_close(slow)
    assert closed.code == 4513
    again = server.connect("slow", [""], protocol="broadcast")
    answer = again.ask({"type": "subscribe", "channel": "room", "since": {
        "epoch": position["epoch"], "offset": got[-1]["offset"]}})
    assert answer["recovered"] is True
    got += answer["messages"]
    got += again.receive_many(150 - len(got))
    assert numbers(got) == list(range(150))


def test_the_number_of_small_messages_is_limited_too(peal):
    server = peal(config={"limits": {"messages_per_second": 0,
                                     "outbox_messages": 20}})
    slow = server.join("slow", "room", receive_buffer=SMALL)
    sender = server.connect("sender", [""], protocol="broadcast")
    flood(sender, "room", 200)
    assert read_to_close(slow)[1].code == 4513


def test_with_the_latest_policy_only_the_newest_waits(peal):
    server = peal(config=CONFIG)
    slow = server.join("slow", "latest:a", receive_buffer=SMALL)
    sender = server.connect("sender", [""], protocol="broadcast")
    flood(sender, "latest:a")
    got = numbers([slow.receive()])
    while got[-1] != COUNT - 1:
        got.append(slow.receive()["payload"][0])
    assert got == sorted(set(got))
    assert len(got) < COUNT
    assert slow.ask({"type": "ping"})["type"] == "pong"
    assert server.metric('peal_dropped_total{reason="superseded"}') == \
        COUNT - len(got)
    assert server.metric('peal_limit_reached_total{limit="outbox"}') == 0


def test_a_client_that_does_not_read_its_answers_is_closed(peal):
    """Not because of the queue size, but because it reads nothing."""
    server = peal(config=HASTY)
    client = server.join("alice", "room", receive_buffer=SMALL)
    question = {"type": "echo", "payload": PAYLOAD}
    client.raw.set_timeout(1)  # its requests are no longer read
    try:
        for _ in range(COUNT):
            client.send(question)
    except OSError:
        pass
    # otherwise the client could keep up with a slow server
    server.wait_metric(STALLED, 1, timeout=10)
    client.raw.set_timeout(10)
    got, closed = read_to_close(client)
    # with unread requests, the kernel may reset the connection
    assert closed.code in (4513, None)
    assert got and all(message["type"] == "echo" for message in got)
    client.drop()
    server.wait_metric('peal_closes_total{reason="too_slow"}', 1, timeout=10)


def test_closing_a_client_that_does_not_read_takes_no_time(peal):
    """The server leaves its further data unread instead of polling it."""
    server = peal(config=HASTY)
    client = server.join("alice", "room", receive_buffer=SMALL)
    client.raw.set_timeout(1)
    try:
        for _ in range(COUNT):
            client.send({"type": "echo", "payload": PAYLOAD})
    except OSError:
        pass
    server.wait_metric(STALLED, 1, timeout=10)
    before = server.cpu_seconds()
    time.sleep(1)
    assert server.cpu_seconds() - before < 0.4 * max(1, seconds(1))


def test_a_slow_but_steady_reader_gets_everything(peal):
    server = peal(config={"limits": {"messages_per_second": 0,
                                     "outbox_bytes": 4000000}})
    slow = server.join("slow", "room", receive_buffer=SMALL)
    sender = server.connect("sender", [""], protocol="broadcast")
    flood(sender, "room", 200)
    got = []
    for i in range(200):
        got.append(slow.receive())
        if i < 20:
            time.sleep(0.01)
    assert numbers(got) == list(range(200))
    assert {message["payload"][1] for message in got} == {PAYLOAD}
