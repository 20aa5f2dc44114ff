"""Clients that request everything and read nothing, and a client that slowly
reads the messages it missed in all its channels."""

import os
import time

import pytest
from bystander import Bystander

from support.api import WITH_KEY, api_request, publish
from support.memory import FRUGAL, MEGABYTE, allowed, memory_of
from support.patience import SLOWNESS, seconds

WORD = 'peal_limit_reached_total{limit="%s"}'
PAYLOAD = "x" * 12000
CROWD = max(100, int(1000 / SLOWNESS))
STALLED_SECONDS = 5


def fill(server, channels, count):
    """Publishes `count` messages per channel; returns the epochs."""
    raw = server.socket(timeout=30)
    for channel in channels:
        for first in range(0, count, 50):
            raw.send(api_request("/api/batch", {"commands": [
                {"command": "publish", "channel": channel,
                 "payload": [i, PAYLOAD]}
                for i in range(first, min(first + 50, count))]}))
            assert raw.response().status == 200
    epochs = {}
    for channel in channels:
        raw.send(api_request(f"/api/channels/{channel}/history?limit=0"))
        epochs[channel] = raw.response().json["epoch"]
    raw.close()
    return epochs


def p99(ordered):
    return ordered[int(len(ordered) * 0.99)]


def measure(server, act):
    """The 99th percentile of the bystander's delays while `act` runs."""
    bystander = Bystander(server)
    try:
        act()
    finally:
        delays = bystander.end()
    return p99(delays)


def ask(server, number, requests):
    client = server.connect(f"greedy{number}", [""], protocol="broadcast",
                            receive_buffer=4096)
    for request in requests:
        client.send(request)
    return client


def ask_for_nothing(server):
    requests = [{"type": "ping"}] * 9
    crowd = [ask(server, i, requests) for i in range(CROWD)]
    time.sleep(STALLED_SECONDS)
    for client in crowd:
        client.drop()
    server.wait_metric("peal_connections", 2)


def ask_for_everything(server, epochs, before):
    crowd = []
    most = 0
    requests = [
        request for name, epoch in epochs.items() for request in (
            {"type": "history", "channel": name, "limit": 100},
            {"type": "subscribe", "channel": name,
             "since": {"epoch": epoch, "offset": 0}},
            {"type": "presence", "channel": name})]
    for i in range(CROWD):
        crowd.append(ask(server, i, requests))
        most = max(most, memory_of(server) - before)
    print(f"{most / MEGABYTE:.0f} MB for {CROWD} clients")
    # each client requested seven megabytes; the server holds at most one page
    assert most < allowed(CROWD * 0.2)
    assert server.metric("peal_outbox_bytes") < CROWD * 0.1 * MEGABYTE
    server.wait_metric("peal_connections", 2,
                       timeout=STALLED_SECONDS * 2 + 10)
    for client in crowd:
        client.drop()


def test_unread_responses_cost_little(peal):
    server = peal({**WITH_KEY,
                   "limits": {"messages_per_second": 0, "connections_per_ip": 0,
                              "connections": 5000, "history_bytes": 1 << 30,
                              "stalled_seconds": STALLED_SECONDS},
                   "channels": [{"match": "*", "history_size": 100,
                                 "presence": True}]}, env=FRUGAL)
    names = ["a", "b", "c"]
    epochs = fill(server, names, 100)
    before = memory_of(server)
    seen = []
    # Other load on the machine may delay either measurement, but the cost of
    # the crowd would show in every attempt.
    while len(seen) < 3:
        # baseline: the same number of connections without large requests
        quiet = measure(server, lambda: ask_for_nothing(server))
        busy = measure(server,
                       lambda: ask_for_everything(server, epochs, before))
        seen.append((quiet, busy))
        expected = CROWD * len(seen)
        assert server.metric(WORD % "stalled_seconds") == expected
        assert server.metric(
            'peal_closes_total{reason="too_slow"}') == expected
        assert server.metric("peal_outbox_bytes") == 0
        if busy < 2 * quiet:
            break
    print(f"p99 without and with, in seconds: {seen}")
    assert busy < 2 * quiet, seen


def test_beyond_the_memory_limit_the_largest_is_closed_first(peal):
    """New work is refused until memory is available again."""
    server = peal({**WITH_KEY,
                   "limits": {"messages_per_second": 0,
                              "outbox_bytes": 4000000,
                              "outbox_messages": 100000,
                              "stalled_seconds": 60,
                              "memory_bytes": 2000000}})
    small = server.join("small", "little", receive_buffer=4096)
    large = server.join("large", "much", receive_buffer=4096)
    sender = server.connect("sender", [""], protocol="broadcast")
    for i in range(80):
        sender.ask({"type": "broadcast", "channel": "little",
                    "payload": PAYLOAD})
    for i in range(400):
        sender.ask({"type": "broadcast", "channel": "much",
                    "payload": [i, PAYLOAD]})
        if server.metric(WORD % "memory_bytes"):
            break
    server.wait_metric('peal_closes_total{reason="too_slow"}', 1, timeout=15)
    assert "Client large disconnected" in server.wait_log("disconnected")
    assert server.metric("peal_waiting_bytes") < 2000000
    assert len([small.receive() for _ in range(80)]) == 80
    publish(server, "little", 1)
    large.drop()


def throttle(raw, rate):
    """Limits reading to `rate` bytes per second from now on."""
    fill = raw.fill
    begun = time.monotonic()
    taken = 0

    def fill_slowly():
        nonlocal taken
        time.sleep(max(0, begun + taken / rate - time.monotonic()))
        before = len(raw.buffer)
        fill()
        taken += len(raw.buffer) - before

    raw.fill = fill_slowly


QUICK = (max(8, int(128 / SLOWNESS)), 100, 8)
SLOW = (128, 5, 0.3)
WHOLE = (128, 100, 0.3)  # nine minutes


@pytest.mark.parametrize("channels, count, megabytes_a_second", [
    QUICK, SLOW, *([WHOLE] if os.environ.get("PEAL_TEST_LONG") else [])])
def test_a_throttled_reader_recovers_all_its_channels(peal, channels, count,
                                                      megabytes_a_second):
    """12 KB per message. Each arrives once and in order; the server does not
    hold them in memory; default limits apply."""
    server = peal({**WITH_KEY, "limits": {"history_bytes": 1 << 30},
                   "channels": [{"match": "*", "history_size": count,
                                 "history_seconds": 3600}]}, env=FRUGAL)
    names = [f"room{i}" for i in range(channels)]
    epochs = fill(server, names, count)
    client = server.connect("alice", [""], protocol="broadcast",
                            receive_buffer=65536, timeout=60)
    rate = megabytes_a_second * MEGABYTE
    throttle(client.raw, rate)
    before = memory_of(server)
    begun = time.monotonic()
    for name in names:
        client.send({"type": "subscribe", "channel": name,
                     "since": {"epoch": epochs[name], "offset": 0}})
    got = {name: [] for name in names}
    answered = 0
    most = 0
    while sum(map(len, got.values())) < channels * count:
        message = client.receive()
        if message["type"] == "subscribed":
            assert message["recovered"] is True
            answered += 1
        for part in message.get("messages", [message]):
            assert part["payload"][1] == PAYLOAD
            got[part["channel"]].append(part["payload"][0])
        most = max(most, memory_of(server) - before)
    assert answered == channels
    assert all(numbers == list(range(count)) for numbers in got.values())
    size = channels * count * len(PAYLOAD)
    assert time.monotonic() - begun > 0.9 * size / rate
    print(f"{most / MEGABYTE:.1f} MB more")
    assert most < allowed(8), most
    assert client.ask({"type": "ping"})["type"] == "pong"
    publish(server, names[-1], [count])
    assert client.receive()["payload"] == [count]
